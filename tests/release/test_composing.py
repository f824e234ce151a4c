"""From a wish to a plan: order, versions, what stands in the way, what should be known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.release.rehearsal import (
    CHECKOUT,
    FLEET,
    NEW,
    OLD,
    PAYMENTS,
    START,
    Rehearsal,
    composed,
    gate,
    plan_of,
    rulebook,
    sights,
)

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.release.action import FlagChange, Shift, Swap
from quarterdeck.release.composing import Sight, compose
from quarterdeck.release.guards import Debt, Guards
from quarterdeck.release.plan import Refusal, RefusalCode, Risk
from quarterdeck.release.policy import PLAN_LIFE
from quarterdeck.release.release_plan import ReleasePlan, Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RingStep,
    RunStep,
    Strategy,
    SwapStep,
    WeightStep,
)

BLUE_GREEN = Strategy("careful", (SwapStep(), BakeStep(60)))
CANARY = Strategy("canary", (WeightStep({"": 5}), BakeStep(600, ("errors",)), SwapStep()))


def plan(*targets: TargetId, rules: Rulebook | None = None, wish: Wish | None = None, **more: Any) -> ReleasePlan:
    wish = wish or Wish(targets or (CHECKOUT,), NEW, "careful")
    return plan_of(composed(wish, rules or rulebook(BLUE_GREEN), **more))


def refused(wish: Wish, rules: Rulebook | None = None, **more: Any) -> Refusal:
    found = composed(wish, rules or rulebook(BLUE_GREEN, CANARY), **more)
    assert isinstance(found, Refusal), found
    return found


def codes(found: ReleasePlan) -> dict[str, str]:
    return {risk.code: risk.severity for risk in found.risks}


def routes(**needs: tuple[str, ...]) -> tuple[Route, ...]:
    return tuple(
        Route(target, "careful", needs=needs.get(target.name, ()), artifact="$version")
        for target in (CHECKOUT, PAYMENTS)
    )


def release(found: ReleasePlan, **more: Any) -> Release:
    return replace(Release("r0", replace(found, id="r0"), "bo@jump-2", "", START - 600), **more)


# --- the plan ---------------------------------------------------------------------------------------------------------
def test_a_plan_says_everything_that_a_yes_needs() -> None:
    found = plan()
    assert (found.id, found.request, found.made_at, found.expires_at) == ("r1", "r1", START, START + PLAN_LIFE)
    assert found.type_to_confirm == "production"
    assert found.command == f"qd release start {CHECKOUT} --version {NEW} --strategy careful"
    assert found.title == f"checkout {NEW}"
    (member,) = found.members
    assert (member.version, member.previous, member.strategy) == (NEW, OLD, "careful")
    assert found.exposure == 100
    assert found.who_feels_it == f"100% of the new clients of {CHECKOUT}"
    assert found.fuse.possible
    assert found.fuse.until


def test_a_plan_survives_the_store() -> None:
    rules = rulebook(replace(CANARY, name="careful", gates=("alarms",)))
    found = plan(rules=rules)
    assert from_json(ReleasePlan, to_json(found)) == found
    assert from_json(ReleasePlan, to_json(found)).digest == found.digest


def test_the_rules_that_it_uses_are_kept_as_they_were() -> None:
    steps = (ApprovalStep("sre"), AnalysisStep(("errors",)), SwapStep())
    rules = rulebook(
        Strategy("careful", steps, gates=("alarms",), on_failure="pause", pause_limit=60),
        routes=(Route(CHECKOUT, health=("latency",)),),
    )
    found = plan(rules=rules)
    assert [one.name for one in found.approvals] == ["sre"]
    assert {one.name for one in found.gates} == {"errors", "alarms", "latency"}
    assert found.background == ("alarms", "latency")
    assert (found.on_failure, found.pause_limit) == ("pause", 60)


def test_it_takes_what_the_slot_holds_where_no_version_is_named() -> None:
    assert plan(wish=Wish((CHECKOUT,), strategy="careful")).members[0].version == NEW


# --- several services -------------------------------------------------------------------------------------------------
def test_all_are_prepared_before_the_first_is_committed_and_what_others_need_goes_first() -> None:
    found = plan(CHECKOUT, PAYMENTS, rules=rulebook(BLUE_GREEN, routes=routes(checkout=("payments",))))
    assert [(step.phase, step.target.name, step.summary.partition(" ")[0]) for step in found.steps] == [
        ("prepare", "payments", "prepare"),
        ("prepare", "checkout", "prepare"),
        ("prepare", "checkout", "prepare"),
        ("commit", "payments", "complete"),
        ("commit", "payments", "bake"),
        ("commit", "checkout", "complete"),
        ("commit", "checkout", "complete"),
        ("commit", "checkout", "bake"),
    ]
    assert [step.id for step in found.steps] == [str(number) for number in range(1, 9)]
    commit = found.step("6")
    assert commit is not None
    assert set(commit.needs) == {"3", "5"}, "its own preparation, and the commit of what it needs"


def test_a_step_stands_after_everything_it_needs() -> None:
    found = plan(CHECKOUT, PAYMENTS, rules=rulebook(BLUE_GREEN, routes=routes(payments=("checkout",))))
    for number, step in enumerate(found.steps):
        assert set(step.needs) <= {earlier.id for earlier in found.steps[:number]}


def test_what_gives_users_something_before_the_swap_belongs_to_the_commit() -> None:
    steps = (DeployStep(), WeightStep({"": 5}), SwapStep())
    found = plan(CHECKOUT, PAYMENTS, rules=rulebook(Strategy("careful", steps)))
    assert [step.summary for step in found.steps if step.phase == "prepare"] == [f"deploy {NEW} to staging"] * 2


def test_what_fails_while_it_is_prepared_has_cost_no_user_anything() -> None:
    ship = Rehearsal(plan(CHECKOUT, PAYMENTS, rules=rulebook(BLUE_GREEN)))
    ship.outcome = lambda _, action: "failed" if action.target.name == "payments" else "succeeded"
    ship.run()
    assert ship.release.ending == "rolled_back"
    swapped = [one for one in ship.operations.values() if getattr(one.plan.action, "mode", "") in ("swap", "complete")]
    assert not swapped
    assert ship.as_before


def test_compensation_goes_the_other_way_round() -> None:
    ship = Rehearsal(plan(CHECKOUT, PAYMENTS, rules=rulebook(BLUE_GREEN, routes=routes(checkout=("payments",)))))
    ship.run_to(type(ship.decide()), "6")
    ship.run_to(type(ship.decide()))
    ship.order("abort")
    ship.run()
    undone = [one.plan.action.target.name for one in ship.operations.values() if "undo" not in one.id]
    assert ship.as_before
    assert undone.index("payments") == 0


def test_an_approval_of_the_route_is_asked_once_for_the_whole_release() -> None:
    both = tuple(replace(route, approval="boss") for route in routes())
    found = plan(CHECKOUT, PAYMENTS, rules=rulebook(BLUE_GREEN, routes=both))
    assert [step.summary for step in found.steps if step.summary.startswith("approval")] == ["approval boss"]
    assert found.steps[0].summary == "approval boss"


def test_a_circle_of_needs_is_told() -> None:
    rules = rulebook(BLUE_GREEN, routes=routes(checkout=("payments",), payments=("checkout",)))
    found = refused(Wish((CHECKOUT, PAYMENTS), NEW, "careful"), rules)
    assert found.code == "usage"
    assert "checkout needs payments needs checkout" in found.message


def test_a_need_that_isnt_released_is_noted() -> None:
    found = plan(rules=rulebook(BLUE_GREEN, routes=routes(checkout=("payments",))))
    assert codes(found) == {"need-not-released": "info"}


# --- why not ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("wish", "code", "words"),
    [
        (Wish((), NEW, "careful"), "usage", "no service"),
        (Wish((TargetId("production", "search"),), NEW, "careful"), "usage", "knows no production/search"),
        (Wish((replace(CHECKOUT, region="west"),), NEW, "careful"), "usage", "not a service as a whole"),
        (Wish((TargetId("production", "banner", flag=True),), NEW, "careful"), "usage", "not a service"),
        (Wish((CHECKOUT,), NEW, "nothing"), "usage", "no strategy nothing"),
        (Wish((CHECKOUT,), NEW), "usage", "has no strategy"),
        (Wish((CHECKOUT,), "9.9.9", "careful"), "impossible", f"staging holds {NEW}, not 9.9.9"),
        (Wish((CHECKOUT,), OLD, "careful"), "unchanged", f"serves {OLD} already"),
    ],
)
def test_what_cant_be_is_refused_with_the_reason(wish: Wish, code: RefusalCode, words: str) -> None:
    found = refused(wish)
    assert (found.code, words in found.message) == (code, True), found


def test_one_environment_at_a_time() -> None:
    elsewhere = TargetId("staging", "checkout")
    rules = rulebook(BLUE_GREEN)
    found = refused(Wish((CHECKOUT, elsewhere), NEW, "careful"), rules)
    assert found.code == "usage"


def test_a_strategy_that_doesnt_fit_is_refused_with_what_to_do() -> None:
    rules = rulebook(Strategy("careful", (RingStep("west"),)))
    found = refused(Wish((PAYMENTS,), NEW, "careful"), rules)
    assert found.code == "impossible"
    assert "hasn't" in found.message
    assert found.hint


def test_regions_with_different_builds_arent_released_by_accident() -> None:
    seen = {CHECKOUT: Sight(CHECKOUT, (OLD, OLD), (NEW, "2.16.0"))}
    found = refused(Wish((CHECKOUT,), strategy="careful"), sights=seen)
    assert "different versions by region: 2.15.0, 2.16.0" in found.message
    assert refused(Wish((CHECKOUT,), NEW, "careful"), sights=seen).code == "impossible"


def test_a_slot_that_tells_no_version_is_a_danger_or_a_refusal() -> None:
    seen = {CHECKOUT: Sight(CHECKOUT, (OLD, OLD), ("unknown", ""))}
    assert refused(Wish((CHECKOUT,), strategy="careful"), sights=seen).code == "impossible"
    assert codes(plan(sights=seen))["version-untold"] == "danger"


def test_deploying_strategies_bring_their_version_themselves() -> None:
    rules = rulebook(Strategy("careful", (DeployStep(), SwapStep())))
    assert plan(rules=rules, wish=Wish((CHECKOUT,), "9.9.9", "careful")).members[0].version == "9.9.9"


def test_a_flag_release_doesnt_care_what_slots_hold() -> None:
    rules = rulebook(Strategy("careful", (FlagStep("banner", percent=10, enabled=True),)))
    found = plan(rules=rules, wish=Wish((CHECKOUT,), strategy="careful"), sights={})
    assert found.members[0].version == ""
    assert found.exposure == 10


# --- order of versions ------------------------------------------------------------------------------------------------
def test_ado_2_an_older_version_is_shipped_over_a_newer_one_only_on_record() -> None:
    wish = Wish((CHECKOUT,), strategy="careful")
    seen = sights(serving="4.2.0", candidate="4.1.7")
    found = refused(wish, sights=seen)
    assert (found.code, found.message) == ("policy", f"this ships 4.1.7 over 4.2.0 in {CHECKOUT}")
    allowed = plan(wish=replace(wish, override="4.2.0 loses orders"), sights=seen)
    assert allowed.overrides == (f"this ships 4.1.7 over 4.2.0 in {CHECKOUT}",)
    assert codes(allowed)["supersession"] == "danger"


# --- others -----------------------------------------------------------------------------------------------------------
def test_an_open_release_of_the_same_targets_stands_in_the_way() -> None:
    ship = Rehearsal(plan())
    ship.run_to(type(ship.decide()))
    found = refused(Wish((CHECKOUT,), NEW, "careful", supersede=True), releases=(replace(ship.release, id="r0"),))
    assert found.code == "locked"
    assert "has changed something" in found.message
    assert "qd release abort r0" in found.hint


def test_a_release_that_has_changed_nothing_gives_way_if_it_is_told_to() -> None:
    waiting = release(plan())
    found = refused(Wish((CHECKOUT,), NEW, "careful"), releases=(waiting,))
    assert (found.code, "--supersede" in found.hint) == ("locked", True)
    newer = plan(wish=Wish((CHECKOUT,), NEW, "careful", supersede=True), releases=(waiting,))
    assert newer.supersedes == ("r0",)
    assert codes(newer) == {"supersedes": "warning"}


def test_the_overlap_radar_points_out_what_a_regression_could_be_put_down_to() -> None:
    rules = rulebook(BLUE_GREEN, routes=routes(checkout=("payments",)))
    other = Rehearsal(plan(PAYMENTS, rules=rules))
    other.run()
    over = replace(other.release, id="r0", ended_at=START - 1200)
    (risk,) = [one for one in plan(rules=rules, releases=(over,)).risks if one.code == "overlap"]
    assert risk.severity == "warning"
    assert "they need each other" in risk.text
    assert "about 20 min ago (succeeded)" in risk.text
    stranger = [one for one in plan(rules=rulebook(BLUE_GREEN), releases=(over,)).risks if one.code == "overlap"]
    assert [one.severity for one in stranger] == ["info"], "warnings about what can't matter hide those that do"
    long_ago = replace(over, ended_at=START - 7200)
    assert "overlap" not in codes(plan(rules=rules, releases=(long_ago,)))


def test_the_exposure_budget_counts_all_services() -> None:
    rules = rulebook(CANARY, exposure={"production": 100.0})
    other = Rehearsal(plan(PAYMENTS, rules=rules, wish=Wish((PAYMENTS,), NEW, "canary")))
    other.run_to(type(other.decide()))
    open_one = replace(other.release, id="r0")
    found = plan(rules=rules, wish=Wish((CHECKOUT,), NEW, "canary"), releases=(open_one,))
    (risk,) = [one for one in found.risks if one.code == "exposure"]
    assert "up to 100% of new clients get an unfinished version, and 5% do by other releases now" in risk.text


def test_a_hotfix_that_isnt_merged_back_is_pointed_out_to_the_next_release() -> None:
    debt = Debt("d1", "merge_back", CHECKOUT, "merge abc123 back", "h1", "ana@jump-1", START)
    assert codes(plan(guards=Guards(debts=(debt,))))["unpaid-debt"] == "warning"
    assert "unpaid-debt" not in codes(plan(guards=Guards(debts=(replace(debt, paid_at=START),))))


def test_what_the_caller_has_found_is_told_as_well() -> None:
    note = Risk("warning", "already-firing", "alarms fire already")
    assert note in plan(notes=(note,)).risks


def test_what_is_never_taken_back_is_told_before() -> None:
    rules = rulebook(Strategy("careful", (RunStep(("./notify",)), SwapStep())))
    assert "run ./notify" in plan(rules=rules).fuse.lost


# --- one action -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("action", "exposure"),
    [
        (Swap(CHECKOUT), 100),
        (Swap(replace(CHECKOUT, region="west")), 50),
        (Shift(CHECKOUT, {"staging": 20}), 20),
        (FlagChange(TargetId("production", "banner", flag=True), percent=15), 15),
        (FlagChange(TargetId("production", "banner", flag=True), enabled=False), 0),
    ],
)
def test_one_action_is_a_release_that_waits_to_be_confirmed(action: Any, exposure: float) -> None:
    wish = Wish((action.target.whole,), action=action, confirm_within=300)
    found = plan(wish=wish, rules=rulebook(gates=(gate("errors"),)))
    (step,) = found.steps
    assert step.work.action == action  # type: ignore[union-attr]
    assert (found.confirm_within, found.exposure) == (300, exposure)
    assert found.command.endswith("--confirm-within 300s")
    assert found.members[0].target == action.target.whole


def test_pauses_are_no_changes() -> None:
    rules = rulebook(Strategy("careful", (PauseStep(), SwapStep())))
    waiting = Rehearsal(plan(rules=rules))
    waiting.run()
    newer = composed(
        Wish((CHECKOUT,), NEW, "careful", supersede=True), rules, releases=(replace(waiting.release, id="r0"),)
    )
    assert plan_of(newer).supersedes == ("r0",)


# --- a service without slots ------------------------------------------------------------------------------------------
def balanced(version: str, rules: Rulebook | None = None) -> ReleasePlan | Refusal:
    there = TargetId("production", "balanced")
    fleet = replace(FLEET, places=(*FLEET.places, Place("traffic", there, Address("lb", {"backend": "app"}))))
    steps = (WeightStep({"canary": 5}), BakeStep(600, ("errors",)), WeightStep({"canary": 100}))
    strategies = rulebook(Strategy("canary", steps), exposure={"production": 50})
    wish = Wish((there,), version, "canary")
    sights = {there: Sight(there, (), ())}
    return compose(
        "r1", wish, "ana@jump-1", fleet=fleet, rules=rules or strategies,
        guards=Guards(), releases=(), sights=sights, now=START,
    )  # fmt: skip


def test_a_canary_behind_a_load_balancer_says_who_feels_it_and_what_doesnt_tell_its_version() -> None:
    found = plan_of(balanced(NEW))
    assert found.who_feels_it == "100% of the new clients of production/balanced, 5% at first"
    assert found.exposure == 100
    assert codes(found) == {"version-untold": "danger", "exposure": "warning"}
    assert found.risks[0].text == "production/balanced: canary doesn't tell its version"


def test_a_canary_behind_a_load_balancer_needs_a_version_by_name() -> None:
    found = balanced("")
    assert isinstance(found, Refusal)
    assert found.message == "production/balanced: nobody tells which version canary holds"
