"""Approvals, cancellations, starts, repeats: sent once, believed only when read back."""

from __future__ import annotations

import pytest
from tests.providers.circleci.conftest import DEFINITION, SHOP, Circle, place
from tests.providers.circleci.server import Fault

from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer

RELEASE = place()
MANY = place("gh/contoso/many")


async def outlined(circle: Circle, verdict: Decision = "approve", run: str = "1.release") -> Outline:
    """The plan of a decision."""
    action = DecideRun(RELEASE.target, run, verdict)
    survey = await circle.host.survey_run(RELEASE.address, run)
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal), wait
    outline = plan_decision(action, RELEASE, survey, wait)
    assert isinstance(outline, Outline), outline
    return outline


async def decision(circle: Circle, verdict: Decision = "approve") -> Step:
    return (await outlined(circle, verdict)).steps[0]


async def starting(circle: Circle, of: Place = RELEASE, ref: str = "", **inputs: str) -> Step:
    survey = await circle.host.survey_pipeline(of.address)
    outline = plan_start(StartRun(of.target, ref, inputs), of, survey, "m")
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def steering(circle: Circle, order: RunOrder, of: Place = RELEASE, run: str = "1.release") -> Step:
    outline = plan_steer(SteerRun(of.target, run, order), of, await circle.host.survey_run(of.address, run))
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


@pytest.fixture
def waiting(circle: Circle) -> Circle:
    """A workflow waits for its approval."""
    circle.world.start(SHOP)
    circle.world.advance(30)
    return circle


async def test_an_approval_is_accepted_first_and_counts_when_it_is_read_back(waiting: Circle) -> None:
    step = await decision(waiting)
    assert (await waiting.host.settle(step)).state == "not_done"
    receipt = await waiting.host.send(step)
    assert (await waiting.host.poll(step, receipt)).state == "running"
    waiting.world.advance(2)
    assert (await waiting.host.poll(step, receipt)).state == "finished"
    settled = await waiting.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ben")
    waiting.world.advance(40)
    assert (await waiting.seen(RELEASE))[0].state == "succeeded"


async def test_a_rejection_cancels_the_whole_workflow_and_the_plan_says_so(waiting: Circle) -> None:
    outline = await outlined(waiting, "reject")
    assert "cancels the whole workflow" in outline.effects[0].after
    step = outline.steps[0]
    receipt = await waiting.host.send(step)
    waiting.world.advance(2)
    assert (await waiting.host.poll(step, receipt)).state == "finished"
    settled = await waiting.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "rejected by ben")
    assert waiting.world.projects[SHOP].pipelines[0].workflows[0].status == "canceled"


async def test_what_somebody_else_approved_counts_and_is_not_approved_again(waiting: Circle) -> None:
    step = await decision(waiting)
    workflow = waiting.world.projects[SHOP].pipelines[0].workflows[0]
    waiting.world.approve(workflow, workflow.jobs[1].request, "ana")
    waiting.world.advance(2)
    with pytest.raises(Refused, match="doesn't wait for this any more"):
        await waiting.host.send(step)
    assert (await waiting.host.settle(step)).detail == "approved by ana"
    assert not waiting.server.requests("POST")


async def test_an_account_whose_name_may_not_be_read_is_told_by_its_id(waiting: Circle) -> None:
    step = await decision(waiting)
    workflow = waiting.world.projects[SHOP].pipelines[0].workflows[0]
    waiting.world.approve(workflow, workflow.jobs[1].request, "gone")
    waiting.world.advance(2)
    assert (await waiting.host.settle(step)).detail == f"approved by {waiting.world.user_id('gone')}"


async def test_an_approval_of_a_workflow_that_was_cancelled_is_not_done(waiting: Circle) -> None:
    step = await decision(waiting)
    waiting.world.cancel(waiting.world.projects[SHOP].pipelines[0].workflows[0], "ana")
    waiting.world.advance(2)
    settled = await waiting.host.settle(step)
    assert (settled.state, settled.detail) == ("changed_by_other", "rejected by ana")


