"""Builders of a real Buildbot: watched, started, stopped, begun again; and what it says to what can't be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
from tests.providers.buildbot.master import Master, buildbot
from tests.providers.loopback import session
from tests.servers import needs

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import PipelineHost, ProviderError, Refused, Session
from quarterdeck.providers.buildbot.documents import QUEUED, Books
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.run_action import RunOrder, StartRun, SteerRun
from quarterdeck.release.run_planning import plan_start, plan_steer
from quarterdeck.testing.conformance import check_observing
from quarterdeck.testing.pipeline_conformance import check_run

pytestmark = needs("buildbot")
PATIENCE = 60.0


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    with buildbot(tmp_path_factory.mktemp("master")) as found:
        yield found


def place(builder: str, **more: str) -> Place:
    return Place("pipelines", TargetId("", builder, pipeline=True), Address("ci", {"builder": builder, **more}))


TEST, DEPLOY, MIGRATE, LONELY = place("test"), place("deploy"), place("migrate", scheduler="by-hand"), place("lonely")


@dataclass
class Signed:
    """Somebody's session on it."""

    session: Session

    @property
    def host(self) -> PipelineHost:
        found = self.session.capability("pipelines")
        assert isinstance(found, PipelineHost)
        return found

    async def runs(self, where: Place) -> tuple[PipelineRun, ...]:
        found = (await self.host.observe([where]))[where.subject]
        assert isinstance(found, RunsReading), found
        return found.runs

    async def run(self, where: Place, run: str, *states: str) -> PipelineRun:
        """A run, as soon as it is in one of these states."""
        async with asyncio.timeout(PATIENCE):
            while (found := (await self.host.survey_run(where.address, run)).run).state not in states:  # noqa: ASYNC110
                await asyncio.sleep(0.25)
        return found

    async def start_step(self, where: Place, mark: str = "m-1", **inputs: str) -> Step:
        survey = await self.host.survey_pipeline(where.address)
        return only(plan_start(StartRun(where.target, inputs=inputs), where, survey, mark))

    async def start(self, where: Place, mark: str = "m-1", **inputs: str) -> str:
        """Its run, settled."""
        step = await self.start_step(where, mark, **inputs)
        await self.host.send(step)
        settled = await self.host.settle(step)
        assert settled.state == "done", settled
        return str(settled.evidence["run"])

    async def steer_step(self, where: Place, run: str, order: RunOrder) -> Step:
        survey = await self.host.survey_run(where.address, run)
        return only(plan_steer(SteerRun(where.target, run, order), where, survey))

    async def cancel(self, where: Place, run: str) -> None:
        step = await self.steer_step(where, run, "cancel")
        receipt = await self.host.send(step)
        async with asyncio.timeout(PATIENCE):
            while (await self.host.poll(step, receipt)).state == "running":  # noqa: ASYNC110
                await asyncio.sleep(0.25)
        assert (await self.host.settle(step)).state == "done"


def only(outline: Outline | Refusal) -> Step:
    assert isinstance(outline, Outline), outline
    (step,) = outline.steps
    return step


def signed(master: Master, user: str = "alice") -> Signed:
    return Signed(session("buildbot", url=master.url, user=user, password="${env:TOKEN}", timeout="60s"))


@pytest.fixture
async def alice(master: Master) -> AsyncIterator[Signed]:
    found = signed(master)
    yield found
    for where in (DEPLOY, MIGRATE):
        for run in await found.runs(where):
            if run.open:
                await found.cancel(where, run.id)
    await found.session.close()


async def test_it_says_who_it_is_and_who_we_are(master: Master, alice: Signed) -> None:
    ((told, fault),) = [one async for one in alice.session.check()]
    assert (told.startswith("Buildbot 4."), told.endswith("knows us as alice"), fault) == (True, True, None)
    assert await alice.session.identity() == "alice"
    nobody = session("buildbot", url=master.url)
    ((told, fault),) = [one async for one in nobody.check()]
    assert (told.endswith("nobody is signed in"), fault) == (True, None)
    wrong = session("buildbot", url=master.url, user="mallory", password="${env:TOKEN}")
    ((_, fault),) = [one async for one in wrong.check()]
    assert fault is not None
    assert (fault.code, fault.hint) == ("unauthenticated", "check `user`, and what `password` refers to")
    await nobody.close()
    await wrong.close()


async def test_observing(alice: Signed) -> None:
    await check_observing(alice.host, [TEST, DEPLOY, LONELY], place("ghost"))
    seen = (await alice.host.observe([place("ghost")]))[place("ghost").subject]
    assert isinstance(seen, Trouble)
    assert "renamed" in seen.hint


async def test_starting_cancelling_and_running_again(alice: Signed) -> None:
    await check_run(alice.host, MIGRATE)


async def test_a_build_is_followed_from_its_request_to_its_end(alice: Signed) -> None:
    run = await alice.start(TEST, "m-7", version="2.5")
    done = await alice.run(TEST, run, "succeeded")
    assert (done.actor, done.event, "m-7" in done.title, done.attempt) == ("alice", "force", True, 1)
    assert [part.name for part in done.parts][-1] == "work"
    assert done.url.endswith(f"/builds/{done.number}")
    assert (await alice.runs(TEST))[0].id == run


