"""How a drill is judged, from nothing but the journal; and the words around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.cli.drills import record, telling
from quarterdeck.cli.drills.catalogue import DRILLS
from quarterdeck.cli.drills.conflict import DRILL
from quarterdeck.cli.drills.record import Record
from quarterdeck.cli.drills.scoring import HINT, MOST_FOR_TIME, WRONG_MOVE, Score, score
from quarterdeck.cli.drills.stage import COLLEAGUE
from quarterdeck.store.base import Event

BEGAN = 1000.0
FACTS = {"target": "production/cart", "service": "cart", "operation": "op1", "old": "1.9.1", "new": "1.9.2"}


def event(after: float, kind: str, *, actor: str = "ana@jump", target: str = "production/cart", **body: Any) -> Event:
    operation = "op1" if kind in ("operator.chose", "operation.ended") else "op2"
    return Event(0, BEGAN + after, kind, actor, operation, target, body, "", "")


def started(after: float, command: str, **more: Any) -> Event:
    return event(after, "operation.started", plan={"command": command}, **more)


PLANNED = event(20, "plan.made")
ANSWERED = event(30, "operator.chose", choice="retry")
ENDED = event(40, "operation.ended", ending="succeeded")
GOOD = (PLANNED, ANSWERED, ENDED)


def judged(*events: Event, hints: int = 0, missing: str = "", facts: Mapping[str, str] = FACTS) -> Score:
    return score(DRILL, facts, events, BEGAN, hints, missing)


def test_times_count_from_when_the_drill_was_handed_over() -> None:
    how = judged(*GOOD)
    assert (how.detected, how.acted, how.recovered, how.points) == (20, 30, 40, 100)


def test_as_long_as_something_is_missing_nothing_is_recovered_and_there_are_no_points() -> None:
    how = judged(*GOOD, missing="users in westeurope have 2.15.0")
    assert (how.recovered, how.points) == (None, 0)


def test_a_wrong_move_and_a_hint_cost_points() -> None:
    wrong = event(25, "operator.chose", choice="abandon")
    assert judged(*GOOD, hints=1).points == 100 - HINT
    assert judged(PLANNED, wrong, ANSWERED, ENDED).points == 100 - WRONG_MOVE


def test_slowness_costs_points_but_never_most_of_them() -> None:
    later = [replace(ENDED, at=BEGAN + DRILL.par + seconds) for seconds in (5, 50, 5000)]
    assert [judged(PLANNED, ANSWERED, end).points for end in later] == [100, 95, 100 - MOST_FOR_TIME]


def test_what_a_colleague_did_before_is_nobodys_move() -> None:
    assert judged(started(5, "qd swap production/cart", actor=COLLEAGUE)).moves == ()


def test_to_answer_a_colleagues_operation_is_a_move() -> None:
    (move,) = judged(ANSWERED).moves
    assert (move.command, move.verdict) == ("qd operation op1 --choose retry", "right")


def test_what_touches_something_that_was_well_is_wrong() -> None:
    (move,) = judged(started(5, "qd swap production/payments", target="production/payments")).moves
    assert (move.verdict, move.why) == ("wrong", "production/payments was well")


def test_to_stand_guard_is_neither_right_nor_wrong() -> None:
    hold = {"kind": "freeze", "scope": "production", "since": 1.0, "reason": "look first"}
    (move,) = judged(event(5, "hold.placed", target="production", hold=hold)).moves
    assert move.verdict == "neutral"


def test_steps_of_a_release_are_no_moves_of_their_own() -> None:
    assert judged(started(5, "qd shift production/cart staging=5", release="r1")).moves == ()


def test_names_of_facts_are_taken_literally_in_patterns() -> None:
    how = judged(event(5, "operator.chose", choice="retry"), facts={**FACTS, "operation": "op."})
    assert [move.verdict for move in how.moves] == ["neutral"]


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_no_line_of_a_story_is_wider_than_a_small_terminal(drill: Any) -> None:
    facts = dict.fromkeys(("service", "old", "new", "flag"), "NewCheckout")
    facts |= {"service": "checkout", "old": "2.14.3", "new": "2.15.0"}
    assert all(len(line) <= 80 for line in telling.story_lines(drill, facts, 999))


# --- the commands -------------------------------------------------------------------------------------------------
@pytest.fixture
def under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path))
    begun = Record("conflict", 3, FACTS, BEGAN, BEGAN, 7)
    begun.keep()
    return begun


def test_hints_come_one_by_one_and_are_counted(under_way: Record, qd: Any) -> None:
    told = [qd("drill", "hint").out.strip() for _ in range(3)]
    assert told[-1] == "qd drill do operation op1 --choose retry"
    assert record.current() == replace(under_way, hints=3)
    last = qd("drill", "hint")
    assert (last.out, last.code) == ("", 0)
    assert "no more hints" in last.err
    assert record.current().hints == 3


def test_what_is_remembered_is_its_owners_alone(under_way: Record, tmp_path: Path) -> None:
    assert (tmp_path / "drills" / "drill.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("words", [("score",), ("hint",), ("end",), ("do", "status")])
def test_without_a_drill_under_way_it_says_how_to_begin_one(
    words: tuple[str, ...], qd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path))
    told = qd("drill", *words)
    assert told.code == 2
    assert "no drill is under way" in told.err
    assert "qd drill start NAME" in told.err


def test_without_a_terminal_the_cockpit_is_not_promised(qd: Any) -> None:
    told = qd("drill", "start", "conflict")
    assert told.code == 2
    assert "qd drill start conflict --headless" in told.err


def test_the_list_has_every_drill(qd: Any) -> None:
    assert [one["name"] for one in qd("drill", "list", "--json").json["drills"]] == [drill.name for drill in DRILLS]


# --- the words at its end -----------------------------------------------------------------------------------------
def test_the_debrief_has_every_move_with_what_was_wrong_about_it_and_a_good_way() -> None:
    how = judged(PLANNED, event(25, "operator.chose", choice="abandon"), ANSWERED, ENDED)
    lines = list(telling.debrief_lines(DRILL, FACTS, how))
    assert "  25s wrong: qd operation op1 --choose abandon: that leaves the regions apart" in lines
    assert "  30s right: qd operation op1 --choose retry" in lines
    assert "  qd drill do operation op1 --choose retry" in lines
    assert all(len(line) <= 80 for line in lines)


def test_a_score_tells_what_is_missing_as_long_as_it_is_not_over() -> None:
    lines = list(telling.score_lines(DRILL, replace(judged(PLANNED, missing="half of it"), failed=1234.4)))
    assert lines[0] == "drill conflict: not over: half of it"
    assert "  everything recovered  -   (par 1m30s)" in lines
    assert "  failed requests       1,234" in lines


@pytest.mark.parametrize("drill", DRILLS, ids=lambda drill: drill.name)
def test_every_text_of_a_drill_can_be_filled_in_with_what_its_set_up_says(drill: Any) -> None:
    facts = {**FACTS, "flag": "FastCart", "release": "r1", "also": "flag:staging/FastCart"}
    assert all("{" not in line for line in telling.debrief_lines(drill, facts, judged()))
    assert all("{" not in hint.format_map(facts) for hint in drill.hints)
