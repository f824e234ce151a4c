"""Canaries on the real thing: Microsoft's SDKs, Prometheus's API and a world whose users feel what the weights do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.engine.harbour import FLEET, START, WORLD
from tests.engine.ship import Moments, Ship

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import AnalysisStep, Strategy, SwapStep, WeightStep
from quarterdeck.runner.sampling import Sampler
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

CHECKOUT = TargetId("production", "checkout")
SPEED = 60.0
"""World seconds in a real one."""

ERRORS = GateSpec(
    "errors",
    "metric",
    "metrics",
    {
        "query": 'sum(rate(http_requests_total{site="$site",slot="$slot",version="$version",code="500"}[1m])) '
        '/ sum(rate(http_requests_total{site="$site",slot="$slot",version="$version"}[1m]))'
    },
    success="result < 0.05",
    evaluation_delay=60,
    interval=20,
    count=2,
)
AS_AZURE_SEES_IT = GateSpec(
    "errors",
    "metric",
    "azure",
    {
        "resource": "resourceGroups/shop/providers/Microsoft.Web/sites/$site/slots/$slot",
        "metric": "Http5xx",
        "of": "Requests",
        "window": "$window",
    },
    success="result < 0.05",
    evaluation_delay=360,
    interval=60,
    count=2,
    timeout=3600,
)
LOOK = AnalysisStep(("errors",))


def canary(judge: GateSpec) -> Rulebook:
    """A quarter of the clients, judged, then all of them."""
    return Rulebook(
        strategies=(Strategy("canary", (WeightStep({"": 25}), LOOK, SwapStep())),),
        gates=(judge,),
        routes=(Route(CHECKOUT, "canary"),),
    )


class FastClock:
    """The world's time, as fast as it goes."""

    def __init__(self, world: World, speed: float) -> None:
        self._world = world
        self._speed = speed

    def now(self) -> float:
        return self._world.clock.now()

    def monotonic(self) -> float:
        return self._world.clock.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


class Lines:
    """A session for each connection."""

    def __init__(self, up: Running, clock: Any) -> None:
        self.sessions: dict[str, Session] = {}
        told = announcement(up)
        for name, kind, options in (
            ("azure", "azure", {"subscription": "real"}),
            ("flags", "azure.app_configuration", {"endpoint": "https://real.azconfig.io"}),
            ("metrics", "prometheus", {"url": "http://prometheus.internal:9090"}),
        ):
            provider = registry.load(kind)
            connection = provider.sandboxed(Connection(name, kind, options), told)
            self.sessions[name] = provider.open(connection, SessionContext(clock, print, _no_secret))

    async def open(self, connection: str) -> Session:
        return self.sessions[connection]

    def capability(self, connection: str, role: Role) -> Capability:
        found = self.sessions[connection].capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        found = self.sessions[connection].gates()
        assert found
        return found

    async def identity(self, connection: str) -> str:
        return await self.sessions[connection].identity()


def _no_secret(reference: str) -> str:
    raise ProviderError("misconfigured", f"nothing behind {reference}")


@asynccontextmanager
async def sailing(
    folder: Path, error_rate: float, judge: GateSpec = ERRORS, speed: float = SPEED
) -> AsyncIterator[tuple[Ship, World]]:
    """A ship on a world that runs fast; its new build fails as often as that."""
    site = {**WORLD["sites"][0], "rate": 50.0}
    builds = [{"version": "2.14.3"}, {"version": "2.15.0", "error_rate": error_rate}]
    world = World(WorldClock(START, speed=speed), {**WORLD, "sites": [site], "builds": builds})
    async with running(world, tls=True) as up:
        up.sandbox.throttle.change({})
        clock: Any = FastClock(world, speed)
        rules = canary(judge)
        lines = Lines(up, clock)
        sampler = Sampler(lines, lambda: rules, _Blind(), clock)
        fleet = replace(FLEET, connections=(*FLEET.connections, Connection("metrics", "prometheus", {})))
        ship = Ship(folder, clock, lambda: lines, Moments(), fleet, rules, sampler)
        try:
            yield ship, world
        finally:
            await ship.engine.close()
            for session in lines.sessions.values():
                await session.close()


class _Blind:
    """Nobody probes here."""

    async def off_by(self, gate: GateSpec) -> Any:
        raise AssertionError(gate)


async def released(ship: Ship) -> Release:
    proposed = await ship.ask("propose", {"wish": to_json(Wish((CHECKOUT,)))})
    assert proposed
    plan = proposed.proposal
    assert plan, proposed.refusal
    launched = await ship.ask("launch", {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm})
    assert launched
    assert launched.release, launched.refusal
    return await until(ship, plan.id, lambda release: release.ending is not None)


async def until(ship: Ship, release_id: str, true: Callable[[Release], bool]) -> Release:
    async with asyncio.timeout(60):
        while True:
            release = ship.store.release(release_id)
            assert isinstance(release, Release)
            if true(release):
                return release
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(("error_rate", "ending"), [(0.0, "succeeded"), (0.3, "rolled_back")])
async def test_users_decide_whether_a_canary_goes_on(error_rate: float, ending: str, tmp_path: Path) -> None:
    async with sailing(tmp_path, error_rate) as (ship, world):
        release = await released(ship)
        assert release.ending == ending, release.detail
        site = world.sites.named("checkout")
        assert site
        assert site.production.content.build.version == ("2.15.0" if ending == "succeeded" else "2.14.3")
        assert len(world.log.of("swap.finished")) == (1 if ending == "succeeded" else 0)
        assert not (site.production.config.get("experiments") or {}).get("rampUpRules")
        sample = release.samples["2"][-1].measurements[0]
        assert sample.value == pytest.approx(error_rate, abs=0.02)
        assert ship.store.verify() == ()


@pytest.mark.parametrize(("error_rate", "ending"), [(0.0, "succeeded"), (0.3, "rolled_back")])
async def test_azure_monitor_decides_whether_a_canary_goes_on(error_rate: float, ending: str, tmp_path: Path) -> None:
    async with sailing(tmp_path, error_rate, AS_AZURE_SEES_IT, speed=240) as (ship, world):
        release = await released(ship)
        assert release.ending == ending, release.detail
        site = world.sites.named("checkout")
        assert site
        assert site.production.content.build.version == ("2.15.0" if ending == "succeeded" else "2.14.3")
        assert not (site.production.config.get("experiments") or {}).get("rampUpRules")
        sample = release.samples["2"][-1].measurements[0]
        assert sample.value == pytest.approx(error_rate, abs=0.02)
        assert "total Http5xx of total Requests" in sample.detail
        assert ship.store.verify() == ()
