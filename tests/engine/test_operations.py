"""Operations from request to ending, on the model world."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.ship import BANNER, CART, CHECKOUT, launch

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.action import FlagChange, Rollback, Shift, Swap


async def test_a_swap_succeeds_once_and_is_read_back(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation = await ship.carry_out(Swap(CART))
    assert (operation.ending, world.swaps()) == ("succeeded", ["swap cart"])
    assert operation.step("1").detail.startswith("swapped at")
    assert not ship.store.locks()
    assert ship.store.verify() == ()


async def test_the_credentials_identity_is_recorded(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    operation = await ship.carry_out(Swap(CART))
    started = next(e for e in ship.store.events(operation=operation.id) if e.kind == "operation.started")
    assert started.body["identities"] == {"az": "ana@contoso.example"}


async def test_regions_are_swapped_one_after_the_other(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.ending == "succeeded"
    assert world.swaps() == ["swap west", "swap east"]


async def test_preview_then_complete(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    first = await ship.carry_out(Swap(CART, mode="preview"))
    assert world.sites["cart"].production.preview_from == "staging"
    second = await ship.carry_out(Swap(CART, mode="complete"))
    assert (first.ending, second.ending, world.swaps()) == ("succeeded", "succeeded", ["swap cart"])


async def test_preview_then_cancel_swaps_nothing(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    await ship.carry_out(Swap(CART, mode="preview"))
    operation = await ship.carry_out(Swap(CART, mode="cancel"))
    assert (operation.ending, world.swaps()) == ("succeeded", [])
    assert world.sites["cart"].production.preview_from == ""


async def test_a_shift_writes_only_what_differs(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation = await ship.carry_out(Shift(CHECKOUT, {"west": 90}))
    assert operation.ending == "succeeded"
    assert [(d.name, d.share) for d in world.routers["tm"].destinations] == [("west", 90), ("east", 10)]
    assert world.log == [
        "sent set_destination tm",
        "destination tm/west",
        "sent set_destination tm",
        "destination tm/east",
    ]


async def test_a_flag_is_switched_off(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation = await ship.carry_out(FlagChange(BANNER, enabled=False))
    assert operation.ending == "succeeded"
    assert world.flags["flags"].enabled is False
    assert world.flags["flags"].percent == 50


@pytest.mark.parametrize(
    "action", [Swap(CHECKOUT), Shift(CHECKOUT, {"west": 100}), FlagChange(BANNER, percent=5.0), Swap(CART)]
)
async def test_a_rollback_takes_back_what_was_done(tmp_path: Path, action: Swap | Shift | FlagChange) -> None:
    ship, world = launch(tmp_path)

    def state() -> object:
        builds = [(s.production.build, s.staging.build) for s in world.sites.values()]
        flag = world.flags["flags"]
        return builds, world.routers["tm"].destinations, (flag.enabled, flag.percent, flag.audience)

    before = state()
    first = await ship.carry_out(action)
    assert state() != before
    second = await ship.carry_out(Rollback(action.target))
    assert second.ending == "succeeded"
    assert state() == before
    assert ship.operation(first.id).undone_by == second.id


async def test_asking_twice_for_the_way_back_does_not_go_forward(tmp_path: Path) -> None:
    ship, _ = launch(tmp_path)
    await ship.carry_out(Swap(CART))
    await ship.carry_out(Rollback(CART))
    answer = await ship.ask("plan", {"action": to_json(Rollback(CART))})
    assert answer
    assert answer.refusal
    assert answer.refusal.code == "impossible"


async def test_a_rollback_is_undone_by_name(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    await ship.carry_out(Swap(CART))
    back = await ship.carry_out(Rollback(CART))
    forth = await ship.carry_out(Rollback(CART, back.id))
    assert forth.ending == "succeeded"
    assert world.sites["cart"].production.build.version == "1.1"  # type: ignore[union-attr]
    assert len(world.swaps()) == 3
