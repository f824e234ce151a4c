"""A Lua record of PowerDNS as a split of traffic between addresses. Pure.

Facts are from PowerDNS's documentation ("Lua Records", "Zones endpoint") and measured with 4.7.3:

- `pickwrandom` draws one of several addresses by weight for each question; `pickwhashed` gives each client its own.
- The API takes any Lua: what it can't run, or a sum of weights of 0, is accepted with 204 and answered with SERVFAIL
  from then on; a sum above 2147483647 is, too, and can end the whole server. So only one shape is read and written:
  `A "pickwrandom({{90,'192.0.2.1'},{10,'192.0.2.2'}})"`. A record of any other isn't touched.
- A plain record of the same name and type is answered beside it.
- Secondaries cut a content into strings of 255 characters wherever that falls, so it is written in shorter ones.
- Changes of a secondary zone are accepted, and gone with its next transfer.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.fleet.weights import whole_weights
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.shares import named
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import Limits

TOTALS = (100, 1000, 10_000)
"""What weights add up to: percent where they do, so that a person reads them in the zone."""

LARGEST_SUM = 2**31 - 1
EXACTLY = 1e-6
LONGEST_STRING = 250

_RECORD = re.compile(r'(?P<kind>[A-Z]+) (?P<strings>"[^"\\]*"(?: "[^"\\]*")*)')
_CODE = re.compile(r"\s*(?P<function>pickwrandom|pickwhashed)\s*\(\s*\{(?P<entries>[^()]*)\}\s*\)\s*")
_ENTRY = r"\s*\{\s*(\d{1,10})\s*,\s*'([^']*)'\s*\}\s*"
_ENTRIES = re.compile(rf"{_ENTRY}(?:,{_ENTRY})*")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?")
_SECONDARY = frozenset({"slave", "secondary", "consumer"})
_PRIMARY = frozenset({"master", "primary", "producer"})

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Weighted:
    """A record of ours among those of its name.

    Attributes:
        entries: weight by address, in the order of the record.
        names: of the destinations, by address.
        records: all Lua records of the name as the API has them, ours at `place`: they are written together.
        ttl: seconds that resolvers may keep an answer.
    """

    function: str
    kind: str
    entries: Mapping[str, int]
    names: Mapping[str, str]
    records: Sequence[Document]
    place: int
    ttl: int

    def reading(self) -> TrafficReading:
        """The split of new answers; what resolvers keep goes on for `lag`."""
        total = sum(self.entries.values())
        destinations = tuple(
            Destination(name=self.names[value], share=100 * weight / total, weight=weight, host=value)
            for value, weight in self.entries.items()
        )
        return TrafficReading(method=self.function, destinations=destinations, lag=float(self.ttl))

    def gives(self, answered: Sequence[str]) -> bool:
        """Whether an answer of DNS holds what has a weight here, however either is spelt."""
        return not {_plain(value) for value, weight in self.entries.items() if weight}.isdisjoint(map(_plain, answered))

    def limits(self) -> Limits:
        """Tenths of a percent, all at once."""
        return Limits(units=1000, smallest=0, largest=TOTALS[-1], atomic=True, lag=float(self.ttl))

    def changed(self, shares: Mapping[str, float]) -> list[dict[str, Any]]:
        """All records of the name, ours with these shares in percent by the name of a destination."""
        weights = whole_weights(shares, TOTALS, EXACTLY)
        content = content_of(self.kind, self.function, {v: weights[self.names[v]] for v in self.entries})
        kept = [{"content": str(r.get("content")), "disabled": bool(r.get("disabled"))} for r in self.records]
        return [*kept[: self.place], {"content": content, "disabled": False}, *kept[self.place + 1 :]]


def weighted_of(zone: Document, address: Address) -> Weighted:
    """Find the record of an address in a zone as the API has it.

    Raises:
        ProviderError: not_found, if there is none; misconfigured, if it isn't of the one shape.
    """
    parts = address.parts
    name, kind = parts["name"], parts["type"]
    rrset = _rrset(zone, name, "LUA")
    records = [one for one in (rrset or {}).get("records") or () if isinstance(one, Mapping)]
    of_kind = [place for place, one in enumerate(records) if str(one.get("content")).split(" ")[0].upper() == kind]
    mine = [place for place in of_kind if not records[place].get("disabled")]
    if rrset is None or not of_kind:
        plain = f" (it has plain {kind} records)" if _rrset(zone, name, kind) else ""
        raise ProviderError("not_found", f"{name} has no LUA record for {kind}{plain}", _EXAMPLE)
    if not mine:
        raise _misconfigured(f"the LUA record of {name} is disabled", "enable it")
    if len(mine) > 1:
        raise _misconfigured(f"{name} has {len(mine)} LUA records for {kind}: each is answered", "leave one")
    function, entries = read(str(records[mine[0]].get("content")), name)
    names = dict(zip(entries, named(tuple(entries), address, name, "address"), strict=True))
    return Weighted(function, kind, entries, names, records, mine[0], _whole(rrset.get("ttl")))


def read(content: str, name: str) -> tuple[str, dict[str, int]]:
    """The function and the weights by address of the one shape of content that is read and written.

    Raises:
        ProviderError: misconfigured; it is of another.
    """
    record = _RECORD.fullmatch(content)
    code = "".join(re.findall(r'"([^"]*)"', record["strings"])) if record else ""
    call = _CODE.fullmatch(code)
    if record is None or call is None or not _ENTRIES.fullmatch(call["entries"]):
        told = clean(code or content, 80)
        raise _misconfigured(f"the LUA record of {name} isn't one that is understood here: {told}", _EXAMPLE)
    pairs = re.findall(_ENTRY, call["entries"])
    for _, value in pairs:
        if not _is_value(value, record["kind"]):
            raise _misconfigured(f"{name}: {clean(value, 60)} is nothing for {record['kind']}", "mend the record")
    entries = {value: int(weight) for weight, value in pairs}
    if len(entries) < len(pairs):
        raise _misconfigured(f"{name} names the same address twice", "name each once, and give it more weight")
    if not 0 < sum(entries.values()) <= LARGEST_SUM:
        message = f"the weights of {name} add up to {sum(entries.values())}: PowerDNS can't answer that"
        raise _misconfigured(message, f"they must add up to at least 1 and at most {LARGEST_SUM}")
    return call["function"], entries


def content_of(kind: str, function: str, entries: Mapping[str, int]) -> str:
    """The content of a record, in strings that end between two addresses."""
    strings = [f"{function}({{"]
    for place, (value, weight) in enumerate(entries.items()):
        entry = f"{{{weight},'{value}'}}{',' if place < len(entries) - 1 else '})'}"
        if len(strings[-1]) + len(entry) > LONGEST_STRING:
            strings.append("")
        strings[-1] += entry
    return " ".join((kind, *(f'"{text}"' for text in strings)))


def is_secondary(zone: Document) -> bool:
    """Whether its content comes from elsewhere, over what is written into it."""
    return str(zone.get("kind")).lower() in _SECONDARY


def require_ours(zone: Document) -> None:
    """Raises ProviderError (misconfigured) for a secondary zone."""
    if is_secondary(zone):
        masters = ", ".join(clean(str(one), 60) for one in zone.get("masters") or ())
        message = f"{clean(str(zone.get('name')))} is a secondary zone here: its next transfer takes changes back"
        raise _misconfigured(message, f"change it at its primary ({masters or 'unknown'})")


def serial_of(zone: Document) -> int:
    """The serial number that each change of the zone over the API raises."""
    return _whole(zone.get("edited_serial"))


def risks(zone: Document, found: Weighted, address: Address) -> Iterator[Risk]:
    """What is dangerous about changing this record, or has to be known before."""
    name = address.parts["name"]
    if plain := _rrset(zone, name, found.kind):
        values = ", ".join(clean(str(one.get("content")), 60) for one in plain.get("records") or ())
        text = f"{name} also has plain {found.kind} records ({values}): every answer has them, whatever the weights"
        yield Risk("danger", "plain-records", text, "delete them")
    other = {"A": "AAAA", "AAAA": "A"}.get(found.kind, "")
    has_other = any(str(one.get("content")).startswith(f"{other} ") for one in found.records)
    if other and (has_other or _rrset(zone, name, other)):
        family = "IPv6" if other == "AAAA" else "IPv4"
        text = f"{name} also has {other}: clients that come over {family} are divided by that, and stay as they are"
        yield Risk("warning", "other-family", text, f"declare its {other} as traffic of its own, and shift both")
    if found.function == "pickwhashed":
        yield Risk("info", "sticky", "pickwhashed: each client address keeps its answer while the weights stand")
    if str(zone.get("kind")).lower() in _PRIMARY:
        text = "secondaries get the record by a transfer; only those answer it that are PowerDNS with Lua records on"
        yield Risk("info", "secondaries", text)
        if not zone.get("soa_edit_api"):
            text = "the zone has no soa_edit_api: its serial number stays, and secondaries don't notice the change"
            yield Risk("warning", "serial-stays", text, "set soa_edit_api to DEFAULT")
    text = f"nobody checks whether the addresses of {name} serve: {found.function} answers with them all the same"
    yield Risk("info", "unchecked", text)


_EXAMPLE = "give it one like A \"pickwrandom({{100,'192.0.2.1'},{0,'192.0.2.2'}})\""


def _rrset(zone: Document, name: str, kind: str) -> Document | None:
    for one in zone.get("rrsets") or ():
        if isinstance(one, Mapping) and str(one.get("name")).lower() == name and one.get("type") == kind:
            return one
    return None


def _plain(value: str) -> str:
    """An address or a name in one spelling: of IPv6 there are several, and names of DNS have no letter case."""
    try:
        return str(ipaddress.ip_address(value))
    except ValueError:
        return value.lower().rstrip(".")


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _is_value(value: str, kind: str) -> bool:
    if kind == "CNAME":
        return len(value) <= 254 and _HOST.fullmatch(value) is not None
    try:
        return ipaddress.ip_address(value).version == (4 if kind == "A" else 6)
    except ValueError:
        return False


def _misconfigured(message: str, hint: str) -> ProviderError:
    return ProviderError("misconfigured", message, hint)
