"""A canary from the wish to its end: promoted, failing, aborted; by whom, in which order, and what the world saw."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.releases.captain import ANALYSED, BANNER, CANARY, CHECKOUT, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.action import FlagChange, Rollback, Shift, Swap
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rules import Route
from quarterdeck.release.strategy import FlagStep, PauseStep, WeightStep
from quarterdeck.store.base import Request


def statements(ship: Captain, release: str) -> list[str]:
    return [event.kind for event in ship.store.events(operation=release)]


async def test_a_canary_goes_up_step_by_step_and_ends_with_the_swap(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    assert ship.shares() == {"production": 95, "staging": 5}
    assert ship.release(release).standing("1").state == "done"

    answer = await ship.order(release, "promote", reason="looks well")
    assert answer
    assert answer.release == release
    began = ship.clock.now()
    await ship.at(release, "4")
    assert ship.shares() == {"production": 75, "staging": 25}

    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.clock.now() - began >= 600
    assert (ship.serving(), ship.shares()["staging"]) == ("1.1", 0)
    assert ship.world.swaps() == ["swap checkout"]
    assert "looks well" in ended.standing("2").detail
    assert not ship.store.locks()
    assert ship.store.verify() == ()
    kinds = statements(ship, release)
    assert (kinds[0], kinds[1], kinds[-1]) == ("release.planned", "release.started", "release.ended")


async def test_each_write_is_an_operation_that_says_where_it_belongs(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    standing = (await ship.at(release, "2")).standing("1")
    operation = ship.operation(standing.operation)
    assert (operation.ending, operation.actor) == ("succeeded", "ana@jump1")
    started = next(one for one in ship.store.events(operation=operation.id) if one.kind == "operation.started")
    assert (started.body["release"], started.body["step"]) == (release, "1")
    assert started.body["identities"] == {"az": "ana@contoso.example"}


async def test_an_analysis_that_fails_takes_everything_back_and_says_why(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    ship.gates.values["errors"] = lambda: 0.03 if ship.shares()["staging"] >= 25 else 0.0
    release = await ship.begin()
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert "errors" in ended.detail
    assert ended.recovery
    assert ended.recovery.by == "quarterdeck"
    assert ship.shares() == {"production": 100, "staging": 0}
    assert (ship.serving(), ship.world.swaps()) == ("1.0", [])
    assert not ship.store.locks()


async def test_the_way_back_of_a_canary_is_one_write_not_a_walk_down_the_stairs(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote")
    await ship.at(release, "4")
    assert await ship.order(release, "abort", reason="it is slow")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert ship.shares() == {"production": 100, "staging": 0}
    assert len([one for one in ship.store.operations() if isinstance(one.plan.action, Rollback)]) == 1
    five, twenty_five = (ship.operation(ended.standing(step).operation) for step in ("1", "3"))
    assert five.undone_by == twenty_five.undone_by == ended.standing("3").undo
    assert ended.standing("1").state == "undone"
    assert ship.store.verify() == ()


async def test_going_back_to_a_step_leaves_the_shares_of_that_step(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(WeightStep({"": 5}), WeightStep({"": 25}), WeightStep({"": 50}), PauseStep()))
    release = await ship.begin()
    await ship.at(release, "4")
    assert await ship.order(release, "undo", "1", reason="too fast")
    await ship.until(lambda: ship.release(release).paused is not None)
    assert ship.shares() == {"production": 95, "staging": 5}


async def test_names_in_gates_say_what_is_asked_about(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    release = await ship.begin()
    await ship.ended(release)
    _, names = ship.gates.asked[0]
    assert {key: names[key] for key in ("service", "environment", "slot", "site", "version", "previous")} == {
        "service": "checkout",
        "environment": "production",
        "slot": "staging",
        "site": "checkout",
        "version": "1.1",
        "previous": "1.0",
    }
    assert float(names["window"]) >= 30


async def test_an_abort_in_a_pause_goes_back_at_once(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    answer = await ship.order(release, "abort", reason="customers complain")
    assert answer
    assert not answer.refusal, answer.refusal
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert "customers complain" in ended.detail
    assert ship.shares()["staging"] == 0
    undo = ship.operation(ended.standing("1").undo)
    assert undo.ending == "succeeded"
    assert ship.operation(ended.standing("1").operation).undone_by == undo.id


async def test_an_abort_while_a_swap_is_under_way_lets_it_end_and_swaps_back(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote")
    await ship.until(lambda: "sent swap checkout" in ship.world.log)
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert ship.world.swaps() == ["swap checkout", "swap checkout"]
    assert (ship.serving(), ship.shares()["staging"]) == ("1.0", 0)


async def test_an_abort_does_not_wait_for_a_sample_that_hangs(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    hanging = asyncio.Event()
    ship.gates.hold = hanging.wait
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.clock.calm()
    before = ship.clock.now()
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert ship.clock.now() - before < 30
    assert not any(event.kind == "release.sampled" for event in ship.store.events(operation=release))


async def test_nothing_is_begun_while_it_is_paused_and_resuming_goes_on(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "pause", reason="lunch")
    await ship.order(release, "promote")
    await ship.order(release, "resume")
    await ship.at(release, "4")
    await ship.order(release, "pause")
    moment = ship.clock.now() + 3600
    await ship.until(lambda: ship.clock.now() > moment)
    assert ship.world.swaps() == []
    await ship.order(release, "resume")
    assert (await ship.ended(release)).ending == "succeeded"


# --- launching --------------------------------------------------------------------------------------------------------
async def test_launching_twice_is_launching_once(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose()
    answers = await asyncio.gather(*(ship.launch(plan) for _ in range(3)))
    assert {answer.release for answer in answers if answer} == {plan.id}
    assert statements(ship, plan.id).count("release.started") == 1
    again = await ship.launch(plan)
    assert again
    assert again.release == plan.id


async def test_a_launch_says_yes_to_exactly_what_was_shown_and_where(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose()
    assert plan.type_to_confirm == "production"
    other = await ship.ask("launch", {"plan": plan.id, "digest": "0" * 16, "typed": "production"})
    untyped = await ship.ask("launch", {"plan": plan.id, "digest": plan.digest, "typed": ""})
    strange = await ship.ask("launch", {"plan": "nothing", "digest": plan.digest, "typed": "production"})
    assert [refusal(one).code for one in (other, untyped, strange)] == ["stale", "policy", "stale"]
    ship.clock.step(300)
    assert "expired" in refusal(await ship.launch(plan)).message
    assert ship.world.log == []
    assert ship.store.releases() == ()


async def test_read_only_viewers_may_propose_and_nothing_else(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose(read_only=True)
    assert refusal(await ship.launch(plan, read_only=True)).code == "policy"
    release = await ship.begin()
    await ship.at(release, "2")
    assert refusal(await ship.order(release, "abort", read_only=True)).code == "policy"
    assert refusal(await ship.decide(release, read_only=True)).code == "policy"


async def test_another_build_in_the_slot_than_was_proposed_is_not_launched(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose()
    site = ship.world.sites["checkout"]
    site.staging = ship.world.sites["cart"].production
    told = refusal(await ship.launch(plan))
    assert told.code in ("stale", "unchanged")
    assert ship.world.log == []


async def test_the_targets_of_an_open_release_are_its_own(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    for action in (Swap(CHECKOUT), Shift(CHECKOUT, {"staging": 50})):
        told = refusal(await ship.ask("plan", {"action": to_json(action)}))
        assert told.code == "locked"
        assert f"qd release abort {release}" in told.hint
    assert (await ship.unproposable(Wish((CHECKOUT,)))).code == "locked"
    await ship.order(release, "abort")
    await ship.ended(release)
    assert await ship.plan(Shift(CHECKOUT, {"staging": 50}))


async def test_a_plan_made_before_the_release_began_is_not_carried_out_beside_it(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    mine = await ship.plan(Swap(CHECKOUT))
    release = await ship.begin()
    await ship.at(release, "2")
    assert refusal(await ship.confirm(mine)).code == "locked"
    assert ship.world.swaps() == []


async def test_nonsense_is_refused_with_what_would_be_right(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    for kind, body in (
        ("propose", {"wish": "everything"}),
        ("order", {"release": "r99", "order": "abort"}),
        ("order", {"release": release, "order": "explode"}),
        ("decide", {"release": "r99", "verdict": "approve"}),
        ("decide", {"release": release, "verdict": "perhaps"}),
        ("decide", {"release": release, "verdict": "approve"}),
        ("guard", {"deed": "dance"}),
    ):
        assert refusal(await ship.ask(kind, body)).message
    assert ship.release(release).ending is None


async def test_an_order_that_waited_long_is_not_carried_out_unless_it_makes_things_safer(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    for number, order in enumerate(("promote", "pause", "abort")):
        body = {"release": release, "order": order, "step": "", "override": ""}
        late = Request(f"late-{number}", f"late-{number}", "order", body, "ana@jump1", at=ship.clock.now() - 301)
        ship.store.submit(late)
        await ship.engine.answer(late)
        answer = ship.store.answer(late.id)
        assert answer
        assert (answer.refusal is not None) == (order == "promote")
    assert (await ship.ended(release)).ending == "rolled_back"


@pytest.mark.parametrize("kept", [True, False])
async def test_commit_confirm_takes_an_action_back_unless_it_is_confirmed(kept: bool, tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin(Wish((CHECKOUT,), action=Shift(CHECKOUT, {"staging": 20}), confirm_within=600))
    await ship.until(lambda: ship.release(release).confirm_by is not None)
    assert ship.shares()["staging"] == 20
    if kept:
        await ship.order(release, "confirm")
    ended = await ship.ended(release)
    assert ended.ending == ("succeeded" if kept else "rolled_back"), ended.detail
    assert ship.shares()["staging"] == (20 if kept else 0)


async def test_a_clock_that_is_set_back_gives_nobody_more_time_to_confirm(tmp_path: Path) -> None:
    ship = Captain(tmp_path, replace(CANARY, routes=(Route(CHECKOUT, "careful", health=("errors",)),)))
    action = Shift(CHECKOUT, {"staging": 20})
    release = await ship.begin(Wish((CHECKOUT,), action=action, confirm_within=600))
    await ship.until(lambda: ship.release(release).confirm_by is not None)
    began = ship.clock.monotonic()
    true = ship.clock.now
    ship.clock.now = lambda: true() - 86_400  # type: ignore[method-assign]
    ended = await ship.ended(release, days=3)
    assert ended.ending == "rolled_back"
    assert ship.clock.monotonic() - began < 700


async def test_a_release_of_a_flag_needs_no_slots(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin(Wish((BANNER,), action=FlagChange(BANNER, enabled=True), confirm_within=60))
    await ship.until(lambda: ship.release(release).confirm_by is not None)
    assert ship.world.flags["flags"].enabled
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert not ship.world.flags["flags"].enabled


async def test_launchdarkly_5_pausing_and_going_on_does_not_choose_other_users(tmp_path: Path) -> None:
    flagged = rules(FlagStep("banner", enabled=True, percent=5.0), PauseStep(), PauseStep(60))
    ship = Captain(tmp_path, flagged)
    release = await ship.begin()
    await ship.at(release, "2")
    before = list(ship.world.log)
    assert before
    await ship.order(release, "pause")
    await ship.order(release, "resume")
    await ship.order(release, "promote")
    assert (await ship.ended(release)).ending == "succeeded"
    assert ship.world.log == before, "the flag is written once"
