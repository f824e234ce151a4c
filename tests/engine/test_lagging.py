"""A system that still tells what was there before a write of ours: nothing is planned from that."""

from __future__ import annotations

from pathlib import Path

from tests.engine.ship import BANNER, CHECKOUT, launch
from tests.engine.world import split

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.action import FlagChange, Shift
from quarterdeck.release.lagging import MOST_LAG


async def test_what_a_router_tells_of_before_our_last_write_is_not_planned_from(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    before = world.routers["tm"]
    await ship.carry_out(Shift(CHECKOUT, {"west": 80, "east": 20}))
    world.late = {"tm": [before]}
    plan = await ship.plan(Shift(CHECKOUT, {"west": 90, "east": 10}))
    weights = {step.change["destination"]: step.before["weight"] for step in plan.steps}
    now = {one.name: one.weight for one in world.routers["tm"].destinations}
    assert weights == {name: now[name] for name in weights}


async def test_a_router_that_goes_on_telling_the_past_gets_no_plan_until_it_is_believed(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    before = world.routers["tm"]
    await ship.carry_out(Shift(CHECKOUT, {"west": 80, "east": 20}))
    world.late = {"tm": [before] * 9}
    answer = await ship.ask("plan", {"action": to_json(Shift(CHECKOUT, {"west": 90, "east": 10}))})
    assert answer
    assert answer.refusal
    assert answer.refusal.code == "unsettled"
    assert "read back" in answer.refusal.message
    world.late = {}
    assert (await ship.plan(Shift(CHECKOUT, {"west": 90, "east": 10}))).steps


async def test_what_is_told_long_enough_is_believed(tmp_path: Path) -> None:
    """Somebody may have set it back by hand."""
    ship, world = launch(tmp_path)
    before = world.routers["tm"]
    await ship.carry_out(Shift(CHECKOUT, {"west": 80, "east": 20}))
    world.routers["tm"] = before
    ship.clock.step(MOST_LAG)
    assert (await ship.plan(Shift(CHECKOUT, {"west": 90, "east": 10}))).steps


async def test_what_somebody_else_sets_is_believed_at_once(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    await ship.carry_out(Shift(CHECKOUT, {"west": 80, "east": 20}))
    world.routers["tm"] = split(("west", 300, True, "healthy"), ("east", 700, True, "healthy"))
    plan = await ship.plan(Shift(CHECKOUT, {"west": 90, "east": 10}))
    assert {step.before["weight"] for step in plan.steps} == {300, 700}


async def test_a_flag_that_still_looks_as_before_our_change_is_read_again(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    before = world.flags["flags"]
    await ship.carry_out(FlagChange(BANNER, enabled=True, percent=5))
    world.late = {"flags": [before]}
    plan = await ship.plan(FlagChange(BANNER, enabled=False))
    assert plan.steps[0].before["percent"] == 5
