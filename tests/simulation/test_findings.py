"""What the simulation has found, each in as few lines as show it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.engine.ship import CART, Ship, launch

from quarterdeck.release.action import Swap
from quarterdeck.store.base import StoreError


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
