"""Which lines of the journal are worth a notice, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.release.rehearsal import CHECKOUT, Rehearsal, rehearse

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.action import Swap
from quarterdeck.release.guards import Hold
from quarterdeck.release.moves import Confirming, Finish, Halt, Recover, Start
from quarterdeck.release.notices import Notice, notice_of, still
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan
from quarterdeck.release.strategy import ApprovalStep, PauseStep, SwapStep, WeightStep

ESCAPE = "\x1b]0;owned\x07\x1b[31m"


@dataclass(frozen=True)
class Line:
    """A line of the journal."""

    kind: str
    body: Mapping[str, Any]
    actor: str = "quarterdeck"
    target: str = "production/checkout"
    seq: int = 7
    at: float = 1_000_000.0
    hash: str = "abc"


def of(ship: Rehearsal, kind: str, actor: str = "quarterdeck", **body: Any) -> Notice:
    found = notice_of(Line(f"release.{kind}", body, actor), ship.release, None)
    assert found is not None
    return found


def test_an_approval_names_what_waits_and_how_to_say_yes_or_no() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"))
    ship.run_to(Start, "2")
    found = of(ship, "step_started", step="2")
    assert (found.kind, found.environment, found.by, found.about) == ("gate", "production", "ana@jump-1", "r1")
    assert found.title == f"{ship.plan.title} in production waits for the approval sre"
    assert found.answers == ("qd approve r1/2", "qd reject r1/2 --reason TEXT")


def test_it_is_worth_telling_only_as_long_as_somebody_has_to_answer() -> None:
    ship = rehearse(WeightStep({"": 5}), ApprovalStep("sre"), PauseStep())
    ship.run_to(Start, "2")
    asked = of(ship, "step_started", step="2")
    assert still(asked, ship.release)
    ship.say("bob")
    ship.run()
    assert not still(asked, ship.release)
    waits = of(ship, "step_started", step="3")
    assert (waits.title.endswith("waits until somebody promotes it"), still(waits, ship.release)) == (True, True)
    ship.order("abort")
    assert not still(waits, ship.release)
    assert not still(waits, None)


def test_a_step_that_needs_nobody_is_worth_no_notice() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(600))
    for step in ("1", "2"):
        assert notice_of(Line("release.step_started", {"step": step}), ship.release, None) is None
    assert notice_of(Line("release.step_done", {"step": "1"}), ship.release, None) is None


def test_a_release_that_waits_to_be_confirmed_says_until_when() -> None:
    ship = rehearse(SwapStep(), confirm_within=600)
    move = ship.run_to(Confirming)
    assert isinstance(move, Confirming)
    found = of(ship, "confirming", until=move.until)
    assert "taken back by itself at 1970-01-12 13:56Z" in found.text
    assert found.answers[0] == "qd release confirm r1"
    assert still(found, ship.release)
    ship.order("confirm")
    assert not still(found, ship.release)


def test_a_pause_that_no_person_asked_for_is_told_and_a_persons_own_is_not() -> None:
    ship = rehearse(WeightStep({"": 5}), gates=("alarms",), on_failure="pause")
    ship.run_to(Start, "1")
    ship.verdict = lambda _: "fail"
    move = ship.run_to(Halt)
    assert isinstance(move, Halt)
    found = of(ship, "ordered", order="pause", reason=move.why)
    assert (found.kind, found.text, still(found, ship.release)) == ("gate", move.why, True)
    assert notice_of(Line("release.ordered", {"order": "pause"}, "ana@jump-1"), ship.release, None) is None


def test_going_back_and_how_it_ended_are_told_with_the_reason() -> None:
    ship = rehearse(WeightStep({"": 5}), PauseStep(), gates=("alarms",))
    ship.run_to(Start, "2")
    ship.verdict = lambda _: "fail"
    back = ship.run_to(Recover)
    assert isinstance(back, Recover)
    assert of(ship, "recovering", why=back.why).kind == "going_back"
    end = ship.run()
    assert isinstance(end, Finish)
    found = of(ship, "ended", ending=end.ending, detail=end.detail, choices=[])
    assert (found.kind, found.title.endswith("was rolled back"), found.text) == ("rolled_back", True, end.detail)


@pytest.mark.parametrize(
    ("choices", "kind", "answers"),
    [
        (["retry", "abort"], "needs_operator", ("qd release retry r1", "qd release abort r1")),
        ([], "failed", ()),
    ],
)
def test_what_needs_an_operator_says_what_may_be_answered(choices: list[str], kind: str, answers: tuple[str]) -> None:
    ship = rehearse(SwapStep())
    found = of(ship, "ended", ending="needs_operator", detail="half done", choices=choices)
    assert (found.kind, found.answers) == (kind, answers)


def test_an_operation_is_told_unless_its_release_tells() -> None:
    plan = Plan("o1", "o1", Swap(CHECKOUT), (), command="qd swap production/checkout")
    operation = Operation("o1", plan, "ana@jump-1", "", 0)
    line = Line("operation.ended", {"ending": "needs_operator", "detail": "in doubt", "choices": ["retry", "undo"]})
    found = notice_of(line, None, operation)
    assert found is not None
    assert (found.kind, found.title) == ("needs_operator", "qd swap production/checkout needs an operator")
    assert found.answers == ("qd operation o1 retry", "qd operation o1 undo")
    assert notice_of(line, None, replace(operation, release="r1")) is None


def test_freezes_are_told_to_those_whom_they_concern() -> None:
    def placed(**about: Any) -> Notice | None:
        known = {"id": "h1", "kind": "freeze", "scope": "*", "by": "ana", "reason": "outage", "since": 0.0, **about}
        hold = Hold(**known)
        return notice_of(Line("hold.placed", {"hold": to_json(hold)}, "ana"), None, None)

    everywhere, there, stopped = placed(), placed(scope="production/checkout", until=86_400.0), placed(kind="stop")
    assert everywhere is not None
    assert (everywhere.environment, everywhere.title, everywhere.text) == ("", "frozen: everything", "outage")
    assert there is not None
    assert (there.environment, there.title) == ("production", "frozen: production/checkout until 1970-01-02 00:00Z")
    assert stopped is not None
    assert stopped.title == "the line is stopped for everything"
    assert placed(kind="lock") is None


def test_nothing_that_came_from_outside_can_move_a_cursor() -> None:
    ship = rehearse(SwapStep())
    found = of(ship, "ended", f"eve{ESCAPE}", ending="failed", detail=f"{ESCAPE}no\nreally {'x' * 5000}", choices=[])
    shown = f"{found.title}{found.text}{found.by}"
    assert shown.isprintable()
    assert len(shown) < 1000
    assert "owned" not in shown
