"""What is seen of workflows: the published shapes, few requests, nothing made up."""

from __future__ import annotations

import pytest
from tests.providers.circleci.conftest import NIGHTLY, RELEASE, SHOP, Circle, place
from tests.providers.circleci.server import Fault
from tests.providers.circleci.world import JobSpec, Project

from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError

MANY = "gh/contoso/many"


async def test_workflows_come_newest_first_with_what_they_wait_for(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.advance(10)
    circle.world.start(SHOP, "ben")
    circle.world.advance(15)
    newer, older = await circle.seen(place())
    assert (newer.id, newer.number, newer.state, newer.actor) == ("2.release", "2", "running", "ben")
    assert (older.id, older.state, older.title, older.ref) == ("1.release", "waiting", "Change 1", "main")
    (wait,) = older.waits
    assert (wait.environment, wait.kind, wait.blocks) == ("production", "approval", "deploy")
    assert wait.since == pytest.approx(circle.world.now - 5)
    assert [(part.name, part.state) for part in older.parts] == [
        ("build", "succeeded"),
        ("production", "waiting"),
        ("deploy", "queued"),
    ]


async def test_an_address_takes_its_workflow_and_its_branch_and_no_other(circle: Circle) -> None:
    circle.world.start(MANY)
    circle.world.start(MANY, branch="fix")
    circle.world.advance(30)
    assert {run.name for run in await circle.seen(place(MANY))} == {"release", "nightly"}
    assert {run.name for run in await circle.seen(place(MANY, workflow="nightly"))} == {"nightly"}
    assert [run.ref for run in await circle.seen(place(MANY, workflow="nightly", branch="fix"))] == ["fix"]
    with pytest.raises(ProviderError, match="has no workflow release that belongs here"):
        await circle.host.survey_run(place(MANY, workflow="nightly").address, "1.release")


async def test_a_workflow_that_was_run_again_is_one_run_with_another_attempt(circle: Circle) -> None:
    pipeline = circle.world.start(MANY)
    circle.world.advance(30)
    nightly = next(one for one in pipeline.workflows if one.name == "nightly")
    circle.world.rerun(pipeline, nightly, "ana", from_failed=True)
    circle.world.advance(3)
    runs = {run.name: run for run in await circle.seen(place(MANY))}
    assert (runs["nightly"].attempt, runs["nightly"].state) == (2, "running")
    assert runs["release"].attempt == 1


async def test_a_pipeline_whose_configuration_is_wrong_has_failed_and_says_why(circle: Circle) -> None:
    circle.world.start(SHOP, branch="broken")
    (run,) = await circle.seen(place())
    assert (run.id, run.state, run.status) == ("1", "failed", "errored")
    assert run.title == "Config does not conform to schema"
    assert (await circle.host.survey_run(place().address, "1")).run.state == "failed"


async def test_a_workflow_may_be_called_anything_and_its_run_is_found_by_its_name(circle: Circle) -> None:
    circle.world.projects[SHOP].workflows = {"ship it/now": RELEASE}
    circle.world.start(SHOP)
    circle.world.advance(25)
    (run,) = await circle.seen(place())
    assert (run.id, run.name) == ("1.ship%20it%2Fnow", "ship it/now")
    assert (await circle.host.survey_run(place().address, run.id)).run == run


async def test_what_has_ended_is_not_read_again_in_every_round(circle: Circle) -> None:
    circle.world.projects[SHOP].workflows = {"release": (JobSpec("build", seconds=5),)}
    for _ in range(4):
        circle.world.start(SHOP)
    circle.world.advance(30)
    await circle.seen(place())
    before = len(circle.server.asked)
    await circle.seen(place())
    assert circle.server.asked[before:] == [f"GET /project/{SHOP}/pipeline"]


async def test_what_was_run_again_by_somebody_else_is_noticed_within_a_minute(circle: Circle) -> None:
    pipeline = circle.world.start(MANY)
    circle.world.projects[MANY].workflows = {"nightly": NIGHTLY}
    pipeline.workflows = pipeline.workflows[1:]
    circle.world.advance(30)
    assert (await circle.seen(place(MANY)))[0].attempt == 1
    circle.world.rerun(pipeline, pipeline.workflows[0], "ana", from_failed=False)
    circle.world.advance(62)
    assert (await circle.seen(place(MANY)))[0].attempt == 2


async def test_a_hundred_quiet_projects_cost_a_request_each(circle: Circle) -> None:
    slugs = [f"gh/contoso/p{number}" for number in range(100)]
    for slug in slugs:
        circle.world.projects[slug] = Project(slug, {"release": (JobSpec("build", seconds=5),)})
        circle.world.start(slug)
    circle.world.advance(30)
    places = [place(slug) for slug in slugs]
    await circle.host.observe(places)
    before = len(circle.server.asked)
    found = await circle.host.observe(places)
    assert all(isinstance(one, RunsReading) and one.runs[0].state == "succeeded" for one in found.values())
    assert len(circle.server.asked) - before == 100


async def test_a_long_history_is_read_in_turns_the_newest_first(circle: Circle) -> None:
    circle.world.projects[SHOP].workflows = {"release": (JobSpec("build", seconds=1),)}
    for _ in range(12):
        circle.world.start(SHOP)
    circle.world.advance(5)
    counts = [len(await circle.seen(place())) for _ in range(3)]
    assert counts == [5, 10, 12]
    assert (await circle.seen(place()))[0].number == "12"


async def test_what_waits_is_seen_until_it_is_decided_however_old_it_is(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.advance(25)
    await circle.seen(place())
    circle.world.projects[SHOP].workflows = {"release": (JobSpec("build", seconds=1),)}
    for _ in range(25):
        circle.world.start(SHOP)
    circle.world.advance(10)
    runs = await circle.seen(place())
    assert [run.number for run in runs if run.state == "waiting"] == ["1"]


async def test_lists_are_read_page_by_page(circle: Circle) -> None:
    circle.world.page = 2
    circle.world.start(SHOP)
    circle.world.advance(25)
    (run,) = await circle.seen(place())
    assert len(run.parts) == len(RELEASE) == 3


async def test_a_project_that_may_not_be_seen_is_trouble_on_its_own_row(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.projects[MANY].hidden_from = ("ben",)
    found = await circle.host.observe([place(), place(MANY)])
    assert isinstance(found[place().subject], RunsReading)
    assert getattr(found[place(MANY).subject], "code", "") == "not_found"
    assert "may not see" in (await circle.trouble(place(MANY))).hint


async def test_a_wrong_token_is_told_without_the_token(circle: Circle) -> None:
    wrong = circle.as_("ben", "t-wrong")
    trouble = await wrong.trouble(place())
    assert (trouble.code, "t-wrong" in repr(trouble)) == ("unauthenticated", False)
    ((_, told),) = [one async for one in wrong.session.check()]
    assert told is not None
    assert "make another personal API token" in told.hint


async def test_check_says_who_we_are(circle: Circle) -> None:
    assert await circle.session.identity() == "ben"
    ((what, told),) = [one async for one in circle.session.check()]
    assert what.endswith("knows the token as ben")
    assert told is None
    assert await circle.host.permitted(place().address) is None


async def test_when_asked_too_often_it_is_left_alone_as_long_as_it_says(circle: Circle) -> None:
    circle.server.faults.append(Fault("status", status=429, retry_after=120))
    assert (await circle.trouble(place())).code == "throttled"
    circle.server.faults.clear()
    asked = len(circle.server.asked)
    trouble = await circle.trouble(place())
    assert (trouble.code, len(circle.server.asked)) == ("throttled", asked)
    assert "CircleCI's rate limit" in trouble.message
    circle.world.advance(121)
    assert await circle.seen(place()) == ()


@pytest.mark.parametrize(
    ("fault", "code"),
    [(Fault("html"), "garbage"), (Fault("drop"), "garbage"), (Fault("status", status=500), "provider_error")],
    ids=["page", "line cut", "fell over"],
)
async def test_bad_answers_are_told_and_nothing_is_made_up(circle: Circle, fault: Fault, code: str) -> None:
    circle.server.faults.append(fault)
    assert (await circle.trouble(place())).code == code


def test_a_sandbox_has_no_circleci_and_says_so() -> None:
    with pytest.raises(ProviderError, match="the sandbox has no CircleCI"):
        registry.load("circleci").sandboxed(Connection("ci", "circleci"), {})


@pytest.mark.parametrize("project", ["contoso/shop", "gh/contoso/shop/x", "gh/contoso", "https://x/y/z", ""])
def test_an_address_that_is_none_is_refused(project: str) -> None:
    model = registry.load("circleci").schema("circleci")["pipelines"]
    with pytest.raises(ValueError, match="project"):
        model(project=project)
