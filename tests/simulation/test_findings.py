"""What the simulation has found, each in as few lines as show it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.engine.ship import CART, Ship, launch
from tests.engine.world import site
from tests.releases.captain import Captain, rules

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import Swap
from quarterdeck.release.conducting import decide
from quarterdeck.release.moves import Outside, Rest, Start
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release, advance
from quarterdeck.release.strategy import RunStep, SwapStep
from quarterdeck.store.base import StoreError

WHOLE = TargetId("production", "shop")


def lying_about(ship: Ship, kind: str) -> None:
    """From now on the store reports a failure after it has written such a line."""
    record = ship.store.record

    def lying(drafts: Any, *args: Any, **options: Any) -> Any:
        written = record(drafts, *args, **options)
        if any(draft.kind == kind for draft in drafts):
            raise StoreError("the disk reports an error")
        return written

    ship.store.record = lying  # type: ignore[method-assign]


async def test_an_operation_whose_start_was_written_in_spite_of_an_error_is_carried_out(tmp_path: Path) -> None:
    """Nobody asks again: the store has the answer already, so the request is settled."""
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    lying_about(ship, "operation.started")
    with suppress(StoreError):
        await ship.confirm(plan)
    await ship.engine.idle()
    assert ship.operation(plan.id).ending == "succeeded"
    assert world.swaps() == ["swap cart"]


async def test_a_choice_that_was_written_in_spite_of_an_error_is_carried_out(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"]
    operation = await ship.carry_out(Swap(CART))
    lying_about(ship, "operator.chose")
    with suppress(StoreError):
        await ship.choose(operation, "retry")
    await ship.engine.idle()
    assert ship.operation(operation.id).ending == "succeeded"
    assert world.swaps() == ["swap cart"]


async def test_a_new_task_of_an_operation_isnt_forgotten_with_the_old_one(tmp_path: Path) -> None:
    """An answer may arrive in the moment between the old task's last deed and the loop's noticing its end."""
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"]
    plan = await ship.plan(Swap(CART))
    await ship.confirm(plan)
    while ship.operation(plan.id).ending is None:  # noqa: ASYNC110 - the loop must turn
        await asyncio.sleep(0)
    await ship.ask("choose", {"operation": plan.id, "step": "", "choice": "retry"})
    for _ in range(3):
        await asyncio.sleep(0)
    assert plan.id in ship.engine.running
    await ship.engine.idle()


async def reach_an_abandoned_half(ship: Captain) -> str:
    """A release whose only write was left half-done: its operator has abandoned it."""
    release = await ship.begin(Wish((WHOLE,), action=Swap(WHOLE), confirm_within=600))
    await ship.ended(release)
    assert ship.release(release).ending == "needs_operator"
    await ship.ask("choose", {"operation": f"{release}-1", "step": "", "choice": "abandon"})
    await ship.order(release, "retry")
    await ship.ended(release)
    return release


def two_regions(folder: Path) -> Captain:
    """A service in two regions; the swap of the second is refused."""
    places = tuple(
        Place("slots", TargetId("production", "shop", region), Address("az", {"name": region}))
        for region in ("west", "east")
    )
    fleet = Fleet("shop", environments=(Environment("production"),), services=("shop",), places=places)
    ship = Captain(folder, rules(SwapStep(), target=WHOLE), fleet=fleet)
    ship.world.sites = {"west": site(), "east": site()}
    ship.world.faults = ["", "refused"]
    return ship


async def test_a_release_left_half_done_doesnt_say_that_nothing_was_changed(tmp_path: Path) -> None:
    """Seed 65: its step waited to be tried again, and so it counted as one that had never begun."""
    ship = two_regions(tmp_path)
    release = await reach_an_abandoned_half(ship)
    await ship.order(release, "abandon")
    assert len(ship.world.swaps()) == 1
    assert ship.release(release).ending == "needs_operator"
    assert not ship.release(release).open


async def test_an_interrupted_program_isnt_begun_again_in_a_pause(tmp_path: Path) -> None:
    """Seed 199: a repeatable one was, whatever stood in its way."""
    ship = Captain(tmp_path, rules(RunStep(("true",), repeatable=True), SwapStep()))
    release = Release("r", await ship.propose(), "ana@jump1", "", 0)
    begun = advance(release, "release.step_started", "ana@jump1", {"step": "1"}, 1)
    paused = advance(begun, "release.ordered", "ana@jump1", {"order": "pause", "step": "1"}, 2)
    assert isinstance(decide(begun, 3, Outside()), Start)
    assert isinstance(decide(paused, 3, Outside()), Rest)
    assert isinstance(decide(begun, 3, Outside(hindrance="production is frozen")), Rest)


async def test_a_release_isnt_abandoned_while_its_operation_runs(tmp_path: Path) -> None:
    """Seed 776: its operator had said retry to the operation, which went on after the end of the release."""
    ship = two_regions(tmp_path)
    release = await ship.begin(Wish((WHOLE,), action=Swap(WHOLE), confirm_within=600))
    await ship.ended(release)
    await ship.ask("choose", {"operation": f"{release}-1", "step": "", "choice": "retry"})
    answer = await ship.order(release, "abandon")
    assert answer
    assert answer.refusal
    assert "runs" in answer.refusal.message


async def test_a_release_whose_operation_was_given_up_in_doubt_doesnt_say_that_nothing_was_changed(
    tmp_path: Path,
) -> None:
    """Seed 273: nobody knew what the write had done; the release went back, and told that nothing was changed."""
    ship = Captain(tmp_path, rules(SwapStep()))
    ship.world.faults = ["dropped before"]
    release = await ship.begin()
    assert (await ship.ended(release)).ending == "needs_operator"
    await ship.ask("choose", {"operation": f"{release}-1", "step": "", "choice": "abandon"})
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert (ended.ending, ended.open) == ("needs_operator", False)
    assert "given up" in ended.detail
