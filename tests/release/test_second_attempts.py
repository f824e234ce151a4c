"""What was tried once and is tried again, left out, or gone on with after a long wait."""

from __future__ import annotations

import pytest
from tests.release.rehearsal import START, Rehearsal, rehearse

from quarterdeck.release.moves import Finish, Rest, Start
from quarterdeck.release.rollout import Order
from quarterdeck.release.strategy import ApprovalStep, PauseStep, RunStep, SwapStep, WeightStep

MIGRATE = RunStep(("./migrate", "up"), undo=("./migrate", "down"))


@pytest.mark.parametrize("order", ["retry", "skip"])
def test_a_program_that_has_run_is_never_told_as_nothing(order: Order) -> None:
    """A failed migration may have got half-way; whoever says to try it again or to leave it out doesn't undo that."""
    ship = rehearse(MIGRATE, PauseStep(), SwapStep(), on_failure="pause")
    ship.program = lambda _: False
    ship.run()
    ship.hindrance = "the line is stopped"
    assert ship.order(order) is None
    assert not ship.release.untouched
    ship.run()
    assert ship.order("abort") is None
    ended = ship.run()
    assert isinstance(ended, Finish)
    assert ended.detail.endswith("nothing else was changed; not taken back: run ./migrate up")


def test_a_program_that_was_left_out_is_told_when_the_release_goes_back_by_itself() -> None:
    ship = rehearse(MIGRATE, ApprovalStep("sre"), SwapStep(), on_failure="pause")
    ship.program = lambda _: False
    ship.run()
    assert ship.order("skip") is None
    ship.run()
    ship.say("bo@x", "reject")
    ended = ship.run()
    assert isinstance(ended, Finish)
    assert ended.detail.endswith("nothing else was changed; not taken back: run ./migrate up")


def test_going_back_waits_for_an_operation_that_waits_for_its_operator() -> None:
    """Tried again and aborted in one breath: what hangs half-done is nobody's to take back before it is answered."""
    ship = rehearse(SwapStep(), PauseStep(), on_failure="pause")
    ship.outcome = lambda *_: "needs_operator"
    ship.run()
    for order in ("retry", "abort"):
        refused = ship.order(order)
        assert refused is None, refused
    ship.moves = []
    ended = ship.run()
    assert isinstance(ended, Finish)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "abandon"))
    assert ship.moves == [ended]


def silent(ship: Rehearsal, since: float) -> None:
    """Nobody answers for the background any more; wait until the release does something about it."""
    ship.verdict = lambda _: "no_data"
    while ship.release.recovery is None and ship.release.paused is None and ship.release.ending is None:
        move = ship.move()
        if isinstance(move, Rest):
            ship.now = move.until or ship.now
    assert ship.now - since >= 1800


def test_trying_the_first_write_again_leaves_the_background_its_patience() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), SwapStep(), gates=("errors",), on_failure="pause")
    ship.outcome = lambda *_: "failed"
    ship.run()
    ship.outcome = lambda *_: "succeeded"
    assert ship.order("retry") is None
    silent(ship, ship.now)


def test_whoever_goes_on_after_a_long_wait_gives_the_background_its_patience_anew() -> None:
    """One sample without data, two hours into the release, is no hour without data."""
    ship = rehearse(WeightStep({"": 5}), PauseStep(), PauseStep(), SwapStep(), gates=("errors",))
    ship.run_to(Start, "2")
    while ship.now < START + 7200:
        move = ship.move()
        if isinstance(move, Rest):
            ship.now = move.until or ship.now
    assert ship.order("promote") is None
    silent(ship, ship.now)
