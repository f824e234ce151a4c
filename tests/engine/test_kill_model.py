"""The runner is killed at every journal write and at every boundary of every request to the world.

Whatever the moment, its successor settles by reading, and exactly one swap is performed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.ship import BANNER, CART, CHECKOUT, Ship, launch
from tests.engine.world import World

from quarterdeck.release.action import Action, FlagChange, Shift, Swap
from quarterdeck.release.operation import Operation

VOYAGES: dict[str, list[Action]] = {
    "swap": [Swap(CART)],
    "two regions": [Swap(CHECKOUT)],
    "preview and complete": [Swap(CART, mode="preview"), Swap(CART, mode="complete")],
    "preview and cancel": [Swap(CART, mode="preview"), Swap(CART, mode="cancel")],
    "shift": [Shift(CHECKOUT, {"west": 90})],
    "flag": [FlagChange(BANNER, enabled=False)],
}


async def sail(ship: Ship, actions: list[Action]) -> list[Operation]:
    return [await ship.voyage(action) for action in actions]


def result(world: World) -> object:
    """All that users can tell, and what was asked of the slots: a swap that was sent twice is a swap back."""
    sites = {name: (s.production.build, s.staging.build, s.production.preview_from) for name, s in world.sites.items()}
    flag = world.flags["flags"]
    sent = [line for line in world.log if line.startswith(("sent swap", "sent complete"))]
    return world.swaps(), sent, sites, world.routers["tm"].destinations, (flag.enabled, flag.percent)


@pytest.mark.parametrize("tells_when_idle", [False, True], ids=["silent provider", "provider that tells"])
@pytest.mark.parametrize("voyage", VOYAGES)
async def test_killed_anywhere_it_is_done_exactly_once(voyage: str, tells_when_idle: bool, tmp_path: Path) -> None:
    calm, world = launch(tmp_path / "calm")
    world.tells_when_idle = tells_when_idle
    assert all(operation.ending == "succeeded" for operation in await sail(calm, VOYAGES[voyage]))
    wanted, moments = result(world), list(calm.moments.seen)
    assert len(moments) > 8

    for number, moment in enumerate(moments):
        ship, world = launch(tmp_path / str(number), at=moment)
        world.tells_when_idle = tells_when_idle
        for action in VOYAGES[voyage]:
            operation = await ship.voyage(action)
            if operation.ending == "failed":
                # It read that nothing had happened and that nothing was under way: a person may safely start anew.
                assert tells_when_idle, moment
                operation = await ship.voyage(action)
            assert operation.ending == "succeeded", f"killed {moment}: {operation.detail}"
        assert result(world) == wanted, f"killed {moment}"
        assert not ship.store.locks(), f"killed {moment}"
        assert ship.store.verify() == ()
        ship.store.close()


async def test_the_moments_cover_journal_and_requests(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    await sail(ship, VOYAGES["swap"])
    names = [moment.rpartition(" ")[0] for moment in ship.moments.seen]
    writes = len(list(ship.store.events()))
    assert {"before send", "after send", "before poll", "after poll"} <= set(names)
    # Two lines may share a write (the last step's end and the operation's): writes, not lines, can be cut short.
    assert names.count("before journal write") == names.count("after journal write") == writes - 1


async def test_killed_before_sending_an_operator_is_asked_after_patience_and_not_before(tmp_path: Path) -> None:
    ship, world = launch(tmp_path, at="before send 1")
    plan = await ship.plan(Swap(CART))
    await ship.confirm(plan)
    await ship.engine.idle()
    started = ship.clock.now()
    await ship.succeed()
    operation = ship.operation(plan.id)
    assert (operation.ending, operation.choices) == ("needs_operator", ("retry", "abandon"))
    assert 1700 < ship.clock.now() - started <= 1800
    assert world.swaps() == []
    assert ship.store.locks()
