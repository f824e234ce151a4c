"""Decisions about runs: words, what is named, what a plan says, what reading back means."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunName, RunPart, WaitKind, origin
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Pipeline, Place
from quarterdeck.release.action import Action, command_line
from quarterdeck.release.command import Misread, parse
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_command import Decide, read
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer
from quarterdeck.release.run_settlement import settle_start
from quarterdeck.release.run_survey import PipelineSurvey, Review, RunLimits, RunSurvey, StartLimits

DEPLOY = TargetId("", "deploy", pipeline=True)
PLACE = Place("pipelines", DEPLOY, Address("github", {"repository": "contoso/shop"}))
LIVE = PendingApproval("77", "live", blocks="deploy", reviewers=("ana",), may_decide=True)
DATA = PendingApproval("78", "data", reviewers=("ben",), may_decide=True)
RUN = PipelineRun(
    "9142", "Deploy", "142", "waiting", "Ask once", "main", "3f1c0a52", "chen", created_at=1000, waits=(LIVE,)
)
YES = DecideRun(DEPLOY, "9142", "approve")


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("approve run:deploy/9142", YES),
        ("approve run:deploy/9142/live --reason 'looks fine'", replace(YES, environment="live", comment="looks fine")),
        ("reject run:deploy/9142 --reason no", DecideRun(DEPLOY, "9142", "reject", comment="no")),
        ("approve run:deploy/9142/prod/eu", replace(YES, environment="prod/eu")),
        ("run deploy", StartRun(DEPLOY)),
        ("run deploy --ref v2 --input a=b=c --input d=", StartRun(DEPLOY, "v2", {"a": "b=c", "d": ""})),
        ("run cancel run:deploy/9142", SteerRun(DEPLOY, "9142", "cancel")),
        ("run rerun run:deploy/9142", SteerRun(DEPLOY, "9142", "rerun")),
        ("run rerun run:deploy/9142 --failed", SteerRun(DEPLOY, "9142", "rerun_failed")),
    ],
)
def test_what_is_typed_is_read_and_said_again_and_stored(words: str, action: Action) -> None:
    assert parse(shlex.split(words)) == action
    assert parse(shlex.split(command_line(action))) == action
    assert from_json(Action, to_json(action)) == action


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("approve deploy/9142", "write run:PIPELINE/RUN"),
        ("approve run:deploy", "write run:PIPELINE/RUN"),
        ("reject run:deploy/1", "rejecting needs --reason"),
        ("run", "the pipeline is missing"),
        ("run deploy other", "one word too many"),
        ("run deploy --input x", "not NAME=VALUE"),
        ("run cancel run:deploy/1 --failed", "--failed goes with rerun"),
        ("run no~such", "is not a pipeline"),
    ],
)
def test_what_makes_no_sense_is_said(words: str, says: str) -> None:
    with pytest.raises(Misread, match=says):
        parse(shlex.split(words))


def test_a_word_about_a_release_stays_one_about_a_release() -> None:
    assert isinstance(read(["approve", "r1/7"]), Decide)
    assert read(["approve", "run:deploy/9142"]) == YES


def test_a_pipeline_is_written_and_read_as_a_target() -> None:
    for text in ("pipeline:deploy", "pipeline:production/deploy"):
        assert str(TargetId.parse(text)) == text
    with pytest.raises(ValueError, match="not a pipeline"):
        TargetId.parse("pipeline:a/b/c/")
    assert RunName.parse("run:deploy/9142/a/b").environment == "a/b"


def test_the_hosts_names_of_environments_are_ours_where_that_is_declared() -> None:
    environments = (Environment("staging"), Environment("production", protected=True))
    fleet = Fleet("shop", environments, pipelines=(Pipeline("deploy", environments={"Live": "production"}),))
    assert fleet.environment_of("deploy", "live") == "production"
    assert fleet.environment_of("deploy", "Staging") == "staging"
    assert fleet.environment_of("deploy", "other") == ""


def test_one_of_several_decisions_has_to_be_named() -> None:
    survey = RunSurvey(replace(RUN, waits=(LIVE, DATA)))
    refusal = named_wait(YES, survey)
    assert isinstance(refusal, Refusal)
    assert "run:deploy/9142/live, run:deploy/9142/data" in refusal.hint
    assert named_wait(replace(YES, environment="DATA"), survey) == DATA
    assert named_wait(replace(YES, environment="77"), survey) == LIVE


def test_two_decisions_about_one_environment_are_told_apart_by_the_hosts_key() -> None:
    survey = RunSurvey(replace(RUN, waits=(LIVE, replace(DATA, environment="live"))))
    refusal = named_wait(replace(YES, environment="live"), survey)
    assert isinstance(refusal, Refusal)
    assert "run:deploy/9142/77, run:deploy/9142/78" in refusal.hint
    assert named_wait(replace(YES, environment="78"), survey) == survey.run.waits[1]


def test_what_a_host_does_not_tell_of_the_code_is_left_out() -> None:
    said = [
        origin("3f1c", "main", "ana"),
        origin("", "main"),
        origin("3f1c", ""),
        origin("", "", "ana"),
        origin("", ""),
    ]
    assert said == ["3f1c on main, ana", "main", "3f1c", "ana", ""]


def test_a_timer_asks_nobody() -> None:
    timer = PendingApproval("79", "live", "timer")
    refusal = named_wait(YES, RunSurvey(replace(RUN, waits=(timer,))))
    assert isinstance(refusal, Refusal)
    assert "waits for no decision" in refusal.message


def test_what_was_said_the_other_way_is_told() -> None:
    survey = RunSurvey(replace(RUN, state="failed", waits=()), (Review("77", "reject", "live", "ben"),))
    refusal = named_wait(YES, survey)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, "ben has rejected it already" in refusal.message) == ("impossible", True)


def test_an_older_run_than_the_newest_of_its_branch_is_a_warning() -> None:
    newer = replace(RUN, id="9143", number="143", state="succeeded", created_at=2000)
    outline = plan_decision(YES, PLACE, RunSurvey(RUN, others=(newer, RUN)), LIVE)
    assert isinstance(outline, Outline)
    assert [risk.code for risk in outline.risks if risk.severity == "warning"] == ["superseded"]
    elsewhere = plan_decision(YES, PLACE, RunSurvey(RUN, others=(replace(newer, ref="fix"), RUN)), LIVE)
    assert isinstance(elsewhere, Outline)
    assert all(risk.code != "superseded" for risk in elsewhere.risks)


def test_there_is_no_way_back_and_the_plan_says_what_there_is_instead() -> None:
    outline = plan_decision(YES, PLACE, RunSurvey(RUN), LIVE)
    assert isinstance(outline, Outline)
    assert not outline.fuse.possible
    assert "qd run cancel run:deploy/9142" in outline.fuse.how


def test_a_repeat_says_what_is_done_twice_and_a_success_has_nothing_that_failed() -> None:
    done = replace(RUN, state="failed", waits=(), parts=(RunPart("migrate", "succeeded"), RunPart("deploy", "failed")))
    outline = plan_steer(SteerRun(DEPLOY, "9142", "rerun"), PLACE, RunSurvey(done))
    assert isinstance(outline, Outline)
    assert any("migrate" in risk.text for risk in outline.risks if risk.code == "done-again")
    nothing = plan_steer(SteerRun(DEPLOY, "9142", "rerun_failed"), PLACE, RunSurvey(replace(done, state="succeeded")))
    assert isinstance(nothing, Refusal)


def test_what_has_ended_is_not_cancelled_and_what_is_cancelled_is_no_error() -> None:
    for state, code in (("cancelled", "unchanged"), ("succeeded", "impossible")):
        ended = replace(RUN, state=state, waits=())  # type: ignore[arg-type]
        refusal = plan_steer(SteerRun(DEPLOY, "9142", "cancel"), PLACE, RunSurvey(ended))
        assert isinstance(refusal, Refusal)
        assert refusal.code == code


def test_the_mark_of_a_run_is_ours_to_fill_in() -> None:
    survey = PipelineSurvey("main", "9142", correlation="mark")
    outline = plan_start(StartRun(DEPLOY, inputs={"version": "2"}), PLACE, survey, "plan-1")
    assert isinstance(outline, Outline)
    assert outline.steps[0].change["inputs"] == {"version": "2", "mark": "plan-1"}
    assert isinstance(plan_start(StartRun(DEPLOY, inputs={"mark": "x"}), PLACE, survey, "plan-1"), Refusal)


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (replace(RUN, id="9143", actor="qd", ref="main"), "done"),
        (replace(RUN, id="9143", actor="ben", ref="main"), "unclear"),
        (replace(RUN, id="9143", actor="qd", ref="fix"), "unclear"),
        (replace(RUN, id="9142", actor="qd", ref="main"), "unclear"),
    ],
)
def test_without_a_mark_a_newer_run_of_our_account_on_our_ref_is_ours(run: PipelineRun, state: str) -> None:
    outline = plan_start(StartRun(DEPLOY), PLACE, PipelineSurvey("refs/heads/main", "9142"), "plan-1")
    assert isinstance(outline, Outline)
    assert settle_start(outline.steps[0], (run,), "qd").state == state


def test_an_order_that_the_host_lacks_is_refused_with_what_does_the_same() -> None:
    limits = RunLimits(orders=("cancel",), instead="start another one: qd run deploy")
    failed = replace(RUN, state="failed", waits=())
    refusal = plan_steer(SteerRun(DEPLOY, "9142", "rerun"), PLACE, RunSurvey(failed, limits=limits))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.hint) == ("impossible", "start another one: qd run deploy")
    cancelling = plan_steer(SteerRun(DEPLOY, "9142", "cancel"), PLACE, RunSurvey(RUN, limits=limits))
    assert isinstance(cancelling, Outline)
    assert "rerun" not in cancelling.fuse.how


def test_what_a_no_ends_is_said_where_it_is_more_than_what_was_asked() -> None:
    limits = RunLimits(rejecting="rejected: it cancels the whole workflow", ends_all=True, keeps_comments=False)
    no = replace(YES, decision="reject", comment="Not today.")
    busy = replace(RUN, parts=(RunPart("migrate", "running"), RunPart("deploy", "waiting")))
    outline = plan_decision(no, PLACE, RunSurvey(busy, limits=limits), LIVE)
    assert isinstance(outline, Outline)
    assert outline.effects[0].after == "rejected: it cancels the whole workflow"
    assert [(risk.severity, risk.code) for risk in outline.risks] == [("warning", "half-done"), ("info", "comment")]
    assert "migrate" in outline.risks[0].text
    assert outline.who_feels_it == "whoever waits for anything that deploy #142 was still to do: all of it ends"


def test_a_no_leaves_users_as_they_are_where_it_ends_only_what_was_asked() -> None:
    no = replace(YES, decision="reject", comment="Not today.")
    outline = plan_decision(no, PLACE, RunSurvey(RUN), LIVE)
    assert isinstance(outline, Outline)
    assert outline.who_feels_it == "nobody who uses live: it stays as it is"


@pytest.mark.parametrize(
    ("kind", "words"), [("lock", "another run"), ("check", "another system"), ("timer", "a clock")]
)
def test_what_goes_on_by_itself_takes_no_answer(kind: WaitKind, words: str) -> None:
    held = replace(RUN, url="https://ci/142", waits=(PendingApproval("9", "live", kind),))
    for action in (YES, replace(YES, environment="live"), replace(YES, decision="reject", comment="no")):
        refusal = named_wait(action, RunSurvey(held))
        assert isinstance(refusal, Refusal)
        assert (refusal.code, words in refusal.message, refusal.hint) == ("impossible", True, "see https://ci/142")


def test_a_no_that_comes_too_late_says_what_stops_it_all_the_same() -> None:
    going = replace(RUN, state="running", waits=())
    said = (Review("77", "approve", "live", "ana"),)
    refusal = named_wait(replace(YES, decision="reject", comment="no"), RunSurvey(going, said))
    assert isinstance(refusal, Refusal)
    assert (refusal.message, "qd run cancel run:deploy/9142" in refusal.hint) == (
        "deploy #142: ana has approved it already", True
    )  # fmt: skip


def test_where_it_takes_two_whoever_has_said_yes_is_told_who_is_missing() -> None:
    half = replace(LIVE, may_decide=False, reviewers=("ben",), given=("ana",), needed=2)
    refusal = plan_decision(YES, PLACE, RunSurvey(replace(RUN, waits=(half,))), half)
    assert isinstance(refusal, Refusal)
    assert "1 of 2 said yes: ana" in refusal.message
    assert refusal.hint == "who may: ben"


def test_a_comment_that_the_host_forgets_is_told_as_ours() -> None:
    survey = RunSurvey(RUN, limits=RunLimits(keeps_comments=False))
    outline = plan_decision(replace(YES, comment="Go."), PLACE, survey, LIVE)
    assert isinstance(outline, Outline)
    assert [risk.text for risk in outline.risks if risk.code == "comment"]


def test_a_yes_that_has_to_be_filled_in_is_left_to_the_hosts_own_form_and_a_no_is_not() -> None:
    form = replace(LIVE, asks=("VERSION", "REGION"))
    refusal = plan_decision(YES, PLACE, RunSurvey(RUN), form)
    assert isinstance(refusal, Refusal)
    assert "asks for VERSION, REGION" in refusal.message
    assert isinstance(plan_decision(replace(YES, decision="reject"), PLACE, RunSurvey(RUN), form), Outline)


def test_a_new_run_is_told_nothing_that_its_pipeline_does_not_take() -> None:
    survey = PipelineSurvey("main", limits=StartLimits(refs=False, inputs=("VERSION",), marks=False))
    strange = plan_start(StartRun(DEPLOY, inputs={"VERSOIN": "1"}), PLACE, survey, "m")
    assert isinstance(strange, Refusal)
    assert (strange.code, strange.hint) == ("usage", "it takes: VERSION")
    elsewhere = plan_start(StartRun(DEPLOY, ref="other"), PLACE, survey, "m")
    assert isinstance(elsewhere, Refusal)
    assert elsewhere.hint == "leave --ref out"
    outline = plan_start(StartRun(DEPLOY, inputs={"VERSION": "1"}), PLACE, survey, "m")
    assert isinstance(outline, Outline)
    assert [risk.remedy for risk in outline.risks if risk.code == "no-correlation"] == [""]
