"""What a release may be told, and when."""

from __future__ import annotations

import pytest
from tests.release.rehearsal import CHECKOUT, PAYMENTS, Rehearsal, rehearse

from quarterdeck.release.action import Swap
from quarterdeck.release.moves import Confirming, Done, Rest, Start
from quarterdeck.release.plan import RefusalCode
from quarterdeck.release.rollout import ORDERS, Order
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    PauseStep,
    RollingStep,
    RunStep,
    SwapStep,
    WeightStep,
)


def at_a_pause() -> Rehearsal:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), SwapStep())
    ship.run()
    return ship


def at_an_approval() -> Rehearsal:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"), SwapStep())
    ship.run()
    return ship


def at_a_write() -> Rehearsal:
    ship = rehearse(WeightStep({"": 5}), SwapStep())
    ship.run_to(Start)
    return ship


def at_its_end() -> Rehearsal:
    ship = rehearse(SwapStep())
    ship.run()
    return ship


def to_confirm() -> Rehearsal:
    ship = rehearse(SwapStep(), confirm_within=600)
    ship.run_to(Confirming)
    return ship


def failed() -> Rehearsal:
    ship = rehearse(WeightStep({"": 5}), AnalysisStep(("errors",)), on_failure="pause")
    ship.verdict = lambda _: "fail"
    ship.run()
    return ship


def going_back() -> Rehearsal:
    ship = at_a_pause()
    ship.order("abort")
    return ship


ALLOWED = {
    at_a_pause: {"promote", "promote_full", "pause", "abort"},
    at_an_approval: {"promote_full", "pause", "abort"},
    at_a_write: {"promote_full", "pause", "abort"},
    at_its_end: set(),
    to_confirm: {"confirm", "abort"},
    failed: {"retry", "skip", "abort", "abandon"},
    going_back: set(),
}


@pytest.mark.parametrize("made", ALLOWED, ids=lambda made: made.__name__)
@pytest.mark.parametrize("order", ORDERS)
def test_an_order_is_taken_where_it_means_something_and_refused_elsewhere(made: object, order: Order) -> None:
    assert callable(made)
    ship = made()
    refusal = ship.order(order)
    assert (refusal is None) == (order in ALLOWED[made]), refusal


@pytest.mark.parametrize(
    ("made", "order", "code"),
    [
        (going_back, "abort", "unchanged"),
        (at_a_pause, "resume", "unchanged"),
        (at_a_pause, "undo", "usage"),
        (at_an_approval, "promote", "impossible"),
        (at_its_end, "abort", "impossible"),
    ],
)
def test_a_refusal_says_of_which_kind_it_is(made: object, order: Order, code: RefusalCode) -> None:
    assert callable(made)
    refusal = made().order(order)
    assert refusal is not None
    assert refusal.code == code


def test_an_order_for_a_step_that_is_over_comes_too_late() -> None:
    ship = at_a_pause()
    refusal = ship.order("promote", "1")
    assert refusal is not None
    assert refusal.code == "stale"
    strange = ship.order("promote", "99")
    assert strange is not None
    assert strange.code == "usage"


def test_nobody_skips_an_approval() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"))
    ship.run()
    assert ship.order("skip") is not None
    assert ship.order("promote") is not None
    ship.order("promote_full")
    assert isinstance(ship.run(), Rest)
    assert ship.steps("running") == ["2"]


def test_argo_1_an_abort_is_taken_whatever_else_is_offered() -> None:
    ship = at_a_pause()
    ship.tell("ended", ending="needs_operator", detail="", choices=["retry"])
    assert ship.order("abort") is None
    assert ship.run().ending == "rolled_back"  # type: ignore[union-attr]


def test_a_yes_that_comes_too_late_confirms_nothing() -> None:
    ship = to_confirm()
    ship.now += 600
    refusal = ship.order("confirm")
    assert refusal is not None
    assert refusal.code == "stale"


def test_pausing_stops_no_confirmation_clock() -> None:
    refusal = to_confirm().order("pause")
    assert refusal is not None
    assert refusal.hint == "confirm it, or abort it"


def test_undo_names_a_step_that_is_done_with_something_after_it() -> None:
    ship = rehearse(WeightStep({"": 5}), WeightStep({"": 25}), PauseStep())
    ship.run_to(Done, "2")
    assert ship.order("undo", "3") is not None
    assert ship.order("undo", "1") is None


@pytest.mark.parametrize(
    ("steps", "between", "names"),
    [
        ((RollingStep(drain=True), PauseStep()), "1", "name step 3, or one before step 1"),
        ((SwapStep("preview"), SwapStep("complete"), PauseStep()), "1", "name step 3, or one before step 1"),
    ],
)
def test_what_belongs_together_isnt_taken_back_by_half(steps: tuple[PauseStep, ...], between: str, names: str) -> None:
    ship = rehearse(*steps)
    ship.run()
    refusal = ship.order("undo", between)
    assert refusal is not None
    assert refusal.hint == names


def test_a_release_whose_operation_waits_for_an_answer_takes_no_skip() -> None:
    ship = rehearse(SwapStep(), targets=(PAYMENTS,))
    ship.outcome = lambda _, action: "needs_operator" if isinstance(action, Swap) else "succeeded"
    ship.run()
    refusal = ship.order("skip")
    assert refusal is not None
    assert refusal.hint == "answer retry, abort, abandon"


@pytest.mark.parametrize("step", ["1", "3"])
def test_only_the_step_that_failed_can_be_left_out(step: str) -> None:
    """Neither what is over, which would be told as left out, nor an analysis that is still to come."""
    ship = rehearse(
        WeightStep({"": 5}), AnalysisStep(("errors",)), AnalysisStep(("alarms",)), SwapStep(), on_failure="pause"
    )
    ship.verdict = lambda name: "fail"
    ship.run()
    assert (ship.release.ending, ship.steps("failed")) == ("needs_operator", ["2"])
    refused = ship.order("skip", step)
    assert refused is not None
    assert refused.code == "stale"
    assert ship.order("skip", "2") is None


def test_on_the_way_back_only_what_is_stuck_can_be_left_in_place() -> None:
    ship = rehearse(RunStep(("a",), undo=("b",)), SwapStep(), PauseStep())
    ship.run()
    ship.world.slots(ship.world.regions(CHECKOUT)[0])["staging"] = "another"
    assert ship.order("abort") is None
    ship.run()
    assert (ship.release.ending, ship.steps("undoing"), ship.steps("done")) == ("needs_operator", ["2"], ["1"])
    refused = ship.order("skip", "1")
    assert refused is not None
    assert refused.code == "stale"
    assert ship.order("skip", "2") is None
