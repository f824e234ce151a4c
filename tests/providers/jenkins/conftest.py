"""A little Jenkins on loopback whose clock only the tests step, and sessions against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import pytest
from tests.providers.jenkins.server import Server, serving
from tests.providers.jenkins.world import Ask, Build, Job, Stage, Work, World

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import PipelineHost, ProviderError, Session, SessionContext

BUILD = Stage("Build", (Work(20),))
JOBS = (
    Job(
        "team/app/deploy",
        (BUILD, Stage("Production", (Ask("Roll it out?", submitter="ops"), Work(30)))),
        ("VERSION", "MARK"),
    ),
    Job("team/app/open", (BUILD, Stage("Live", (Ask("Go on?"), Work(10))), Stage("After", (Ask("Go on?"), Work(10))))),
    Job("team/app/form", (Stage("Where", (Ask("Where to?", "where", asks=("REGION",)),)),)),
    Job("team/app/split", (Stage("Both", (Ask("East?"), Ask("West?")), parallel=True),)),
    Job("team/app/bare", (Stage("", (Ask("Outside of all stages?"),)), BUILD)),
    Job("team/app/plain", (BUILD,), freestyle=True),
    Job("team/app/tests/feature%2Flogin", (Stage("Unit", (Work(5, fails=True),)),), branch="feature/login"),
)


class StillClock:
    """The provider's idea of the time is the world's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.now

    def monotonic(self) -> float:
        return self._world.now

    async def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)


def place(job: str = "deploy", **parts: str) -> Place:
    name = job if "/" in job else f"team/app/{job}"
    address = Address("ci", {"job": name, **parts})
    return Place("pipelines", TargetId("", name.replace("/", "-"), pipeline=True), address)


@dataclass
class Ci:
    """A running server, and a session against it as somebody."""

    server: Server
    session: Session

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def host(self) -> PipelineHost:
        return cast(PipelineHost, self.session.capability("pipelines"))

    def as_(self, user: str, token: str = "") -> Ci:
        """The same Jenkins, asked by somebody else."""
        return Ci(self.server, opened(self.server, user, token or self.world.users[user]))

    def started(self, job: str, seconds: float = 30) -> Build:
        """A build of it that has run for a while."""
        build = self.world.start(f"team/app/{job}")
        self.world.advance(seconds)
        return build

    async def pass_time(self, seconds: float) -> None:
        self.world.advance(seconds)

    async def seen(self, of: Place) -> tuple[PipelineRun, ...]:
        """The runs of a pipeline."""
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, RunsReading), found
        return found.runs

    async def trouble(self, of: Place) -> Trouble:
        """Why it can't be read."""
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, Trouble), found
        return found


def opened(server: Server, user: str, token: str) -> Session:
    def secret(reference: str) -> str:
        if reference != "${env:JENKINS_TOKEN}":
            raise ProviderError("misconfigured", f"nothing behind {reference}")
        return f"{token}\n"

    options = {"url": server.url, "user": user, "token": "${env:JENKINS_TOKEN}", "timeout": "6s"}
    context = SessionContext(StillClock(server.world), lambda _: None, secret)
    return registry.load("jenkins").open(Connection("ci", "jenkins", options), context)


@pytest.fixture
async def ci() -> AsyncIterator[Ci]:
    """Each job of the little Jenkins; none has been built."""
    copies = {job.name: Job(job.name, job.script, job.parameters, branch=job.branch, freestyle=job.freestyle)
              for job in JOBS}  # fmt: skip
    async with serving(World(copies)) as server:
        session = opened(server, "ben", "t-ben")
        yield Ci(server, session)
        await session.close()
