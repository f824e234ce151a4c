"""Asks a release's gates: fills in what they are about, and puts the answers for several services together."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from quarterdeck.clock import Clock
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.action import FlagChange, Swap
from quarterdeck.release.gate import GateSpec, Measurement, Sample, Verdict
from quarterdeck.release.release_plan import Member, Write
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.store.base import Store

_WORST_FIRST: tuple[Verdict, ...] = ("fail", "no_data", "stale", "pass")


class Samples(Protocol):
    """What asks gates (`sampling.Sampler`)."""

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        """Ask all of them at this moment. Never raises for a gate's trouble."""
        ...


class Measuring:
    """One sample of a step, or of the background analysis."""

    def __init__(self, samples: Samples, fleet: Fleet, store: Store, clock: Clock) -> None:
        self._samples = samples
        self._fleet = fleet
        self._store = store
        self._clock = clock

    async def sample(self, release: Release, step_id: str, names: Sequence[str]) -> Sample:
        """Ask the gates of these names now; `step_id` may be `rollout.BACKGROUND`.

        The background is asked once for each service that has begun. A gate's verdict is then its worst one.
        """
        gates = [gate for name in names if (gate := release.plan.gate(name))]
        step = release.plan.step(step_id)
        about = [step.target] if step is not None and step_id != BACKGROUND else _begun(release)
        samples = await asyncio.gather(
            *(self._samples.sample(gates, self.names(release, target, gates, step_id)) for target in about)
        )
        unknown = [
            Measurement(name, "no_data", detail="the plan holds no such gate")
            for name in names
            if release.plan.gate(name) is None
        ]
        together = _together(samples, about)
        return replace(together, measurements=(*together.measurements, *unknown))

    def names(self, release: Release, target: TargetId, gates: Sequence[GateSpec], step_id: str) -> Mapping[str, str]:
        """What `$service` and the like stand for; see `GateSpec.options`."""
        member = _member(release, target)
        slot = self._slot_of_new(release, target)
        site, host = self._site(target, slot)
        began = release.standing(step_id).since or release.started_at
        longest = max((gate.interval for gate in gates), default=0)
        return {
            "service": target.name,
            "environment": target.environment,
            "region": target.region,
            "slot": slot,
            "site": site,
            "version": _version(release, member) if member else "",
            "previous": member.previous if member else "",
            "release": release.id,
            "host": host,
            "window": f"{max(self._clock.now() - began, longest, 1):.0f}",
        }

    def _slot_of_new(self, release: Release, target: TargetId) -> str:
        """Where the new version is now: where the last swap that was done has put it. A release of flags alone changes
        what users meet where they are."""
        if _flags_alone(release):
            return self._fleet.swap_destination
        slot = self._fleet.swap_source
        for step in release.plan.steps:
            action = step.work.action if isinstance(step.work, Write) else None
            if not isinstance(action, Swap) or action.mode not in ("swap", "complete"):
                continue
            if action.target.whole == target.whole and release.standing(step.id).state == "done":
                slot = action.destination or self._fleet.swap_destination
        return slot

    def _site(self, target: TargetId, slot: str) -> tuple[str, str]:
        """The site's name, and the public host of it, as far as it was ever observed."""
        places = self._fleet.places_of(target, "slots") or self._fleet.places_of(target.whole, "slots")
        if not places:
            return "", ""
        seen = self._store.observations().get(places[0].subject)
        reading = seen.reading if seen else None
        live = reading.slots[0] if isinstance(reading, SlotsReading) and reading.slots else None
        return places[0].address.parts.get("site", ""), live.host if live else ""


def _member(release: Release, target: TargetId) -> Member | None:
    return next((one for one in release.plan.members if one.target.whole == target.whole), None)


def _version(release: Release, member: Member) -> str:
    """What the gates are about: flags alone leave users the version that they have."""
    return member.version or (member.previous if _flags_alone(release) else "")


def _flags_alone(release: Release) -> bool:
    writes = [step.work.action for step in release.plan.steps if isinstance(step.work, Write)]
    return bool(writes) and all(isinstance(action, FlagChange) for action in writes)


def _begun(release: Release) -> list[TargetId]:
    """The services of which something has been begun; all of them before that. What has none is about what it does."""
    begun = {
        step.target.whole
        for step in release.plan.steps
        if isinstance(step.work, Write) and release.standing(step.id).state not in ("waiting", "skipped")
    }
    services = [one.target for one in release.plan.members]
    return [one for one in services if one.whole in begun] or services or [release.plan.steps[0].target]


def _together(samples: Sequence[Sample], targets: Sequence[TargetId]) -> Sample:
    """Several services' samples of the same gates as one: the worst answer of each gate, with its service's name."""
    if len(samples) == 1:
        return samples[0]
    worst: dict[str, Measurement] = {}
    for sample, target in zip(samples, targets, strict=True):
        for one in sample.measurements:
            known = worst.get(one.gate)
            if known is None or _WORST_FIRST.index(one.verdict) < _WORST_FIRST.index(known.verdict):
                worst[one.gate] = replace(one, detail=f"{target.name}: {one.detail}")
    return Sample(min(sample.at for sample in samples), tuple(worst.values()))
