"""The same deaths with a pipeline's host that keeps no idempotency keys: a run is decided, started, run again once.

Every journal write and every boundary of a request is enumerated from a calm run; then the runner dies at each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.engine.harbour import HarbourClock, Watched
from tests.engine.ship import Moments, Ship
from tests.providers.github.conftest import ANA, BEN, FLEET, SHOP, START, open_session

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Role
from quarterdeck.providers.base import PipelineSurvey, RunSurvey
from quarterdeck.release.action import Action
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.workflows import Repository, Run
from quarterdeck.sandbox.world.world import World

DEPLOY = TargetId("", "deploy", pipeline=True)


class WatchedHost(Watched):
    """A PipelineHost whose boundaries are watched."""

    async def survey_run(self, address: Address, run: str) -> RunSurvey:
        survey: RunSurvey = await self._inner.survey_run(address, run)
        return survey

    async def survey_pipeline(self, address: Address) -> PipelineSurvey:
        survey: PipelineSurvey = await self._inner.survey_pipeline(address)
        return survey


class GitHubConnections:
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
        return Ship(self.folder / str(self.ships), made, lambda: GitHubConnections(self.up, moments), moments, FLEET)

    @property
    def repository(self) -> Repository:
        found = self.up.world.pipelines.repository("contoso/shop")
        assert found
        return found

    def newest(self) -> Run:
        return [run for run in self.repository.runs if run.workflow.file == "deploy.yml"][-1]

    def action(self, voyage: str) -> Action:
        run = str(self.newest().id)
        actions: dict[str, Action] = {
            "approve": DecideRun(DEPLOY, run, "approve", comment="Go."),
            "reject": DecideRun(DEPLOY, run, "reject", comment="No."),
            "start": StartRun(DEPLOY),
            "cancel": SteerRun(DEPLOY, run, "cancel"),
            "rerun": SteerRun(DEPLOY, str(self.repository.runs[0].id), "rerun"),
        }
        return actions[voyage]

    def result(self) -> object:
        """What there is of runs, and what was asked for: to cancel twice does no harm, all else is asked for once."""
        runs = [(run.number, run.attempt, len(run.reviews), run.conclusion) for run in self.repository.runs]
        writes = [one["path"] for one in self.up.sandbox.requests if one["method"] == "POST"]
        return runs, [path for path in writes if not path.endswith("/cancel")]


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Port]:
    async with running(World(WorldClock(START, speed=0), SHOP)) as up:
        yield Port(up, tmp_path)


@pytest.mark.parametrize("voyage", ["approve", "start", "cancel", "rerun"])
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


async def test_an_answer_that_was_lost_is_found_by_reading(port: Port) -> None:
    ship = port.launch()
    plan = await ship.plan(port.action("approve"))
    port.up.sandbox.faults.add({"kind": "drop", "happens": True, "method": "POST", "count": 1})
    await ship.confirm(plan)
    await ship.engine.idle()
    operation = ship.operation(plan.id)
    assert operation.ending == "succeeded"
    assert ship.kinds(plan.id)[-3:] == ["step.in_doubt", "step.done", "operation.ended"]
    assert len(port.newest().reviews) == 1


async def test_a_host_that_comes_back_without_the_write_is_not_believed_to_have_it(port: Port) -> None:
    ship = port.launch()
    plan = await ship.plan(port.action("start"))
    port.up.sandbox.faults.add({"kind": "status", "status": 502, "method": "POST", "count": 1})
    await ship.confirm(plan)
    await ship.engine.idle()
    operation = ship.operation(plan.id)
    assert (operation.ending, operation.choices) == ("needs_operator", ("retry", "abandon"))
    ended = await ship.choose(operation, "retry")
    assert ended
    assert ship.operation(plan.id).ending == "succeeded"
    assert len([run for run in port.repository.runs if run.event == "workflow_dispatch"]) == 1


async def test_somebody_who_approves_first_is_named_and_nothing_is_sent(port: Port) -> None:
    ship = port.launch()
    plan = await ship.plan(port.action("approve"))
    others = open_session(port.up.world, port.up, BEN).capability("pipelines")
    assert others
    await others.send(plan.steps[0])
    answer = await ship.confirm(plan)
    assert answer
    assert answer.refusal
    assert "approved by ben" in answer.refusal.message
    assert len(port.newest().reviews) == 1


async def test_approving_asks_for_the_name_of_the_environment_and_stops_at_its_freeze(port: Port) -> None:
    ship = port.launch()
    plan = await ship.plan(port.action("approve"))
    assert (plan.type_to_confirm, str(plan.action.target)) == ("production", "pipeline:production/deploy")
    no = await ship.plan(port.action("reject"))
    assert ("reject" in no.command, no.type_to_confirm) == (True, "")
    body = {"deed": "freeze", "scope": "production"}
    await ship.ask("guard", body, reason="audit", actor="ben@jump2")
    refused = await ship.ask("plan", {"action": to_json(port.action("approve"))})
    assert refused
    assert refused.refusal
    assert "frozen" in refused.refusal.message
    assert (await ship.plan(port.action("reject"))).steps


async def test_one_who_lost_the_lease_sends_nothing(port: Port) -> None:
    ship = port.launch()
    plan = await ship.plan(port.action("approve"))
    ship.store.release_lease(ship.guard.lease)
    other = ship.store.take_lease("somebody else", "host", ship.clock.now(), 1e6, {})
    assert other
    with pytest.raises(Exception, match="lease"):
        await ship.confirm(plan)
    assert port.newest().reviews == []
