"""The same ship on the real thing: Microsoft's SDKs over TLS against the sandbox, whose clock only the ship moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.ship import Moments, Ship

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Place, Role
from quarterdeck.providers.azure import provider
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Session, SessionContext
from quarterdeck.release.plan import Step
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.settlement import Settlement
from quarterdeck.release.survey import DeploySurvey, FlagSurvey, SwapSurvey, TrafficSurvey
from quarterdeck.runner.engine import NO_RULES
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

START = 1_795_000_000.0
CHECKOUT = TargetId("production", "checkout")
CART = TargetId("production", "cart")
BANNER = TargetId("production", "banner", flag=True)

FLEET = Fleet(
    "shop",
    environments=(Environment("production", protected=True),),
    services=("checkout", "cart"),
    places=(
        Place("slots", CHECKOUT, Address("azure", {"resource_group": "shop", "site": "checkout"})),
        Place("slot_traffic", CHECKOUT, Address("azure", {"resource_group": "shop", "site": "checkout"})),
        Place("traffic", CHECKOUT, Address("azure", {"resource_group": "global", "profile": "shop"})),
        Place("slots", CART, Address("azure", {"resource_group": "shop", "site": "cart"})),
        Place("flags", TargetId("production", "flags"), Address("flags", {"label": "", "prefix": ""})),
    ),
    connections=(Connection("azure", "azure", {"subscription": "real"}),),
)


def endpoint(name: str, weight: int, priority: int) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {
            "endpointStatus": "Enabled",
            "endpointMonitorStatus": "Online",
            "target": f"{name}.example.org",
            "weight": weight,
            "priority": priority,
            "endpointLocation": "West Europe",
        },
    }


WORLD: dict[str, Any] = {
    "groups": [{"name": "global", "location": "westeurope"}],
    "sites": [
        {
            "group": "shop",
            "name": "checkout",
            "location": "westeurope",
            "slots": {"production": {"build": "2.14.3"}, "staging": {"build": "2.15.0"}},
        },
        {
            "group": "shop",
            "name": "cart",
            "location": "westeurope",
            "slots": {"production": {"image": "shop/cart:1.9.1"}, "staging": {"image": "shop/cart:1.9.0"}},
        },
    ],
    "profiles": [
        {
            "id": "/subscriptions/{subscription}/resourceGroups/global/providers/Microsoft.Network"
            "/trafficManagerProfiles/shop",
            "name": "shop",
            "type": "Microsoft.Network/trafficManagerProfiles",
            "location": "global",
            "properties": {
                "profileStatus": "Enabled",
                "trafficRoutingMethod": "Weighted",
                "dnsConfig": {"relativeName": "shop", "ttl": 30},
                "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/"},
                "endpoints": [endpoint("weu", 500, 1), endpoint("neu", 500, 2)],
            },
        }
    ],
    "configuration": [
        {
            "key": ".appconfig.featureflag/banner",
            "value": '{"id": "banner", "enabled": true, "conditions": {"client_filters": []}}',
            "content_type": "application/vnd.microsoft.appconfig.ff+json;charset=utf-8",
        }
    ],
}


class HarbourClock:
    """The world's time, which passes when we sleep."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.clock.now()

    def monotonic(self) -> float:
        return self._world.clock.now()

    async def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)
        await asyncio.sleep(0)


class Watched:
    """A capability that says when it is about to do something and when it has done it."""

    source = "watched"

    def __init__(self, inner: Any, moment: Callable[[str], None]) -> None:
        self._inner = inner
        self._moment = moment

    async def observe(self, places: Sequence[Place]) -> Observed:
        observed: Observed = await self._inner.observe(places)
        return observed

    async def permitted(self, address: Address) -> bool | None:
        allowed: bool | None = await self._inner.permitted(address)
        return allowed

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        survey: SwapSurvey = await self._inner.survey_swap(address, source, destination)
        return survey

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        survey: TrafficSurvey = await self._inner.survey_traffic(address)
        return survey

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        survey: FlagSurvey = await self._inner.survey_flag(address, name, label)
        return survey

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        survey: DeploySurvey = await self._inner.survey_deploy(address, slot)
        return survey

    async def send(self, step: Step) -> Receipt:
        self._moment("before send")
        receipt: Receipt = await self._inner.send(step)
        self._moment("after send")
        return receipt

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        self._moment("before poll")
        progress: Progress = await self._inner.poll(step, receipt)
        self._moment("after poll")
        return progress

    async def settle(self, step: Step) -> Settlement:
        self._moment("before reading back")
        settlement: Settlement = await self._inner.settle(step)
        self._moment("after reading back")
        return settlement


class AzureConnections:
    """One session for each connection; opened anew for every runner."""

    def __init__(self, harbour: Harbour, moment: Callable[[str], None]) -> None:
        self._sessions = {
            "azure": harbour.open("azure", "azure"),
            "flags": harbour.open("flags", "azure.app_configuration"),
        }
        self._moment = moment

    def capability(self, connection: str, role: Role) -> Watched:
        return Watched(self._sessions[connection].capability(role), self._moment)

    async def identity(self, connection: str) -> str:
        return await self._sessions[connection].identity()


@dataclass
class Harbour:
    """A running sandbox, and ships that sail from it."""

    up: Running
    folder: Path
    sessions: list[Session] = field(default_factory=list)
    ships: int = 0

    @property
    def world(self) -> World:
        return self.up.world

    def open(self, name: str, kind: str) -> Session:
        options = {"subscription": "real"} if kind == "azure" else {"endpoint": "https://real.azconfig.io"}
        connection = provider.sandboxed(Connection(name, kind, options), announcement(self.up))
        self.sessions.append(provider.open(connection, SessionContext(SystemClock(), print, _no_secret)))
        return self.sessions[-1]

    def launch(self, at: str = "", rules: Rulebook = NO_RULES) -> Ship:
        """A new ship, with a store of its own, on a world put back as it was."""
        self.up.sandbox.reset()
        self.ships += 1
        moments = Moments(at)
        folder = self.folder / str(self.ships)
        clock: Any = HarbourClock(self.world)
        return Ship(folder, clock, lambda: AzureConnections(self, moments), moments, FLEET, rules)

    def posts(self, path: str) -> int:
        """How many requests to write reached the sandbox, by the end of their path."""
        return sum(
            1
            for entry in self.up.sandbox.requests
            if entry["method"] in ("POST", "PUT", "PATCH") and entry["path"].lower().partition("?")[0].endswith(path)
        )

    def swaps(self) -> int:
        """How many swaps the world itself has finished."""
        return len(self.world.log.of("swap.finished"))

    def serving(self) -> str:
        return str(self.site().production.content.build.version)

    def site(self, name: str = "checkout") -> Site:
        found = self.world.sites.named(name)
        assert found is not None
        return found


@asynccontextmanager
async def harbour(folder: Path) -> AsyncIterator[Harbour]:
    """A sandbox over TLS for as long as the block runs."""
    async with running(World(WorldClock(START, speed=0), WORLD), tls=True) as up:
        up.sandbox.throttle.change({})  # a hundred deaths in a row would use up the reads of a whole minute
        open_harbour = Harbour(up, folder)
        try:
            yield open_harbour
        finally:
            for session in open_harbour.sessions:
                await session.close()


def _no_secret(reference: str) -> str:
    raise ProviderError("misconfigured", f"nothing behind {reference}")
