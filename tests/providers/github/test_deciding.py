"""Decisions, starts, cancellations: sent once, believed only when read back."""

from __future__ import annotations

import pytest
from tests.providers.github.conftest import BEN, FLEET, READER, GitHub, place

from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, Refused
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer

DEPLOY = FLEET.places[0]


async def decision(github: GitHub, verdict: Decision = "approve", of: Place = DEPLOY, comment: str = "Go.") -> Step:
    """The planned step of a decision about the newest run."""
    workflow = of.address.parts["workflow"]
    action = DecideRun(of.target, str(github.newest(workflow).id), verdict, comment=comment)
    survey = await github.host.survey_run(of.address, action.run)
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal), wait
    outline = plan_decision(action, of, survey, wait)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def steering(github: GitHub, order: RunOrder, of: Place = DEPLOY) -> Step:
    action = SteerRun(of.target, str(github.newest(of.address.parts["workflow"]).id), order)
    outline = plan_steer(action, of, await github.host.survey_run(of.address, action.run))
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def starting(github: GitHub, of: Place = DEPLOY, mark: str = "qd-1") -> Step:
    outline = plan_start(StartRun(of.target), of, await github.host.survey_pipeline(of.address), mark)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def test_an_approval_lets_the_run_go_on_and_carries_the_comment(github: GitHub) -> None:
    step = await decision(github)
    assert (await github.host.settle(step)).state == "not_done"
    await github.host.send(step)
    settled = await github.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ana: Go.")
    github.world.advance(61)
    assert github.newest().conclusion == "success"


async def test_whoever_approves_is_told_what_is_there_now_as_far_as_the_token_may_know(github: GitHub) -> None:
    async def note() -> str:
        survey = await github.host.survey_run(DEPLOY.address, str(github.newest().id))
        return survey.run.waits[0].note

    told = await note()
    assert told.startswith("production has ")
    assert " of main since 2026-" in told
    assert told.endswith(", by ben")  # of the older run, which was approved
    github.fault(kind="status", status=403, path="/shop/deployments")
    assert await note() == ""


async def test_a_rejection_fails_the_run(github: GitHub) -> None:
    step = await decision(github, "reject", comment="Not today.")
    await github.host.send(step)
    assert (await github.host.settle(step)).state == "done"
    assert github.newest().conclusion == "failure"


async def test_what_somebody_else_approved_is_told_and_counts(github: GitHub) -> None:
    step = await decision(github)
    others = github.as_(BEN)
    await others.host.send(await decision(others, comment="Mine."))
    settled = await github.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ben: Mine.")


async def test_what_somebody_else_rejected_is_no_approval(github: GitHub) -> None:
    step = await decision(github)
    others = github.as_(BEN)
    await others.host.send(await decision(others, "reject", comment="No."))
    settled = await github.host.settle(step)
    assert (settled.state, settled.detail) == ("changed_by_other", "rejected by ben: No.")
    with pytest.raises(Refused):
        await github.host.send(step)


async def test_asking_again_for_what_is_decided_says_by_whom(github: GitHub) -> None:
    await github.host.send(await decision(github))
    action = DecideRun(DEPLOY.target, str(github.newest().id), "approve")
    refusal = named_wait(action, await github.host.survey_run(DEPLOY.address, action.run))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, "already by ana" in refusal.message) == ("unchanged", True)


async def test_credentials_that_may_not_decide_are_refused_before_anything_is_sent(github: GitHub) -> None:
    workflow = github.repository.workflow("nightly.yml")
    assert workflow
    run = github.world.pipelines.start(github.repository, workflow, "main", "ana", {}, "schedule")
    github.world.advance(10)
    ben, nightly = github.as_(BEN), FLEET.places[1]
    survey = await ben.host.survey_run(nightly.address, str(run.id))
    action = DecideRun(nightly.target, str(run.id), "approve")
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal)
    refusal = plan_decision(action, nightly, survey, wait)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.hint) == ("denied", "who may: ana")


async def test_a_decision_about_an_earlier_attempt_is_not_taken_for_one_about_this(github: GitHub) -> None:
    step = await decision(github)
    run = github.newest()
    github.world.pipelines.cancel(github.repository, run)
    github.world.advance(5)
    github.world.pipelines.rerun(github.repository, run, "ben", failed_only=False)
    assert (await github.host.settle(step)).state == "changed_by_other"


