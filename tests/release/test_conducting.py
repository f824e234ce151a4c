"""What a release does next: forward, held up, on its way back. A pain of another tool is a test by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.release.rehearsal import (
    CHECKOUT,
    NEW,
    OLD,
    PAYMENTS,
    START,
    Rehearsal,
    composed,
    gate,
    plan_of,
    rehearse,
    rulebook,
)

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.release.conducting import decide, exposed, recovery_of
from quarterdeck.release.gate import Verdict
from quarterdeck.release.moves import Done, Failed, Finish, Halt, Measure, Outside, Recover, Rest, Start, Undo, Watch
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import BACKGROUND
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RollingStep,
    RunStep,
    Strategy,
    StrategyStep,
    SwapStep,
    WeightStep,
)

CANARY = (WeightStep({"": 5}), PauseStep(), WeightStep({"": 25}), BakeStep(120, ("errors",)), SwapStep())
MIGRATE = RunStep(("./migrate", "up"), undo=("./migrate", "down"))


def failing(*gates: str, verdict: Verdict = "fail") -> Callable[[str], Verdict]:
    return lambda name: verdict if name in gates else "pass"


# --- forward ----------------------------------------------------------------------------------------------------------
def test_a_canary_goes_from_step_to_step_and_ends_with_everybody_on_the_new_version() -> None:
    ship = rehearse(*CANARY)
    waits = ship.run()
    assert isinstance(waits, Rest)
    assert waits.why == "waits until somebody promotes"
    assert exposed(ship.release) == 5
    assert ship.order("promote") is None
    assert ship.run() == Finish("succeeded", "all steps are done")
    for region in ship.world.regions(CHECKOUT):
        assert ship.world.slots(region)["production"] == NEW
        assert ship.world.shares(region)["shares"] == {"staging": 0, "production": 100}
    assert exposed(ship.release) == 0


def test_a_write_is_watched_to_its_end_before_anything_else_begins() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep())
    start = ship.run_to(Start)
    assert isinstance(start, Start)
    assert isinstance(ship.decide(), Watch)
    assert isinstance(ship.decide(), Watch)


def test_promoting_fully_leaves_out_pauses_bakes_and_analyses_but_no_approval() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), AnalysisStep(("errors",)), ApprovalStep("sre"), SwapStep())
    ship.run()
    assert ship.order("promote_full") is None
    assert isinstance(ship.run(), Rest)
    assert [step.summary for step in ship.plan.steps if step.id in ship.steps("skipped")] == [
        "pause until somebody promotes",
        "analysis errors",
    ]
    ship.say("bo@jump-2")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "succeeded"
    assert "left out: pause until somebody promotes (left out: promoted fully), analysis errors" in end.detail


def test_a_full_promotion_ends_the_bake_that_is_under_way_and_begins_no_pause_after_it() -> None:
    ship = rehearse(WeightStep({"": 25}), BakeStep(3600, ("errors",)), PauseStep(), SwapStep())
    ship.run_to(Measure, "2")
    began, ship.moves = ship.now, []
    assert ship.order("promote_full") is None
    assert isinstance(ship.run(), Finish)
    assert ship.steps("skipped") == ["2", "3"]
    assert ship.now == began
    assert not {"2", "3"} & {move.step.id for move in ship.moves if isinstance(move, Start)}


def test_paused_it_begins_nothing_and_resumed_it_goes_on() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep())
    ship.run_to(Start)
    assert ship.order("pause") is None
    assert ship.run() == Rest(None, "paused by ana@jump-1")
    assert ship.steps("done") == ["1"]
    assert ship.order("resume") is None
    assert ship.run() == Finish("succeeded", "all steps are done")


def test_a_freeze_keeps_a_write_waiting_until_it_ends_and_a_bake_may_begin() -> None:
    ship = rehearse(BakeStep(60), WeightStep({"": 5}))
    outside = Outside(hindrance="production is frozen until Monday", hindered_until=START + 500)
    assert isinstance(decide(ship.release, START, outside), Start)
    ship.run_to(Done)
    assert decide(ship.release, ship.now, outside) == Rest(START + 500, "production is frozen until Monday")
    assert ship.run() == Finish("succeeded", "all steps are done")


def test_the_endings_detail_says_what_an_operator_skipped() -> None:
    ship = rehearse(AnalysisStep(("errors",)), SwapStep(), on_failure="pause")
    ship.verdict = failing("errors")
    ship.run()
    assert ship.release.choices == ("retry", "skip", "abort", "abandon")
    assert ship.order("skip") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.detail == "all steps are done; left out: analysis errors (skipped by ana@jump-1)"


# --- gates ------------------------------------------------------------------------------------------------------------
def test_a_failed_analysis_takes_everything_back() -> None:
    ship = rehearse(*CANARY)
    ship.run()
    ship.order("promote")
    ship.verdict = failing("errors")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert "bake 2m under errors" in end.detail
    assert ship.as_before


def test_a_failed_analysis_pauses_for_an_operator_where_the_strategy_wants_that() -> None:
    ship = rehearse(WeightStep({"": 5}), AnalysisStep(("errors",)), SwapStep(), on_failure="pause")
    ship.verdict = failing("errors")
    ship.run()
    assert ship.release.ending == "needs_operator"
    assert not ship.as_before
    ship.verdict = failing()
    assert ship.order("retry") is None
    assert ship.run() == Finish("succeeded", "all steps are done")


def test_argo_7_no_data_pauses_for_a_person_instead_of_failing() -> None:
    steps = (WeightStep({"": 5}), AnalysisStep(("errors",)), SwapStep())
    strategy = Strategy("careful", steps)
    rules = rulebook(strategy)
    rules = replace(rules, gates=tuple(replace(gate, on_no_data="pause") for gate in rules.gates))
    ship = Rehearsal(plan_of(composed(Wish((CHECKOUT,), NEW, "careful"), rules)))
    ship.verdict = failing("errors", verdict="no_data")
    waits = ship.run()
    assert isinstance(waits, Rest)
    assert any(isinstance(move, Halt) for move in ship.moves)
    refusal = ship.order("resume")
    assert refusal is not None
    assert "promote" in refusal.hint
    assert ship.order("promote") is None
    assert "promoted by ana@jump-1" in ship.release.standing("2").detail
    assert ship.run() == Finish("succeeded", "all steps are done")


def test_argo_7_what_nobody_measured_never_counts_as_passed() -> None:
    ship = rehearse(WeightStep({"": 5}), AnalysisStep(("errors",)))
    ship.verdict = failing("errors", verdict="no_data")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert not any(isinstance(move, Done) and move.step == "2" for move in ship.moves)


def test_argo_8_a_forgotten_pause_goes_back_by_itself() -> None:
    ship = rehearse(*CANARY, pause_limit=3600)
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.detail.startswith("nobody promoted within 1h")
    assert ship.as_before


def test_flagger_6_a_gate_without_traffic_waits_and_doesnt_condemn() -> None:
    ship = rehearse(WeightStep({"": 5}), AnalysisStep(("errors",)))
    ship.verdict = failing("errors", verdict="no_data")
    ship.run_to(Measure)
    ship.run_to(Measure)
    assert not ship.steps("failed")
    ship.verdict = failing()
    assert ship.run() == Finish("succeeded", "all steps are done")


# --- the background ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("steps", "state"),
    [
        ((WeightStep({"": 5}), PauseStep()), "an indefinite pause"),
        ((WeightStep({"": 5}), PauseStep(900)), "a timed pause"),
        ((WeightStep({"": 5}), ApprovalStep("sre")), "an approval"),
        ((WeightStep({"": 5}), BakeStep(900)), "a bake"),
    ],
)
def test_flagger_4_a_threshold_breached_while_waiting_rolls_back(steps: tuple[PauseStep, ...], state: str) -> None:
    ship = rehearse(*steps, gates=("alarms",))
    ship.run_to(Start, "2")
    ship.verdict = failing("alarms")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back", state
    assert end.detail.startswith("alarms 0.5")
    assert ship.as_before


def test_flagger_4_a_threshold_breached_while_paused_or_hindered_rolls_back() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep(), gates=("alarms",))
    ship.run_to(Done, "1")
    ship.order("pause")
    ship.hindrance = "production is frozen"
    ship.run_to(Rest)
    ship.verdict = failing("alarms")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"


@pytest.mark.parametrize(
    "step", [PauseStep(), ApprovalStep("sre"), BakeStep(900, ("errors",)), AnalysisStep(("errors",))]
)
def test_a_runner_that_was_away_for_hours_condemns_nothing_for_one_sample_without_data(step: StrategyStep) -> None:
    ship = rehearse(WeightStep({"": 5}), step, gates=("alarms",))
    ship.run_to(Start, "2")
    ship.run_to(Measure)
    ship.now += 4 * 3600
    ship.verdict = failing("alarms", "errors", verdict="no_data")
    for _ in range(6):
        ship.move()
    ship.verdict = failing()
    assert ship.release.recovery is None
    ship.run_to(Rest)
    assert not ship.steps("failed")
    assert ship.release.ending in (None, "succeeded")


def test_a_bake_goes_on_where_its_runner_left_it() -> None:
    ship = rehearse(WeightStep({"": 5}), BakeStep(900, ("errors",)))
    ship.run_to(Start, "2")
    began = ship.now
    ship.run_to(Measure)
    ship.now += 4 * 3600
    ship.run_to(Measure)
    until = ship.release.standing("2").until
    assert until is not None
    assert until == pytest.approx(began + 900 + 4 * 3600, abs=60), "whoever looks is told when it really ends"
    assert ship.run() == Finish("succeeded", "all steps are done")
    assert ship.now >= until


def test_flagger_5_the_background_watches_after_the_promotion_until_it_is_confirmed() -> None:
    ship = rehearse(SwapStep(), gates=("alarms",), confirm_within=600)
    ship.run_to(Rest)
    assert ship.release.confirm_by is not None
    ship.verdict = failing("alarms")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert end.detail.startswith("alarms 0.5")


def test_flagger_3_the_background_is_asked_while_it_waits_to_be_approved() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"), gates=("alarms",))
    ship.run_to(Start, "2")
    asked = len([move for move in ship.moves if isinstance(move, Measure)])
    for _ in range(4):
        ship.run_to(Measure)
    assert len([move for move in ship.moves if isinstance(move, Measure)]) == asked + 4


def test_codedeploy_5_an_alarm_that_fires_already_stops_it_before_anything_is_changed() -> None:
    ship = rehearse(WeightStep({"": 5}), gates=("alarms",))
    ship.verdict = failing("alarms")
    waits = ship.run()
    assert isinstance(waits, Rest)
    assert ship.moves[:2] == [
        Measure(BACKGROUND, ("alarms",)),
        Halt("failing already, before anything was changed: alarms"),
    ]
    assert ship.release.untouched


def test_codedeploy_5_an_alarm_that_fired_already_isnt_blamed_until_it_has_been_quiet_once() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), gates=("alarms",))
    ship.verdict = failing("alarms")
    ship.run()
    assert ship.order("resume") is None
    ship.run_to(Start, "2")
    for _ in range(3):
        ship.run_to(Measure)
    assert ship.release.ending is None
    ship.verdict = failing()
    ship.run_to(Measure)
    ship.verdict = failing("alarms")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"


def test_what_failed_already_counts_from_its_first_pass_on() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), gates=("alarms",))
    ship.verdict = failing("alarms")
    ship.run()
    assert ship.order("resume") is None
    ship.run_to(Start, "2")
    ship.run_to(Measure)
    ship.verdict = failing()
    for _ in range(3):
        ship.run_to(Measure)
    assert ship.release.ending is None
    assert ship.release.recovery is None


def test_what_a_look_from_before_the_first_write_found_isnt_counted_after_it() -> None:
    strict = gate("strict", on_no_data="fail")
    ship = rehearse(WeightStep({"": 5}), PauseStep(), gates=("strict",), also=strict)
    ship.verdict = lambda _: "no_data" if ship.release.untouched else "pass"
    ship.run_to(Start, "2")
    for _ in range(3):
        ship.run_to(Measure)
    assert ship.release.recovery is None


def test_the_background_waits_its_evaluation_delay_after_the_first_write_though_it_was_looked_at_before() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), gates=("slow",), also=gate("slow", evaluation_delay=120))
    ship.run_to(Start, "1")
    assert ship.release.samples[BACKGROUND]
    began = ship.now
    ship.run_to(Measure)
    assert ship.now == began + 120


def test_whoever_resumed_before_the_first_write_hasnt_seen_an_alarm_that_nobody_had_looked_for() -> None:
    ship = rehearse(PauseStep(60), WeightStep({"": 5}), gates=("alarms",))
    ship.run_to(Start, "1")
    ship.order("pause")
    ship.order("resume")
    ship.verdict = failing("alarms")
    assert isinstance(ship.run(), Rest)
    assert ship.release.untouched
    assert ship.release.already == ("alarms",)


def test_a_background_gate_that_fails_while_a_write_is_under_way_waits_for_its_end_and_takes_it_back_too() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep(), gates=("alarms",))
    ship.run_to(Start, "2")
    ship.now += 60
    ship.verdict = failing("alarms")
    recover = ship.run_to(Recover)
    assert isinstance(recover, Recover)
    assert ship.open_operations
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert ship.as_before


# --- approvals --------------------------------------------------------------------------------------------------------
def test_whoever_started_it_cant_approve_it() -> None:
    ship = rehearse(ApprovalStep("sre"), SwapStep())
    ship.run()
    ship.say("ana@jump-2")
    assert isinstance(ship.run(), Rest)
    ship.say("bo@jump-1")
    assert isinstance(ship.move(), Done)


def test_a_rejection_takes_everything_back_even_where_failures_only_pause() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"), on_failure="pause")
    ship.run()
    ship.say("bo@jump-1", "reject")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert "bo@jump-1 rejected" in end.detail


def test_a_rejection_before_anything_was_changed_fails_it() -> None:
    ship = rehearse(ApprovalStep("sre"), SwapStep())
    ship.run()
    ship.say("bo@jump-1", "reject")
    ship.move()
    end = ship.move()
    assert isinstance(end, Finish)
    assert end.ending == "failed"
    assert end.detail.endswith("nothing was changed")


def test_ado_2_only_one_version_waits_for_approval_and_a_newer_one_supersedes_it() -> None:
    strategy = Strategy("careful", (ApprovalStep("sre"), SwapStep()))
    ship = rehearse(*strategy.steps)
    ship.run()
    again = Wish((CHECKOUT,), NEW, "careful")
    refused = composed(again, rulebook(strategy), releases=(replace(ship.release, id="r0"),))
    assert "--supersede" in getattr(refused, "hint", "")
    newer = plan_of(
        composed(replace(again, supersede=True), rulebook(strategy), releases=(replace(ship.release, id="r0"),))
    )
    assert newer.supersedes == ("r0",)


# --- confirming -------------------------------------------------------------------------------------------------------
def test_what_nobody_confirms_is_taken_back() -> None:
    ship = rehearse(SwapStep(), confirm_within=600)
    end = ship.run()
    assert isinstance(end, Finish)
    assert end == Finish("rolled_back", "not confirmed within 10m; everything is taken back")
    assert ship.now >= START + 600
    assert ship.as_before


def test_what_is_confirmed_in_time_stays() -> None:
    ship = rehearse(SwapStep(), confirm_within=600)
    ship.run_to(Rest)
    ship.now = START + 599
    assert ship.order("confirm") is None
    assert ship.run() == Finish("succeeded", "confirmed by ana@jump-1")


def test_a_single_action_is_taken_back_unless_confirmed() -> None:
    region = TargetId("production", "checkout", "west")
    wish = Wish((CHECKOUT,), action=Swap(region), confirm_within=300)
    ship = Rehearsal(plan_of(composed(wish, rulebook())))
    assert ship.plan.title == "swap production/checkout@west"
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"


# --- operations that don't succeed ------------------------------------------------------------------------------------
def test_a_failed_write_takes_back_what_was_done_before() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep())
    ship.outcome = lambda _, action: "failed" if isinstance(action, Swap) else "succeeded"
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"


def test_a_first_write_that_fails_ends_it_as_failed_with_nothing_changed() -> None:
    ship = rehearse(SwapStep())
    ship.outcome = lambda *_: "failed"
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "failed"
    assert end.detail.endswith("nothing was changed")


def test_an_operation_that_needs_an_operator_is_answered_first_and_retry_picks_up_what_became_of_it() -> None:
    ship = rehearse(SwapStep())
    ship.outcome = lambda *_: "needs_operator"
    ship.run()
    assert ship.release.choices == ("retry", "abort", "abandon")
    (operation,) = ship.operations
    assert f"qd operation {operation}" in ship.release.detail
    ship.answer(operation, "retry")
    assert ship.order("retry") is None
    assert ship.move() == Done("1", "done")


def test_an_operation_left_half_done_isnt_begun_again() -> None:
    ship = rehearse(SwapStep(), on_failure="pause")
    ship.outcome = lambda *_: "needs_operator"
    ship.run()
    (operation,) = ship.operations
    ship.answer(operation, "abandon")
    ship.order("retry")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "needs_operator"
    assert end.choices == ("skip", "abort", "abandon")
    assert ship.order("abort") is None
    ship.outcome = lambda *_: "succeeded"
    assert ship.run().ending == "rolled_back"  # type: ignore[union-attr]
    assert ship.as_before


def test_a_program_that_was_interrupted_is_for_people_unless_it_may_be_run_twice() -> None:
    for repeatable in (False, True):
        ship = rehearse(replace(MIGRATE, repeatable=repeatable))
        ship.tell("step_started", step="1")
        move = ship.decide()
        assert isinstance(move, Start if repeatable else Finish)
        running = Outside(programs=frozenset({"1"}))
        assert isinstance(decide(ship.release, ship.now, running), Rest)


# --- going back -------------------------------------------------------------------------------------------------------
def test_the_way_back_frees_users_soonest() -> None:
    ship = rehearse(
        DeployStep(), MIGRATE, FlagStep("banner", enabled=True), WeightStep({"": 25}), SwapStep(), PauseStep()
    )
    ship.run()
    summaries = {step.id: step.summary for step in ship.plan.steps}
    recover = recovery_of(ship.release, "test")
    assert [summaries[step] for step in recover.steps] == [
        "flag banner: on",
        "0% to staging: the swap brings everybody",
        "25% to staging",
        "swap staging into production",
        "run ./migrate up",
        f"deploy {NEW} to staging",
    ]


def test_shares_that_a_later_step_had_set_back_need_no_write_of_their_own() -> None:
    ship = rehearse(WeightStep({"": 5}), WeightStep({"": 25}), SwapStep(), PauseStep())
    ship.run()
    ship.order("abort")
    ship.run()
    assert [move.step.summary for move in ship.moves if isinstance(move, Undo)] == ["swap staging into production"]
    assert ship.as_before


def test_argo_1_an_abort_is_honoured_when_it_is_fully_promoted() -> None:
    ship = rehearse(*CANARY, confirm_within=600)
    ship.run()
    ship.order("promote_full")
    ship.run_to(Start, "6")
    assert ship.order("abort") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert end.detail.startswith("abort by ana@jump-1")
    assert ship.as_before


def test_argo_3_going_back_is_possible_until_it_is_confirmed() -> None:
    ship = rehearse(SwapStep(), confirm_within=86400)
    ship.run_to(Rest)
    ship.now += 86399
    assert ship.order("abort") is None
    ship.run()
    assert ship.as_before


def test_kargo_3_4_a_release_that_waits_can_be_aborted_and_another_one_started() -> None:
    ship = rehearse(ApprovalStep("sre"), SwapStep())
    ship.run()
    assert ship.order("abort") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "failed"
    assert not ship.release.open
    plan_of(
        composed(
            Wish((CHECKOUT,), NEW, "careful"), rulebook(Strategy("careful", (SwapStep(),))), releases=[ship.release]
        )
    )


def test_flagger_1_only_what_this_release_did_is_taken_back() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep())
    ship.run()
    west = ship.world.regions(CHECKOUT)[0]
    ship.world.things["shares", str(west)] = {"shares": {"staging": 40.0, "production": 60.0}}
    ship.order("abort")
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "needs_operator"
    assert end.choices == ("retry", "skip", "abandon")
    assert "somebody has changed it since" in end.detail
    assert ship.world.shares(west)["shares"]["staging"] == 40


def test_flagger_2_promote_and_abort_are_one_word_each() -> None:
    ship = rehearse(*CANARY)
    ship.run()
    assert ship.order("promote") is None
    ship.run_to(Start, "4")
    assert ship.order("abort") is None


def test_spinnaker_3_what_wasnt_changed_isnt_touched_on_the_way_back() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep(), targets=(CHECKOUT, PAYMENTS))
    ship.outcome = lambda _, action: "failed" if action.target.name == "payments" else "succeeded"
    ship.run()
    undone = [step for move in ship.moves if isinstance(move, Undo) for step in [move.step]]
    assert {step.target.name for step in undone} == {"checkout"}
    assert ship.as_before


def test_spinnaker_4_a_release_that_never_changed_anything_takes_nothing_back() -> None:
    ship = rehearse(SwapStep())
    ship.outcome = lambda *_: "failed"
    ship.run()
    assert len(ship.operations) == 1
    assert ship.world.slots(ship.world.regions(CHECKOUT)[0])["production"] == OLD


def test_shipit_2_an_abort_waits_for_the_end_of_what_is_under_way() -> None:
    ship = rehearse(SwapStep(), PauseStep())
    ship.run_to(Start, "1")
    ship.order("abort")
    assert isinstance(ship.move(), Watch)
    assert isinstance(ship.move(), Done)
    assert isinstance(ship.move(), Undo)


def test_octopus_3_an_abort_isnt_asked_for_twice_and_a_retry_retries() -> None:
    ship = rehearse(WeightStep({"": 5}), SwapStep(), on_failure="pause")
    ship.outcome = lambda _, action: "failed" if isinstance(action, Swap) else "succeeded"
    ship.run()
    assert ship.order("retry") is None
    started = ship.run_to(Start)
    assert isinstance(started, Start)
    assert started.step.id == "3"
    ship.run()
    assert ship.order("abort") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"


def test_an_undo_that_fails_is_for_an_operator_and_retry_tries_it_again() -> None:
    ship = rehearse(SwapStep(), PauseStep())
    ship.run()
    ship.outcome = lambda *_: "failed"
    ship.order("abort")
    ship.run()
    assert ship.release.ending == "needs_operator"
    ship.outcome = lambda *_: "succeeded"
    assert ship.order("retry") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert ship.as_before


def test_what_an_operator_leaves_in_place_is_never_called_rolled_back() -> None:
    ship = rehearse(SwapStep(), PauseStep())
    ship.run()
    ship.outcome = lambda *_: "failed"
    ship.order("abort")
    ship.run()
    assert ship.order("skip") is None
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "needs_operator"
    assert "left in place" in end.detail


def test_programs_are_taken_back_by_their_undo_command_and_what_has_none_is_told() -> None:
    ship = rehearse(MIGRATE, RunStep(("./notify",)), SwapStep(), PauseStep())
    ship.run()
    ship.order("abort")
    end = ship.run()
    assert ship.ran == ["./migrate up", "./notify", "./migrate down"]
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert end.detail.endswith("not taken back: run ./notify")


def test_a_program_that_failed_isnt_taken_back_for_it_may_never_have_happened() -> None:
    ship = rehearse(WeightStep({"": 5}), MIGRATE)
    ship.program = lambda _: False
    ship.run()
    assert ship.ran == ["./migrate up"]
    assert "not taken back: run ./migrate up" in ship.release.detail


def test_a_prepared_swap_is_cancelled_and_a_completed_one_swapped_back() -> None:
    ship = rehearse(SwapStep("preview"), PauseStep(), SwapStep("complete"), PauseStep(), targets=(PAYMENTS,))
    ship.run()
    ship.order("abort")
    ship.run()
    assert ship.as_before
    ship = rehearse(SwapStep("preview"), PauseStep(), SwapStep("complete"), PauseStep(), targets=(PAYMENTS,))
    ship.run()
    ship.order("promote")
    ship.run()
    ship.order("abort")
    ship.run()
    assert [move.step.id for move in ship.moves if isinstance(move, Undo)] == ["3"]
    assert ship.as_before


def test_a_region_gets_its_clients_back_only_after_its_swap_was_taken_back() -> None:
    ship = rehearse(RollingStep(drain=True))
    ship.run_to(Done, "2")
    ship.order("abort")
    ship.run()
    assert [move.step.summary for move in ship.moves if isinstance(move, Undo)] == [
        "swap staging into production@west",
        "no new clients to west",
    ]
    assert ship.as_before


def test_undone_to_a_step_it_pauses_there_and_goes_forward_again() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"), WeightStep({"": 25}), PauseStep())
    ship.run()
    ship.say("bo@jump-1")
    ship.run()
    assert ship.order("undo", "1") is None
    waits = ship.run()
    assert isinstance(waits, Rest)
    assert waits.why == "undone to step 1; waits for resume or abort"
    west = ship.world.regions(CHECKOUT)[0]
    assert ship.world.shares(west)["shares"]["staging"] == 5
    assert ship.order("resume") is None
    assert isinstance(ship.run(), Rest)
    assert ship.steps("running") == ["2"], "the approval is asked for again"
    ship.say("bo@jump-1")
    ship.run()
    assert ship.world.shares(west)["shares"]["staging"] == 25


def test_an_abort_while_something_is_being_taken_back_waits_for_that_first() -> None:
    ship = rehearse(WeightStep({"": 5}), WeightStep({"": 25}), PauseStep())
    ship.run()
    ship.order("undo", "1")
    ship.run_to(Undo)
    assert ship.order("abort") is None
    assert isinstance(ship.move(), Watch)
    end = ship.run()
    assert isinstance(end, Finish)
    assert end.ending == "rolled_back"
    assert ship.as_before


def test_what_was_done_to_a_slot_after_a_swap_is_taken_back_before_the_swap() -> None:
    ship = rehearse(SwapStep(), DeployStep(), PauseStep())
    ship.run()
    ship.order("abort")
    ship.run()
    assert [move.step.id for move in ship.moves if isinstance(move, Undo)] == ["2", "1"]
    assert ship.as_before


def test_shares_that_stay_dont_count_among_those_that_cancel_out() -> None:
    ship = rehearse(WeightStep({"": 5}), WeightStep({"": 0}), PauseStep())
    ship.run()
    assert ship.order("undo", "1") is None
    ship.run()
    assert ship.world.shares(ship.world.regions(CHECKOUT)[0])["shares"]["staging"] == 5


def test_argo_4_a_full_promotion_doesnt_survive_an_undo() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), WeightStep({"": 25}), ApprovalStep("sre"))
    ship.run()
    ship.order("promote_full")
    ship.run()
    ship.order("undo", "1")
    ship.run()
    ship.order("resume")
    ship.run()
    assert ship.steps("running") == ["2"]


def test_a_stopped_step_is_failed_when_its_analysis_fails() -> None:
    ship = rehearse(AnalysisStep(("errors",)), SwapStep())
    ship.verdict = failing("errors")
    failed = ship.run_to(Failed)
    assert isinstance(failed, Failed)
    assert "errors" in failed.detail
