"""What is seen of builds: the published shapes, few requests, nothing made up."""

from __future__ import annotations

import pytest
from tests.providers.jenkins.conftest import Ci, place
from tests.providers.jenkins.server import Fault
from tests.providers.jenkins.world import Ask, Job, Stage

from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.jenkins.documents import belongs


async def test_builds_come_newest_first_with_what_they_wait_for(ci: Ci) -> None:
    older = ci.started("deploy")
    ci.world.answer(older, Ask("Roll it out?").id, "ben", yes=True)
    ci.world.advance(100)
    ci.started("deploy")
    newer, older_run = await ci.seen(place())
    assert (newer.number, newer.state, newer.actor) == ("2", "waiting", "ana")
    assert (older_run.number, older_run.state, older_run.status) == ("1", "succeeded", "success")
    assert newer.commit.endswith("2")
    assert newer.ref == "main"
    (wait,) = newer.waits
    assert (wait.environment, wait.kind, wait.note, wait.blocks) == (
        "Production", "input", "Roll it out?", "the rest of Production",
    )  # fmt: skip
    assert wait.since == pytest.approx(ci.world.now - 10, abs=1)
    assert [(part.name, part.state) for part in newer.parts] == [("Build", "succeeded"), ("Production", "waiting")]


async def test_two_inputs_of_a_stage_are_told_apart(ci: Ci) -> None:
    ci.started("split", 3)
    (run,) = await ci.seen(place("split"))
    assert [wait.note for wait in run.waits] == ["East?", "West?"]
    assert len({run.name_of(wait) for wait in run.waits}) == 2


async def test_an_input_outside_of_all_stages_waits_as_well(ci: Ci) -> None:
    ci.started("bare", 3)
    survey = await ci.host.survey_run(place("bare").address, "1")
    assert [wait.note for wait in survey.run.waits] == ["Outside of all stages?"]
    assert survey.run.state == "waiting"
    (seen,) = await ci.seen(place("bare"))
    assert (seen.state, len(seen.waits)) == ("waiting", 1)


async def test_a_job_without_stages_has_builds_all_the_same(ci: Ci) -> None:
    ci.started("plain", 5)
    (run,) = await ci.seen(place("plain"))
    assert (run.state, run.parts, run.event) == ("running", (), "Started by user ana")


async def test_the_branch_of_a_multibranch_project_is_found_by_its_name(ci: Ci) -> None:
    ci.world.start("team/app/tests/feature%2Flogin")
    ci.world.advance(10)
    (run,) = await ci.seen(place("tests", branch="feature/login"))
    assert (run.ref, run.state) == ("feature/login", "failed")
    trouble = await ci.trouble(place("tests"))
    assert trouble.code == "misconfigured"
    assert "give a branch" in trouble.hint


async def test_a_build_that_waits_is_seen_however_old_it_is(ci: Ci) -> None:
    ci.started("deploy")
    for _ in range(30):
        build = ci.world.start("team/app/deploy", MARK=str(ci.world.now))
        ci.world.stop(build, "ana")
        ci.world.advance(4)
    runs = await ci.seen(place())
    assert [run.number for run in runs if run.state == "waiting"] == ["1"]
    assert runs[0].number == "31"


async def test_a_hundred_quiet_jobs_of_a_folder_cost_two_requests(ci: Ci) -> None:
    names = [f"many/job-{number}" for number in range(100)]
    ci.world.jobs |= {name: Job(name) for name in names}
    for name in names:
        ci.world.start(name)
    ci.world.advance(60)
    found = await ci.host.observe([place(name) for name in names])
    assert len(found) == 100
    assert all(isinstance(one, RunsReading) and one.runs[0].state == "succeeded" for one in found.values())
    assert len(ci.server.asked) == 2


async def test_a_folder_of_which_little_is_wanted_is_read_at_once_only_until_that_is_known(ci: Ci) -> None:
    ci.world.jobs |= {f"wide/job-{number}": Job(f"wide/job-{number}") for number in range(50)}
    places = [place("wide/job-1"), place("wide/job-2")]
    for requests in (["/job/wide"], ["/job/wide/job/job-1", "/job/wide/job/job-2"]):
        before = len(ci.server.asked)
        found = await ci.host.observe(places)
        assert all(isinstance(one, RunsReading) for one in found.values())
        asked = [one.removeprefix("GET ").removesuffix("/api/json") for one in ci.server.asked[before:]]
        assert sorted(one for one in asked if "/job/" in one) == requests


