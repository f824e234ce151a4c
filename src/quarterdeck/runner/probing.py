"""One probe: a single request for a public host, and what its answer says about who gave it; and one question to a
resolver."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

from quarterdeck.fleet.text import clean
from quarterdeck.release.rules import Truth

if TYPE_CHECKING:
    import httpx

PROBE_SECONDS = 5.0
"""How long one probe waits for its answer."""

COOKIE = "x-ms-routing-name"
"""The routing cookie of App Service: the slot that a client is held on; `self` is the one that users reach."""

MOST_BYTES = 65_536
"""As much of an answer is read."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one probe learnt: the slot that its cookie names, or what the header or the JSON says; neither when the
    answer came without a cookie."""

    slot: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    """A way to the public host: what is connected to, and whom it is asked for. `told` is how it was found."""

    url: str
    host: str
    server_name: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a resolver said of a name: the name at the end of its aliases, an address, and for how many seconds."""

    resolver: str
    name: str
    address: str
    ttl: int


async def probe(client: httpx.AsyncClient, route: Route, truth: Truth, pinned: str) -> Answer | None:
    """One request; None without an answer that says anything. A redirect is an answer, and isn't followed."""
    import httpx

    headers = {"Host": route.host, "Cache-Control": "no-cache", "Connection": "close"}
    if pinned:
        headers["Cookie"] = f"{COOKIE}={pinned}"
    extensions = {"sni_hostname": route.server_name} if route.server_name and route.told else {}
    try:
        async with client.stream("GET", route.url, headers=headers, extensions=extensions) as response:
            if truth.json:
                return _from_json(await _body(response), truth.json)
            if truth.header:
                said = clean(response.headers.get(truth.header, ""), 100)
                return Answer(said=said) if said else None
            return _from_cookies(response.headers.get_list("set-cookie"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None


async def _body(response: httpx.Response) -> bytes:
    body = b""
    async for part in response.aiter_bytes():
        body += part
        if len(body) > MOST_BYTES:
            raise ValueError("too long an answer")
    return body


def _from_json(body: bytes, path: str) -> Answer | None:
    found = json.loads(body)
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return Answer(said=clean(str(found), 100)) if isinstance(found, str | int | float) else None


def _from_cookies(lines: Sequence[str]) -> Answer:
    for line in lines:
        try:
            morsel = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if morsel and morsel.value:
            return Answer(slot=clean(morsel.value, 100))
    return Answer()


async def resolved(resolver: str, host: str) -> Resolved | None:
    """What one resolver says, asked over UDP; None without an answer."""
    import dns.asyncresolver
    import dns.exception

    address, _, port = resolver.rpartition(":") if resolver.count(":") == 1 else (resolver, "", "")
    asking = dns.asyncresolver.Resolver(configure=False)
    asking.nameservers = [address.strip("[]")]
    asking.port = int(port) if port.isdigit() else 53
    asking.lifetime = PROBE_SECONDS
    try:
        answer = await asking.resolve(host, "A", search=False)
    except dns.exception.DNSException:
        return None
    if answer.rrset is None:
        return None
    return Resolved(resolver, clean(str(answer.canonical_name)).rstrip("."), answer[0].to_text(), answer.rrset.ttl)


def bracketed(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
