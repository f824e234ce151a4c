"""The kit finds what is wrong with a provider: each of these is broken in one way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading, SwapRecord
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import DeploySurvey, Observed, Progress, Receipt, SwapSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_deploy, settle_slots
from quarterdeck.testing.conformance import NotConforming, check_deploy, check_observing, check_swap

PLACE = Place("slots", TargetId("test", "shop"), Address("memory", {"site": "shop"}))
MISSING = Place("slots", TargetId("test", "ghost"), Address("memory", {"site": "ghost"}))


class Memory:
    """A SlotHost in memory that does everything right."""

    source = "memory"

    def __init__(self) -> None:
        self.slots = {
            "staging": SlotReading("staging", Build("2", "two")),
            "production": SlotReading("production", Build("1", "one")),
        }
        self.swaps = 0

    async def observe(self, places: Sequence[Place]) -> Observed:
        there = SlotsReading((self.slots["production"], self.slots["staging"]))
        return {p.subject: there if p == PLACE else Trouble("not_found", "no such site") for p in places}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        return SwapSurvey(self.slots[source], self.slots[destination])

    async def permitted(self, address: Address) -> bool | None:
        return True

    async def send(self, step: Step) -> Receipt:
        staging, production = self.slots["staging"], self.slots["production"]
        if step.verb == "preview":
            self.slots["production"] = replace(production, preview_from="staging")
        elif step.verb == "cancel":
            self.slots["production"] = replace(production, preview_from="")
        else:
            self.swaps += 1
            record = SwapRecord(str(self.swaps), "staging", "production")
            self.slots["staging"] = replace(staging, build=production.build, last_swap=record)
            self.slots["production"] = replace(production, build=staging.build, last_swap=record)
        return Receipt("1", "a secret token")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settle_slots(step, self.slots["staging"], self.slots["production"])


class Silent(Memory):
    async def observe(self, places: Sequence[Place]) -> Observed:
        return {}


class Raising(Memory):
    async def observe(self, places: Sequence[Place]) -> Observed:
        raise KeyError("site")


class Optimist(Memory):
    async def observe(self, places: Sequence[Place]) -> Observed:
        return {p.subject: SlotsReading(()) for p in places}


class Colourful(Memory):
    async def observe(self, places: Sequence[Place]) -> Observed:
        slot = SlotReading("\x1b[31mred")
        seen = await super().observe(places)
        return {**seen, PLACE.subject: SlotsReading((slot,))}


class Lazy(Memory):
    async def send(self, step: Step) -> Receipt:
        return Receipt()


class Twice(Memory):
    async def send(self, step: Step) -> Receipt:
        await super().send(step)
        return await super().send(step)


class Endless(Memory):
    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return Progress("running")


class Believer(Memory):
    async def settle(self, step: Step) -> Settlement:
        return Settlement("done")


OLD, NEW = "shop:1", "shop:2"


class Quay:
    """A BuildHost in memory that does everything right."""

    source = "memory"

    def __init__(self) -> None:
        self.artifact = OLD

    async def observe(self, places: Sequence[Place]) -> Observed:
        return {}

    async def permitted(self, address: Address) -> bool | None:
        return True

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        return DeploySurvey(self.slot(), self.artifact)

    async def send(self, step: Step) -> Receipt:
        self.artifact = str(step.change["artifact"])
        return Receipt("1")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settle_deploy(step, self.slot(), self.artifact, "")

    def slot(self) -> SlotReading:
        return SlotReading("staging", Build(self.artifact.partition(":")[2]))


class Idle(Quay):
    async def send(self, step: Step) -> Receipt:
        return Receipt("1")


class Forward(Quay):
    """Never goes back."""

    async def send(self, step: Step) -> Receipt:
        return Receipt("1") if step.change["artifact"] == OLD else await super().send(step)


class Elsewhere(Quay):
    def slot(self) -> SlotReading:
        return SlotReading("production", Build(self.artifact.partition(":")[2]))


class Eager(Quay):
    async def settle(self, step: Step) -> Settlement:
        return Settlement("done")


async def at_once(seconds: float) -> None:
    return


async def test_a_provider_that_does_everything_right_passes() -> None:
    await check_observing(Memory(), [PLACE], MISSING)
    await check_swap(Memory(), PLACE, "staging", "production", at_once)
    await check_deploy(Quay(), PLACE, "staging", "2", NEW, at_once)


@pytest.mark.parametrize("broken", [Silent, Raising, Optimist, Colourful])
async def test_broken_watching_is_found(broken: Any) -> None:
    with pytest.raises(NotConforming):
        await check_observing(broken(), [PLACE], MISSING)


@pytest.mark.parametrize("broken", [Lazy, Twice, Endless, Believer])
async def test_broken_swapping_is_found(broken: Any) -> None:
    with pytest.raises(NotConforming):
        await check_swap(broken(), PLACE, "staging", "production", at_once)


@pytest.mark.parametrize("broken", [Idle, Forward, Elsewhere, Eager])
async def test_broken_deploying_is_found(broken: Any) -> None:
    with pytest.raises(NotConforming):
        await check_deploy(broken(), PLACE, "staging", "2", NEW, at_once)
