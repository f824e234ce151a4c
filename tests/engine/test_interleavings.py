"""Any actions, any faults, death at any moment, operators who answer anything: the promises hold all the same."""

from __future__ import annotations

import asyncio
import random
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.ship import BANNER, CART, CHECKOUT, Ship, launch
from tests.engine.world import World

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan

ACTIONS: list[Action] = [
    Swap(CART),
    Swap(CART, mode="preview"),
    Swap(CART, mode="complete"),
    Swap(CART, mode="cancel"),
    Swap(CHECKOUT),
    Swap(CHECKOUT, mode="preview"),
    Swap(CHECKOUT, mode="complete"),
    Shift(CHECKOUT, {"west": 90}),
    Shift(CHECKOUT, {"east": 100}),
    FlagChange(BANNER, enabled=False),
    FlagChange(BANNER, enabled=True, percent=5),
    Rollback(CART),
    Rollback(CHECKOUT),
    Rollback(BANNER),
]
FAULTS = ["504", "dropped before", "dropped after", "busy", "bug", "did not respond to http ping", "", ""]
MOMENTS = ["before journal write", "after journal write", "before send", "after send", "before poll", "after poll"]


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 2**32 - 1))
def test_whatever_happens_the_promises_hold(seed: int) -> None:
    """Drawn by chance from a seed: a shrunk example would be a calm voyage, and it is the storms that count."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(voyages(Path(folder), random.Random(seed)))


async def voyages(folder: Path, chance: random.Random) -> None:
    ship, world = launch(folder)
    world.tells_when_idle = chance.random() < 0.5
    for action in chance.choices(ACTIONS, k=4):
        world.faults = chance.choices(FAULTS, k=3)
        world.look_faults = chance.randint(0, 3)
        number = len(ship.moments.seen) // 8 + chance.randint(1, 9)
        ship.moments.at = chance.choice(["", f"{chance.choice(MOMENTS)} {number}"])
        plan = await planned(ship, action)
        if plan is not None:
            await carried_out(ship, plan, chance)
    ship.moments.at = ""
    check(ship, world)
    ship.store.close()


async def planned(ship: Ship, action: Action) -> Plan | None:
    return (await ship.survive("plan", {"action": to_json(action)})).plan


async def carried_out(ship: Ship, plan: Plan, chance: random.Random) -> None:
    body = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
    answer = await ship.survive("confirm", body)
    if not answer.operation:
        return
    for _ in range(4):
        operation = ship.operation(plan.id)
        if not operation.open:
            return
        choice = chance.choice(operation.choices)
        await ship.survive("choose", {"operation": plan.id, "step": "", "choice": choice})
    if ship.operation(plan.id).open:
        await ship.survive("choose", {"operation": plan.id, "step": "", "choice": "abandon"})


def check(ship: Ship, world: World) -> None:
    operations = [op for op in ship.store.operations() if isinstance(op, Operation)]
    events = ship.store.events(limit=100_000)
    assert ship.store.verify() == ()
    assert not any(operation.open for operation in operations)
    assert all(operation.ending is not None for operation in operations)
    assert not ship.store.locks()
    sent = [line for line in world.log if line.startswith("sent ")]
    intended = [event for event in events if event.kind == "step.intended"]
    assert len(sent) <= len(intended)
    for operation in operations:
        retries = sum(1 for e in events if e.operation == operation.id and e.body.get("choice") == "retry")
        for step in operation.plan.steps:
            intents = [e for e in intended if (e.operation, e.body["step"]) == (operation.id, step.id)]
            if not step.repeatable:
                assert len(intents) <= 1 + retries, "sent again without an operator saying so"
        if operation.ending == "failed":
            states = {progress.state for progress in operation.steps.values()}
            assert "done" not in states