async def test_what_waits_for_a_lock_says_so_and_is_no_matter_for_people(alice: Signed) -> None:
    first = await alice.start(DEPLOY, "m-1")
    await alice.run(DEPLOY, first, "running")
    second = await alice.start(MIGRATE, "m-2")
    held = (await alice.host.survey_run(MIGRATE.address, second)).run
    # A build that came upon the lock at the same moment says so itself; a request that isn't begun for it can't
    assert (held.state, held.status) in (("queued", QUEUED), ("waiting", "acquiring locks"))
    assert not any(wait.for_people for wait in held.waits)
    await alice.cancel(MIGRATE, second)
    await alice.cancel(DEPLOY, first)


def test_a_build_that_came_upon_a_lock_waits_for_it() -> None:
    request = {"buildrequestid": 5, "builderid": 1, "buildsetid": 4, "complete": False, "submitted_at": 1795430514}
    build = {"buildid": 3, "buildrequestid": 5, "number": 2, "complete": False, "state_string": "acquiring locks"}
    (run,) = Books({5: request}, {}, {3: build}).runs(1, "http://ci")
    assert (run.state, run.url) == ("waiting", "http://ci/#/builders/1/builds/2")
    assert [(wait.kind, wait.for_people) for wait in run.waits] == [("lock", False)]


async def test_requests_for_the_same_are_joined_and_that_is_told(alice: Signed) -> None:
    one, other = await alice.start(TEST, "m-3"), await alice.start(TEST, "m-4")
    ends = {(await alice.run(TEST, run, "succeeded", "skipped")).state for run in (one, other)}
    assert "succeeded" in ends
    for run in await alice.runs(TEST):
        if run.state == "skipped":
            assert run.status == "joined with another request for the same"


async def test_a_build_begun_again_is_another_attempt_of_the_same_run(alice: Signed) -> None:
    run = await alice.start(TEST, "m-5")
    await alice.run(TEST, run, "succeeded")
    step = await alice.steer_step(TEST, run, "rerun")
    await alice.host.send(step)
    assert (await alice.host.settle(step)).state == "done"
    again = await alice.run(TEST, run, "succeeded")
    assert (again.attempt, again.id) == (2, run)
    with pytest.raises(Refused, match="begun again"):
        await alice.host.send(step)


async def test_whoever_lacks_the_role_is_told_which(master: Master) -> None:
    bob = signed(master, "bob")
    step = await bob.start_step(TEST)
    with pytest.raises(Refused) as caught:
        await bob.host.send(step)
    assert caught.value.trouble.code == "forbidden"
    assert "you need to have role 'admins'" in caught.value.trouble.message
    assert (await bob.host.settle(step)).state == "unclear"
    await bob.session.close()


async def test_a_parameter_that_the_master_refuses_is_named(alice: Signed) -> None:
    step = await alice.start_step(TEST, version="new")
    with pytest.raises(Refused) as caught:
        await alice.host.send(step)
    assert "does not match pattern" in caught.value.trouble.hint
    survey = await alice.host.survey_pipeline(TEST.address)
    unknown = plan_start(StartRun(TEST.target, inputs={"colour": "red"}), TEST, survey, "m")
    assert isinstance(unknown, Refusal)
    assert unknown.hint == "it takes: version"


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (LONELY, "no ForceScheduler starts lonely"),
        (place("migrate"), "several can start migrate: by-hand, by-night"),
        (place("test", scheduler="by-night"), "no ForceScheduler by-night starts test"),
        (place("ghost"), "has no builder ghost"),
    ],
)
async def test_what_nothing_or_several_could_start(alice: Signed, where: Place, words: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await alice.host.survey_pipeline(where.address)
    assert words in caught.value.trouble.message


@pytest.mark.parametrize("run", ["99999", "latest"])
async def test_a_run_that_is_not_there(alice: Signed, run: str) -> None:
    with pytest.raises(ProviderError) as caught:
        await alice.host.survey_run(TEST.address, run)
    assert caught.value.trouble.code == "not_found"


async def test_a_session_that_ended_is_begun_again_and_an_order_goes_out_once(master: Master, alice: Signed) -> None:
    step = await alice.start_step(TEST, "m-9")
    cookie = master.signed_in()
    async with asyncio.timeout(PATIENCE):
        while master.knows(cookie):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    await alice.host.send(step)
    assert (await alice.host.settle(step)).state == "done"
    assert sum("m-9" in one.title for one in await alice.runs(TEST)) == 1
    cookie = master.signed_in()
    async with asyncio.timeout(PATIENCE):
        while master.knows(cookie):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    assert await alice.session.identity() == "alice"


async def test_a_master_that_is_gone_refuses_nothing_silently(master: Master) -> None:
    alice = signed(master)  # whose looks stand back afterwards, as they should
    step = await alice.start_step(TEST, "m-10")
    master.server.kill()
    try:
        with pytest.raises(Refused, match="nothing was sent"):
            await alice.host.send(step)
        seen = (await alice.host.observe([TEST]))[TEST.subject]
        assert isinstance(seen, Trouble)
        assert seen.code == "unreachable"
    finally:
        await alice.session.close()
        master.server.start()
