"""The deaths of `test_kill_pipelines` with Azure Pipelines: what is known there of a write is known by other means."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.engine.harbour import HarbourClock
from tests.engine.ship import Moments, Ship
from tests.engine.test_kill_pipelines import WatchedHost
from tests.providers.azure_pipelines.conftest import ANA, SHOP, START, open_session, place

from quarterdeck.fleet.topology import Environment, Fleet, Pipeline, Role
from quarterdeck.release.action import Action
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

YAML, CLASSIC = place(correlation_parameter="mark"), place("classic", kind="release_definition")
FLEET = Fleet(
    name="shop",
    environments=(Environment("production", protected=True),),
    places=(YAML, CLASSIC),
    pipelines=(Pipeline("deploy"), Pipeline("classic")),
)


class Connections:
    """A session for every runner."""

    def __init__(self, up: Running, moment: Callable[[str], None]) -> None:
        self._session = open_session(up.world, up, ANA)
        self._moment = moment

    def capability(self, connection: str, role: Role) -> WatchedHost:
        return WatchedHost(self._session.capability(role), self._moment)

    async def identity(self, connection: str) -> str:
        return await self._session.identity()


@dataclass
class Port:
    up: Running
    folder: Path
    ships: int = 0

    def launch(self, at: str = "") -> Ship:
        self.up.sandbox.reset()
        self.ships += 1
        moments, clock = Moments(at), HarbourClock(self.up.world)
        made: Any = clock
        return Ship(self.folder / str(self.ships), made, lambda: Connections(self.up, moments), moments, FLEET)

    def action(self, voyage: str) -> Action:
        repository = self.up.world.pipelines.repository("contoso/Shop")
        assert repository
        older, newer = (str(run.id) for run in repository.runs if run.workflow.name == "deploy")
        release = str(self.up.world.releases.of("contoso/Shop")[-1].id)
        actions: dict[str, Action] = {
            "approve": DecideRun(YAML.target, newer, "approve", comment="Go."),
            "start": StartRun(YAML.target),
            "rerun": SteerRun(YAML.target, older, "rerun"),
            "release": DecideRun(CLASSIC.target, release, "approve", comment="Go."),
            "begin": StartRun(CLASSIC.target),
        }
        return actions[voyage]

    def result(self) -> object:
        """What there is of runs and releases, and what was asked for."""
        repository = self.up.world.pipelines.repository("contoso/Shop")
        assert repository
        runs = [(run.number, run.attempt, len(run.reviews)) for run in repository.runs]
        releases = [
            [(one.kind, one.status, one.by) for stage in release.stages for one in stage.asked]
            for release in self.up.world.releases.of("contoso/Shop")
        ]
        writes = [one["path"] for one in self.up.sandbox.requests if one["method"] in ("POST", "PATCH")]
        return runs, releases, writes


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with running(World(WorldClock(START, speed=0), SHOP)) as up:
        yield Port(up, tmp_path)


@pytest.mark.parametrize("voyage", ["approve", "start", "rerun", "release", "begin"])
async def test_killed_anywhere_it_is_done_exactly_once(voyage: str, port: Port) -> None:
    calm = port.launch()
    assert (await calm.voyage(port.action(voyage))).ending == "succeeded"
    wanted, moments = port.result(), list(calm.moments.seen)
    calm.store.close()
    for moment in moments:
        ship = port.launch(at=moment)
        operation = await ship.voyage(port.action(voyage))
        assert operation.ending == "succeeded", f"killed {moment}: {operation.detail}"
        assert port.result() == wanted, f"killed {moment}"
        assert not ship.store.locks(), f"killed {moment}"
        assert ship.store.verify() == ()
        ship.store.close()
