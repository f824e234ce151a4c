"""What can go wrong while an operation runs, on the model world. Nothing is ever swapped twice, nothing is silent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.engine.ship import BANNER, CART, CHECKOUT, Ship, launch
from tests.engine.world import World

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Build, SwapRecord
from quarterdeck.release.action import Action, FlagChange, Shift, Swap
from quarterdeck.release.settlement import Settlement
from quarterdeck.store.base import Draft, LeaseLost, StoreError


async def started(ship: Ship, action: Action) -> str:
    plan = await ship.plan(action)
    answer = await ship.confirm(plan)
    assert answer
    assert answer.operation == plan.id, answer.refusal
    return plan.id


@pytest.mark.parametrize("fault", ["504", "dropped after", "bug"])
async def test_a_swap_whose_answer_is_lost_is_settled_by_reading(tmp_path: Path, fault: str) -> None:
    ship, world = launch(tmp_path)
    world.faults = [fault]
    operation = await ship.carry_out(Swap(CART))
    assert (operation.ending, world.swaps()) == ("succeeded", ["swap cart"])
    assert "step.in_doubt" in ship.kinds(operation.id)


async def test_a_swap_that_never_arrived_is_not_sent_again_by_itself(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"]
    asked = ship.clock.monotonic()
    operation = await ship.carry_out(Swap(CART))
    assert (operation.ending, operation.choices) == ("needs_operator", ("retry", "abandon"))
    assert "after 1800 s of reading" in operation.detail
    assert ship.clock.monotonic() - asked >= 1800
    assert [line for line in world.log if line.startswith("sent")] == []
    await ship.choose(operation, "retry")
    assert ship.operation(operation.id).ending == "succeeded"
    assert world.swaps() == ["swap cart"]


async def test_where_the_provider_can_tell_a_lost_swap_ends_as_failed(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.tells_when_idle = True
    world.faults = ["dropped before"]
    operation = await ship.carry_out(Swap(CART))
    assert operation.ending == "failed"
    assert not ship.store.locks()
    assert not world.log


@pytest.mark.parametrize(
    "action", [Shift(CHECKOUT, {"west": 90}), FlagChange(BANNER, enabled=False), Shift(CHECKOUT, {"west": 100})]
)
@pytest.mark.parametrize("fault", ["504", "dropped before", "dropped after"])
async def test_a_repeatable_write_is_repeated_if_reading_shows_no_effect(
    tmp_path: Path, action: Action, fault: str
) -> None:
    ship, world = launch(tmp_path)
    world.faults = [fault]
    operation = await ship.carry_out(action)
    assert operation.ending == "succeeded"


async def test_a_repeatable_write_is_not_repeated_for_ever(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"] * 99
    operation = await ship.carry_out(FlagChange(BANNER, enabled=False))
    assert operation.ending == "failed"
    assert ship.kinds(operation.id).count("step.intended") == 3


async def test_a_busy_site_refuses_and_nothing_has_changed(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["busy"]
    operation = await ship.carry_out(Swap(CART))
    assert operation.ending == "failed"
    assert "another operation is in progress" in operation.detail
    assert not world.log
    assert not ship.store.locks()


async def test_a_swap_that_the_provider_gives_up_ends_as_failed(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["staging did not respond to http ping"]
    operation = await ship.carry_out(Swap(CART))
    assert operation.ending == "failed"
    assert "did not respond to http ping" in operation.detail
    assert world.log == ["sent swap cart", "failed cart"]


async def test_garbage_while_polling_is_no_failure(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.look_faults = 5
    operation = await ship.carry_out(Swap(CART))
    assert (operation.ending, world.swaps()) == ("succeeded", ["swap cart"])


async def test_polls_that_never_work_are_made_up_for_by_reading(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.look_faults = 10_000
    operation = await ship.carry_out(Swap(CART))
    assert (operation.ending, world.swaps()) == ("succeeded", ["swap cart"])


async def test_a_second_region_that_fails_leaves_a_choice(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["", "busy"]
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.ending == "needs_operator"
    assert operation.choices == ("retry", "undo", "abandon")
    assert "1 done" in operation.detail
    assert ship.store.locks()


@pytest.mark.parametrize(
    ("choice", "ending", "swaps"),
    [
        ("retry", "succeeded", ["swap west", "swap east"]),
        ("undo", "rolled_back", ["swap west", "swap west"]),
        ("abandon", "needs_operator", ["swap west"]),
    ],
)
async def test_what_an_operator_may_choose(tmp_path: Path, choice: str, ending: str, swaps: list[str]) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["", "busy"]
    operation = await ship.carry_out(Swap(CHECKOUT))
    answer = await ship.choose(operation, choice)
    assert answer
    assert answer.refusal is None
    operation = ship.operation(operation.id)
    assert (operation.ending, operation.open, world.swaps()) == (ending, False, swaps)
    assert not ship.store.locks()


async def test_skipping_goes_on_with_the_next_step(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"]
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.choices == ("retry", "skip", "abandon")
    await ship.choose(operation, "skip")
    operation = ship.operation(operation.id)
    assert (operation.ending, world.swaps()) == ("succeeded", ["swap east"])
    assert "skipped" in operation.detail


async def test_undo_of_a_step_in_doubt_first_reads_whether_it_happened(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["", "dropped before"]
    operation = await ship.carry_out(Swap(CHECKOUT))
    assert operation.ending == "needs_operator"
    late = world.sites["east"]
    record = SwapRecord("late", "staging", "production")
    world.sites["east"] = replace(
        late,
        staging=replace(late.staging, build=late.production.build),
        production=replace(late.production, build=late.staging.build, last_swap=record),
    )
    await ship.choose(operation, "undo")
    assert ship.operation(operation.id).ending == "rolled_back"
    assert [site.production.build.version for site in world.sites.values()] == ["1.0"] * 3  # type: ignore[union-attr]


async def test_an_undo_that_is_dangerous_is_only_done_when_it_is_said_again(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["", "busy"]
    operation = await ship.carry_out(Swap(CHECKOUT))
    west = world.sites["west"]
    world.sites["west"] = replace(
        west,
        staging=replace(west.staging, health="unhealthy"),
        production=replace(west.production, health="unhealthy"),
    )
    first = await ship.choose(operation, "undo")
    assert first
    assert first.refusal
    assert first.refusal.code == "policy"
    assert "unhealthy" in first.refusal.message
    assert "undo again" in first.refusal.hint
    assert world.swaps() == ["swap west"], "nothing happens before it is said again"

    bo = await ship.ask("choose", {"operation": operation.id, "step": "", "choice": "undo"}, actor="bo@jump2")
    assert bo
    assert bo.refusal, "what one has been told is not what another has been told"
    assert (await ship.choose(operation, "undo")).refusal is None  # type: ignore[union-attr]
    assert ship.operation(operation.id).ending == "rolled_back"


async def test_a_choice_that_is_not_offered_is_refused(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    world.faults = ["dropped before"]
    operation = await ship.carry_out(Swap(CART))
    answer = await ship.choose(operation, "undo")
    assert answer
    assert answer.refusal
    assert "retry, abandon" in answer.refusal.hint


async def test_somebody_elses_change_between_plan_and_yes_is_told(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    cart = world.sites["cart"]
    world.sites["cart"] = replace(cart, staging=replace(cart.staging, build=Build("1.2", "id-1.2")))
    answer = await ship.confirm(plan)
    assert answer
    assert answer.refusal
    assert answer.refusal.code == "stale"
    assert "id-1.2" in answer.refusal.message
    assert not world.log


async def test_somebody_elses_change_between_yes_and_the_write_stops_it(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation_id = await started(ship, Swap(CART))
    cart = world.sites["cart"]
    world.sites["cart"] = replace(cart, staging=replace(cart.staging, build=Build("1.2", "id-1.2")))
    await ship.engine.idle()
    operation = ship.operation(operation_id)
    assert (operation.ending, operation.step("1").state) == ("failed", "changed_by_other")
    assert not world.log


async def test_a_destination_that_falls_ill_meanwhile_is_not_made_the_only_one(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation_id = await started(ship, Shift(CHECKOUT, {"west": 100}))
    router = world.routers["tm"]
    west, east = router.destinations
    world.routers["tm"] = replace(router, destinations=(replace(west, health="unhealthy"), east))
    await ship.engine.idle()
    operation = ship.operation(operation_id)
    assert operation.ending == "needs_operator"
    assert "last healthy" in operation.detail
    assert world.routers["tm"].destinations[1].enabled


async def test_an_unreadable_place_gets_nothing_sent(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation_id = await started(ship, Swap(CART))
    world.unreadable = True
    await ship.engine.idle()
    assert ship.operation(operation_id).ending == "failed"
    assert not world.log


async def test_a_fault_of_our_own_is_told_and_harms_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship, _ = launch(tmp_path)
    first, second = await ship.plan(Swap(CART)), await ship.plan(FlagChange(BANNER, enabled=False))
    await ship.confirm(first)

    def broken(*_: object) -> Settlement:
        raise ZeroDivisionError("SECRET")

    monkeypatch.setattr("tests.engine.world.settle_slots", broken)
    await ship.confirm(second)
    await ship.engine.idle()
    operation = ship.operation(first.id)
    assert operation.ending == "needs_operator"
    assert "ZeroDivisionError" in operation.detail
    assert "SECRET" not in operation.detail
    assert ship.operation(second.id).ending == "succeeded"


async def test_no_secret_reaches_the_journal(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    await ship.carry_out(Swap(CART))
    world.faults = ["bug"]
    await ship.carry_out(Swap(CHECKOUT))
    journal = json.dumps([to_json(event) for event in ship.store.events()])
    assert "step.accepted" in journal
    assert "SECRET" not in journal


def moments_of(ship: Ship) -> list[str]:
    return [moment for moment in ship.moments.seen if moment.startswith("before journal write")]


@pytest.mark.parametrize("action", [Swap(CHECKOUT), Shift(CHECKOUT, {"west": 90}), FlagChange(BANNER, enabled=False)])
async def test_a_full_disk_keeps_everything_from_being_sent(tmp_path: Path, action: Action) -> None:
    """Whichever line of the journal is the last that fits: nothing is sent whose intent isn't on disk."""
    calm, _ = launch(tmp_path / "calm")
    await calm.carry_out(action)
    for number in range(1, len(moments_of(calm)) + 1):
        ship, world = launch(tmp_path / str(number))
        left = {"lines": number - 1, "until": float("inf")}

        def full(_: object, left: dict[str, float] = left, ship: Ship = ship) -> bool:
            left["lines"] -= 1
            if left["lines"] < 0 and left["until"] == float("inf"):
                left["until"] = ship.clock.now() + 3600
            return left["lines"] < 0 and ship.clock.now() < left["until"]

        ship.store.full = full
        sent_without_room = watch_sends(world, ship)
        try:
            plan = await ship.plan(action)
            await ship.confirm(plan)
        except StoreError:
            assert not world.log
            continue
        await ship.engine.idle()
        operation = ship.operation(plan.id)
        assert operation.ending in ("succeeded", "failed", "needs_operator"), number
        assert sent_without_room == []
        assert len(world.swaps()) <= 2


