"""Every place of every sample exists in the sandbox, can be seen through Microsoft's clients, and can be acted on."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.readings import FlagsReading, Reading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Fleet, Place, Role
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.action import Action, FlagChange, Shift, Swap
from quarterdeck.release.condition import holds
from quarterdeck.release.filling import fill
from quarterdeck.release.indicator import measured
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.runner.gauging import names_of
from quarterdeck.runner.planner import Planner
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.of_fleet import world_of
from quarterdeck.sandbox.world.world import World
from quarterdeck.store.opening import open_store

WITHOUT_A_SANDBOX = {
    "aws-alb-route53.yaml",
    "haproxy-on-premises.yaml",
    "kubernetes-argo-unleash.yaml",
    "mixed-azure-haproxy-circleci.yaml",
}
"""Those of systems that the sandbox doesn't play; `test_samples_carried_out` and tests/providers run them elsewhere."""

SAMPLES = [one for one in sorted(shared_dir("sample-configs").glob("*.yaml")) if one.name not in WITHOUT_A_SANDBOX]

CONTOSO = shared_dir("sample-configs") / "contoso-shop.yaml"


class Open:
    """The sessions of a fleet whose connections lead to a sandbox."""

    def __init__(self, sessions: dict[str, Session]) -> None:
        self._sessions = sessions

    def capability(self, connection: str, role: Role) -> Capability:
        found = self._sessions[connection].capability(role)
        assert found is not None
        return found

    def gates(self, connection: str) -> GateSource:
        found = self._sessions[connection].gates()
        assert found is not None
        return found

    async def identity(self, connection: str) -> str:
        return await self._sessions[connection].identity()


@dataclass
class Harbour:
    fleet: Fleet
    open: Open
    planner: Planner
    clock: WorldClock

    async def seen(self, place: Place) -> Reading | Trouble:
        observed = await self.open.capability(place.address.connection, place.role).observe([place])
        return observed[place.subject]

    async def plan(self, action: Action) -> Plan:
        plan = await self.planner.plan("plan-1", action)
        assert isinstance(plan, Plan), plan
        assert plan.steps
        return plan


def no_secret(reference: str) -> str:
    raise ProviderError("misconfigured", f"no sample needs a secret in the sandbox: {reference}")


Sail = Callable[[Fleet], Awaitable[Harbour]]


@pytest.fixture
async def sail(tmp_path: Path) -> AsyncIterator[Sail]:
    """A fleet in a sandbox of its own, with a world made for it."""
    async with AsyncExitStack() as stack:

        async def begin(fleet: Fleet) -> Harbour:
            clock = WorldClock(speed=0)
            up = await stack.enter_async_context(running(World(clock, world_of(fleet)), tls=True))
            sessions: dict[str, Session] = {}
            for connection in fleet.connections:
                provider = registry.load(connection.provider)
                context = SessionContext(SystemClock(), lambda line: None, no_secret)
                sessions[connection.name] = provider.open(provider.sandboxed(connection, announcement(up)), context)
                stack.push_async_callback(sessions[connection.name].close)
            store = open_store(tmp_path / "store.db", create=True)
            stack.callback(store.close)
            opened = Open(sessions)
            return Harbour(fleet, opened, Planner(fleet, store, opened, SystemClock()), clock)

        yield begin


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample.stem)
async def harbour(request: pytest.FixtureRequest, sail: Sail) -> Harbour:
    return await sail(config.load(request.param, registry.schemas, environment={}).fleet)


async def test_every_place_can_be_seen(harbour: Harbour) -> None:
    kinds = {"slots": SlotsReading, "slot_traffic": TrafficReading, "traffic": TrafficReading, "flags": FlagsReading,
             "pipelines": RunsReading}  # fmt: skip
    for place in harbour.fleet.places:
        assert isinstance(await harbour.seen(place), kinds[place.role]), place.subject


async def test_a_newer_build_waits_where_users_are_not(harbour: Harbour) -> None:
    for place in harbour.fleet.places:
        if place.role != "slots":
            continue
        reading = await harbour.seen(place)
        assert isinstance(reading, SlotsReading)
        live, waiting = reading.slot("production"), reading.slot("staging")
        assert live is not None
        assert live.build is not None
        assert waiting is not None
        assert waiting.build is not None
        assert numbers(waiting.build.version) > numbers(live.build.version)


def numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


async def test_a_swap_of_every_service_can_be_planned(harbour: Harbour) -> None:
    for target in {place.target.whole for place in harbour.fleet.places if place.role == "slots"}:
        plan = await harbour.plan(Swap(target))
        assert len(plan.steps) >= len(harbour.fleet.places_of(target, "slots"))
        protected = harbour.fleet.environment(target.environment).protected
        assert plan.type_to_confirm == (target.environment if protected else "")


async def test_a_preview_of_every_service_can_be_planned_where_there_is_such_a_thing(harbour: Harbour) -> None:
    for target in {place.target.whole for place in harbour.fleet.places if place.role == "slots"}:
        if any("container_app" in place.address.parts for place in harbour.fleet.places_of(target, "slots")):
            refused = await harbour.planner.plan("plan-1", Swap(target, mode="preview"))
            assert isinstance(refused, Refusal)
            assert "no preview" in refused.message
        else:
            await harbour.plan(Swap(target, mode="preview"))


