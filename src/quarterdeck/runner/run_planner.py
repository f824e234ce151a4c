"""Works out what people ask of pipelines, against fresh readings. Only reads."""

from __future__ import annotations

from collections.abc import Callable

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.records import replace
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal
from quarterdeck.release.run_action import DecideRun, RunAction, StartRun, SteerRun
from quarterdeck.release.run_planning import (
    aimed,
    environment_of,
    named_wait,
    plan_decision,
    plan_start,
    plan_steer,
)
from quarterdeck.runner.surveying import NoPlan, Surveyor


class RunPlanner:
    """The part of the planner that knows pipelines. All of it raises NoPlan."""

    def __init__(self, fleet: Fleet, surveyor: Surveyor, check_locks: Callable[[set[str]], None]) -> None:
        """`check_locks` raises NoPlan where somebody else is at one of these resources."""
        self._fleet = fleet
        self._surveyor = surveyor
        self._check_locks = check_locks

    async def outlined(self, plan_id: str, action: RunAction) -> tuple[RunAction, Outline]:
        """What will be done, and the action with the environment of ours that it changes."""
        place = self._place(action)
        match action:
            case DecideRun():
                survey = await self._surveyor.run(action.target, place.address, action.run)
                wait = named_wait(action, survey)
                if isinstance(wait, Refusal):
                    raise NoPlan(wait)
                ours = self._fleet.environment_of(action.target.name, wait.environment)
                action = replace(action, target=aimed(action.target, ours), environment=survey.run.name_of(wait))
                return action, _planned(plan_decision(action, place, survey, wait))
            case StartRun():
                action = replace(action, target=self._changing(action))
                known = await self._surveyor.pipeline(action.target, place.address)
                await self._surveyor.may_write(place)
                return action, _planned(plan_start(action, place, known, plan_id))
            case SteerRun():
                action = replace(action, target=self._changing(action))
                survey = await self._surveyor.run(action.target, place.address, action.run)
                await self._surveyor.may_write(place)
                return action, _planned(plan_steer(action, place, survey))

    def _changing(self, action: RunAction) -> TargetId:
        return aimed(action.target, environment_of(self._fleet, action.target))

    def _place(self, action: RunAction) -> Place:
        places = self._fleet.places_of(action.target, "pipelines")
        if not places:
            known = ", ".join(place.target.name for place in self._fleet.places if place.role == "pipelines")
            hint = f"there are: {known}" if known else "declare it under `pipelines:`"
            raise NoPlan(Refusal("usage", f"the configuration knows no {action.target}", hint))
        self._check_locks({places[0].address.key})
        return places[0]


def _planned(outline: Outline | Refusal) -> Outline:
    if isinstance(outline, Refusal):
        raise NoPlan(outline)
    return outline
