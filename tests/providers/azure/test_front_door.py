"""Front Door: weights and status of one origin at a time; shares as an edge divides requests that finds all well."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, read

from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.front_door.origins import limits, risks, traffic_reading
from quarterdeck.providers.base import InDoubt, Refused, TrafficRouter
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.sandbox.world.front_door import Origin
from quarterdeck.testing.conformance import check_observing, check_shift, steps_of


def group(name: str = "shop", **origins: dict[str, Any]) -> dict[str, Any]:
    given = origins or {"weu": {"weight": 1000}, "neu": {"weight": 1000}}
    hosts = {key: {"host": f"{key}.example", **about} for key, about in given.items()}
    return {"group": "global", "profile": "contoso", "name": name, "origins": hosts}


def world(*groups: dict[str, Any]) -> dict[str, Any]:
    return {"front_doors": [*(groups or (group(),))]}


def place(name: str = "shop") -> Place:
    parts = {"resource_group": "global", "front_door": "contoso", "origin_group": name}
    return Place("traffic", TargetId("production", name), Address("azure", parts))


def router(azure: Azure) -> TrafficRouter:
    return azure.traffic


def real(azure: Azure, name: str) -> Origin:
    """An origin as it really is."""
    found = azure.world.front_doors.find("global", "contoso", "shop")
    assert found
    return found.origins[name]


def origin(name: str, **about: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"hostName": f"{name}.example", "enabledState": "Enabled", **about}}


def shares(*origins: dict[str, Any]) -> dict[str, float]:
    return {one.name: one.share for one in traffic_reading(origins).destinations}


async def first_step(azure: Azure, wanted: dict[str, float]) -> Step:
    survey = await router(azure).survey_traffic(place().address)
    steps = steps_of(plan_shift(Shift(place().target, wanted), [Router(place(), survey)]), "shift")
    azure.sandbox.requests.clear()
    return steps[0]


def time_of(azure: Azure) -> Any:
    async def pass_time(seconds: float) -> None:
        azure.world.advance(seconds)

    return pass_time


async def test_weighted_origins_conform(start: Start) -> None:
    azure = await start(world())

    await check_observing(router(azure), [place()], place("ghost"))
    await check_shift(router(azure), place(), {"weu": 62.5, "neu": 37.5}, time_of(azure))


async def test_origins_with_priorities_of_their_own_conform(start: Start) -> None:
    azure = await start(world(group(main={"priority": 1}, spare={"priority": 2})))

    await check_shift(router(azure), place(), {"main": 0, "spare": 100}, time_of(azure))


async def test_a_share_of_nothing_switches_an_origin_off_and_keeps_its_weight(start: Start) -> None:
    azure = await start(world())
    step = await first_step(azure, {"neu": 0})

    receipt = await router(azure).send(step)
    under_way = (await router(azure).settle(step)).state
    azure.world.advance(5)

    assert (under_way, (await router(azure).poll(step, receipt)).state) == ("running", "finished")
    assert (await router(azure).settle(step)).state == "done"
    assert (real(azure, "neu").enabled, real(azure, "neu").weight) == (False, 1000)
    assert len(azure.requests("PATCH")) == 1


async def test_the_edges_are_told_of_apart_from_the_control_plane(start: Start) -> None:
    azure = await start(world())
    await router(azure).send(await first_step(azure, {"neu": 0}))

    told = []
    for seconds in (5, 60):
        azure.world.advance(seconds)
        reading = read(TrafficReading, await router(azure).observe([place()]), place())
        told.append(next(one.status for one in reading.destinations if one.name == "neu"))

    assert told == ["Succeeded, edges: InProgress", "Succeeded, edges: Succeeded"]


async def test_an_origin_changed_since_the_plan_was_made_is_not_overwritten(start: Start) -> None:
    azure = await start(world())
    step = await first_step(azure, {"neu": 0})
    real(azure, "neu").weight = 7

    with pytest.raises(Refused, match="somebody changed neu"):
        await router(azure).send(step)

    assert not azure.requests("PATCH")


async def test_an_unanswered_write_is_in_doubt_and_settled_by_reading(start: Start) -> None:
    azure = await start(world())
    step = await first_step(azure, {"neu": 0})
    azure.fault(kind="status", status=504, happens=True, method="PATCH")

    with pytest.raises(InDoubt):
        await router(azure).send(step)
    azure.world.advance(5)

    assert (await router(azure).settle(step)).state == "done"


async def test_a_change_that_fails_is_never_taken_for_done(start: Start) -> None:
    azure = await start(world())
    step = await first_step(azure, {"neu": 0})
    real(azure, "neu").trouble = "The profile is locked by a migration."

    receipt = await router(azure).send(step)
    azure.world.advance(5)

    progress = await router(azure).poll(step, receipt)
    assert (progress.state, progress.detail) == ("failed", "The profile is locked by a migration.")
    assert (await router(azure).settle(step)).state == "changed_by_other"


async def test_a_weight_out_of_range_is_refused_by_the_service(start: Start) -> None:
    azure = await start(world())
    step = await first_step(azure, {"neu": 10})
    change = {**step.change, "weight": 5000.0}

    with pytest.raises(Refused, match="5000"):
        await router(azure).send(replace(step, change=change))


async def test_many_origin_groups_are_read_in_turns(start: Start) -> None:
    names = [f"g{number:02d}" for number in range(30)]
    azure = await start(world(*(group(name) for name in names)))
    places = [place(name) for name in names]

    first = await router(azure).observe(places)
    second = await router(azure).observe(places)

    assert len(azure.requests()) == 40
    assert len({*first, *second}) == 30


async def test_rights_are_asked_of_the_origin_group(start: Start) -> None:
    azure = await start({**world(), "principals": [{"principal": "*", "scope": "", "role": "reader"}]})

    assert await router(azure).permitted(place().address) is False


def test_weights_divide_among_origins_of_the_best_priority_and_the_rest_waits() -> None:
    mixed = (origin("a", weight=30, priority=1), origin("b", weight=10, priority=1), origin("c", priority=2))

    assert shares(*mixed) == {"a": 75, "b": 25}
    assert traffic_reading(mixed).status == "1 in reserve"
    assert not limits(mixed).ordered
    assert "in-reserve" in {risk.code for risk in risks({}, mixed)}


def test_with_priorities_of_their_own_the_first_that_is_on_gets_everything() -> None:
    ordered = (origin("c", priority=3), origin("a", priority=1, enabledState="Disabled"), origin("b", priority=2))

    assert shares(*ordered) == {"a": 0, "b": 100, "c": 0}
    assert limits(ordered).ordered


def test_weights_that_nobody_gave_are_equal() -> None:
    assert shares(origin("a", weight=None, priority=None), origin("b")) == {"a": 50, "b": 50}


def test_the_way_to_the_edges_and_a_narrow_latency_band_are_warned_of() -> None:
    narrow = {"properties": {"loadBalancingSettings": {"additionalLatencyInMilliseconds": 0}}}

    codes = {risk.code for risk in risks(narrow, [origin("a")])}

    assert {"edges", "latency-first", "unchecked"} <= codes
