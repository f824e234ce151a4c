"""Decisions, starts, cancellations: sent once, believed only when read back."""

from __future__ import annotations

import pytest
from tests.providers.azure_pipelines.conftest import BEN, DEPLOY, READER, DevOps, place

from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer


async def decision(devops: DevOps, verdict: Decision = "approve", of: Place = DEPLOY, comment: str = "Go.") -> Step:
    """The planned step of a decision about the newest run."""
    action = DecideRun(of.target, str(devops.newest(of.address.parts["pipeline"]).id), verdict, comment=comment)
    survey = await devops.host.survey_run(of.address, action.run)
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal), wait
    outline = plan_decision(action, of, survey, wait)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def steering(devops: DevOps, order: RunOrder, of: Place = DEPLOY) -> Step:
    action = SteerRun(of.target, str(devops.newest(of.address.parts["pipeline"]).id), order)
    outline = plan_steer(action, of, await devops.host.survey_run(of.address, action.run))
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def starting(devops: DevOps, of: Place = DEPLOY, **inputs: str) -> Step:
    survey = await devops.host.survey_pipeline(of.address)
    outline = plan_start(StartRun(of.target, inputs=inputs), of, survey, "qd-1")
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def test_an_approval_lets_the_run_go_on_and_carries_the_comment(devops: DevOps) -> None:
    step = await decision(devops)
    assert (await devops.host.settle(step)).state == "not_done"
    await devops.host.send(step)
    settled = await devops.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ana@contoso.com: Go.")
    devops.world.advance(61)
    assert devops.newest().conclusion == "success"


async def test_a_rejection_fails_the_run(devops: DevOps) -> None:
    step = await decision(devops, "reject", comment="Not today.")
    await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "done"
    assert devops.newest().conclusion == "failure"


async def test_what_somebody_else_rejected_is_no_approval(devops: DevOps) -> None:
    step = await decision(devops)
    others = devops.as_(BEN)
    await others.host.send(await decision(others, "reject", comment="No."))
    settled = await devops.host.settle(step)
    assert (settled.state, settled.detail) == ("changed_by_other", "rejected by ben@contoso.com: No.")
    with pytest.raises(Refused, match="already"):
        await devops.host.send(step)


async def test_where_it_takes_two_somebody_elses_yes_is_not_ours(devops: DevOps) -> None:
    devops.begin("pay")
    pay = place("pay")
    step = await decision(devops, of=pay)
    others = devops.as_(BEN)
    await others.host.send(await decision(others, of=pay, comment="Mine."))
    assert (await devops.host.settle(step)).state == "not_done"
    await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "done"
    assert devops.newest("pay").status == "in_progress"


async def test_asking_again_for_what_is_decided_says_by_whom(devops: DevOps) -> None:
    await devops.host.send(await decision(devops))
    action = DecideRun(DEPLOY.target, str(devops.newest().id), "approve")
    refusal = named_wait(action, await devops.host.survey_run(DEPLOY.address, action.run))
    assert isinstance(refusal, Refusal)
    assert (refusal.code, "already by ana@contoso.com" in refusal.message) == ("unchanged", True)


async def test_whoever_began_a_run_is_refused_before_anything_is_sent(devops: DevOps) -> None:
    run = devops.begin("vault", by="ana@contoso.com")
    vault = place("vault")
    survey = await devops.host.survey_run(vault.address, str(run.id))
    action = DecideRun(vault.target, str(run.id), "approve")
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal)
    refusal = plan_decision(action, vault, survey, wait)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "denied"


async def test_an_approval_that_expired_is_refused_and_told(devops: DevOps) -> None:
    step = await decision(devops)
    devops.world.advance(13 * 3600)
    with pytest.raises(Refused, match="timedOut"):
        await devops.host.send(step)
    settled = await devops.host.settle(step)
    assert (settled.state, "nobody decided" in settled.detail) == ("changed_by_other", True)


async def test_a_run_of_another_pipeline_or_project_is_none_of_this_one(devops: DevOps) -> None:
    number = str(devops.newest("tests").id)
    with pytest.raises(ProviderError, match="another pipeline"):
        await devops.host.survey_run(DEPLOY.address, number)
    with pytest.raises(ProviderError, match="does not exist"):
        await devops.host.survey_run(place(project="Ghost").address, number)


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
    devops: DevOps, fault: dict[str, object]
) -> None:
    step = await decision(devops)
    devops.fault(method="PATCH", **fault)
    with pytest.raises(InDoubt):
        await devops.host.send(step)
    devops.lift_faults()
    assert (await devops.host.settle(step)).state == "done"
    assert len(devops.newest().reviews) == 1


