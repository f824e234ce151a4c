"""From an action to a plan: asks the providers what is there now, and lets the pure functions decide."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from quarterdeck.clock import Clock
from quarterdeck.fleet.readings import SlotReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Fleet, Place, Role
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, command_line
from quarterdeck.release.automation import in_releases, offer, risks_of
from quarterdeck.release.deploy import Berth, artifact_for, plan_deploys
from quarterdeck.release.flag import plan_flag, shared
from quarterdeck.release.flag_use import of_flag
from quarterdeck.release.operation import Operation
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Plan, Refusal, Step
from quarterdeck.release.policy import PLAN_LIFE, name_to_type
from quarterdeck.release.rollback import (
    Undoing,
    done_steps,
    in_order_of_undoing,
    in_other_regions,
    plan_rollback,
    undoable,
)
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun, says_no
from quarterdeck.release.settlement import Settlement
from quarterdeck.release.shift import Router, knows, plan_shift
from quarterdeck.release.sides import Sides
from quarterdeck.release.survey import SwapSurvey, TrafficSurvey
from quarterdeck.release.swap import SOURCE, Site, plan_swap, slot_names
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.run_planner import RunPlanner
from quarterdeck.runner.sounding import Sounding, Unsounded
from quarterdeck.runner.surveying import AnySurvey, NoPlan, Surveyor
from quarterdeck.store.base import Lock, Store

READING_SECONDS = 60.0
"""How long all the readings for one answer may take together; whoever asked gives up soon after."""


class Planner:
    """Works actions out against fresh readings. Only reads."""

    def __init__(
        self,
        fleet: Fleet,
        store: Store,
        connections: Connections,
        clock: Clock,
        sounding: Sounding | None = None,
        *,
        rules: Rulebook | None = None,
    ) -> None:
        """`sounding` asks for the schema and the health of sides; None where no rules say how. `rules` say what
        versions are made of."""
        self._rules = rules or Rulebook()
        self._sounding = sounding or Unsounded()
        self._fleet = fleet
        self._store = store
        self._surveyor = Surveyor(fleet, connections, store, clock)
        self._runs = RunPlanner(fleet, self._surveyor, self._check_locks)
        self._clock = clock

    async def plan(self, plan_id: str, action: Action) -> Plan | Refusal:
        """The plan for an action, under the id of the request that asked for it."""
        try:
            self._check_target(action)
            if isinstance(action, Rollback):
                action = self._whole(action)
            async with asyncio.timeout(READING_SECONDS):
                if isinstance(action, DecideRun | StartRun | SteerRun):
                    action, outline = await self._runs.outlined(plan_id, action)
                else:
                    outline = await self._outlined(action)
        except NoPlan as no:
            return no.refusal
        except TimeoutError:
            return _too_slow(action.target)
        return self._finished(plan_id, action, outline)

    async def undo(self, operation: Operation) -> Plan | Refusal:
        """The inverse of what an operation has done so far. Its own locks are no obstacle."""
        action = Rollback(operation.plan.action.target, operation.id)
        try:
            steps = in_order_of_undoing(done_steps(operation, action.target))
            async with asyncio.timeout(READING_SECONDS):
                outline = await self._inverse(action, operation.id, steps)
        except NoPlan as no:
            return no.refusal
        except TimeoutError:
            return _too_slow(action.target)
        return self._finished(operation.id, action, outline)

    async def changed_since(self, plan: Plan) -> Refusal | None:
        """Whether what a plan was made from still holds; the refusal tells what changed."""

        async def settled(step: Step) -> Settlement | Refusal:
            try:
                return await self._surveyor.settlement(step)
            except NoPlan as no:
                return no.refusal

        try:
            async with asyncio.timeout(READING_SECONDS):
                settlements = await asyncio.gather(*map(settled, plan.steps))
        except TimeoutError:
            return _too_slow(plan.action.target)
        for step, settlement in zip(plan.steps, settlements, strict=True):
            if isinstance(settlement, Refusal):
                return settlement
            if settlement.state not in ("not_done", "unclear"):
                text = f"{step.target} has changed since the plan was made: {settlement.detail}"
                return Refusal("stale", text, "plan again")
        return None

    def _check_target(self, action: Action) -> None:
        target = action.target
        if isinstance(action, DecideRun | StartRun | SteerRun):
            return  # its own planner knows pipelines
        if target.environment not in {environment.name for environment in self._fleet.environments}:
            known = ", ".join(environment.name for environment in self._fleet.environments)
            raise NoPlan(Refusal("usage", f"no environment {target.environment}", f"there are: {known}"))
        if target.flag != isinstance(action, FlagChange) and not isinstance(action, Rollback):
            raise NoPlan(Refusal("usage", f"{target} is not something to {type(action).__name__.lower()}"))
        if not self._fleet.places_of(target):
            known = ", ".join(dict.fromkeys(str(place.target) for place in self._fleet.places))
            raise NoPlan(Refusal("usage", f"the configuration knows no {target}", f"there are: {known}"))

    async def _outlined(self, action: Swap | Shift | FlagChange | Deploy | Rollback) -> Outline:
        match action:
            case Swap():
                swap = self._usual_slots(action)
                sites, schema = await asyncio.gather(self._sites(swap), self._sounding.schema(action.target))
                outline = _planned(plan_swap(swap, sites))
                if schema is None or swap.mode == "cancel":
                    return outline
                serving = ((site.place.target, site.survey.source) for site in sites)
                return _planned(schema.checked(outline, serving, back=False))
            case Shift():
                return _planned(plan_shift(action, await self._routers(action)))
            case FlagChange():
                place = self._places(action.target, "flags")[0]
                survey = await self._surveyor.flag(action.target, place.address, action.target.name, action.label)
                same = shared(action, place, survey.reading.label, self._fleet)
                if isinstance(same, Refusal):
                    raise NoPlan(same)
                await self._surveyor.may_write(place)
                outline = _planned(plan_flag(action, place, survey))
                operations = self._store.operations(target=str(action.target), limit=20)
                known = of_flag(action.target, operations, self._fleet, self._rules, self._clock.now())
                return replace(outline, risks=(*outline.risks, *known, *((same,) if same else ())))
            case Deploy():
                return _planned(plan_deploys(action, *await self._berths(action)))
            case Rollback():
                operation = undoable(action, self._store.operations(target=str(action.target), limit=200))
                if isinstance(operation, Refusal):
                    raise NoPlan(operation)
                earlier = [found for name in action.also if (found := self._store.operation(name))]
                done = [step for one in (*earlier, operation) for step in done_steps(one, action.target)]
                steps = in_order_of_undoing(done)
                self._check_locks({resource(step.address, step.target) for step in steps})
                return await self._inverse(action, operation.id, steps)

    def _whole(self, action: Rollback) -> Rollback:
        """A rollback that names no operation goes back in every region that the release has reached."""
        operations = self._store.operations(target=str(action.target), limit=200)
        operation = undoable(action, operations)
        if action.operation or isinstance(operation, Refusal):
            return action
        return replace(action, also=tuple(one.id for one in in_other_regions(operation, operations)))

    def _usual_slots(self, action: Swap) -> Swap:
        """What a swap leaves open is what the fleet's configuration says."""
        source, destination = self._fleet.swap_source, self._fleet.swap_destination
        return replace(action, source=action.source or source, destination=action.destination or destination)

    async def _sites(self, action: Swap) -> Sequence[Site]:
        places, (source, destination) = self._places(action.target, "slots"), slot_names(action)

        async def one(place: Place) -> Site:
            survey, traffic, _ = await asyncio.gather(
                self._surveyor.slots(place.target, place.address, source, destination),
                self._surveyor.traffic_between_slots(place.target),
                self._surveyor.may_write(place),
            )
            return Site(place, survey, traffic)

        return await asyncio.gather(*map(one, places))

    async def _berths(self, action: Deploy) -> tuple[Sequence[Berth], str, str]:
        """Where to deploy to, what, and what versions are made of."""
        places, slot = self._places(action.target, "slots"), action.slot or self._fleet.swap_source or SOURCE
        try:
            template = self._rules.route(action.target.whole).artifact
            artifact = artifact_for(action, template)
        except ValueError as error:
            raise NoPlan(Refusal("usage", f"what to deploy to {action.target}: {error}")) from None

        async def one(place: Place) -> Berth:
            survey, _ = await asyncio.gather(
                self._surveyor.builds(place.target, place.address, slot), self._surveyor.may_write(place)
            )
            return Berth(place, survey)

        return await asyncio.gather(*map(one, places)), artifact, template

    async def _routers(self, action: Shift) -> Sequence[Router]:
        both: tuple[Role, ...] = ("traffic", "slot_traffic")
        places = [place for role in both for place in self._fleet.places_of(action.target, role)]
        self._check_locks({resource(place.address, action.target) for place in places})

        async def one(place: Place) -> Router | Refusal:
            try:
                survey, _ = await asyncio.gather(
                    self._surveyor.traffic(place.target, place.address, place.role), self._surveyor.may_write(place)
                )
            except NoPlan as no:
                return no.refusal
            return Router(place, survey)

        found = await asyncio.gather(*map(one, places))
        routers = [router for router in found if isinstance(router, Router)]
        meant = {router.place.role for router in routers if knows(router, action)}
        for place, refusal in zip(places, found, strict=True):
            # Trouble with the traffic between regions is no obstacle to traffic between slots, nor the other way.
            if isinstance(refusal, Refusal) and (place.role in meant or not meant):
                raise NoPlan(refusal)
        return routers

    async def _inverse(self, action: Rollback, operation: str, steps: Sequence[Step]) -> Outline:
        async def one(step: Step) -> Undoing:
            survey = await self._surveyor.of(step)
            between = await self._surveyor.traffic_between_slots(step.target) if step.role == "slots" else None
            return Undoing(step, survey, between, await self._sides(step, survey))

        schema, undoings = await asyncio.gather(self._sounding.schema(action.target), asyncio.gather(*map(one, steps)))
        outline = self._with_rivals(action.target, operation, _planned(plan_rollback(action, operation, undoings)))
        if schema is None:
            return outline
        serving = (
            (undoing.step.target, undoing.survey.source)
            for undoing in undoings
            if isinstance(undoing.survey, SwapSurvey) and undoing.step.verb in ("swap", "complete")
        )
        return _planned(schema.checked(outline, serving, back=True))

    async def _sides(self, step: Step, survey: AnySurvey) -> Sides:
        """How well the slots are that clients would leave and go to."""
        if isinstance(survey, SwapSurvey) and step.verb in ("swap", "complete"):
            slots = (survey.source, survey.destination)
            return await self._sounding.sides(step.target, slots, survey.destination.name)
        if isinstance(survey, TrafficSurvey) and step.role == "slot_traffic":
            # Several slots serve: what is asked of the service as a whole tells of none of them.
            return await self._sounding.sides(step.target, self._slots_behind(step.target, survey.reading), "")
        return {}

    def _slots_behind(self, target: TargetId, split: TrafficReading) -> Sequence[SlotReading]:
        """The slots of a split, with their builds as they were last seen; the live one, listed first, without its host,
        because others answer for that too."""
        seen = [self._store.observations().get(place.subject) for place in self._fleet.places_of(target, "slots")]
        known = {
            slot.name.lower(): slot
            for one in seen
            if one and isinstance(one.reading, SlotsReading)
            for slot in one.reading.slots
        }
        slots = [known.get(one.name.lower(), SlotReading(one.name, host=one.host)) for one in split.destinations]
        return [replace(slot, host="") if number == 0 else slot for number, slot in enumerate(slots)]

    def _with_rivals(self, target: TargetId, operation: str, outline: Outline) -> Outline:
        """With the other releases that could undo a rollback."""
        releases = self._store.releases(open_only=True)
        own = next((one.id for one in releases for step in one.steps.values() if step.operation == operation), "")
        guards, now = self._store.guards(), self._clock.now()
        rivals = in_releases(target, releases, guards, now, own)
        return replace(outline, risks=(*outline.risks, *risks_of(rivals), *offer(target, guards, now)))

    def _places(self, target: TargetId, role: Role) -> Sequence[Place]:
        places = self._fleet.places_of(target, role)
        if not places:
            raise NoPlan(Refusal("usage", f"{target} has no {role.replace('_', ' ')}", f"declare {role} for it"))
        self._check_locks({resource(place.address, target) for place in places})
        return places

    def _check_locks(self, resources: set[str]) -> None:
        for lock in self._store.locks():
            if lock.resource in resources:
                raise NoPlan(in_use(lock))

    def _finished(self, plan_id: str, action: Action, outline: Outline) -> Plan:
        now = self._clock.now()
        return Plan(
            id=plan_id,
            request=plan_id,
            action=action,
            steps=outline.steps,
            effects=outline.effects,
            settings=outline.settings,
            risks=outline.risks,
            fuse=outline.fuse,
            who_feels_it=outline.who_feels_it,
            locks=tuple(sorted({resource(step.address, step.target) for step in outline.steps})),
            command=command_line(action),
            type_to_confirm=""
            if says_no(action)
            else name_to_type(self._fleet.environments, action.target.environment),
            made_at=now,
            expires_at=now + PLAN_LIFE,
            undoes=outline.undoes,
        )


def resource(address: Address, target: TargetId) -> str:
    """What an operation needs for itself: a site, a router, or a flag. Flags of one store don't wait for each other."""
    return f"{address.key}/{target.name}" if target.flag else address.key


def in_use(lock: Lock) -> Refusal:
    """Somebody else is at it."""
    why = f": {lock.reason}" if lock.reason else ""
    return Refusal(
        "locked",
        f"{lock.resource} is in use by operation {lock.operation} of {lock.actor}{why}",
        f"wait for it, or look at it: qd history --operation {lock.operation}",
    )


def _too_slow(target: TargetId) -> Refusal:
    text = f"{target}: what is there can't be read: no answer within {READING_SECONDS:.0f} s"
    return Refusal("unreadable", text, "which system hangs? qd status, qd check")


def _planned(outline: Outline | Refusal) -> Outline:
    if isinstance(outline, Refusal):
        raise NoPlan(outline)
    return outline
