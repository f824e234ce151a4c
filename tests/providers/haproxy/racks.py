"""The sample for racks of one's own with the engine and real load balancers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from tests.engine.ship import Moments, Ship
from tests.providers.haproxy.balancer import Backends, Balancer, backends, split

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Role
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import BakeStep, PauseStep
from quarterdeck.runner.sampling import Sampler

SAMPLE = shared_dir("sample-configs") / "haproxy-on-premises.yaml"
CHECKOUT, PORTAL = TargetId("production", "checkout"), TargetId("production", "portal")


class Lines:
    """Sessions on the load balancers, and on whatever answers for gates."""

    def __init__(self, fleet: Fleet, metrics: Session | None) -> None:
        context = SessionContext(SystemClock(), print, lambda _: "")
        self._session: Session = registry.load("haproxy").open(fleet.connections[0], context)
        self._metrics = metrics

    async def open(self, connection: str) -> Session:
        return self._metrics if connection == "metrics" and self._metrics else self._session

    def capability(self, connection: str, role: Role) -> Capability:
        found = self._session.capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        found = self._metrics.gates() if self._metrics else None
        if found is None:
            raise ProviderError("unreachable", "there is no Prometheus here")
        return found

    async def identity(self, connection: str) -> str:
        return await self._session.identity()


@dataclass
class Racks:
    ship: Ship
    balancers: list[Balancer]
    behind: Backends

    async def answered(self, host: str, requests: int) -> dict[str, int]:
        """By who answered, over all load balancers, each of which gets as many requests."""
        whole = [await split(one.front, requests // len(self.balancers), host) for one in self.balancers]
        return dict(sum(whole[1:], whole[0]))

    def release(self, release_id: str) -> Release:
        found = self.ship.store.release(release_id)
        assert isinstance(found, Release)
        return found

    async def until(self, release_id: str, true: Callable[[Release], bool]) -> Release:
        async with asyncio.timeout(30):
            while not true(release := self.release(release_id)):  # noqa: ASYNC110 - the engine tells the store only
                await asyncio.sleep(0.01)
        return release


@asynccontextmanager
async def racks(
    folder: Path,
    *,
    more: Mapping[str, str] | None = None,
    rules: Callable[[Rulebook], Rulebook] | None = None,
    metrics: Session | None = None,
) -> AsyncIterator[Racks]:
    """The sample with two real load balancers.

    `more` is added to their configurations, by name (lb1, lb2); `rules` makes those of the sample fit for a test,
    without it a release waits to be promoted where it would bake; `metrics` answers for gates.
    """
    async with backends("stable", "canary", "blue", "green") as behind:

        def server(name: str, weight: int) -> str:
            return f"  server {name} 127.0.0.1:{behind.ports[name]} weight {weight} check\n"

        body = (
            "frontend www\n  bind unix@{front}\n  use_backend %[req.hdr(host),field(1,:),lower,map({map},checkout)]\n"
            f"backend checkout\n  balance roundrobin\n{server('stable', 100)}{server('canary', 0)}"
            f"backend portal-blue\n{server('blue', 1)}backend portal-green\n{server('green', 1)}"
        )
        extra = more or {}
        balancers = [Balancer(folder / name, f"{body}{extra.get(name, '')}") for name in ("lb1", "lb2")]
        live = folder / "live.map"
        live.write_text("portal.northwind.example portal-blue\n")
        ship: Ship | None = None
        try:
            for one in balancers:
                one.map.symlink_to(live)
                one.body = one.body.replace("{map}", str(live))
                one.start()
                for server_name in ("checkout canary", "checkout stable", "portal-blue blue", "portal-green green"):
                    back, name = server_name.split()
                    await one.until(f"show servers state {back}", rf"{name} 127.0.0.1 2 0 .* 6 3 ")
            environment = {"LB1": balancers[0].socket, "LB2": balancers[1].socket, "LIVE_MAP": str(live)}
            loaded = config.load(SAMPLE, registry.schemas, environment=environment)
            lines, book = Lines(loaded.fleet, metrics), (rules or promoted)(loaded.rules)
            sampler = Sampler(lines, lambda: book, None, SystemClock())
            ship = Ship(folder, cast(Any, SystemClock()), lambda: lines, Moments(), loaded.fleet, book, sampler)
            yield Racks(ship, balancers, behind)
        finally:
            if ship is not None:
                await ship.engine.close()
            for one in balancers:
                one.stop()


def promoted(rules: Rulebook) -> Rulebook:
    """The same strategies, with a pause for each time it bakes."""
    return replace(
        rules,
        strategies=tuple(
            replace(one, steps=tuple(PauseStep() if isinstance(step, BakeStep) else step for step in one.steps))
            for one in rules.strategies
        ),
        gates=(),
    )


async def begin(ship: Ship, *targets: TargetId, version: str = "") -> str:
    proposed = await ship.ask("propose", {"wish": to_json(Wish(targets, version))})
    assert proposed
    plan = proposed.proposal
    assert plan, proposed.refusal
    launched = await ship.ask("launch", {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm})
    assert launched
    assert launched.release, launched.refusal
    return launched.release
