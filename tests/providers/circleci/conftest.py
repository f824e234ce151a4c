"""A little CircleCI on loopback whose clock only the tests step, and sessions against it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import pytest
from tests.providers.circleci.server import Server, serving
from tests.providers.circleci.world import JobSpec, Project, World

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import PipelineHost, ProviderError, Session, SessionContext

SHOP = "gh/contoso/shop"
RELEASE = (
    JobSpec("build", seconds=20),
    JobSpec("production", ("build",), approval=True),
    JobSpec("deploy", ("production",), seconds=30),
)
NIGHTLY = (JobSpec("unit", seconds=5), JobSpec("browser", ("unit",), seconds=5, fails=True))
DEFINITION = "2338d0ae-5541-4bbf-88a2-55e9f7281f80"


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


def place(project: str = SHOP, **parts: str) -> Place:
    name = "-".join([project.rpartition("/")[2], *(parts[key] for key in ("workflow", "branch") if key in parts)])
    return Place("pipelines", TargetId("", name, pipeline=True), Address("ci", {"project": project, **parts}))


@dataclass
class Circle:
    """A running server, and a session against it as somebody."""

    server: Server
    session: Session

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def host(self) -> PipelineHost:
        return cast(PipelineHost, self.session.capability("pipelines"))

    def as_(self, user: str, token: str = "") -> Circle:
        """The same CircleCI, asked by somebody else; nothing is remembered."""
        return Circle(self.server, opened(self.server, token or self.world.users[user]))

    async def pass_time(self, seconds: float) -> None:
        self.world.advance(seconds)

    async def seen(self, of: Place) -> tuple[PipelineRun, ...]:
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, RunsReading), found
        return found.runs

    async def trouble(self, of: Place) -> Trouble:
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, Trouble), found
        return found


def opened(server: Server, token: str) -> Session:
    def secret(reference: str) -> str:
        if reference != "${env:CIRCLE_TOKEN}":
            raise ProviderError("misconfigured", f"nothing behind {reference}")
        return f"{token}\n"

    options = {"url": server.url, "token": "${env:CIRCLE_TOKEN}", "timeout": "6s"}
    context = SessionContext(StillClock(server.world), lambda _: None, secret)
    return registry.load("circleci").open(Connection("ci", "circleci", options), context)


@pytest.fixture
async def circle() -> AsyncIterator[Circle]:
    """Projects that have had no pipeline."""
    projects = (
        Project(SHOP, {"release": RELEASE}, {"version": str, "fast": bool, "copies": int}),
        Project("gh/contoso/many", {"release": RELEASE, "nightly": NIGHTLY}),
        Project("circleci/a1/b2", {"release": RELEASE}, needs_definition=True),
    )
    async with serving(World({project.slug: project for project in projects})) as server:
        session = opened(server, "t-ben")
        yield Circle(server, session)
        await session.close()
