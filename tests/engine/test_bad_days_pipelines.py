"""Bad days of the hosts of pipelines, the same for each: what an approval then amounts to, and what is told.

A yes is counted where it counts, in the host; what a person learns is the answer, or the end of the operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.engine.door import Door, Strike, door
from tests.engine.ship import Moments, Ship
from tests.providers.azure_pipelines.conftest import SHOP as DEVOPS
from tests.providers.circleci.conftest import RELEASE
from tests.providers.circleci.server import serving as circleci
from tests.providers.circleci.world import Project
from tests.providers.circleci.world import World as Circle
from tests.providers.github.conftest import SHOP as GITHUB
from tests.providers.jenkins.server import serving as jenkins
from tests.providers.jenkins.world import Ask, Job, Stage, Work
from tests.providers.jenkins.world import World as Jenkins

from quarterdeck.cli.exit_codes import ExitCode, of_ending, of_refusal
from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Pipeline, Place, Role
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, SessionContext
from quarterdeck.release.plan import Plan
from quarterdeck.release.run_action import DecideRun
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.workflows import Reviewed
from quarterdeck.sandbox.world.world import World
from quarterdeck.store.answer import Answer

START = 1_790_000_000.0
DEPLOY, LOST = (TargetId("", name, pipeline=True) for name in ("deploy", "renamed"))
TOKEN = "s3cr3t-of-the-runner"
ERROR = '{"error": "upstream connect error", "ok": false}'


@dataclass
class Lines:
    """What differs between hosts, for whoever tests them alike.

    Attributes:
        url: where it is, as a connection says it, behind `base`.
        parts: of the address; `lost` those of one that isn't there any more.
        writes: the method of the request that says yes.
        yes: how many times somebody said yes to the run, as the host has it.
        revoke: the token is worthless from now on.
        other: somebody else says yes there. expire: nobody said anything for too long, or the run was ended.
    """

    base: str
    url: str
    provider: str
    options: dict[str, str]
    parts: dict[str, str]
    lost: dict[str, str]
    run: str
    writes: str
    yes: Callable[[], int]
    revoke: Callable[[], None]
    other: Callable[[], None]
    expire: Callable[[], None]
    now: Callable[[], float]
    advance: Callable[[float], None]


@asynccontextmanager
async def of_sandbox(which: str) -> AsyncIterator[Lines]:
    document = GITHUB if which == "github" else DEVOPS
    accounts = [*document["accounts"], {"token": TOKEN, "login": "runner", "teams": ["sre"]}]
    world = World(WorldClock(START, speed=0), {**document, "accounts": accounts})
    async with running(world) as up:
        repository = world.pipelines.repository("contoso/shop") or world.pipelines.repository("contoso/Shop")
        assert repository
        run = [one for one in repository.runs if one.workflow.file == "deploy.yml"][-1]

        def other() -> None:
            production = repository.environments["production"]
            world.pipelines.review(repository, run, production, Reviewed(production, "approved", "ben", ""))

        def revoke() -> None:
            world.pipelines.accounts.pop(TOKEN, None)

        devops = which != "github"
        name = "pipeline" if devops else "workflow"
        yield Lines(
            base=up.url,
            url="/devops/contoso" if devops else "",
            provider="azure_pipelines" if devops else "github",
            options={},
            parts={"project": "Shop", name: "deploy"} if devops else {"repository": "contoso/shop", name: "deploy.yml"},
            lost={"project": "Shop", name: "gone"} if devops else {"repository": "contoso/gone", name: "deploy.yml"},
            run=str(run.id),
            writes="PATCH" if devops else "POST",
            yes=lambda: len(run.reviews),
            revoke=revoke,
            other=other,
            expire=lambda: world.advance(31 * 86400),
            now=world.clock.now,
            advance=world.advance,
        )


@asynccontextmanager
async def of_jenkins() -> AsyncIterator[Lines]:
    script = (Stage("Build", (Work(20),)), Stage("Production", (Ask("Roll it out?"), Work(600))))
    world = Jenkins({"deploy": Job("deploy", script)}, now=START)
    world.users["ben"] = TOKEN
    build = world.start("deploy")
    world.advance(30)
    asks = build.pending[0].step
    assert isinstance(asks, Ask)

    def expire() -> None:
        world.stop(build, "ana")
        world.advance(60)

    async with jenkins(world) as server:
        base, slash, context = server.url.rpartition("/")
        yield Lines(
            base=base,
            url=slash + context,
            provider="jenkins",
            options={"user": "ben"},
            parts={"job": "deploy"},
            lost={"job": "gone"},
            run="1",
            writes="POST",
            yes=lambda: sum(node.log.count("Approved by") for stage in build.stages for node in stage.nodes),
            revoke=lambda: world.users.update(ben="another"),
            other=lambda: world.answer(build, asks.id, "ana", yes=True),
            expire=expire,
            now=lambda: world.now,
            advance=world.advance,
        )


@asynccontextmanager
async def of_circleci() -> AsyncIterator[Lines]:
    slug = "gh/contoso/shop"
    world = Circle({slug: Project(slug, {"release": RELEASE})}, now=START)
    world.users["ben"] = TOKEN
    pipeline = world.start(slug)
    world.advance(30)
    workflow = pipeline.workflows[0]
    asked = next(one for one in workflow.jobs if one.spec.approval)
    async with circleci(world) as server:
        base = server.url.removesuffix("/api/v2")

        def other() -> None:
            world.approve(workflow, asked.request, "ana")
            world.advance(world.delay + 1)

        def expire() -> None:
            world.cancel(workflow, "ana")
            world.advance(world.delay + 1)

        yield Lines(
            base=base,
            url="/api/v2",
            provider="circleci",
            options={},
            parts={"project": slug, "workflow": "release"},
            lost={"project": "gh/contoso/gone", "workflow": "release"},
            run="1.release",
            writes="POST",
            yes=lambda: int(bool(asked.approved_by)),
            revoke=lambda: world.users.update(ben="another"),
            other=other,
            expire=expire,
            now=lambda: world.now,
            advance=world.advance,
        )


HOSTS: dict[str, Callable[[], Any]] = {
    "github": lambda: of_sandbox("github"),
    "azure_pipelines": lambda: of_sandbox("azure_pipelines"),
    "jenkins": of_jenkins,
    "circleci": of_circleci,
}


@dataclass
class Tide:
    """The host's time, which passes when we sleep; then whoever fell is back."""

    lines: Lines
    door: Door

    def now(self) -> float:
        return self.lines.now()

    def monotonic(self) -> float:
        return self.lines.now()

    async def sleep(self, seconds: float) -> None:
        self.lines.advance(seconds)
        await self.door.tide()
        await asyncio.sleep(0)