def watch_sends(world: World, ship: Ship) -> list[str]:
    """Notes every send that isn't preceded by its intent in the journal on disk."""
    wrong: list[str] = []

    def moment(name: str) -> None:
        if name == "before send":
            events = [event.kind for event in ship.store.events(newest_first=True, limit=1)]
            if events != ["step.intended"]:
                wrong.append(str(events))

    world.moment = moment
    return wrong


async def test_who_lost_the_lease_writes_nothing_more(tmp_path: Path) -> None:
    """Another runner takes over at each moment of the first one's life."""
    calm, _ = launch(tmp_path / "calm")
    await calm.carry_out(Swap(CART))
    for moment in calm.moments.seen:
        ship, world = launch(tmp_path / moment)

        def usurp(name: str, at: str = moment, ship: Ship = ship, world: World = world) -> None:
            number = sum(1 for one in ship.moments.seen if one.rpartition(" ")[0] == name) + 1
            ship.moments.seen.append(f"{name} {number}")
            if ship.moments.seen[-1] == at:
                ship.clock.step(2e7)
                assert ship.store.take_lease("runner", "usurper", ship.clock.now(), 1e7, {})
                world.log.append("usurped")

        ship.store._moment = usurp
        world.moment = usurp
        with suppress(LeaseLost):
            await started(ship, Swap(CART))
        await ship.engine.idle()
        after = world.log[world.log.index("usurped") + 1 :]
        # The guard was asked right before the request left; nobody can take back what is on the wire.
        allowed = ["sent swap cart"] if moment == "before send 1" else []
        assert [line for line in after if line.startswith("sent")] == allowed, moment
        lines = len(ship.store.events())
        await ship.clock.sleep(3600)
        assert len(ship.store.events()) == lines


