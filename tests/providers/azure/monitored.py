"""A shop that Azure Monitor watches, and a session whose time is the shop's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.providers.azure.conftest import Azure, Start

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import Evidence, GateSource, ProviderError, Session
from quarterdeck.release.gate import GateSpec
from quarterdeck.sandbox.world.world import World

SITE = "resourceGroups/shop/providers/Microsoft.Web/sites/checkout"
APP = "resourceGroups/shop/providers/Microsoft.App/containerApps/checkout-app"
ERRORS = {"resource": SITE, "metric": "Http5xx", "of": "Requests"}

SHOP: dict[str, Any] = {
    "builds": [{"version": "1.0", "latency_ms": 50}, {"version": "2.0", "error_rate": 0.5, "latency_ms": 400}],
    "sites": [
        {
            "group": "shop",
            "name": "checkout",
            "location": "westeurope",
            "service": "checkout",
            "environment": "production",
            "rate": 20.0,
            "slots": {"production": {"build": "1.0"}, "staging": {"build": "2.0"}},
        }
    ],
    "container_apps": [
        {
            "group": "shop",
            "name": "checkout-app",
            "location": "westeurope",
            "rate": 10.0,
            "revisions": {"checkout--a": {"build": "1.0"}, "checkout--b": {"build": "2.0"}},
            "traffic": [
                {"revision": "checkout--a", "weight": 50, "label": "production"},
                {"revision": "checkout--b", "weight": 50, "label": "staging"},
            ],
        }
    ],
}


class WorldTime:
    """The time of a world that stands still until a test steps it."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.clock.now()

    def monotonic(self) -> float:
        return self._world.clock.now()

    async def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)


@dataclass
class Watched:
    """The shop, and who is asked about it."""

    azure: Azure
    session: Session

    @property
    def world(self) -> World:
        return self.azure.world

    @property
    def monitor(self) -> GateSource:
        found = self.session.gates()
        assert found
        return found

    async def metric(self, **options: str) -> Evidence:
        return await self.monitor.measure(GateSpec("gate", "metric", "azure", options))

    async def alerts(self, matchers: str = "") -> Evidence:
        return await self.monitor.measure(GateSpec("gate", "alerts", "azure", {"matchers": matchers}))

    async def trouble(self, **options: str) -> Trouble:
        """Why there is no answer to a question about metrics."""
        try:
            found = await self.metric(**options)
        except ProviderError as error:
            return error.trouble
        raise AssertionError(found)

    def shift(self, percent: float) -> None:
        """Send a share of new clients to the slot with the bad build."""
        site = self.azure.site
        rule = {"name": "staging", "actionHostName": site.slots["staging"].host, "reroutePercentage": percent}
        site.production.config["experiments"] = {"rampUpRules": [rule]}
        site.note(self.world.clock.now())

    def asked(self, path: str = "providers/Microsoft.") -> int:
        """How many requests of ours were about this."""
        return len(self.azure.requests("GET", path))


async def watched(start: Start, document: dict[str, Any] | None = None, seconds: float = 900) -> Watched:
    """After so many seconds, in which the shop has served its users."""
    azure = await start(document or SHOP)
    session = azure.open(azure.connection, WorldTime(azure.world))
    azure.world.advance(seconds)
    return Watched(azure, session)
