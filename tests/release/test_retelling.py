"""A release told from its journal: nothing that was written is lost, nothing that wasn't is told."""

from __future__ import annotations

import pytest
from tests.release.diary import ANA, BO, CHECKOUT, NO_EVIDENCE, Diary, Line, finished, plan

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.series import Point
from quarterdeck.release.guards import Debt, Hold
from quarterdeck.release.release_plan import HotfixPath, Skipped, Wish
from quarterdeck.release.retelling import operations_of, retell


def test_who_asked_when_why_and_what_went_where() -> None:
    report = finished().told()
    asked = report.asked
    assert (asked.by, asked.at, asked.reason, asked.via, asked.identities) == (
        ANA, 90, "release day", "cli", ("az: ana@contoso",),
    )  # fmt: skip
    (moved,) = report.moved
    assert (moved.target, moved.previous, moved.version) == ("production/checkout", "1.0", "2.0")


def test_the_phases_make_up_the_whole_time_and_each_second_counts_once() -> None:
    durations = finished().told().durations
    assert dict(durations.phases) == {
        "changing": 10, "watching": 600, "waiting for people": 360, "going back": 0, "held up": 5,
    }  # fmt: skip
    assert durations.total == sum(seconds for _, seconds in durations.phases) == 975
    assert (durations.lead, durations.first_users) == (985, 15)


def test_the_share_of_users_changes_when_a_step_is_done_and_falls_when_it_is_taken_back() -> None:
    diary = Diary().start().step("1", 100, 105)
    diary(110, "release.recovering", ANA, why="abort", steps=["1"])
    diary(111, "release.step_undoing", step="1", operation="undo1")
    diary(120, "release.step_undone", step="1", detail="back").end(121, "rolled_back", "abort by ana")
    report = diary.told()
    (share,) = report.shares
    assert share.points == (Point(100, 0.0), Point(105, 5.0), Point(120, 0.0))
    (attempt,) = report.steps[0].attempts
    assert (attempt.outcome, attempt.operation, attempt.undo, attempt.went_back) == ("taken back", "op1", "undo1", 120)
    (back,) = report.ways_back
    assert (back.by, back.why, back.steps, back.ended) == (ANA, "abort", ("1",), 121)
    assert operations_of(diary.lines) == ("op1", "undo1")


def test_a_step_that_is_tried_again_has_each_of_its_goes() -> None:
    diary = Diary().start().step("1", 100)
    diary(110, "release.step_failed", step="1", detail="503").end(110, "needs_operator", "503", ("retry", "abandon"))
    diary(200, "release.ordered", ANA, order="retry", step="1", reason="it is back").step("1", 201, 205)
    report = diary.told(300)
    assert [one.outcome for one in report.steps[0].attempts] == ["failed", "done"]
    assert [(one.by, one.what, one.reason) for one in report.orders] == [(ANA, "retry 1", "it is back")]
    assert dict(report.durations.phases)["waiting for people"] == 90
    assert report.endings[0].choices == ("retry", "abandon")


def test_what_is_left_out_before_it_began_and_what_the_end_cut_short_are_told_as_such() -> None:
    diary = Diary().start()
    diary(100, "release.step_skipped", step="1", detail="left out by ana").step("2", 101)
    diary.end(150, "failed", "superseded")
    first, second, third, *_ = diary.told().steps
    assert [one.outcome for one in first.attempts] == ["skipped"]
    assert [(one.outcome, one.ended) for one in second.attempts] == [("cut short", 150)]
    assert third.attempts == ()


def test_every_sample_of_a_gate_is_there_and_its_limits_are_its_scale() -> None:
    diary = Diary().start().step("1", 100, 105).step("2", 105)
    for number in range(100):
        diary.sample(110 + number, "pass" if number < 50 else "fail", number / 1000)
    (gate,) = diary.told().gates
    assert len(gate.samples) == 100
    assert gate.scale is not None
    assert (gate.scale.low, gate.scale.high, gate.scale.bad_above) == (0, 0.02, 0.01)
    assert [alarm.at for alarm in diary.told().alarms] == [160], "it is told once that a gate turned"


