"""Answers, starts, stops: sent once, believed only when read back."""

from __future__ import annotations

import pytest
from tests.providers.jenkins.conftest import Ci, place
from tests.providers.jenkins.server import Fault
from tests.providers.jenkins.world import Ask

from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer

DEPLOY = place()
MARKED = place(correlation_input="MARK")


async def decision(
    ci: Ci, verdict: Decision = "approve", of: Place = DEPLOY, run: str = "1", about: str = "", comment: str = ""
) -> Step:
    """The planned step of a decision."""
    action = DecideRun(of.target, run, verdict, about, comment)
    survey = await ci.host.survey_run(of.address, run)
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal), wait
    outline = plan_decision(action, of, survey, wait)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def starting(ci: Ci, of: Place = MARKED, mark: str = "qd-1", **inputs: str) -> Step:
    outline = plan_start(StartRun(of.target, inputs=inputs), of, await ci.host.survey_pipeline(of.address), mark)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def stopping(ci: Ci, of: Place = DEPLOY) -> Step:
    outline = plan_steer(SteerRun(of.target, "1", "cancel"), of, await ci.host.survey_run(of.address, "1"))
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def test_a_yes_lets_the_build_go_on_and_says_by_whom(ci: Ci) -> None:
    build = ci.started("deploy")
    step = await decision(ci)
    assert (await ci.host.settle(step)).state == "not_done"
    await ci.host.send(step)
    settled = await ci.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ben")
    ci.world.advance(60)
    assert build.result == "SUCCESS"


async def test_where_jenkins_writes_nobodys_name_to_a_yes_it_counts_all_the_same(ci: Ci) -> None:
    ci.world.open_to_all = True
    ci.started("open")
    step = await decision(ci, of=place("open"))
    await ci.host.send(step)
    settled = await ci.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by somebody")


async def test_a_no_aborts_the_build_and_says_by_whom(ci: Ci) -> None:
    build = ci.started("deploy")
    step = await decision(ci, "reject")
    await ci.host.send(step)
    settled = await ci.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "rejected by ben")
    assert build.result == "ABORTED"


async def test_a_no_counts_before_the_build_has_cleaned_up_and_is_attributed_when_it_has(ci: Ci) -> None:
    ci.world.post_seconds = 30
    ci.started("deploy")
    step = await decision(ci, "reject")
    receipt = await ci.host.send(step)
    assert (await ci.host.poll(step, receipt)).state == "finished"
    settled = await ci.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "rejected by somebody")
    ci.world.advance(31)
    assert (await ci.host.settle(step)).detail == "rejected by ben"


async def test_a_no_outside_of_all_stages_is_settled_when_the_build_has_ended(ci: Ci) -> None:
    ci.world.post_seconds = 30
    ci.started("bare", 3)
    step = await decision(ci, "reject", place("bare"))
    receipt = await ci.host.send(step)
    assert (await ci.host.poll(step, receipt)).state == "running"
    ci.world.advance(31)
    assert (await ci.host.poll(step, receipt)).state == "finished"
    assert (await ci.host.settle(step)).detail == "rejected by ben"


async def test_a_comment_stays_with_us_and_the_plan_says_so(ci: Ci) -> None:
    ci.started("deploy")
    action = DecideRun(DEPLOY.target, "1", "approve", comment="Go.")
    survey = await ci.host.survey_run(DEPLOY.address, "1")
    outline = plan_decision(action, DEPLOY, survey, survey.run.waits[0])
    assert isinstance(outline, Outline)
    assert any(risk.code == "comment" for risk in outline.risks)


async def test_the_next_input_with_the_same_words_is_not_answered_along(ci: Ci) -> None:
    build = ci.started("open")
    step = await decision(ci, of=place("open"))
    assert step.change["environment"] == "Live"
    await ci.host.send(step)
    ci.world.advance(15)
    assert [node.step for node in build.pending] == [Ask("Go on?")]
    with pytest.raises(Refused, match="doesn't wait for this any more"):
        await ci.host.send(step)
    assert len(build.pending) == 1
    assert (await ci.host.settle(step)).state == "done"
    second = await decision(ci, of=place("open"))
    assert (await ci.host.settle(second)).state == "not_done"


