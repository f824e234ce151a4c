"""A GitHub that is a sandbox on loopback, with a world whose clock only the tests step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, cast

import pytest

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Pipeline, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import PipelineHost, ProviderError, Session, SessionContext
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.workflows import Repository, Run
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0
ANA = "ghp-of-ana"
BEN = "ghp-of-ben"
READER = "ghp-of-a-reader"

SHOP: dict[str, Any] = {
    "accounts": [
        {"token": ANA, "login": "ana", "teams": ["sre"]},
        {"token": BEN, "login": "ben"},
        {"token": READER, "login": "rita", "scopes": ["read:org"]},
    ],
    "pipelines": [
        {
            "repository": "contoso/shop",
            "environments": {
                "staging": {},
                "production": {"reviewers": ["ben", "team:sre"]},
                "night": {"reviewers": ["ana"], "wait_minutes": 10},
            },
            "workflows": [
                {
                    "file": "deploy.yml",
                    "name": "Deploy",
                    "jobs": [
                        {"name": "build", "seconds": 30},
                        {"name": "deploy", "seconds": 60, "environment": "production"},
                    ],
                    "inputs": ["mark", "version"],
                    "run_name": "By hand {mark}",
                },
                {"file": "tests.yml", "name": "Tests", "jobs": [{"name": "unit", "seconds": 30, "fails": True}]},
                {"file": "nightly.yml", "name": "Nightly", "jobs": [{"name": "go", "environment": "night"}]},
            ],
            "runs": [
                {"workflow": "deploy.yml", "ago": 900, "title": "Older", "actor": "ben", "approve": ["production"]},
                {"workflow": "deploy.yml", "ago": 600, "title": "Newer", "actor": "ben"},
                {"workflow": "tests.yml", "ago": 300, "title": "Red"},
            ],
        }
    ],
}


class StillClock:
    """The provider's idea of the time is the world's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def now(self) -> float:
        return self._world.clock.now()

    def monotonic(self) -> float:
        return self._world.clock.now()

    async def sleep(self, seconds: float) -> None:
        self._world.advance(seconds)


def place(workflow: str = "deploy.yml", repository: str = "contoso/shop", **parts: str) -> Place:
    address = Address("github", {"repository": repository, "workflow": workflow, **parts})
    return Place("pipelines", TargetId("", workflow.partition(".")[0], pipeline=True), address)


FLEET = Fleet(
    name="shop",
    environments=(Environment("staging"), Environment("production", protected=True)),
    places=(place(correlation_input="mark"), place("nightly.yml")),
    pipelines=(Pipeline("deploy"), Pipeline("nightly", environments={"night": "staging"})),
)


@dataclass
class GitHub:
    """A running sandbox, and a session against it with somebody's token."""

    running: Running
    session: Session
    connection: Connection

    @property
    def world(self) -> World:
        return self.running.world

    @property
    def host(self) -> PipelineHost:
        return cast(PipelineHost, self.session.capability("pipelines"))

    @property
    def repository(self) -> Repository:
        found = self.world.pipelines.repository("contoso/shop")
        assert found
        return found

    def newest(self, workflow: str = "deploy.yml") -> Run:
        """The newest run of a workflow, as it really is."""
        return [run for run in self.repository.runs if run.workflow.file == workflow][-1]

    def as_(self, token: str) -> GitHub:
        """The same GitHub, asked by somebody else; nothing is remembered."""
        return GitHub(self.running, open_session(self.world, self.running, token), self.connection)

    def fault(self, **rule: Any) -> None:
        self.running.sandbox.faults.add(rule)

    def lift_faults(self) -> None:
        self.running.sandbox.faults.clear()

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        return [one for one in self.running.sandbox.requests if method in one["method"] and path in one["path"]]

    async def seen(self, of: Place | None = None) -> tuple[PipelineRun, ...]:
        """The runs of a pipeline."""
        wanted = of or place()
        found = (await self.host.observe([wanted]))[wanted.subject]
        assert isinstance(found, RunsReading), found
        return found.runs

    async def trouble(self, of: Place | None = None) -> Trouble:
        """Why it can't be read."""
        wanted = of or place()
        found = (await self.host.observe([wanted]))[wanted.subject]
        assert isinstance(found, Trouble), found
        return found


def open_session(world: World, up: Running, token: str) -> Session:
    def secret(reference: str) -> str:
        if reference != "${env:GITHUB_TOKEN}":
            raise ProviderError("misconfigured", f"nothing behind {reference}")
        return f"{token}\n"

    options = {"url": up.url, "token": "${env:GITHUB_TOKEN}", "timeout": "6s"}
    clock: Clock = StillClock(world)
    context = SessionContext(clock, lambda _: None, secret)
    return registry.load("github").open(Connection("github", "github", options), context)


Start = Callable[..., Awaitable[GitHub]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(document: dict[str, Any] = SHOP, token: str = ANA) -> GitHub:
            world = World(WorldClock(START, speed=0), document)
            up = await stack.enter_async_context(running(world))
            return GitHub(up, open_session(world, up, token), Connection("github", "github"))

        yield begin


@pytest.fixture
async def github(start: Start) -> GitHub:
    return await start()
