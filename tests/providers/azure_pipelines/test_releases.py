"""Classic releases: stages, approvals before and after them, manual interventions; real HTTP, the published shapes."""

from __future__ import annotations

import pytest
from tests.providers.azure_pipelines.conftest import BEN, SHOP, START, DevOps, Start, place
from tests.providers.azure_pipelines.test_conformance import time_of

from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import DecideRun, Decision, RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import named_wait, plan_decision, plan_start, plan_steer
from quarterdeck.testing.conformance import check_observing
from quarterdeck.testing.pipeline_conformance import check_decision, check_run


def classic(name: str = "classic") -> Place:
    return place(name, kind="release_definition")


async def decision(devops: DevOps, verdict: Decision = "approve", of: str = "classic") -> Step:
    action = DecideRun(classic(of).target, str(devops.release(of).id), verdict, comment="Go.")
    survey = await devops.host.survey_run(classic(of).address, action.run)
    wait = named_wait(action, survey)
    assert not isinstance(wait, Refusal), wait
    outline = plan_decision(action, classic(of), survey, wait)
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def steering(devops: DevOps, order: RunOrder, of: str) -> Step:
    action = SteerRun(classic(of).target, str(devops.release(of).id), order)
    outline = plan_steer(action, classic(of), await devops.host.survey_run(classic(of).address, action.run))
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


async def test_they_pass_the_kit(devops: DevOps) -> None:
    await check_observing(devops.host, [classic(), place("deploy"), classic("failing")], classic("ghost"))
    await check_run(devops.host, classic("one person"), time_of(devops))
    await check_decision(devops.host, classic("one person"), "approve", time_of(devops))


async def test_rejecting_passes_the_kit(devops: DevOps) -> None:
    devops.create("one person")
    await check_decision(devops.host, classic("one person"), "reject", time_of(devops))
    assert devops.release("one person").stages[0].status == "rejected"


async def test_releases_come_newest_first_with_whom_they_wait_for(devops: DevOps) -> None:
    newer, older = await devops.seen(classic())
    assert (newer.title, newer.state, newer.number, newer.name) == ("Newer", "waiting", "Release-2", "classic")
    (wait,) = newer.waits
    assert (wait.environment, wait.kind, wait.blocks) == ("Prod", "approval", "Prod")
    assert (wait.reviewers, wait.needed) == (("ben@contoso.com", "team:sre"), 2)
    assert wait.since == pytest.approx(START - 564, abs=5)
    assert wait.expires_at == pytest.approx((wait.since or 0) + 12 * 3600)
    assert [(part.name, part.state) for part in newer.parts] == [("Dev", "succeeded"), ("Prod", "waiting")]
    assert (older.title, older.state, older.ended_at is not None) == ("Older", "succeeded", True)


async def test_of_several_approvals_we_give_our_own(devops: DevOps) -> None:
    ours, theirs = await decision(devops), await decision(devops.as_(BEN))
    assert ours.change["wait"] != theirs.change["wait"]
    await devops.as_(BEN).host.send(theirs)
    assert (await devops.host.settle(ours)).state == "not_done"
    await devops.host.send(ours)
    settled = await devops.host.settle(ours)
    assert (settled.state, settled.detail) == ("done", "approved by ana@contoso.com: Go.")
    devops.world.advance(60)
    assert [wait.blocks for wait in (await devops.seen(classic()))[0].waits] == ["what comes after Prod"]


async def test_an_approval_that_is_given_already_says_so(devops: DevOps) -> None:
    devops.create("one person")
    step = await decision(devops, of="one person")
    await devops.host.send(step)
    with pytest.raises(Refused, match="already approved by ana"):
        await devops.host.send(step)


async def test_an_approval_that_expired_is_refused_and_told(devops: DevOps) -> None:
    step = await decision(devops)
    devops.world.advance(13 * 3600)
    with pytest.raises(Refused, match="already canceled"):
        await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "changed_by_other"


async def test_a_manual_intervention_is_answered(devops: DevOps) -> None:
    devops.create("asking")
    (run,) = await devops.seen(classic("asking"))
    (wait,) = run.waits
    assert (wait.kind, wait.note, wait.blocks) == ("input", "Is the old one drained?", "the rest of Move")
    step = await decision(devops, of="asking")
    await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "done"
    devops.world.advance(60)
    assert (await devops.seen(classic("asking")))[0].state == "succeeded"


async def test_an_answer_that_says_nothing_leaves_the_decision_in_doubt_until_it_is_read(devops: DevOps) -> None:
    step = await decision(devops)
    devops.fault(method="PATCH", kind="status", status=200, message="an error in the body", happens=True)
    with pytest.raises(InDoubt):
        await devops.host.send(step)
    devops.lift_faults()
    assert (await devops.host.settle(step)).state == "done"


async def test_a_release_that_waits_is_seen_however_old_it_is(devops: DevOps) -> None:
    waiting = devops.release()
    for n in range(25):
        devops.world.releases.cancel(devops.create("classic", f"no {n}").stages[0])
    assert str(waiting.id) in [run.id for run in await devops.seen(classic()) if run.state == "waiting"]


async def test_a_release_that_was_begun_is_known_by_its_mark(devops: DevOps) -> None:
    survey = await devops.host.survey_pipeline(classic().address)
    outline = plan_start(StartRun(classic().target), classic(), survey, "qd-7")
    assert isinstance(outline, Outline)
    (step,) = outline.steps
    devops.create("classic", "somebody else's")
    assert (await devops.host.settle(step)).state == "unclear"
    devops.fault(kind="drop", happens=True, method="POST")
    with pytest.raises(InDoubt):
        await devops.host.send(step)
    devops.lift_faults()
    assert (await devops.host.settle(step)).evidence["run"] == str(devops.release().id)


async def test_what_failed_is_deployed_again(devops: DevOps) -> None:
    devops.create("failing")
    devops.world.advance(60)
    step = await steering(devops, "rerun_failed", "failing")
    assert (await devops.host.settle(step)).state == "unclear"
    await devops.host.send(step)
    assert (await devops.host.settle(step)).state == "done"
    assert devops.release("failing").stages[0].attempt == 2


async def test_what_many_definitions_have_in_common_is_asked_once(start: Start) -> None:
    stages = [{"name": "Live", "before": ["ana@contoso.com"]}]
    known = [{"project": "contoso/Shop", "name": f"d{n}", "stages": stages, "past": [{"ago": 60}]} for n in range(10)]
    devops = await start({**SHOP, "releases": known})
    places = [classic(f"d{n}") for n in range(10)]
    for expected in (10 + 3, 10 + 1):  # whose token it is and the names are read once; the approvals of all together
        before = len(devops.requests())
        found = await devops.host.observe(places)
        assert all(isinstance(one, RunsReading) and one.runs[0].waits for one in found.values())
        assert len(devops.requests()) - before == expected


async def test_a_release_of_another_definition_is_none_of_this_one(devops: DevOps) -> None:
    with pytest.raises(ProviderError, match="another definition"):
        await devops.host.survey_run(classic("failing").address, str(devops.release().id))