async def test_one_of_two_inputs_of_a_stage_is_answered(ci: Ci) -> None:
    build = ci.started("split", 3)
    survey = await ci.host.survey_run(place("split").address, "1")
    west = next(wait for wait in survey.run.waits if wait.note == "West?")
    step = await decision(ci, of=place("split"), about=west.id)
    await ci.host.send(step)
    assert (await ci.host.settle(step)).state == "done"
    assert [node.step for node in build.pending] == [Ask("East?")]


@pytest.mark.parametrize(("verdict", "result"), [("approve", None), ("reject", "ABORTED")])
async def test_an_input_outside_of_all_stages_is_settled_by_that_it_waits_no_more(
    ci: Ci, verdict: Decision, result: str | None
) -> None:
    build = ci.started("bare", 3)
    step = await decision(ci, verdict, place("bare"))
    assert (await ci.host.settle(step)).state == "not_done"
    await ci.host.send(step)
    assert (await ci.host.settle(step)).state == "done"
    assert build.result == result


async def test_who_may_not_answer_is_told_in_jenkins_own_words(ci: Ci) -> None:
    build = ci.started("deploy")
    ana = ci.as_("ana")
    with pytest.raises(Refused) as caught:
        await ana.host.send(await decision(ana))
    assert "You need to be ops" in caught.value.trouble.hint
    assert len(build.pending) == 1


async def test_what_somebody_else_answered_counts_and_is_told(ci: Ci) -> None:
    build = ci.started("open")
    step = await decision(ci, of=place("open"))
    ci.world.answer(build, Ask("Go on?").id, "ana", yes=True)
    settled = await ci.host.settle(step)
    assert (settled.state, settled.detail) == ("done", "approved by ana")
    other = await decision(ci, "reject", of=place("open")) if build.pending else None
    assert other is None
    with pytest.raises(Refused):
        await ci.host.send(step)


async def test_a_build_that_was_stopped_was_not_rejected(ci: Ci) -> None:
    build = ci.started("deploy")
    step = await decision(ci, "reject")
    ci.world.stop(build, "ana")
    ci.world.advance(5)
    assert (await ci.host.settle(step)).state == "changed_by_other"


async def test_a_build_that_is_gone_is_told_as_that(ci: Ci) -> None:
    build = ci.started("deploy")
    step = await decision(ci)
    build.job.builds.clear()
    with pytest.raises(Refused, match="build 1 of team/app/deploy isn't there"):
        await ci.host.send(step)
    with pytest.raises(ProviderError, match="isn't there"):
        await ci.host.settle(step)


async def test_a_crumb_is_fetched_where_one_is_wanted_and_the_answer_counts_once(ci: Ci) -> None:
    ci.started("deploy")
    ci.server.wants_crumbs = True
    step = await decision(ci)
    await ci.host.send(step)
    assert (await ci.host.settle(step)).state == "done"
    assert ci.server.refused_for_crumb == 1
    await ci.host.send(await starting(ci))
    assert ci.server.refused_for_crumb == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("drop", "POST", happens=True),
        Fault("status", "POST", status=502, happens=True),
        Fault("html", "POST", happens=True),
        Fault("old refusal", "POST", happens=True),
    ],
    ids=["line cut", "proxy fell over", "page", "page with 200"],
)
async def test_an_answer_that_says_nothing_leaves_doubt_until_it_is_read(ci: Ci, fault: Fault) -> None:
    ci.started("deploy")
    step = await decision(ci)
    ci.server.faults.append(fault)
    with pytest.raises(InDoubt):
        await ci.host.send(step)
    ci.server.faults.clear()
    assert (await ci.host.settle(step)).state == "done"
    assert len(ci.server.requests("POST")) == 1


