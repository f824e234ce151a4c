"""An Azure DevOps that is a sandbox on loopback, with a world whose clock only the tests step."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any, cast

import pytest

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PipelineRun, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import PipelineHost, ProviderError, Session, SessionContext
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.releases import Release
from quarterdeck.sandbox.world.workflows import Repository, Run
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0
ANA = "pat-of-ana"
BEN = "pat-of-ben"
READER = "pat-of-a-reader"

SHOP: dict[str, Any] = {
    "accounts": [
        {"token": ANA, "login": "ana@contoso.com", "teams": ["sre"]},
        {"token": BEN, "login": "ben@contoso.com"},
        {"token": READER, "login": "rita@contoso.com", "scopes": ["read"]},
    ],
    "pipelines": [
        {
            "repository": "contoso/Shop",
            "environments": {
                "staging": {},
                "production": {
                    "reviewers": ["ben@contoso.com", "team:sre"],
                    "timeout_minutes": 720,
                    "instructions": "Look at the error rate.",
                },
                "payments": {"reviewers": ["ana@contoso.com", "ben@contoso.com"], "needed": 2},
                "vault": {"reviewers": ["ana@contoso.com", "ben@contoso.com"], "requester_may": False},
                "night": {"wait_minutes": 10},
                "shared": {"lock": True},
            },
            "workflows": [
                {
                    "file": "deploy.yml",
                    "name": "deploy",
                    "jobs": [
                        {"name": "Build", "seconds": 30},
                        {"name": "Deploy prod", "seconds": 60, "environment": "production"},
                    ],
                    "inputs": ["mark", "version"],
                },
                {"file": "tests.yml", "name": "tests", "jobs": [{"name": "Unit", "seconds": 30, "fails": True}]},
                {"file": "pay.yml", "name": "pay", "jobs": [{"name": "Pay", "environment": "payments"}]},
                {"file": "vault.yml", "name": "vault", "jobs": [{"name": "Vault", "environment": "vault"}]},
                {"file": "nightly.yml", "name": "nightly", "jobs": [{"name": "Night", "environment": "night"}]},
                {"file": "shared.yml", "name": "shared", "jobs": [{"name": "Shared", "environment": "shared"}]},
                {"file": "off.yml", "name": "off", "jobs": [{"name": "Off"}], "enabled": False},
            ],
            "variables": {"shop-production": {"API_URL": "https://api.contoso.com", "LIMIT": "5", "API_KEY": None}},
            "runs": [
                {"workflow": "deploy.yml", "ago": 900, "title": "Older", "actor": "ben@contoso.com",
                 "approve": ["production"]},
                {"workflow": "deploy.yml", "ago": 600, "title": "Newer", "actor": "ben@contoso.com"},
                {"workflow": "tests.yml", "ago": 300, "title": "Red"},
            ],
        }
    ],
    "releases": [
        {
            "project": "contoso/Shop",
            "name": "classic",
            "stages": [
                {"name": "Dev"},
                {"name": "Prod", "before": ["ben@contoso.com", "team:sre"], "after": ["ana@contoso.com"],
                 "limit_minutes": 720},
            ],
            "past": [
                {"ago": 900, "title": "Older", "actor": "ben@contoso.com", "approve": ["Prod"]},
                {"ago": 600, "title": "Newer", "actor": "ben@contoso.com"},
            ],
        },
        {"project": "contoso/Shop", "name": "one person", "stages": [{"name": "Live", "before": ["ana@contoso.com"]}]},
        {"project": "contoso/Shop", "name": "asking", "stages": [{"name": "Move", "asks": "Is the old one drained?"}]},
        {"project": "contoso/Shop", "name": "failing", "stages": [{"name": "Red", "fails": True}]},
    ],
}  # fmt: skip


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


def place(pipeline: str = "deploy", project: str = "Shop", **parts: str) -> Place:
    kind = parts.pop("kind", "pipeline")
    address = Address("devops", {"project": project, kind: pipeline, **parts})
    return Place("pipelines", TargetId("", pipeline, pipeline=True), address)


DEPLOY = place(correlation_parameter="mark")


@dataclass
class DevOps:
    """A running sandbox, and a session against it with somebody's token."""

    running: Running
    session: Session

    @property
    def world(self) -> World:
        return self.running.world

    @property
    def host(self) -> PipelineHost:
        return cast(PipelineHost, self.session.capability("pipelines"))

    @property
    def project(self) -> Repository:
        found = self.world.pipelines.repository("contoso/Shop")
        assert found
        return found

    def newest(self, pipeline: str = "deploy") -> Run:
        """The newest run of a pipeline, as it really is."""
        return [run for run in self.project.runs if run.workflow.name == pipeline][-1]

    def begin(self, pipeline: str, by: str = "ben@contoso.com") -> Run:
        """Somebody pushes."""
        workflow = next(one for one in self.project.workflows if one.name == pipeline)
        run = self.world.pipelines.start(self.project, workflow, "main", by, {}, "push")
        self.world.advance(10)
        return run

    def release(self, definition: str = "classic") -> Release:
        """The newest release of a definition, as it really is."""
        return [one for one in self.world.releases.of("contoso/Shop") if one.definition.name == definition][-1]

    def create(self, definition: str, title: str = "Now") -> Release:
        """Somebody begins a release."""
        known = self.world.releases.definitions("contoso/Shop")
        found = self.world.releases.create(next(one for one in known if one.name == definition), title, "ana")
        self.world.advance(10)
        return found

    def as_(self, token: str) -> DevOps:
        """The same Azure DevOps, asked by somebody else; nothing is remembered."""
        return DevOps(self.running, open_session(self.world, self.running, token))

    def fault(self, **rule: Any) -> None:
        self.running.sandbox.faults.add({"plane": "devops", **rule})

    def lift_faults(self) -> None:
        self.running.sandbox.faults.clear()

    def requests(self, method: str = "", path: str = "") -> list[dict[str, Any]]:
        return [one for one in self.running.sandbox.requests if method in one["method"] and path in one["path"]]

    async def seen(self, of: Place = DEPLOY) -> tuple[PipelineRun, ...]:
        """The runs of a pipeline."""
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, RunsReading), found
        return found.runs

    async def trouble(self, of: Place = DEPLOY) -> Trouble:
        """Why it can't be read."""
        found = (await self.host.observe([of]))[of.subject]
        assert isinstance(found, Trouble), found
        return found


def open_session(world: World, up: Running, token: str) -> Session:
    def secret(reference: str) -> str:
        if reference != "${env:AZURE_DEVOPS_TOKEN}":
            raise ProviderError("misconfigured", f"nothing behind {reference}")
        return f"{token}\n"

    options = {"url": f"{up.url}/devops/contoso", "token": "${env:AZURE_DEVOPS_TOKEN}", "timeout": "6s"}
    context = SessionContext(StillClock(world), lambda _: None, secret)
    return registry.load("azure_pipelines").open(Connection("devops", "azure_pipelines", options), context)


Start = Callable[..., Awaitable[DevOps]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    async with AsyncExitStack() as stack:

        async def begin(document: dict[str, Any] = SHOP, token: str = ANA) -> DevOps:
            world = World(WorldClock(START, speed=0), document)
            up = await stack.enter_async_context(running(world))
            return DevOps(up, open_session(world, up, token))

        yield begin


@pytest.fixture
async def devops(start: Start) -> DevOps:
    return await start()