async def test_a_job_that_may_not_be_seen_is_trouble_on_its_own_row(ci: Ci) -> None:
    ci.world.jobs["team/app/open"].hidden_from = ("ben",)
    ci.started("deploy")
    found = await ci.host.observe([place(), place("open")])
    assert isinstance(found[place().subject], RunsReading)
    assert getattr(found[place("open").subject], "code", "") == "not_found"
    assert "may not see" in (await ci.trouble(place("open"))).hint


async def test_a_folder_that_cannot_be_read_at_once_is_read_job_by_job(ci: Ci) -> None:
    ci.started("deploy")
    ci.server.faults.append(Fault("html", path="/job/team/job/app/api/json"))
    assert (await ci.seen(place()))[0].state == "waiting"
    found = await ci.host.observe([place(), place("open")])
    assert all(isinstance(one, RunsReading) for one in found.values())


async def test_a_wrong_token_is_told_without_the_token(ci: Ci) -> None:
    wrong = ci.as_("ben", "t-wrong")
    trouble = await wrong.trouble(place())
    assert trouble.code == "unauthenticated"
    assert "make another token" in trouble.hint
    assert "t-wrong" not in repr(trouble)
    with pytest.raises(ProviderError, match="sign-in"):
        await wrong.session.identity()


async def test_what_is_wrong_for_a_whole_folder_is_told_on_each_row(ci: Ci) -> None:
    wrong = ci.as_("ben", "t-wrong")
    found = await wrong.host.observe([place(), place("open"), place("tests", branch="feature/login")])
    assert {getattr(one, "code", "") for one in found.values()} == {"unauthenticated"}


async def test_check_says_who_and_which_jenkins_and_that_it_shuts_down(ci: Ci) -> None:
    assert await ci.session.identity() == "ben"
    told = [one async for one in ci.session.check()]
    assert told == [("Jenkins 2.462.3 knows the token as ben", None)]
    ci.world.quieting_down = True
    (_, down) = [one async for one in ci.session.check()]
    assert down[1] is not None
    assert "about to shut down" in down[1].message
    assert await ci.host.permitted(place().address) is None


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (Fault("html"), "garbage"),
        (Fault("login"), "garbage"),
        (Fault("drop"), "garbage"),
        (Fault("status", status=500), "provider_error"),
        (Fault("status", status=403), "forbidden"),
    ],
    ids=["page", "login", "line cut", "fell over", "forbidden"],
)
async def test_bad_answers_are_told_and_nothing_is_made_up(ci: Ci, fault: Fault, code: str) -> None:
    ci.server.faults.append(fault)
    assert (await ci.trouble(place())).code == code


def test_a_sandbox_has_no_jenkins_and_says_so() -> None:
    provider = registry.load("jenkins")
    with pytest.raises(ProviderError, match="the sandbox has no Jenkins"):
        provider.sandboxed(Connection("ci", "jenkins"), {})


@pytest.mark.parametrize("job", ["job/team/job/app", "/deploy", "team//app", "deploy?x", ""])
def test_an_address_that_is_none_is_refused(job: str) -> None:
    model = registry.load("jenkins").schema("jenkins")["pipelines"]
    with pytest.raises(ValueError, match="job"):
        model(job=job)


def test_a_build_of_another_folder_with_the_same_end_is_not_taken_for_ours() -> None:
    assert belongs("https://ci.example/jenkins/job/app/5/", "/job/app") == 5
    assert belongs("https://ci.example/job/team/job/app/5/", "/job/app") is None
    assert belongs(None, "/job/app") is None


async def test_words_from_outside_are_fit_for_a_terminal(ci: Ci) -> None:
    ci.world.jobs["evil"] = Job("evil", (Stage("\x1b[31mred", (Ask("\x1b]0;owned\x07Sure?"),)),))
    ci.world.start("evil")
    evil = Place("pipelines", TargetId("", "evil", pipeline=True), Address("ci", {"job": "evil"}))
    (run,) = await ci.seen(evil)
    (wait,) = run.waits
    assert (wait.environment + wait.note).isprintable()
