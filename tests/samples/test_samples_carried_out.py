"""Each sample is observed, and a change of each of its kinds is planned, carried out by the engine and read back.

Against the sandbox where it plays the systems, and else against real servers and those of the providers' tests. AWS and
Kubernetes are in tests/providers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.providers.circleci import server as circleci
from tests.providers.haproxy.balancer import Balancer, backends, needs_haproxy, servers
from tests.providers.haproxy.racks import racks
from tests.providers.jenkins import server as jenkins
from tests.providers.launchdarkly.server import launchdarkly
from tests.providers.loopback import SECRET
from tests.samples.aboard import SPEED, Aboard, aboard

from quarterdeck import config
from quarterdeck.fleet.readings import FlagReading, FlagsReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.release.action import FlagChange, Rollback, Shift, Swap
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.of_fleet import world_of
from quarterdeck.sandbox.world.world import World

SAMPLES = shared_dir("sample-configs")


@asynccontextmanager
async def sandbox(sample: Path) -> AsyncIterator[Mapping[str, Any]]:
    fleet: Fleet = config.load(sample, registry.schemas, environment={}).fleet
    async with running(World(WorldClock(speed=SPEED), world_of(fleet)), tls=True) as up:
        yield announcement(up)


async def shifted(here: Aboard, target: TargetId, name: str, percent: float) -> None:
    """A share of traffic is given through the engine, and observed afterwards."""
    done = await here.ship.carry_out(Shift(target, {name: percent}))
    assert done.ending == "succeeded", done.detail
    place = next(one for one in here.fleet.places_of(target) if one.role in ("traffic", "slot_traffic"))
    reading = await here.seen(place)
    assert isinstance(reading, TrafficReading)
    assert {one.name: one.share for one in reading.destinations}[name] == pytest.approx(percent, abs=0.5)


async def swapped(here: Aboard, target: TargetId) -> None:
    """What waited in staging is what users get."""
    place = here.fleet.places_of(target, "slots")[0]
    before = await here.seen(place)
    done = await here.ship.carry_out(Swap(target))
    assert done.ending == "succeeded", done.detail
    after = await here.seen(place)
    assert isinstance(before, SlotsReading)
    assert isinstance(after, SlotsReading)
    waited, live = before.slot("staging"), after.slot("production")
    assert waited
    assert live
    assert waited.build == live.build


async def test_github_and_app_service(tmp_path: Path) -> None:
    sample = SAMPLES / "contoso-shop.yaml"
    async with sandbox(sample) as up, aboard(sample, tmp_path, sandbox=up) as here:
        await here.all_seen()
        await swapped(here, TargetId("staging", "cart"))
        approved = await here.approve_what_waits("shop")
        assert approved.ending == "succeeded", approved.detail
        await switched(here, "NewCheckout")


async def switched(here: Aboard, name: str) -> None:
    """A flag of production is on that was off, or the other way round."""

    async def flag() -> FlagReading:
        reading = await here.seen(here.place("flags", "flags"))
        assert isinstance(reading, FlagsReading)
        return next(one for one in reading.flags if one.name == name)

    before = await flag()
    target = TargetId("production", name, flag=True)
    done = await here.ship.carry_out(FlagChange(target, label=before.label, enabled=not before.enabled))
    assert done.ending == "succeeded", done.detail
    assert (await flag()).enabled is not before.enabled


async def test_azure_pipelines_and_container_apps(tmp_path: Path) -> None:
    sample = SAMPLES / "azure-pipelines-container-apps.yaml"
    async with sandbox(sample) as up, aboard(sample, tmp_path, sandbox=up) as here:
        await here.all_seen()
        await shifted(here, TargetId("production", "search"), "staging", 5.0)
        await shifted(here, TargetId("production", "search"), "staging", 0.0)
        await swapped(here, TargetId("production", "search"))
        for pipeline in ("apps", "billing"):
            approved = await here.approve_what_waits(pipeline)
            assert approved.ending == "succeeded", approved.detail


@pytest.mark.parametrize("name", ["sovereign-usgov", "rings-and-flags"])
async def test_shares_between_slots_of_the_others_in_the_sandbox(tmp_path: Path, name: str) -> None:
    sample = SAMPLES / f"{name}.yaml"
    async with sandbox(sample) as up, aboard(sample, tmp_path, sandbox=up) as here:
        await here.all_seen()
        place = next(one for one in here.fleet.places if one.role == "slot_traffic")
        await shifted(here, place.target, "staging", 25.0)


@needs_haproxy
async def test_jenkins_and_haproxy_on_premises(tmp_path: Path) -> None:
    async with racks(tmp_path) as lab, jenkins.serving(jenkins.sample(), ticking=True) as ci:
        environment = {
            "LB1": lab.balancers[0].socket,
            "LB2": lab.balancers[1].socket,
            "LIVE_MAP": str(tmp_path / "live.map"),
            "JENKINS_URL": ci.url,
            "JENKINS_USER": "ben",
        }
        secrets = {"${env:JENKINS_TOKEN}": ci.world.users["ben"]}
        sample = SAMPLES / "haproxy-on-premises.yaml"
        async with aboard(sample, tmp_path, environment=environment, secrets=secrets) as here:
            await here.all_seen()
            approved = await here.approve_what_waits("deploy")
            assert approved.ending == "succeeded", approved.detail
            checkout = TargetId("production", "checkout")
            await shifted(here, checkout, "canary", 25.0)
            answered = await lab.answered("shop.northwind.example", 200)
            assert answered["canary"] == pytest.approx(50, abs=4)  # the turns of both went on meanwhile
            back = await here.ship.carry_out(Rollback(checkout))
            assert back.ending == "succeeded", back.detail
            assert await lab.answered("shop.northwind.example", 100) == {"stable": 100}


@needs_haproxy
async def test_several_clouds_and_tools_in_one_fleet(tmp_path: Path) -> None:
    sample = SAMPLES / "mixed-azure-haproxy-circleci.yaml"
    async with (
        backends("stable", "canary") as behind,
        circleci.serving(circleci.sample(), ticking=True) as ci,
        launchdarkly() as lights,
        sandbox(sample) as up,
    ):
        lights.flag("express-orders")
        body = (
            "frontend f\n  bind unix@{front}\n  default_backend orders\nbackend orders\n  balance roundrobin\n"
            + servers(behind.ports, {"stable": 100, "canary": 0})
        )
        (tmp_path / "lb").mkdir()
        rack = Balancer(tmp_path / "lb", body)
        rack.start()
        environment = {"LB": rack.socket, "CIRCLECI_URL": ci.url, "LAUNCHDARKLY_URL": lights.url}
        secrets = {"${env:CIRCLECI_TOKEN}": ci.world.users["ben"], "${env:LAUNCHDARKLY_TOKEN}": SECRET}
        try:
            await rack.until("show servers state orders", r"canary 127.0.0.1 2 0 .* 6 3 ")
            async with aboard(sample, tmp_path, environment=environment, secrets=secrets, sandbox=up) as here:
                await here.all_seen()
                approved = await here.approve_what_waits("deploy")
                assert approved.ending == "succeeded", approved.detail
                await shifted(here, TargetId("production", "orders"), "canary", 5.0)
                await swapped(here, TargetId("production", "storefront"))
                await switched(here, "express-orders")
                assert here.ship.store.verify() == ()
        finally:
            rack.stop()
