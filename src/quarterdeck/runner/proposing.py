"""From a wish to a release that could be launched: fresh reads, what is in the way, what is burning already."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from quarterdeck.clock import Clock
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.providers.base import ProviderError, SlotHost, SwapSurvey
from quarterdeck.release.clearance import Undertaking, clear
from quarterdeck.release.composing import Sight, compose
from quarterdeck.release.gate import GateSpec, Measurement
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.release_plan import ReleasePlan, Wish
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.swap import version
from quarterdeck.runner import planner as planning
from quarterdeck.runner.measuring import Measuring
from quarterdeck.runner.planner import Planner
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.sounding import Sounding
from quarterdeck.runner.surveying import refused
from quarterdeck.store.base import Store

Sights = Mapping[TargetId, Sight]

_ASKED_AT_THE_START = ("alerts", "metric", "probe")
"""Kinds of gates whose asking changes nothing and costs little."""


class Proposer:
    """Only reads."""

    def __init__(
        self,
        fleet: Fleet,
        rules: Rulebook,
        store: Store,
        connections: Connections,
        planner: Planner,
        measuring: Measuring,
        sounding: Sounding,
        clock: Clock,
    ) -> None:
        self._fleet = fleet
        self._rules = rules
        self._store = store
        self._connections = connections
        self._planner = planner
        self._measuring = measuring
        self._sounding = sounding
        self._clock = clock

    async def propose(self, plan_id: str, wish: Wish, asker: str) -> ReleasePlan | Refusal:
        """How the release would go."""
        trial = await self._planner.plan(plan_id, wish.action) if wish.action else None
        if isinstance(trial, Refusal):
            return trial
        sights = await self.sights(wish)
        if isinstance(sights, Refusal):
            return sights
        draft = self.composed(plan_id, wish, asker, sights)
        if isinstance(draft, Refusal):
            return draft
        burning, schema = await asyncio.gather(self._burning(draft), self._interlocked(draft))
        if isinstance(schema, Refusal):
            return schema
        return self.composed(plan_id, wish, asker, sights, (*(trial.risks if trial else ()), *burning, *schema))

    async def sights(self, wish: Wish) -> Sights | Refusal:
        """What serves and what waits in each service's slots, read afresh. A service without slots shows nothing."""
        targets = dict.fromkeys(target.whole for target in wish.targets if not target.flag)
        places = [place for target in targets for place in self._fleet.places_of(target, "slots")]
        try:
            async with asyncio.timeout(planning.READING_SECONDS):
                found = await asyncio.gather(*map(self._survey, places))
        except TimeoutError:
            names = ", ".join(map(str, targets))
            return Refusal("unreadable", f"{names}: what is there can't be read in time", "see: qd status, qd check")
        seen: dict[TargetId, list[SwapSurvey]] = {target: [] for target in targets}
        for place, survey in zip(places, found, strict=True):
            if isinstance(survey, Refusal):
                return survey
            if survey is not None:
                seen[place.target.whole].append(survey)
        fresh = {
            target: Sight(
                target,
                tuple(version(one.destination.build) for one in surveys),
                tuple(version(one.source.build) for one in surveys),
            )
            for target, surveys in seen.items()
        }
        return {**self._stages_before(targets), **fresh} if wish.hotfix else fresh

    def _stages_before(self, targets: Iterable[TargetId]) -> Sights:
        """What the same services were last seen to serve in the stages that a hotfix passes over."""
        train, known, sights = self._rules.train, self._store.observations(), dict[TargetId, Sight]()
        for target in targets:
            for stage in train[: train.index(target.environment)] if target.environment in train else ():
                there = replace(target, environment=stage)
                readings = [known.get(place.subject) for place in self._fleet.places_of(there, "slots")]
                if readings:
                    live = [one.reading.slots[0] for one in readings if one and isinstance(one.reading, SlotsReading)]
                    sights[there] = Sight(there, tuple(version(slot.build) for slot in live), ())
        return sights

    def composed(
        self, plan_id: str, wish: Wish, asker: str, sights: Sights, notes: tuple[Risk, ...] = ()
    ) -> ReleasePlan | Refusal:
        """The plan from what was read, and what the store says now. Reads no system, awaits nothing."""
        now, guards, releases = self._clock.now(), self._store.guards(), self._releases()
        first = self._compose(plan_id, wish, asker, sights, now, ())
        if isinstance(first, Refusal):
            return first
        what = Undertaking(
            targets=Release(plan_id, first, asker, "", now).targets,
            actor=asker,
            kind="release",
            hotfix=wish.hotfix,
            supersedes=wish.supersede,
        )
        cleared = clear(what, guards=guards, rules=self._rules, releases=releases, now=now, override=wish.override)
        if cleared.refusal:
            return cleared.refusal
        plan = self._compose(plan_id, wish, asker, sights, now, (*cleared.risks, *notes))
        if isinstance(plan, Refusal):
            return plan
        return replace(plan, overrides=tuple(dict.fromkeys((*plan.overrides, *cleared.overridden))))

    def _compose(
        self, plan_id: str, wish: Wish, asker: str, sights: Sights, now: float, notes: tuple[Risk, ...]
    ) -> ReleasePlan | Refusal:
        return compose(
            plan_id,
            wish,
            asker,
            fleet=self._fleet,
            rules=self._rules,
            guards=self._store.guards(),
            releases=self._releases(),
            sights=sights,
            now=now,
            notes=notes,
        )

    def _releases(self) -> Sequence[Release]:
        """The last ones, and those that are open however old they are."""
        recent = self._store.releases()
        known = {one.id for one in recent}
        return (*recent, *(one for one in self._store.releases(open_only=True) if one.id not in known))

    async def _survey(self, place: Place) -> SwapSurvey | Refusal | None:
        source, destination = self._fleet.swap_source, self._fleet.swap_destination
        try:
            host = self._connections.capability(place.address.connection, "slots")
            if not isinstance(host, SlotHost):
                return None
            return await host.survey_swap(place.address, source, destination)
        except ProviderError as error:
            if error.trouble.code == "not_found":
                return None
            return refused(place.target, error.trouble)

    async def _interlocked(self, plan: ReleasePlan) -> tuple[Risk, ...] | Refusal:
        """What the databases' schemas say of the versions that are to serve; each step asks again."""
        if plan.wish.action is not None:
            return ()  # planning it has asked already
        schemas = await asyncio.gather(*(self._sounding.schema(one.target) for one in plan.members))
        told = [
            schema.before(one.target, one.version, back=False)
            for one, schema in zip(plan.members, schemas, strict=True)
            if schema
        ]
        refusal = next((one for one in told if isinstance(one, Refusal)), None)
        return refusal or tuple(one for one in told if isinstance(one, Risk))

    async def _burning(self, plan: ReleasePlan) -> tuple[Risk, ...]:
        """What fails before anything was begun: it would be put down to this release."""
        gates = [gate for name in plan.background if (gate := plan.gate(name)) and gate.kind in _ASKED_AT_THE_START]
        if not gates:
            return ()
        sample = await self._measuring.sample(
            Release(plan.id, plan, "", "", self._clock.now()), BACKGROUND, [gate.name for gate in gates]
        )
        by_name = {gate.name: gate for gate in gates}
        return tuple(
            _alarm(by_name[one.gate], one) for one in sample.measurements if one.verdict == "fail" and not one.shadow
        )


def _alarm(gate: GateSpec, measured: Measurement) -> Risk:
    what = f"{gate.blame or gate.name} fails already, before anything was changed: {measured.detail}"
    return Risk("warning", "already-firing", what, "look into it first: this release would be blamed for it")