class Connections:
    """The one session of the runner."""

    def __init__(self, lines: Lines, door: Door, clock: Clock) -> None:
        options = {"url": door.url + lines.url, "token": "${env:TOKEN}", "timeout": "2s", **lines.options}
        context = SessionContext(clock, lambda _: None, lambda _: TOKEN)
        self.session = registry.load(lines.provider).open(Connection("ci", lines.provider, options), context)

    def capability(self, connection: str, role: Role) -> Capability:
        found = self.session.capability(role)
        assert found
        return found

    async def identity(self, connection: str) -> str:
        return await self.session.identity()


@dataclass
class Harbour:
    lines: Lines
    door: Door
    ship: Ship
    connections: Connections

    def approve(self, target: TargetId = DEPLOY) -> DecideRun:
        return DecideRun(target, self.lines.run, "approve", comment="Go.")

    async def planned(self) -> Plan:
        return await self.ship.plan(self.approve())

    async def said(self, plan: Plan) -> tuple[ExitCode, str]:
        """Say yes to a plan: what a script gets to know."""
        answer = await self.ship.confirm(plan)
        assert isinstance(answer, Answer)
        if answer.refusal is not None:
            return of_refusal(answer.refusal.code), answer.refusal.message
        await self.ship.engine.idle()
        operation = self.ship.operation(plan.id)
        assert operation.ending
        return of_ending(operation.ending), operation.detail


@pytest.fixture(params=HOSTS)
async def harbour(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Harbour]:
    async with HOSTS[request.param]() as lines, door(lines.base) as before:
        places = tuple(
            Place("pipelines", target, Address("ci", parts))
            for target, parts in ((DEPLOY, lines.parts), (LOST, lines.lost))
        )
        fleet = Fleet("shop", (Environment("production"),), places=places, pipelines=(Pipeline("deploy"),))
        clock: Any = Tide(lines, before)
        connections = Connections(lines, before, clock)
        ship = Ship(tmp_path, clock, lambda: connections, Moments(""), fleet)
        yield Harbour(lines, before, ship, connections)
        assert TOKEN not in "".join(str(to_json(event)) for event in ship.store.events())
        await connections.session.close()
        ship.store.close()


