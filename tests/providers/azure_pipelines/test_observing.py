"""What is seen of YAML pipelines: real HTTP, the published shapes, as few requests as the interface allows for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure_pipelines.conftest import ANA, BEN, DEPLOY, SHOP, START, DevOps, Start, place

from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.providers.base import ProviderError


async def test_runs_come_newest_first_with_what_they_wait_for(devops: DevOps) -> None:
    newer, older = await devops.seen()
    assert (newer.title, newer.state, newer.number, newer.ref) == ("Newer", "waiting", "2", "main")
    assert (older.title, older.state, older.ended_at is not None) == ("Older", "succeeded", True)
    (wait,) = newer.waits
    assert (wait.environment, wait.kind, wait.blocks) == (
        "Deploy prod",
        "approval",
        "Deploy prod (environment production)",
    )
    assert wait.reviewers == ("ben@contoso.com", "team:sre")
    assert (wait.may_decide, wait.note) == (True, "Look at the error rate.")
    assert wait.since == pytest.approx(START - 566)
    assert wait.expires_at == pytest.approx(START - 566 + 12 * 3600)
    assert [(part.name, part.state) for part in newer.parts] == [("Build", "succeeded"), ("Deploy prod", "waiting")]


async def test_an_approval_that_takes_two_says_who_has_given_it_and_that_it_is_ours_no_more(devops: DevOps) -> None:
    run = devops.begin("pay")
    environment = devops.project.environments["payments"]
    from quarterdeck.sandbox.world.workflows import Reviewed

    said = Reviewed(environment, "approved", "ana@contoso.com", "fine")
    devops.world.pipelines.review(devops.project, run, environment, said)
    (seen,) = await devops.seen(place("pay"))
    (wait,) = seen.waits
    assert (wait.given, wait.needed, wait.reviewers) == (("ana@contoso.com",), 2, ("ben@contoso.com",))
    assert wait.may_decide is False
    (theirs,) = (await devops.as_(BEN).seen(place("pay")))[0].waits
    assert theirs.may_decide is True


async def test_whoever_began_a_run_may_not_approve_it_where_the_check_says_so(devops: DevOps) -> None:
    devops.begin("vault", by="ana@contoso.com")
    (wait,) = (await devops.seen(place("vault")))[0].waits
    assert (wait.may_decide, wait.note) == (False, "not by ana@contoso.com")


async def test_a_check_of_another_kind_waits_for_no_person(devops: DevOps) -> None:
    devops.begin("nightly")
    (run,) = await devops.seen(place("nightly"))
    (wait,) = run.waits
    assert (wait.kind, wait.for_people, wait.note) == ("check", False, "the check is Business hours")
    devops.world.advance(700)
    assert (await devops.seen(place("nightly")))[0].state == "succeeded"


async def test_an_exclusive_lock_says_which_run_has_it_and_goes_on_by_itself(devops: DevOps) -> None:
    first, second = devops.begin("shared"), devops.begin("shared")
    waiting, holding = await devops.seen(place("shared"))
    assert (waiting.id, holding.id, holding.state) == (str(second.id), str(first.id), "running")
    (wait,) = waiting.waits
    assert (wait.kind, wait.for_people, wait.note) == ("lock", False, f"#{first.number} has the lock")
    devops.world.advance(31)
    assert [run.state for run in await devops.seen(place("shared"))] == ["running", "succeeded"]


async def test_a_run_that_waits_is_seen_however_old_it_is(devops: DevOps) -> None:
    waiting = devops.newest()
    for _ in range(30):
        run = devops.begin("deploy")
        devops.world.pipelines.cancel(devops.project, run)
    devops.world.advance(10)
    assert str(waiting.id) in [run.id for run in await devops.seen() if run.state == "waiting"]


async def test_only_runs_of_the_declared_branch_are_shown(devops: DevOps) -> None:
    assert await devops.seen(place(branch="release")) == ()
    assert len(await devops.seen(place(branch="main"))) == 2


async def test_a_hundred_pipelines_are_read_with_few_requests(start: Start) -> None:
    workflows = [{"file": f"p{n}.yml", "name": f"p{n}", "jobs": [{"name": "Go"}]} for n in range(100)]
    runs = [{"workflow": f"p{n}.yml", "ago": 900, "title": "Gone"} for n in range(100)]
    project: dict[str, Any] = {"repository": "contoso/Shop", "workflows": workflows, "runs": runs}
    devops = await start({"accounts": SHOP["accounts"], "pipelines": [project]})
    places = [place(f"p{n}") for n in range(100)]
    for expected in (3, 2):  # the names of pipelines are read once
        before = len(devops.requests())
        found = await devops.host.observe(places)
        assert all(isinstance(one, RunsReading) and len(one.runs) == 1 for one in found.values())
        assert len(devops.requests()) - before == expected


async def test_lists_are_read_to_their_end(devops: DevOps) -> None:
    from quarterdeck.providers.azure_pipelines.api import everything

    for _ in range(3):
        devops.begin("tests")
    api = devops.session._api  # type: ignore[attr-defined]
    found = await everything(api, "/Shop/_apis/build/builds", (("$top", "2"),))
    assert len({one["id"] for one in found}) == 6


async def test_checks_are_read_once_and_not_in_each_round(devops: DevOps) -> None:
    await devops.seen()
    await devops.seen()
    assert len(devops.requests(path="/checks/")) == 2


async def test_a_server_that_tells_steps_or_rights_but_not_both_is_asked_for_the_steps(devops: DevOps) -> None:
    devops.fault(kind="status", status=400, path="expand=steps(,|%2C)permissions")
    assert (await devops.seen())[0].waits
    before = len(devops.requests(path="/approvals"))
    assert (await devops.seen())[0].waits
    assert len(devops.requests(path="/approvals")) == before + 1


async def test_a_run_that_can_not_be_read_is_trouble_of_its_own_pipeline_alone(devops: DevOps) -> None:
    devops.begin("nightly")
    devops.fault(kind="garbage", path=f"builds/{devops.newest('nightly').id}/timeline")
    found = await devops.host.observe([DEPLOY, place("nightly")])
    assert getattr(found[place("nightly").subject], "code", "") == "garbage"
    reading = found[DEPLOY.subject]
    assert isinstance(reading, RunsReading)
    assert reading.runs[0].waits


async def test_a_run_that_is_deleted_while_it_is_looked_at_is_no_trouble(devops: DevOps) -> None:
    devops.fault(kind="status", status=404, path="/timeline")
    assert [run.state for run in await devops.seen()] == ["running", "succeeded"]


async def test_a_missing_pipeline_is_trouble_on_its_own_row(devops: DevOps) -> None:
    ghost = place("ghost")
    found = await devops.host.observe([DEPLOY, ghost])
    assert getattr(found[ghost.subject], "code", "") == "not_found"
    assert isinstance(found[DEPLOY.subject], RunsReading)


@pytest.mark.parametrize("name", ["DEPLOY", "\\deploy"])
async def test_a_pipeline_is_known_by_name_or_by_number(devops: DevOps, name: str) -> None:
    assert await devops.seen(place(name))
    assert await devops.seen(place(str(devops.newest().workflow.id)))


async def test_a_wrong_token_is_told_for_what_it_is_although_the_answer_says_yes(start: Start) -> None:
    devops = await start(token="pat-of-nobody")
    trouble = await devops.trouble()
    assert trouble.code == "unauthenticated"
    assert "pat-of-nobody" not in repr(trouble)
    assert devops.requests()[-1]["status"] == 203
    with pytest.raises(ProviderError, match="page to sign in"):
        await devops.session.identity()


async def test_a_redirect_to_sign_in_is_told_for_what_it_is(devops: DevOps) -> None:
    devops.fault(kind="redirect")
    assert (await devops.trouble()).code == "unauthenticated"


async def test_check_says_who_we_are(devops: DevOps) -> None:
    told = [what for what, trouble in [one async for one in devops.session.check()] if trouble is None]
    assert any("as ana@contoso.com" in what for what in told)
    assert await devops.session.identity() == "ana@contoso.com"


async def test_when_the_limit_is_used_up_nothing_is_asked_until_it_is_not(devops: DevOps) -> None:
    devops.fault(kind="status", status=429, retry_after=120)
    assert (await devops.trouble()).code == "throttled"
    devops.lift_faults()
    asked = len(devops.requests())
    trouble = await devops.trouble()
    assert (trouble.code, len(devops.requests())) == ("throttled", asked)
    devops.world.advance(121)
    assert await devops.seen()


async def test_a_yes_that_asks_for_quiet_stops_watching_and_not_people(devops: DevOps) -> None:
    devops.fault(kind="status", status=200, retry_after=60, count=1)
    await devops.host.observe([DEPLOY])
    devops.lift_faults()
    assert (await devops.trouble()).code == "throttled"
    assert (await devops.host.survey_run(DEPLOY.address, str(devops.newest().id))).run.state == "waiting"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "html"}, "garbage"),
        ({"kind": "garbage"}, "garbage"),
        ({"kind": "half"}, "garbage"),
        ({"kind": "status", "status": 500}, "provider_error"),
        ({"kind": "hang", "seconds": 7}, "timeout"),
    ],
)
async def test_bad_answers_are_told_and_nothing_is_made_up(devops: DevOps, fault: dict[str, object], code: str) -> None:
    devops.fault(**fault)
    assert (await devops.trouble()).code == code


async def test_everybody_is_asked_for_the_same_with_their_own_rights(devops: DevOps) -> None:
    (ours,) = (await devops.as_(ANA).seen())[0].waits
    (theirs,) = (await devops.as_(BEN).seen())[0].waits
    assert (ours.id, ours.may_decide) == (theirs.id, theirs.may_decide)