async def test_a_shift_of_every_profile_and_between_slots_can_be_planned(harbour: Harbour) -> None:
    shifted = 0
    for place in harbour.fleet.places:
        if place.role not in ("traffic", "slot_traffic"):
            continue
        reading = await harbour.seen(place)
        assert isinstance(reading, TrafficReading)
        name = reading.destinations[-1].name
        await harbour.plan(Shift(place.target, {name: 20.0}))
        shifted += 1
    assert shifted


async def test_every_flag_can_be_changed(harbour: Harbour) -> None:
    for place in harbour.fleet.places:
        if place.role != "flags":
            continue
        reading = await harbour.seen(place)
        assert isinstance(reading, FlagsReading)
        assert reading.flags
        for flag in reading.flags:
            target = TargetId(place.target.environment, flag.name, flag=True)
            change = FlagChange(target, label=flag.label, enabled=not flag.enabled)
            assert [step.verb for step in (await harbour.plan(change)).steps] == ["set_flag"]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
async def test_what_serves_users_answers_every_question_to_the_metrics(sample: Path, sail: Sail) -> None:
    loaded = config.load(sample, registry.schemas, environment={})
    harbour = await sail(loaded.fleet)
    harbour.clock.advance(300)
    for gate in loaded.rules.gates:
        if gate.kind not in ("metric", "alerts"):
            continue
        for place in loaded.fleet.places:
            if place.role == "slots" and loaded.fleet.environment(place.target.environment).protected:
                reading = await harbour.seen(place)
                assert isinstance(reading, SlotsReading)
                live = reading.slots[0].build
                assert live is not None
                names = {"service": place.target.name, "environment": place.target.environment, "version": live.version}
                options = {key: fill(text, names) for key, text in gate.options.items()}
                said = await harbour.open.gates(gate.connection).measure(replace(gate, options=options))
                assert said.value is not None, (gate.name, names, said)
                assert holds(gate.success, said.value), (gate.name, names, said)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
async def test_every_indicator_of_every_service_has_a_value_on_its_scale(sample: Path, sail: Sail) -> None:
    loaded = config.load(sample, registry.schemas, environment={})
    harbour = await sail(loaded.fleet)
    harbour.clock.advance(300)
    for route in loaded.rules.routes:
        for one in measured(route.target, loaded.fleet, loaded.rules, {}):
            names = names_of(one.target, loaded.fleet, {})
            options = {key: fill(text, names) for key, text in one.indicator.question.options.items()}
            question = replace(one.indicator.question, options=options)
            said = await harbour.open.gates(question.connection).measure(question)
            assert said.value is not None, (one.indicator.name, names, said)
            well = one.indicator.scale.quality(said.value * one.indicator.times)
            assert well == "good" or not loaded.fleet.environment(one.target.environment).protected


async def test_a_bare_swap_means_the_slots_of_the_configuration(sail: Sail) -> None:
    declared = config.load(CONTOSO, registry.schemas, environment={}).fleet
    harbour = await sail(replace(declared, swap_source="green"))
    target = next(place.target.whole for place in declared.places if place.role == "slots")
    plan = await harbour.plan(Swap(target))
    assert {(step.change["source"], step.change["destination"]) for step in plan.steps} == {("green", "production")}


@pytest.mark.parametrize("source", ["auto", "image", "deployment", "setting:BUILD_NUMBER"])
async def test_versions_can_be_read_wherever_a_configuration_looks_for_them(sail: Sail, source: str) -> None:
    declared = config.load(CONTOSO, registry.schemas, environment={}).fleet
    places = tuple(
        replace(place, address=replace(place.address, parts={**place.address.parts, "version": source}))
        for place in declared.places
        if place.role == "slots"
    )
    harbour = await sail(replace(declared, places=places))
    for place in places:
        reading = await harbour.seen(place)
        assert isinstance(reading, SlotsReading)
        assert all(slot.build is not None and numbers(slot.build.version) for slot in reading.slots)


async def test_places_that_are_not_azures_are_left_to_their_own_sandboxes() -> None:
    address = Address("harbour", {"pier": "one"})
    roles: tuple[Role, ...] = ("slots", "traffic", "flags")
    places = tuple(Place(role, TargetId("live", "cart"), address) for role in roles)
    world = World(WorldClock(speed=0), world_of(Fleet("shop", places=places, services=("cart",))))
    assert not list(world.sites)
    assert not list(world.profiles)


async def test_one_site_that_is_declared_twice_is_one_site() -> None:
    addresses = [Address("azure", {"resource_group": "g", "site": name, "version": v}) for name, v in TWICE]
    places = tuple(Place("slots", TargetId(f"e{n}", "cart"), address) for n, address in enumerate(addresses))
    world = World(WorldClock(speed=0), world_of(Fleet("shop", places=places, services=("cart",))))
    assert [site.name for site in world.sites] == ["shop-cart"]


TWICE = [("shop-cart", "auto"), ("Shop-Cart", "image")]


async def test_the_same_fleet_always_gives_the_same_world() -> None:
    for sample in SAMPLES:
        fleet = config.load(sample, registry.schemas, environment={}).fleet
        assert world_of(fleet) == world_of(fleet)


async def test_the_sandbox_serves_the_contoso_of_the_samples_when_nobody_brings_a_world() -> None:
    from quarterdeck.sandbox.world.contoso import contoso

    fleet = config.load(shared_dir("sample-configs") / "contoso-shop.yaml", registry.schemas, environment={}).fleet
    assert by_name(contoso()["sites"]) == by_name(world_of(fleet)["sites"])


def by_name(documents: list[dict[str, Any]]) -> dict[str, Any]:
    return {document["name"]: document for document in documents}
