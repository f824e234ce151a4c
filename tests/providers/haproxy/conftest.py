"""A HAProxy with a stable and a canary server behind it, and a session of ours on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.providers.haproxy.balancer import Backends, Balancer, app, backends, blue_green

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import Session, SessionContext, SlotHost, TrafficRouter
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift

CHECKOUT = TargetId("production", "checkout")


def open_session(*sockets: str, may_write: object = None, **options: str) -> Session:
    """A session as the runner opens it."""
    import json

    context = SessionContext(SystemClock(), print, lambda _: "", may_write if callable(may_write) else lambda: None)
    connection = Connection("lb", "haproxy", {"socket": json.dumps(list(sockets)), **options})
    return registry.load("haproxy").open(connection, context)


def router_of(session: Session) -> TrafficRouter:
    found = session.capability("traffic")
    assert isinstance(found, TrafficRouter)
    return found


def host_of(session: Session) -> SlotHost:
    found = session.capability("slots")
    assert isinstance(found, SlotHost)
    return found


def traffic_place(backend: str = "app") -> Place:
    return Place("traffic", CHECKOUT, Address("lb", {"backend": backend}))


def slots_place(map_file: Path, **more: str) -> Place:
    parts = {"map": str(map_file), "key": "shop.example", "backends": '["blue", "green"]'}
    return Place("slots", CHECKOUT, Address("lb", {**parts, **more}))


@dataclass
class Harbour:
    """One or two load balancers, the backends behind them, and the session on all of them."""

    balancers: list[Balancer]
    backends: Backends
    session: Session
    map: Path = Path()

    @property
    def balancer(self) -> Balancer:
        return self.balancers[0]

    @property
    def router(self) -> TrafficRouter:
        return router_of(self.session)

    @property
    def host(self) -> SlotHost:
        return host_of(self.session)

    @property
    def switch(self) -> Place:
        return slots_place(self.map)

    async def reading(self, backend: str = "app") -> TrafficReading:
        place = traffic_place(backend)
        found = (await self.router.observe([place]))[place.subject]
        assert isinstance(found, TrafficReading), found
        return found

    async def trouble(self, backend: str = "app") -> Trouble:
        place = traffic_place(backend)
        found = (await self.router.observe([place]))[place.subject]
        assert isinstance(found, Trouble), found
        return found

    async def slots(self) -> SlotsReading:
        found = (await self.host.observe([self.switch]))[self.switch.subject]
        assert isinstance(found, SlotsReading), found
        return found

    async def shares(self) -> dict[str, float]:
        return {d.name: round(d.share, 2) for d in (await self.reading()).destinations}

    async def steps(self, **shares: float) -> tuple[Step, ...]:
        place = traffic_place()
        survey = await self.router.survey_traffic(place.address)
        outline = plan_shift(Shift(place.target, shares), [Router(place, survey)])
        assert not isinstance(outline, Refusal), outline
        return outline.steps

    async def shift(self, **shares: float) -> None:
        for step in await self.steps(**shares):
            await self.router.send(step)
            assert (await self.router.settle(step)).state == "done"


async def checked(balancer: Balancer, *names: str) -> None:
    """Until HAProxy has found servers of `app` well: until then it doesn't know."""
    for name in names or ("stable", "canary"):
        await balancer.until("show servers state app", rf"{name} 127.0.0.1 2 0 .* 6 3 ")


@pytest.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[Harbour]:
    """`app` with stable at weight 100 and canary at 0, both well."""
    async with backends("stable", "canary") as behind:
        balancer = Balancer(tmp_path / "lb", app(behind.ports, {"stable": 100, "canary": 0}))
        balancer.start()
        try:
            await checked(balancer)
            yield Harbour([balancer], behind, open_session(balancer.socket))
        finally:
            balancer.stop()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Harbour]:
    """Two load balancers in front of the same servers."""
    async with backends("stable", "canary") as behind:
        both = [Balancer(tmp_path / name, app(behind.ports, {"stable": 100, "canary": 0})) for name in ("lb1", "lb2")]
        try:
            for one in both:
                one.start()
                await checked(one)
            yield Harbour(both, behind, open_session(*(one.socket for one in both)))
        finally:
            for one in both:
                one.stop()


@asynccontextmanager
async def coloured(folder: Path, *names: str) -> AsyncIterator[Harbour]:
    """Load balancers that share the file of a map: blue is live, green waits."""
    async with backends("blue", "green") as behind:
        live = folder / "live.map"
        live.write_text("shop.example blue\nother.example green\n")
        all_of_them = [Balancer(folder / name, blue_green(behind.ports)) for name in names]
        try:
            for one in all_of_them:
                one.map.symlink_to(live)
                one.body = one.body.replace("{map}", str(live))
                one.start()
                for colour in ("blue", "green"):
                    await one.until(f"show servers state {colour}", rf"{colour} 127.0.0.1 2 0 .* 6 3 ")
            yield Harbour(all_of_them, behind, open_session(*(one.socket for one in all_of_them)), live)
        finally:
            for one in all_of_them:
                one.stop()


@pytest.fixture
async def two_colours(tmp_path: Path) -> AsyncIterator[Harbour]:
    """One load balancer with blue and green."""
    async with coloured(tmp_path, "lb") as found:
        yield found


@pytest.fixture
async def two_racks(tmp_path: Path) -> AsyncIterator[Harbour]:
    """Two load balancers with the same blue and green."""
    async with coloured(tmp_path, "lb1", "lb2") as found:
        yield found
