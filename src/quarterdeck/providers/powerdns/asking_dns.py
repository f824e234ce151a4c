"""One question to one DNS server, to see whether a record that was written can be answered."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from quarterdeck.fleet.text import clean

PATIENCE = 3.0
"""Seconds; an authoritative server answers in one millisecond."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a server answered: its code (`NOERROR`, `SERVFAIL`, ...; "" for no answer) and the addresses or names."""

    code: str
    values: tuple[str, ...] = ()


def endpoint_of(text: str) -> tuple[str, int]:
    """Read `192.0.2.53`, `192.0.2.53:5300`, `2001:db8::53` or `[2001:db8::53]:5300`.

    Raises:
        ValueError: it is none of them.
    """
    host, port = text, "53"
    if text.startswith("[") or text.count(":") == 1:
        host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise ValueError("must be an IP address, with its port if that isn't 53: 192.0.2.53:5300") from None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{port} is no port")
    return str(address), int(port)


async def ask(server: str, name: str, kind: str) -> Said:
    """Ask a server (as `endpoint_of` reads it) once, over UDP, for records of a kind."""
    import dns.asyncquery
    import dns.exception
    import dns.message
    import dns.rcode

    host, port = endpoint_of(server)
    question = dns.message.make_query(name, kind)
    question.flags &= ~dns.flags.RD  # it is asked as the authority, not as a resolver
    try:
        answer = await dns.asyncquery.udp(question, host, timeout=PATIENCE, port=port)
    except (dns.exception.DNSException, OSError):
        return Said("")
    values = [str(item) for rrset in answer.answer if rrset.rdtype == question.question[0].rdtype for item in rrset]
    return Said(dns.rcode.to_text(answer.rcode()), tuple(clean(value, 100) for value in values))
