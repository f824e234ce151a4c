"""An entry of a map as blue and green: what it names is live, the other backend waits. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from quarterdeck.fleet.readings import Build, Health, SlotReading, SlotsReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.haproxy.answers import Backend
from quarterdeck.providers.haproxy.schema import MapAddress
from quarterdeck.providers.haproxy.splits import shares
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP

PRODUCTION, STAGING = "production", "staging"
"""What the live side and the other one are called; the backends keep their own names, and change places."""


@dataclass(frozen=True, slots=True)
class Switch:
    """Where a switch between two backends is. `versions` is "" if nobody keeps them."""

    map: str
    key: str
    backends: tuple[str, str]
    versions: str = ""

    def other(self, backend: str) -> str:
        """The one that isn't live."""
        return self.backends[1] if backend == self.backends[0] else self.backends[0]


@dataclass(frozen=True, slots=True)
class Side:
    """One backend as all instances have it: a view of each, and the version that it holds ("" unknown)."""

    views: tuple[Backend, ...]
    version: str = ""

    @property
    def name(self) -> str:
        """The backend's own."""
        return self.views[0].name

    @property
    def serves(self) -> bool:
        """Whether every instance has a server there that new clients can be sent to, or a backup."""
        return all(any(shares(one).values()) or any(s.backup and s.usable for s in one.servers) for one in self.views)


def switch_of(address: Address) -> Switch:
    """Read an address. Raises ValueError if it isn't one that `MapAddress` made."""
    parts = MapAddress.model_validate(_listed(address.parts))
    blue, green = parts.backends
    return Switch(parts.map, parts.key, (blue, green), parts.versions or "")


def live_of(switch: Switch, entries: Mapping[str, Mapping[str, str]]) -> str:
    """The backend that is live on all instances.

    Args:
        entries: what each instance has in the map, by the name of its socket.

    Raises:
        ProviderError: they disagree, or the entry is missing or names another backend.
    """
    found = {host: its.get(switch.key) for host, its in entries.items()}
    for host, live in found.items():
        if live is None:
            hint = f"add it: add map {switch.map} {switch.key} {switch.backends[0]}"
            raise ProviderError("not_found", f"{host}: {switch.map} has no entry {switch.key}", hint)
        if live not in switch.backends:
            both = " nor ".join(switch.backends)
            message = f"{host}: {switch.key} leads to {clean(live, 100)}, neither {both}"
            raise ProviderError("misconfigured", message, "check backends")
    if len(set(found.values())) > 1:
        told = ", ".join(f"{host} to {live}" for host, live in found.items())
        hint = f"bring them together, on the one that is wrong: set map {switch.map} {switch.key} BACKEND"
        raise ProviderError("provider_error", f"the load balancers disagree: {switch.key} leads {told}", hint)
    return next(live for live in found.values() if live)


def slots_reading(live: Side, waiting: Side, drift: str = "") -> SlotsReading:
    """Both sides, the live one first."""
    return SlotsReading((slot_reading(PRODUCTION, live), slot_reading(STAGING, waiting)), drift)


def slot_reading(name: str, side: Side) -> SlotReading:
    """One side under the name that it has now."""
    ready = any(server.ready for one in side.views for server in one.servers)
    return SlotReading(name, Build(side.version, side.name), running=ready, health=_health(side))


def risks(switch: Switch, waiting: Side) -> Iterator[Risk]:
    """What to know before a swap, and what forbids it."""
    if not waiting.serves:
        text = f"{waiting.name} has no server that is up: everybody would get 503"
        yield Risk("danger", FORBIDS_SWAP, text, "start it, and wait until HAProxy finds it healthy")
    text = (
        f"no preview: nothing in HAProxy stays with a side, so there is nothing to apply to {waiting.name} beforehand"
    )
    yield Risk("info", FORBIDS_PREVIEW, text, f"reach {waiting.name} by a name of its own in HAProxy's configuration")
    text = f"the swap lives in HAProxy's memory: a reload brings back what stands in {switch.map}"
    yield Risk("info", "kept-in-memory", text, "write the entry into the file as well, or dump the map before a reload")
    if switch.versions:
        return
    yield Risk("info", "versions-unknown", f"nobody says which versions {' and '.join(switch.backends)} hold")


def _health(side: Side) -> Health:
    """Well if a server that gets clients is known to be; unwell if an instance has nobody to send them to."""
    if not side.serves:
        return "unhealthy"
    serving = [[s for s in one.servers if s.usable and s.weight] for one in side.views]
    return "healthy" if all(any(s.healthy for s in servers) for servers in serving) else "unknown"


def _listed(parts: Mapping[str, str]) -> dict[str, object]:
    """An address's parts are flat texts, lists among them JSON."""
    return {key: json.loads(text) if key == "backends" else text for key, text in parts.items()}