async def test_what_was_approved_in_an_earlier_attempt_does_not_count_for_this_one(github: GitHub) -> None:
    await github.host.send(await decision(github))
    github.world.advance(100)
    github.world.pipelines.rerun(github.repository, github.newest(), "ben", failed_only=False)
    github.world.advance(100)
    step = await decision(github, comment="Again.")
    assert (await github.host.settle(step)).state == "not_done"
    await github.host.send(step)
    assert (await github.host.settle(step)).detail == "approved by ana: Again."


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop", "happens": True},
        {"kind": "status", "status": 502, "happens": True},
        {"kind": "html", "happens": True},
        {"kind": "status", "status": 200, "message": "an error in the body", "happens": True},
        {"kind": "half", "happens": True},
    ],
)
async def test_an_answer_that_says_nothing_leaves_the_decision_in_doubt_until_it_is_read(
    github: GitHub, fault: dict[str, object]
) -> None:
    step = await decision(github)
    github.fault(plane="github", method="POST", **fault)
    with pytest.raises(InDoubt):
        await github.host.send(step)
    github.lift_faults()
    assert (await github.host.settle(step)).state == "done"
    assert len(github.newest().reviews) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(401, "unauthenticated"), (403, "forbidden"), (404, "not_found"), (422, "provider_error")]
)
async def test_a_clear_no_is_a_no(github: GitHub, status: int, code: str) -> None:
    step = await decision(github)
    github.fault(kind="status", status=status, plane="github", method="POST")
    with pytest.raises(Refused) as caught:
        await github.host.send(step)
    assert caught.value.trouble.code == code
    github.lift_faults()
    assert (await github.host.settle(step)).state == "not_done"


async def test_a_run_that_was_started_is_known_by_its_mark_among_others_of_the_same_account(github: GitHub) -> None:
    step = await starting(github)
    before = len(github.repository.runs)
    workflow = github.repository.workflow("deploy.yml")
    assert workflow
    github.world.pipelines.start(github.repository, workflow, "main", "ana", {"mark": "other"}, "workflow_dispatch")
    assert (await github.host.settle(step)).state == "unclear"
    github.fault(kind="drop", happens=True, plane="github", method="POST")
    with pytest.raises(InDoubt):
        await github.host.send(step)
    github.lift_faults()
    settled = await github.host.settle(step)
    assert (settled.state, settled.evidence["run"]) == ("done", str(github.newest().id))
    assert len(github.repository.runs) == before + 2


async def test_without_a_mark_the_next_run_of_the_account_is_taken_for_ours_and_it_is_said(github: GitHub) -> None:
    step = await starting(github, place())
    receipt = await github.host.send(step)
    assert receipt.reference == str(github.newest().id)
    settled = await github.host.settle(step)
    assert settled.state == "done"
    assert "taken for ours" in settled.detail


async def test_a_run_that_ends_before_it_is_cancelled_is_told_as_that(github: GitHub) -> None:
    step = await steering(github, "cancel")
    await github.host.send(await decision(github, "reject", comment="No."))
    settled = await github.host.settle(step)
    assert settled.state == "changed_by_other"
    assert "had ended before" in settled.detail


async def test_cancelling_is_followed_to_its_end(github: GitHub) -> None:
    step = await steering(github, "cancel")
    receipt = await github.host.send(step)
    assert (await github.host.poll(step, receipt)).state == "running"
    github.world.advance(5)
    assert (await github.host.poll(step, receipt)).state == "finished"
    assert (await github.host.settle(step)).state == "done"


async def test_what_failed_is_run_again_as_another_attempt(github: GitHub) -> None:
    tests = place("tests.yml")
    step = await steering(github, "rerun_failed", tests)
    assert (await github.host.settle(step)).state == "unclear"
    await github.host.send(step)
    assert (await github.host.settle(step)).state == "done"
    assert github.newest("tests.yml").attempt == 2


async def test_a_token_that_may_not_write_starts_nothing(github: GitHub) -> None:
    step = await starting(github)
    with pytest.raises(Refused) as caught:
        await github.as_(READER).host.send(step)
    assert caught.value.trouble.code == "forbidden"
    assert "repo" in caught.value.trouble.hint or "actions=write" in caught.value.trouble.hint