def test_approvals_tell_who_may_who_did_when_and_why() -> None:
    (approval,) = finished().told().approvals
    (word,) = approval.words
    assert (word.by, word.verdict, word.at, word.reason) == (BO, "approve", 1000, "graphs are flat")
    assert (approval.asked_at, approval.settled_at, approval.outcome) == (705, 1005, "approved by bo@jump")
    assert "of sre" in approval.rule
    assert Diary().start().told().approvals[0].outcome == "never asked for"


def test_overrides_authority_and_debts_are_on_record() -> None:
    path = HotfixPath("abc123", (Skipped("gate", "errors", ("sre",), "is not asked"),), ("approval sre: asked",))
    diary = Diary(plan(wish=Wish((CHECKOUT,), hotfix=True, ref="abc123"), hotfix=path)).start()
    diary(101, "guard.overridden", ANA, what="production is frozen", reason="card payments fail", about="r1")
    diary.end(200, "succeeded")
    debt = Debt("d1", "merge_back", CHECKOUT, "merge abc123 back", "r1", ANA, 200)
    diary(200, "debt.owed", debt=debt)(300, "debt.paid", BO, id="d1", evidence="pull 7")
    report = diary.told()
    assert (report.hotfix, report.fix, report.kept) == (True, "abc123", ("approval sre: asked",))
    assert [(one.by, one.what, one.reason) for one in report.overrides] == [
        (ANA, "production is frozen", "card payments fail")
    ]
    assert [one.authority for one in report.left_out] == [("sre",)]
    (paid,) = report.debts
    assert (paid.text, paid.paid_at, paid.paid_by, paid.evidence) == ("merge abc123 back", 300, BO, "pull 7")


def test_only_what_stood_guard_over_it_in_its_time_is_told() -> None:
    diary = finished()

    def placed(name: str, scope: str, since: float, until: float | None = None) -> None:
        hold = Hold(name, "freeze", scope, BO, name, since, until)
        diary.around.append(Line(1, since, "hold.placed", BO, "", {"hold": to_json(hold)}))

    placed("before", "production", 1, 50)
    placed("meanwhile", "production", 1, 500)
    placed("elsewhere", "staging", 1)
    placed("later", "production", 5000)
    placed("lifted", "*", 1)
    diary.around.append(Line(2, 300, "hold.lifted", ANA, "", {"id": "lifted"}))
    diary.around.append(Line(3, 400, "conn.taken", BO, "", {"scope": "production", "reason": "my watch"}))
    told = [(one.kind, one.reason, one.lifted_at) for one in diary.told().guards]
    assert told == [("freeze", "meanwhile", None), ("freeze", "lifted", 300), ("conn", "my watch", None)]


@pytest.mark.parametrize(
    ("ending", "choices", "words"),
    [
        ("succeeded", (), "Succeeded: because"),
        ("failed", (), "Failed, and nothing was changed: because"),
        ("rolled_back", (), "Rolled back: because"),
        ("needs_operator", (), "Abandoned by its operator as it stood: because"),
        ("needs_operator", ("retry",), "Still running: it needs an operator: because"),
    ],
)
def test_each_ending_has_words_of_its_own(ending: str, choices: tuple[str, ...], words: str) -> None:
    report = Diary().start().end(200, ending, "because", choices).told()
    assert report.standing == words
    assert report.open is bool(choices)


def test_a_release_that_runs_is_told_until_now() -> None:
    diary = Diary().start().step("1", 100, 105).step("2", 105)
    report = diary.told(165)
    assert (report.open, report.standing) == (True, "Still running: at step 2, bake 10m")
    assert (report.durations.total, report.durations.lead) == (65, None)
    diary(166, "release.ordered", ANA, order="pause", reason="lunch")
    assert diary.told(170).standing == "Still running: paused by ana@jump: lunch"


def test_secrets_and_control_characters_never_come_that_far() -> None:
    diary = Diary().start("password=hunter22 \x1b]0;owned\x07 see https://u:hunter22@host/")
    diary(101, "release.noted", code="x", severity="warning", text="Authorization: Bearer hunter22hunter22")
    diary(102, "release.ordered", ANA, order="pause", reason="token: hunter22")
    text = repr(diary.told())
    assert "hunter22" not in text
    assert "\x1b" not in text
    assert "owned" not in text


def test_a_journal_without_its_beginning_is_no_release() -> None:
    with pytest.raises(ValueError, match="no beginning"):
        retell([], [], "shop", 1, NO_EVIDENCE)
