"""The sample for racks of one's own, carried through the engine on real load balancers: what clients get at each step.

Five, twenty-five, fifty, a hundred percent; 2,000 requests are counted at each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.engine.ship import Moments, Ship
from tests.providers.haproxy.balancer import Balancer, backends, needs_haproxy, split

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Role
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.action import Rollback, Swap
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import BakeStep, PauseStep

pytestmark = needs_haproxy
SAMPLE = shared_dir("sample-configs") / "haproxy-on-premises.yaml"
CHECKOUT, PORTAL = TargetId("production", "checkout"), TargetId("production", "portal")
REQUESTS = 2_000


class Lines:
    """Sessions on the load balancers; nobody answers for gates here."""

    def __init__(self, fleet: Fleet) -> None:
        context = SessionContext(SystemClock(), print, lambda _: "")
        self._session: Session = registry.load("haproxy").open(fleet.connections[0], context)

    async def open(self, connection: str) -> Session:
        return self._session

    def capability(self, connection: str, role: Role) -> Capability:
        found = self._session.capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        raise ProviderError("unreachable", "there is no Prometheus here")

    async def identity(self, connection: str) -> str:
        return await self._session.identity()


@dataclass
class Racks:
    ship: Ship
    balancers: list[Balancer]

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
async def racks(folder: Path) -> AsyncIterator[Racks]:
    """The sample with two real load balancers; where it bakes, it waits to be promoted."""
    async with backends("stable", "canary", "blue", "green") as behind:

        def server(name: str, weight: int) -> str:
            return f"  server {name} 127.0.0.1:{behind.ports[name]} weight {weight} check\n"

        body = (
            "frontend www\n  bind unix@{front}\n  use_backend %[req.hdr(host),field(1,:),lower,map({map},checkout)]\n"
            f"backend checkout\n  balance roundrobin\n{server('stable', 100)}{server('canary', 0)}"
            f"backend portal-blue\n{server('blue', 1)}backend portal-green\n{server('green', 1)}"
        )
        balancers = [Balancer(folder / name, body) for name in ("lb1", "lb2")]
        live = folder / "live.map"
        live.write_text("portal.northwind.example portal-blue\n")
        ship: Ship | None = None
        try:
            for one in balancers:
                one.map.symlink_to(live)
                one.body = body.replace("{map}", str(live))
                one.start()
                for server_name in ("checkout canary", "checkout stable", "portal-blue blue", "portal-green green"):
                    back, name = server_name.split()
                    await one.until(f"show servers state {back}", rf"{name} 127.0.0.1 2 0 .* 6 3 ")
            environment = {"LB1": balancers[0].socket, "LB2": balancers[1].socket, "LIVE_MAP": str(live)}
            loaded = config.load(SAMPLE, registry.schemas, environment=environment)
            lines = Lines(loaded.fleet)
            ship = Ship(
                folder, cast(Any, SystemClock()), lambda: lines, Moments(), loaded.fleet, promoted(loaded.rules)
            )
            yield Racks(ship, balancers)
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


async def test_clients_get_the_share_of_each_step(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        release = await begin(here.ship, CHECKOUT, version="2.0")
        for number, share in enumerate((5, 25, 50), 1):
            pause = str(2 * number)
            await here.until(release, lambda r, pause=pause: r.standing(pause).state == "running")  # type: ignore[misc]
            answered = await here.answered("shop.northwind.example", REQUESTS)
            print(f"{share}%: {answered}")
            assert answered["canary"] == pytest.approx(REQUESTS * share / 100, abs=4)
            assert sum(answered.values()) == answered["canary"] + answered["stable"] == REQUESTS
            await here.ship.ask("order", {"release": release, "order": "promote", "step": "", "override": ""})
        ended = await here.until(release, lambda r: r.ending is not None)
        assert ended.ending == "succeeded", ended.detail
        answered = await here.answered("shop.northwind.example", REQUESTS)
        print(f"100%: {answered}")
        assert answered == {"canary": REQUESTS}
        assert here.ship.store.verify() == ()


async def test_a_canary_that_is_aborted_goes_back_on_every_load_balancer(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        release = await begin(here.ship, CHECKOUT, version="2.0")
        await here.until(release, lambda r: r.standing("2").state == "running")
        await here.ship.ask("order", {"release": release, "order": "abort", "step": "", "override": ""})
        ended = await here.until(release, lambda r: r.ending is not None)
        assert ended.ending == "rolled_back", ended.detail
        assert await here.answered("shop.northwind.example", 100) == {"stable": 100}
        assert [one.weight("checkout/canary") for one in here.balancers] == [0, 0]


async def test_a_swap_and_its_rollback_are_felt_at_once(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        swapped = await here.ship.carry_out(Swap(PORTAL))
        assert swapped.ending == "succeeded", swapped.detail
        assert await here.answered("portal.northwind.example", 20) == {"green": 20}
        back = await here.ship.carry_out(Rollback(PORTAL))
        assert back.ending == "succeeded", back.detail
        assert await here.answered("portal.northwind.example:8080", 20) == {"blue": 20}


async def test_a_plan_says_what_a_reload_would_take_back(tmp_path: Path) -> None:
    async with racks(tmp_path) as here:
        plan = await here.ship.plan(Swap(PORTAL))
        (told,) = [risk for risk in plan.risks if risk.code == "kept-in-memory"]
        assert "dump the map before a reload" in told.remedy
