"""Asks, before something is written, how deep the water is: the database's schema, and which side is well now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.rules import Rulebook, SchemaRule
from quarterdeck.release.schema_interlock import interlock
from quarterdeck.release.sides import Side, Sides, side_of, tells_of
from quarterdeck.runner.measuring import Samples

WINDOW_SECONDS = 300
"""What `$window` means where no step has begun: long enough for a rate, short enough to be about now."""


@dataclass(frozen=True, slots=True)
class Schema:
    """A service's interlock, and the version its database is at; None if it can't be read, and why."""

    rule: SchemaRule
    current: float | None
    trouble: str = ""

    def before(self, target: TargetId, version: str, *, back: bool) -> Refusal | Risk | None:
        """What to say before a build serves; see `schema_interlock.interlock`."""
        return interlock(str(target), self.rule, version, self.current, back=back, trouble=self.trouble)

    def checked(
        self, outline: Outline, serving: Iterable[tuple[TargetId, SlotReading]], *, back: bool
    ) -> Outline | Refusal:
        """An outline with what is to be said of the builds that it lets serve: targets, and the slots with them."""
        told = [self.before(target, slot.build.version if slot.build else "", back=back) for target, slot in serving]
        refusal = next((one for one in told if isinstance(one, Refusal)), None)
        risks = (one for one in told if isinstance(one, Risk))
        return refusal or replace(outline, risks=(*outline.risks, *dict.fromkeys(risks)))


class Sounding(Protocol):
    """What planning asks."""

    async def schema(self, target: TargetId) -> Schema | None:
        """The interlock of a service; None if it declares none."""
        ...

    async def sides(self, target: TargetId, slots: Sequence[SlotReading], live: str) -> Sides:
        """How well these slots are. Empty if the route names no health gates.

        Args:
            live: the slot that gates are about which name no side; "" where several serve, and nobody can tell.
        """
        ...


class Unsounded:
    """No rules, no questions."""

    async def schema(self, target: TargetId) -> Schema | None:
        return None

    async def sides(self, target: TargetId, slots: Sequence[SlotReading], live: str) -> Sides:
        return {}


class Soundings:
    """Asks the gates that the rules name. Never raises for a gate's trouble: that is an answer too."""

    def __init__(self, fleet: Fleet, rules: Rulebook, samples: Samples) -> None:
        self._fleet = fleet
        self._rules = rules
        self._samples = samples

    async def schema(self, target: TargetId) -> Schema | None:
        """See `Sounding`."""
        rule = self._rules.route(target).schema
        if rule is None:
            return None
        gate = self._rules.gate(rule.current)
        if gate is None:
            return Schema(rule, None, f"there is no gate {rule.current}")
        sample = await self._samples.sample([gate], self._names(target, None))
        (measured,) = sample.measurements
        if measured.verdict in ("no_data", "stale"):
            return Schema(rule, None, measured.detail or measured.verdict.replace("_", " "))
        return Schema(rule, measured.value, measured.detail)

    async def sides(self, target: TargetId, slots: Sequence[SlotReading], live: str) -> Sides:
        """See `Sounding`."""
        names = self._rules.route(target).health
        gates = [gate for name in names if (gate := self._rules.gate(name))]

        async def one(slot: SlotReading) -> Side | None:
            asked = [gate for gate in gates if slot.name == live or tells_of(gate, slot)]
            return side_of(await self._samples.sample(asked, self._names(target, slot))) if asked else None

        found = await asyncio.gather(*map(one, slots))
        return {slot.name.lower(): side for slot, side in zip(slots, found, strict=True) if side}

    def _names(self, target: TargetId, slot: SlotReading | None) -> dict[str, str]:
        places = self._fleet.places_of(target, "slots")
        version = slot.build.version if slot and slot.build else ""
        return {
            "service": target.name,
            "environment": target.environment,
            "region": target.region,
            "slot": slot.name if slot else "",
            "site": places[0].address.parts.get("site", "") if places else "",
            "version": version,
            "previous": "",
            "release": "",
            "host": slot.host if slot else "",
            "window": f"{WINDOW_SECONDS}",
        }
