"""A pair of cloud services (extended support) as slots. Pure.

There are no slots inside a service: two services of their own name each other as `swappableCloudService`, one of them
has the address that users know (`slotType` Production), the other the one to try things at (Staging), and a VIP swap
lets them trade. Which is which is all that changes, so a slot's content is named after its service.
Shapes: Microsoft.Compute 2022-09-04 and Microsoft.Network 2024-07-01, published examples and documentation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from quarterdeck.fleet.readings import Build, Health, SlotReading, SlotsReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import FORBIDS_PREVIEW

Document = Mapping[str, Any]
Key = tuple[str, str]
"""Resource group and name, in lower case."""

Side = Literal["production", "staging", ""]

PRODUCTION: Side = "production"
STAGING: Side = "staging"

RETIRES = "2027-03-31"
"""When Microsoft ends Cloud Services (extended support); they are deprecated since 2025-03-31 (its documentation)."""

_TELLING = frozenset({"provisioningstate", "powerstate"})
_WELL = {"provisioningstate/succeeded", "powerstate/started"}
_SETTLED = frozenset({"", "succeeded", "failed", "canceled"})


@dataclass(frozen=True, slots=True)
class Service:
    """One cloud service.

    Attributes:
        key: where it is.
        side: which of the two addresses it has; "" if that isn't told.
        partner: resource group and name of the one it trades with; None if it has none.
        version: its tag `version`; its own name without one: nothing else names what was deployed into it.
    """

    name: str
    key: Key
    side: Side
    partner: Key | None
    state: str = ""
    version: str = ""
    health: Health = "unknown"

    @property
    def busy(self) -> bool:
        """Whether the service is being changed."""
        return self.state.lower() not in _SETTLED

    @classmethod
    def of(cls, document: Document) -> Service:
        """What a document says."""
        about = _inner(document, "properties")
        network = _inner(about, "networkProfile")
        name = clean(str(document.get("name") or ""))
        version = str(_inner(document, "tags").get("version") or "")
        return cls(
            name=name,
            key=_key(str(document["id"])) or ("", ""),
            side=side_of(network.get("slotType")),
            partner=_key(str(_inner(network, "swappableCloudService").get("id") or "")),
            state=clean(str(about.get("provisioningState") or "")),
            version=clean(version) or name,
        )


Pair = tuple[Service, Service]
"""The one that users get, and the other."""


def side_of(slot_type: object) -> Side:
    """Ours for the service's own word."""
    sides: Mapping[str, Side] = {"production": PRODUCTION, "staging": STAGING}
    return sides.get(str(slot_type or "").lower(), "")


def pair(one: Service, other: Service) -> Pair:
    """Both, the one that users get first.

    Raises:
        ProviderError: the two don't have one address each.
    """
    if {one.side, other.side} != {PRODUCTION, STAGING}:
        told = f"{one.name} is {one.side or 'neither'}, {other.name} is {other.side or 'neither'}"
        raise ProviderError("provider_error", f"no pair of production and staging: {told}", "a swap may be under way")
    return (one, other) if one.side == PRODUCTION else (other, one)


def alone(service: Service) -> ProviderError:
    """What to say of a service without partner."""
    return ProviderError(
        "misconfigured",
        f"{service.name} has no service to swap with",
        "two are made swappable when the second of them is deployed for the first time, and never afterwards",
    )


def health_of(view: Document) -> Health:
    """What the instance view says of all role instances together: healthy if each is provisioned and started."""
    statuses = _inner(view, "roleInstance").get("statusesSummary")
    counts = {
        str(one.get("code") or "").lower(): int(one.get("count") or 0)
        for one in statuses or ()
        if isinstance(one, Mapping)
    }
    if not counts:
        return "unknown"
    told = {code for code, count in counts.items() if count and code.partition("/")[0] in _TELLING}
    return "healthy" if told == _WELL else "unhealthy"


def slots_reading(services: Pair) -> SlotsReading:
    """Both sides, the live one first."""
    live, waiting = services
    return SlotsReading((slot_reading(PRODUCTION, live), slot_reading(STAGING, waiting)))


def slot_reading(name: str, service: Service) -> SlotReading:
    """One side under the name that it has now."""
    return SlotReading(
        name=name,
        build=Build(service.version, service.name),
        health=service.health,
        operation=service.state if service.busy else "",
    )


def risks(services: Pair) -> Iterator[Risk]:
    """What to know before a swap, and what forbids it."""
    _, waiting = services
    text = "no preview: a service takes its configuration along, so nothing could be applied to it beforehand"
    yield Risk("info", FORBIDS_PREVIEW, text, f"{waiting.name} has an address of its own: try it there")
    text = f"Microsoft retires Cloud Services (extended support) on {RETIRES}: from then on nothing here works"
    yield Risk("warning", "retires", text, "plan the move to another service")


def _key(resource_id: str) -> Key | None:
    parts = resource_id.lower().split("/")
    return (parts[4], parts[8]) if len(parts) > 8 else None


def _inner(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    inner = holder.get(name)
    return inner if isinstance(inner, Mapping) else {}