@pytest.mark.parametrize(
    ("status", "code"), [(203, "unauthenticated"), (401, "unauthenticated"), (403, "forbidden"), (404, "not_found")]
)
async def test_a_clear_no_is_a_no(devops: DevOps, status: int, code: str) -> None:
    step = await decision(devops)
    devops.fault(kind="status", status=status, method="PATCH")
    with pytest.raises(Refused) as caught:
        await devops.host.send(step)
    assert caught.value.trouble.code == code
    devops.lift_faults()
    assert (await devops.host.settle(step)).state == "not_done"


async def test_a_run_that_was_started_is_known_by_its_mark_among_others_of_the_same_account(devops: DevOps) -> None:
    step = await starting(devops)
    before = len(devops.project.runs)
    workflow = devops.newest().workflow
    other = {"mark": "other"}
    devops.world.pipelines.start(devops.project, workflow, "main", "ana@contoso.com", other, "workflow_dispatch")
    assert (await devops.host.settle(step)).state == "unclear"
    devops.fault(kind="drop", happens=True, method="POST")
    with pytest.raises(InDoubt):
        await devops.host.send(step)
    devops.lift_faults()
    settled = await devops.host.settle(step)
    assert (settled.state, settled.evidence["run"]) == ("done", str(devops.newest().id))
    assert len(devops.project.runs) == before + 2


async def test_without_a_mark_the_next_run_of_the_account_is_taken_for_ours_and_it_is_said(devops: DevOps) -> None:
    step = await starting(devops, place(), version="2.0")
    assert devops.newest().title != "x"
    receipt = await devops.host.send(step)
    assert receipt.reference == str(devops.newest().id)
    assert devops.newest().inputs == {"version": "2.0"}
    settled = await devops.host.settle(step)
    assert (settled.state, "taken for ours" in settled.detail) == ("done", True)


async def test_a_parameter_that_the_pipeline_does_not_have_is_refused(devops: DevOps) -> None:
    with pytest.raises(Refused, match="Unexpected parameter 'nonsense'"):
        await devops.host.send(await starting(devops, nonsense="x"))


async def test_whoever_starts_a_run_sees_what_its_variable_groups_hold_and_no_secret(devops: DevOps) -> None:
    declared = place(variable_groups='["shop-production", "ghost"]')
    risks = [one for one in (await devops.host.survey_pipeline(declared.address)).risks if one.code == "variables"]
    assert [one.severity for one in risks] == ["info", "warning"]
    assert "API_URL=https://api.contoso.com, LIMIT=5; 1 secret" in risks[0].text
    assert "API_KEY" not in risks[0].text


async def test_a_pipeline_that_is_disabled_is_told_before_it_is_started(devops: DevOps) -> None:
    risks = (await devops.host.survey_pipeline(place("off").address)).risks
    assert [(one.severity, one.code) for one in risks] == [("danger", "disabled")]


async def test_cancelling_is_followed_to_its_end(devops: DevOps) -> None:
    step = await steering(devops, "cancel")
    receipt = await devops.host.send(step)
    assert (await devops.host.poll(step, receipt)).state == "running"
    devops.world.advance(5)
    assert (await devops.host.poll(step, receipt)).state == "finished"
    assert (await devops.host.settle(step)).state == "done"


async def test_what_failed_is_run_again_as_another_attempt_of_its_stages(devops: DevOps) -> None:
    tests = place("tests")
    step = await steering(devops, "rerun_failed", tests)
    assert (await devops.host.settle(step)).state == "unclear"
    await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "done"
    assert devops.newest("tests").attempt == 2
    assert devops.requests("PATCH")[-1]["path"].endswith(f"/builds/{devops.newest('tests').id}")


async def test_a_token_that_may_not_write_starts_nothing(devops: DevOps) -> None:
    step = await starting(devops)
    with pytest.raises(Refused) as caught:
        await devops.as_(READER).host.send(step)
    assert caught.value.trouble.code == "forbidden"
    assert "Queue builds" in caught.value.trouble.message