async def test_who_may_not_write_is_told_so(waiting: Circle) -> None:
    rita = waiting.as_("rita")
    for step in (await decision(rita), await starting(rita), await steering(rita, "cancel")):
        with pytest.raises(Refused) as caught:
            await rita.host.send(step)
        assert caught.value.trouble.code == "forbidden"
        assert "member of the project's organization" in caught.value.trouble.hint


@pytest.mark.parametrize(
    "fault",
    [Fault("drop", "POST", happens=True), Fault("status", "POST", status=502, happens=True)],
    ids=["line cut", "fell over"],
)
async def test_an_answer_that_says_nothing_leaves_doubt_until_it_is_read(waiting: Circle, fault: Fault) -> None:
    step = await decision(waiting)
    waiting.server.faults.append(fault)
    with pytest.raises(InDoubt):
        await waiting.host.send(step)
    waiting.server.faults.clear()
    waiting.world.advance(2)
    assert (await waiting.host.settle(step)).state == "done"
    assert len(waiting.server.requests("POST")) == 1


@pytest.mark.parametrize("order", ["start", "rerun"])
async def test_a_page_instead_of_an_answer_to_a_start_is_doubt(waiting: Circle, order: str) -> None:
    waiting.world.cancel(waiting.world.projects[SHOP].pipelines[0].workflows[0], "ana")
    waiting.world.advance(2)
    step = await starting(waiting) if order == "start" else await steering(waiting, "rerun")
    waiting.server.faults.append(Fault("html", "POST", happens=True))
    with pytest.raises(InDoubt):
        await waiting.host.send(step)
    waiting.server.faults.clear()
    waiting.world.advance(2)
    assert (await waiting.host.settle(step)).state == "done"


async def test_a_pipeline_of_ours_is_known_by_its_number_account_and_branch(circle: Circle) -> None:
    step = await starting(circle, ref="fix")
    circle.world.start(SHOP, "ben")
    circle.world.start(SHOP, "ana", branch="fix")
    assert (await circle.host.settle(step)).state == "unclear"
    await circle.host.send(step)
    settled = await circle.host.settle(step)
    assert (settled.state, settled.evidence["run"]) == ("done", "3")
    assert "taken for ours" in settled.detail


async def test_parameters_go_out_with_their_types(circle: Circle) -> None:
    await circle.host.send(await starting(circle, version='"2"', fast="true", copies="3"))
    assert circle.world.projects[SHOP].pipelines[0].parameters == {"version": "2", "fast": True, "copies": 3}
    await circle.host.send(await starting(circle, version="2.15.0"))
    with pytest.raises(Refused, match="Type error for argument version"):
        await circle.host.send(await starting(circle, version="2"))
    with pytest.raises(Refused, match="Unexpected argument"):
        await circle.host.send(await starting(circle, versoin="2.15.0"))


async def test_a_project_with_definitions_starts_the_one_that_is_named(circle: Circle) -> None:
    defined = place("circleci/a1/b2", definition=DEFINITION)
    await circle.host.send(await starting(circle, defined))
    assert len(circle.world.projects["circleci/a1/b2"].pipelines) == 1
    with pytest.raises(Refused, match="definition_id is needed"):
        await circle.host.send(await starting(circle, place("circleci/a1/b2")))


async def test_what_failed_is_run_again_without_what_succeeded(circle: Circle) -> None:
    circle.world.start("gh/contoso/many")
    circle.world.advance(30)
    step = await steering(circle, "rerun_failed", MANY, "1.nightly")
    receipt = await circle.host.send(step)
    assert (await circle.host.poll(step, receipt)).state == "running"
    assert (await circle.host.settle(step)).state == "unclear"
    circle.world.advance(2)
    assert (await circle.host.settle(step)).state == "done"
    again = circle.world.projects["gh/contoso/many"].pipelines[0].workflows[-1]
    assert [job.status for job in again.jobs] == ["success", "running"]


async def test_a_run_that_is_none_is_told_as_that(circle: Circle) -> None:
    for run in ("release", "9.release", "1.other"):
        with pytest.raises(ProviderError) as caught:
            await circle.host.survey_run(RELEASE.address, run)
        assert caught.value.trouble.code == "not_found"