async def test_a_runner_that_was_stopped_for_too_long_sends_nothing(tmp_path: Path) -> None:
    ship, world = launch(tmp_path)
    operation_id = await started(ship, Swap(CART))
    ship.clock.step(2e7)
    await ship.engine.idle()
    assert ship.operation(operation_id).ending is None
    assert not world.log


@pytest.mark.parametrize("kind", ["operation.started", "step.intended", "step.accepted", "operation.ended"])
async def test_a_store_that_says_no_although_it_wrote_loses_no_operation(tmp_path: Path, kind: str) -> None:
    ship, world = launch(tmp_path)
    plan = await ship.plan(Swap(CART))
    lies = [kind]

    def lying(drafts: Sequence[Draft]) -> bool:
        told = any(draft.kind in lies for draft in drafts)
        if told:
            lies.clear()
        return told

    ship.store.lying = lying
    with suppress(StoreError):
        await ship.confirm(plan)
    await ship.confirm(plan)
    await ship.engine.idle()
    operation = ship.operation(plan.id)
    assert not operation.open
    assert operation.ending == ("failed" if kind == "step.intended" else "succeeded")
    assert len(world.swaps()) == (0 if kind == "step.intended" else 1)


async def test_a_lost_key_costs_the_polling_and_nothing_else(tmp_path: Path) -> None:
    ship, world = launch(tmp_path, at="before poll 1")
    operation_id = await started(ship, Swap(CART))
    await ship.engine.idle()
    (tmp_path / "key").unlink()
    await ship.succeed()
    assert ship.operation(operation_id).ending == "succeeded"
    assert world.swaps() == ["swap cart"]
    assert not [moment for moment in ship.moments.seen if moment.startswith("before poll 2")]