async def test_on_a_good_day_it_is_done(harbour: Harbour) -> None:
    assert (await harbour.said(await harbour.planned()))[0] == ExitCode.DONE
    assert harbour.lines.yes() == 1


async def test_a_token_that_is_revoked_before_the_yes_decides_nothing(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.lines.revoke()
    code, words = await harbour.said(plan)
    assert code == ExitCode.UNAUTHENTICATED, words
    assert "sign-in" in words or "signed in" in words or "sign in" in words, words
    assert harbour.lines.yes() == 0


async def test_a_token_that_is_revoked_as_the_write_leaves_decides_nothing_and_says_so(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.door.strikes.append(
        Strike(harbour.lines.writes, status=401, body='{"message": "Bad credentials"}', first=harbour.lines.revoke)
    )
    code, words = await harbour.said(plan)
    assert code == ExitCode.FAILED, words
    assert "doesn't accept our sign-in" in words
    assert harbour.lines.yes() == 0


async def test_who_is_told_to_wait_says_so_and_has_decided_nothing(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.door.strikes.append(Strike(harbour.lines.writes, status=429, headers={"Retry-After": "30"}, count=99))
    code, words = await harbour.said(plan)
    assert code == ExitCode.FAILED, words
    assert "too many requests" in words.lower() or "limit" in words.lower() or "too fast" in words.lower(), words
    assert harbour.lines.yes() == 0


async def test_a_yes_of_the_host_that_did_nothing_is_not_believed(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.door.strikes.append(Strike(harbour.lines.writes, body=ERROR, count=99))
    code, words = await harbour.said(plan)
    assert code == ExitCode.FAILED, words
    assert "sent 3 times, without effect" in words
    doubts = [event.body["detail"] for event in harbour.ship.store.events() if event.kind == "step.in_doubt"]
    assert all(doubt in words for doubt in doubts[-1:]), "what the host answered is told with the end"
    assert harbour.lines.yes() == 0


@pytest.mark.parametrize("happens", [True, False], ids=["with the yes", "without it"])
async def test_a_host_that_is_restarted_while_it_is_told_has_it_once(harbour: Harbour, happens: bool) -> None:
    plan = await harbour.planned()
    harbour.door.strikes.append(Strike(harbour.lines.writes, "fall", happens=happens))
    code, words = await harbour.said(plan)
    assert (code, harbour.lines.yes()) == (ExitCode.DONE, 1), words
    assert "step.in_doubt" in harbour.ship.kinds(plan.id)


async def test_what_somebody_else_said_meanwhile_is_told_and_nothing_is_sent(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.lines.other()
    harbour.door.strikes.append(Strike(harbour.lines.writes, count=99))
    code, words = await harbour.said(plan)
    assert harbour.lines.yes() == 1
    assert harbour.door.struck == 0, words
    assert "approved" in words, (code, words)


async def test_an_approval_that_is_over_is_told_as_that_and_nothing_is_sent(harbour: Harbour) -> None:
    plan = await harbour.planned()
    harbour.lines.expire()
    harbour.door.strikes.append(Strike(harbour.lines.writes, count=99))
    code, words = await harbour.said(plan)
    assert code == ExitCode.FAILED, words
    assert (harbour.lines.yes(), harbour.door.struck) == (0, 0)
    again = await harbour.ship.ask("plan", {"action": to_json(harbour.approve())})
    assert again
    assert again.refusal
    assert of_refusal(again.refusal.code) == ExitCode.FAILED


async def test_a_pipeline_that_has_another_name_now_is_told_and_nothing_is_sent(harbour: Harbour) -> None:
    harbour.door.strikes.append(Strike(harbour.lines.writes, count=99))
    answer = await harbour.ship.ask("plan", {"action": to_json(replace(harbour.approve(), target=LOST))})
    assert answer
    assert answer.refusal
    assert of_refusal(answer.refusal.code) in (ExitCode.FAILED, ExitCode.USAGE, ExitCode.UNREACHABLE)
    assert any(one in answer.refusal.message for one in ("gone", "404", "no such", "nothing there")), answer.refusal
    assert answer.refusal.hint
    assert harbour.door.struck == 0


async def test_a_host_that_is_gone_is_told_and_so_is_what_to_look_at(harbour: Harbour) -> None:
    await harbour.door.shut()
    answer = await harbour.ship.ask("plan", {"action": to_json(harbour.approve())})
    assert answer
    assert answer.refusal
    assert of_refusal(answer.refusal.code) == ExitCode.UNREACHABLE
    assert "can't connect" in answer.refusal.message
    assert answer.refusal.hint