async def test_a_sign_in_page_instead_of_an_order_is_a_no(ci: Ci) -> None:
    ci.started("deploy")
    step = await decision(ci)
    ci.server.faults.append(Fault("login", "POST"))
    with pytest.raises(Refused, match="redirect"):
        await ci.host.send(step)
    ci.server.faults.clear()
    assert (await ci.host.settle(step)).state == "not_done"


async def test_a_build_is_followed_from_the_queue_to_its_number_and_known_by_its_mark(ci: Ci) -> None:
    step = await starting(ci, VERSION="2.15.0")
    receipt = await ci.host.send(step)
    waiting = await ci.host.poll(step, receipt)
    assert (waiting.state, "quiet period" in waiting.detail) == ("running", True)
    assert (await ci.host.settle(step)).state == "unclear"
    ci.world.start("team/app/deploy", MARK="other")
    ci.world.advance(10)
    assert (await ci.host.poll(step, receipt)).state == "finished"
    settled = await ci.host.settle(step)
    assert (settled.state, settled.evidence["run"]) == ("done", "2")
    assert ci.world.jobs["team/app/deploy"].builds[-1].parameters == {"VERSION": "2.15.0", "MARK": "qd-1"}


async def test_what_is_taken_out_of_the_queue_never_begins(ci: Ci) -> None:
    step = await starting(ci)
    receipt = await ci.host.send(step)
    ci.world.queue[-1].cancelled = True
    progress = await ci.host.poll(step, receipt)
    assert (progress.state, progress.detail) == ("failed", "somebody took it out of Jenkins' queue")


async def test_a_parameter_that_the_job_has_not_is_refused_by_the_plan(ci: Ci) -> None:
    survey = await ci.host.survey_pipeline(DEPLOY.address)
    refusal = plan_start(StartRun(DEPLOY.target, inputs={"VERSOIN": "2"}), DEPLOY, survey, "m")
    assert isinstance(refusal, Refusal)
    assert refusal.hint == "it takes: VERSION, MARK"
    with pytest.raises(ProviderError, match="has no parameter NOPE"):
        await ci.host.survey_pipeline(place(correlation_input="NOPE").address)


async def test_a_disabled_job_and_a_jenkins_that_shuts_down_are_risks_of_the_plan_and_a_no(ci: Ci) -> None:
    step = await starting(ci)
    ci.world.jobs["team/app/deploy"].disabled = True
    ci.world.quieting_down = True
    survey = await ci.host.survey_pipeline(DEPLOY.address)
    assert {risk.code for risk in survey.risks} == {"disabled", "quieting-down"}
    with pytest.raises(Refused) as caught:
        await ci.host.send(step)
    assert "enable it first" in caught.value.trouble.hint


async def test_who_may_not_build_or_stop_is_told_the_permission(ci: Ci) -> None:
    ci.started("deploy")
    rita = ci.as_("rita")
    for step in (await starting(rita), await stopping(rita)):
        with pytest.raises(Refused) as caught:
            await rita.host.send(step)
        assert caught.value.trouble.code == "forbidden"
        assert "the user needs the permission" in caught.value.trouble.hint


async def test_stopping_is_followed_to_its_end(ci: Ci) -> None:
    ci.started("deploy")
    step = await stopping(ci)
    receipt = await ci.host.send(step)
    assert (await ci.host.poll(step, receipt)).state == "running"
    ci.world.advance(5)
    assert (await ci.host.poll(step, receipt)).state == "finished"
    assert (await ci.host.settle(step)).state == "done"


async def test_there_is_no_repeating_and_the_plan_says_what_to_do_instead(ci: Ci) -> None:
    ci.started("tests/feature%2Flogin", 20)
    tests = place("tests", branch="feature/login")
    survey = await ci.host.survey_run(tests.address, "1")
    refusal = plan_steer(SteerRun(tests.target, "1", "rerun_failed"), tests, survey)
    assert isinstance(refusal, Refusal)
    assert "begin another one with the same parameters" in refusal.hint
