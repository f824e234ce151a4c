"""What a release waits for: people, hours, the line, other releases, places that can't be read; and how it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.engine.world import Model, split
from tests.releases.captain import CANARY, CHECKOUT, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Build
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address
from quarterdeck.release.action import FlagChange, Rollback, Swap
from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rules import Route, SchemaRange, SchemaRule
from quarterdeck.release.strategy import ApprovalStep, PauseStep, SwapStep, WeightStep
from quarterdeck.release.survey import TrafficSurvey

SRE = ApprovalRule("sre", required=2, groups=("sre",), expires_after=3600)
ASKS = rules(
    ApprovalStep("sre"),
    SwapStep(),
    approvals=(SRE,),
    groups={"sre": ("ana", "bob", "eve"), "dev": ("joe",)},
)
PAYMENTS = TargetId("production", "payments")
PLAIN = replace(CANARY.strategies[0], name="plain", steps=(SwapStep(), PauseStep(60)))
TWO = replace(
    CANARY,
    routes=(Route(CHECKOUT, "careful"), Route(PAYMENTS, "plain")),
    strategies=(*CANARY.strategies, PLAIN),
)


def allowed(answer: Any) -> None:
    assert answer
    assert answer.refusal is None, answer.refusal


# --- approvals --------------------------------------------------------------------------------------------------------
async def test_a_quorum_of_others_lets_it_go_on(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ASKS)
    release = await ship.begin()
    await ship.at(release, "1")
    assert refusal(await ship.decide(release, actor="ana@jump1")).code == "policy", "nobody approves their own"
    assert refusal(await ship.decide(release, actor="joe@jump1")).code == "policy"
    allowed(await ship.decide(release, actor="bob@jump1"))
    assert refusal(await ship.decide(release, actor="bob@jump2")).code == "unchanged"
    await ship.clock.calm()
    assert ship.world.log == []
    allowed(await ship.decide(release, actor="eve@jump1", step="1"))
    assert (await ship.ended(release)).ending == "succeeded"


async def test_launchdarkly_4_an_approval_with_nothing_after_it_is_asked_for_all_the_same(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(ApprovalStep("sre"), approvals=(replace(SRE, required=1),), groups=ASKS.groups))
    release = await ship.begin()
    assert (await ship.at(release, "1")).ending is None, "nothing completes by itself"
    allowed(await ship.decide(release, actor="bob@jump1"))
    assert (await ship.ended(release)).ending == "succeeded"


async def test_an_approval_is_no_pause_that_somebody_may_promote(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ASKS)
    release = await ship.begin()
    await ship.at(release, "1")
    assert refusal(await ship.order(release, "promote")).message
    allowed(await ship.order(release, "promote_full"))
    await ship.clock.calm()
    assert ship.world.log == []


@pytest.mark.parametrize("how", ["rejected", "expired"])
async def test_without_the_yes_nothing_is_changed(how: str, tmp_path: Path) -> None:
    ship = Captain(tmp_path, ASKS)
    release = await ship.begin()
    await ship.at(release, "1")
    if how == "rejected":
        allowed(await ship.decide(release, "reject", actor="bob@jump1", reason="not on a Friday"))
    ended = await ship.ended(release)
    assert (ended.ending, ship.world.log) == ("failed", [])
    assert ("not on a Friday" if how == "rejected" else "nobody decided") in ended.detail


async def test_a_yes_for_later_counts_from_then_on(tmp_path: Path) -> None:
    known = replace(ASKS, approvals=(replace(SRE, required=1, expires_after=None),))
    ship = Captain(tmp_path, known)
    release = await ship.begin()
    await ship.at(release, "1")
    begins = ship.clock.now() + 1800
    allowed(await ship.decide(release, actor="bob@jump1", effective_at=begins))
    await ship.ended(release)
    assert ship.clock.now() >= begins


async def test_a_yes_survives_the_runner_that_heard_it(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ASKS)
    release = await ship.begin()
    await ship.at(release, "1")
    await ship.decide(release, actor="bob@jump1")
    await ship.succeed()
    await ship.decide(release, actor="eve@jump1")
    ended = await ship.ended(release)
    assert ended.ending == "succeeded"
    assert [event.kind for event in ship.store.events(operation=release)].count("release.adopted") == 1


# --- guards -----------------------------------------------------------------------------------------------------------
async def test_a_stopped_line_holds_the_next_step_until_it_goes_on(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    allowed(await ship.ask("guard", {"deed": "stop", "scope": "*", "until": None}, reason="incident 7"))
    allowed(await ship.order(release, "promote"))
    later = ship.clock.now() + 600
    await ship.until(lambda: ship.clock.now() > later)
    assert ship.shares()["staging"] == 5
    (note,) = ship.release(release).notes
    assert (note.code, "incident 7" in note.text) == ("held-up", True)
    (hold,) = ship.store.guards().holds
    allowed(await ship.ask("guard", {"deed": "lift", "id": hold.id}, reason="over"))
    await ship.at(release, "4")
    assert ship.shares()["staging"] == 25


async def test_a_freeze_stops_new_releases_and_actions_but_not_the_way_back(tmp_path: Path) -> None:
    ship = Captain(tmp_path, TWO)
    release = await ship.begin()
    await ship.at(release, "2")
    until = ship.clock.now() + 7200
    allowed(await ship.ask("guard", {"deed": "freeze", "scope": "production", "until": until}, reason="sale"))
    assert (await ship.unproposable(Wish((PAYMENTS,)))).code == "policy"
    told = refusal(await ship.ask("plan", {"action": to_json(Swap(PAYMENTS))}))
    assert (told.code, "sale" in told.message) == ("policy", True)
    allowed(await ship.order(release, "abort"))
    assert (await ship.ended(release)).ending == "rolled_back"
    assert ship.clock.now() < until


async def test_taking_a_way_back_back_is_going_forward_and_waits_for_the_freeze(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    await ship.carry_out_with_time(Swap(CHECKOUT))
    back = await ship.carry_out_with_time(Rollback(CHECKOUT))
    allowed(await ship.ask("guard", {"deed": "freeze", "scope": "production"}))
    forward = {"action": to_json(Rollback(CHECKOUT, back.id))}
    assert refusal(await ship.ask("plan", forward)).code == "policy"
    answer = await ship.ask("plan", {**forward, "override": "it wasn't the release"})
    assert answer
    assert answer.plan
    again = await ship.ask("confirm", {"plan": answer.plan.id, "digest": answer.plan.digest, "typed": "production"})
    assert again
    assert again.operation, again.refusal
    await ship.until(lambda: ship.operation(again.operation).ending is not None)
    assert ship.serving() == "1.1"
    assert (await ship.carry_out_with_time(Rollback(CHECKOUT, again.operation))).ending == "succeeded"
    assert ship.serving() == "1.0"


async def test_what_is_overridden_is_on_record_for_ever(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    await ship.ask("guard", {"deed": "freeze", "scope": "production", "until": None}, reason="sale")
    plan = await ship.propose(Wish((CHECKOUT,), override="the fix can't wait"))
    assert len(plan.overrides) == 1
    await ship.launch(plan)
    await ship.at(plan.id, "2")
    (kept,) = ship.store.guards().overrides
    assert (kept.by, kept.reason, kept.about) == ("ana@jump1", "the fix can't wait", plan.id)

    answer = await ship.ask("plan", {"action": to_json(Swap(PAYMENTS)), "override": "told to"})
    assert answer
    assert answer.plan, answer.refusal
    allowed(await ship.confirm(answer.plan))
    assert ship.store.guards().overrides[-1].reason == "told to"


async def test_a_freeze_that_comes_after_launch_is_not_overridden_by_it(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    await ship.ask("guard", {"deed": "freeze", "scope": "production", "until": None}, reason="sale")
    plan = await ship.propose(Wish((CHECKOUT,), override="the fix can't wait"))
    await ship.launch(plan)
    await ship.at(plan.id, "2")
    await ship.ask("guard", {"deed": "stop", "scope": "production", "until": None}, reason="incident 7", actor="bob@x")
    await ship.order(plan.id, "promote")
    later = ship.clock.now() + 600
    await ship.until(lambda: ship.clock.now() > later)
    assert ship.shares()["staging"] == 5
    allowed(await ship.order(plan.id, "pause", override="it helps against the incident"))
    allowed(await ship.order(plan.id, "resume"))
    await ship.at(plan.id, "4")
    assert ship.shares()["staging"] == 25


async def test_a_freeze_between_the_plan_and_the_yes_is_met_at_the_yes(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    action, release = await ship.plan(Swap(PAYMENTS)), await ship.propose()
    await ship.ask("guard", {"deed": "freeze", "scope": "production", "until": None}, reason="sale")
    assert refusal(await ship.confirm(action)).code == "policy"
    assert refusal(await ship.launch(release)).code == "policy"
    assert ship.world.log == []


async def test_without_the_conn_nobody_orders_anything(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    allowed(await ship.ask("guard", {"deed": "take", "scope": "production"}, actor="bob@jump2"))
    for order in ("promote", "abort", "pause"):
        told = refusal(await ship.order(release, order))
        assert "qd conn take production" in told.hint
    allowed(await ship.order(release, "abort", actor="bob@jump2"))
    assert (await ship.ended(release)).ending == "rolled_back"


async def test_turning_a_flag_off_is_never_held_up(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    banner = TargetId("production", "banner", flag=True)
    on = await ship.carry_out_with_time(FlagChange(banner, enabled=True))
    assert on.ending == "succeeded"
    await ship.ask("guard", {"deed": "freeze", "scope": "production", "until": None}, reason="sale")
    assert (await ship.carry_out_with_time(FlagChange(banner, enabled=False))).ending == "succeeded"
    told = refusal(await ship.ask("plan", {"action": to_json(FlagChange(banner, enabled=True))}))
    assert told.code == "policy"


# --- other releases ---------------------------------------------------------------------------------------------------
async def test_the_budget_of_exposure_counts_all_services(tmp_path: Path) -> None:
    ship = Captain(tmp_path, replace(TWO, exposure={"production": 20}))
    first = await ship.begin()
    await ship.at(first, "2")
    second = await ship.begin(Wish((PAYMENTS,)))
    later = ship.clock.now() + 600
    await ship.until(lambda: ship.clock.now() > later)
    assert ship.world.swaps() == []
    await ship.order(first, "abort")
    await ship.ended(first)
    await ship.ended(second)
    assert ship.world.swaps() == ["swap payments"]


async def test_a_release_that_has_changed_nothing_gives_way(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ASKS)
    first = await ship.begin()
    await ship.at(first, "1")
    ship.world.sites["checkout"].staging = replace(ship.world.sites["checkout"].staging, build=Build("1.2", "id-1.2"))
    assert (await ship.unproposable(Wish((CHECKOUT,)))).code == "locked"
    second = await ship.begin(Wish((CHECKOUT,), supersede=True))
    ended = await ship.ended(first)
    assert ended.ending == "failed"
    assert second in ended.detail
    assert ship.release(second).open


# --- places -----------------------------------------------------------------------------------------------------------
async def test_a_place_that_cannot_be_read_is_tried_again_for_some_minutes(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    ship.world.unreadable = True
    await ship.order(release, "promote")
    later = ship.clock.now() + 120
    await ship.until(lambda: ship.clock.now() > later)
    assert [note.code for note in ship.release(release).notes] == ["step-waits"]
    ship.world.unreadable = False
    await ship.at(release, "4")


async def test_what_stays_unreadable_fails_and_the_way_back_asks_for_a_person(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    ship.world.unreadable = True
    await ship.order(release, "promote")
    ended = await ship.ended(release)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "skip", "abandon"))
    assert "no route to host" in ended.detail
    ship.world.unreadable = False
    allowed(await ship.order(release, "retry"))
    assert (await ship.ended(release)).ending == "rolled_back"
    assert ship.shares()["staging"] == 0


@pytest.mark.parametrize("what", ["abort", "stop"])
async def test_what_is_said_while_a_step_is_planned_counts(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = asyncio.Event(), asyncio.Event()
    survey = Model.survey_traffic

    async def slow(model: Model, address: Address) -> TrafficSurvey:
        begun.set()
        await go.wait()
        return await survey(model, address)

    ship = Captain(tmp_path, CANARY)
    plan = await ship.propose()
    monkeypatch.setattr(Model, "survey_traffic", slow)
    allowed(await ship.launch(plan))
    await begun.wait()
    if what == "abort":
        allowed(await ship.order(plan.id, "abort"))
        assert (await ship.ended(plan.id)).ending == "failed", "it waits for no answer of a system that is slow"
    else:
        allowed(await ship.ask("guard", {"deed": "stop", "scope": "*", "until": None}, reason="incident 7"))
        go.set()
        later = ship.clock.now() + 120
        await ship.until(lambda: ship.clock.now() > later)
    assert ship.world.log == []


async def test_an_action_under_way_is_waited_for(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(SwapStep()))
    plan = await ship.propose()
    swap = await ship.plan(Swap(CHECKOUT, mode="preview"))
    cancel = Swap(CHECKOUT, mode="cancel")
    allowed(await ship.confirm(swap))
    await ship.until(lambda: not ship.engine.running)
    allowed(await ship.launch(plan))
    release = await ship.ended(plan.id)
    assert release.ending == "failed", "somebody has prepared a swap there: that isn't this release's to complete"
    assert "preview" in release.detail
    assert (await ship.carry_out_with_time(cancel)).ending == "succeeded"


async def test_a_danger_that_nobody_said_yes_to_stops_the_step(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(WeightStep({"": 5}), PauseStep(), SwapStep(), on_failure="pause"))
    release = await ship.begin()
    await ship.at(release, "2")
    pair = ship.world.sites["checkout"]
    pair.staging = replace(pair.staging, health="unhealthy")
    await ship.order(release, "promote")
    ended = await ship.ended(release)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "skip", "abort", "abandon"))
    assert "unhealthy" in ended.detail
    assert ship.world.swaps() == []
    allowed(await ship.order(release, "retry", reason="the probe is wrong"))
    assert (await ship.ended(release)).ending == "succeeded"


async def test_another_build_in_the_slot_than_people_said_yes_to_is_not_swapped(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    pair = ship.world.sites["checkout"]
    pair.staging = replace(pair.staging, build=Build("6.6.6", "id-6.6.6"))
    await ship.order(release, "promote")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert "6.6.6" in ended.detail
    assert ship.world.swaps() == []


async def test_what_somebody_has_taken_back_by_hand_is_not_taken_back_again(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(SwapStep(), PauseStep()))
    release = await ship.begin()
    await ship.at(release, "2")
    pair = ship.world.sites["checkout"]
    old, new = pair.staging.build, pair.production.build
    pair.production, pair.staging = replace(pair.production, build=old), replace(pair.staging, build=new)
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert (ship.serving(), ship.world.swaps()) == ("1.0", ["swap checkout"])


async def test_what_a_stranger_changed_is_not_taken_back_unasked(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    ship.world.routers["ramp"] = split(("production", 400, True, "healthy"), ("staging", 600, True, "healthy"))
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "skip", "abandon"))
    assert "changed since" in ended.detail
    assert ship.shares()["staging"] == 60
    allowed(await ship.order(release, "retry", reason="that was me"))
    assert (await ship.ended(release)).ending == "rolled_back"
    assert ship.shares()["staging"] == 0


async def test_an_operation_that_waits_is_answered_by_whoever_has_the_conn(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    ship.world.faults = ["dropped before"]
    operation = await ship.carry_out_with_time(Swap(PAYMENTS))
    assert operation.ending == "needs_operator"
    allowed(await ship.ask("guard", {"deed": "take", "scope": "production"}, actor="bob@jump2"))
    body = {"operation": operation.id, "step": "", "choice": "abandon"}
    assert "qd conn take" in refusal(await ship.ask("choose", body)).hint
    allowed(await ship.ask("choose", body, actor="bob@jump2"))


async def test_refusals_say_what_they_were_about(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "confirm")
    await ship.unproposable(Wish((CHECKOUT,)))
    told = [event for event in ship.store.events() if event.kind == "request.refused"]
    assert [(event.target, event.actor) for event in told] == [("production/checkout", "ana@jump1")] * 2


async def test_past_the_contract_phase_of_its_database_it_asks_instead_of_swapping_back(tmp_path: Path) -> None:
    schema = SchemaRule("schema", (SchemaRange("1.0", 1, 5), SchemaRange("1.1", 4, 9)))
    version = GateSpec("schema", "query", "az", success="result >= 0")
    known = rules(SwapStep(), PauseStep(), routes=(Route(CHECKOUT, "careful", schema=schema),))
    known = replace(known, gates=(*known.gates, version))
    ship = Captain(tmp_path, known)
    at = [5.0]
    ship.gates.values["schema"] = lambda: at[0]
    release = await ship.begin()
    await ship.at(release, "2")
    at[0] = 6.0
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "skip", "abandon"))
    assert "schema" in ended.detail
    assert ship.serving() == "1.1"
    at[0] = 5.0
    allowed(await ship.order(release, "retry"))
    assert (await ship.ended(release)).ending == "rolled_back"
