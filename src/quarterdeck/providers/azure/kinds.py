"""One role played by several services of Azure, told apart by the part of an address that only one of them has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import (
    BuildHost,
    Capability,
    DeploySurvey,
    Observed,
    Progress,
    ProviderError,
    Receipt,
    SlotHost,
    SwapSurvey,
    TrafficRouter,
    TrafficSurvey,
)
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement

Its = TypeVar("Its", bound=Capability)


class OfSeveralKinds(Generic[Its]):
    """What all roles share."""

    def __init__(self, source: str, makers: Mapping[str, Callable[[], Its]]) -> None:
        """`makers`: what makes a capability, by the part of an address that asks for it."""
        self.source = source
        self._makers = makers
        self._made: dict[str, Its] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Each kind on its own, all at once."""
        kinds: dict[str, list[Place]] = {}
        for place in places:
            kinds.setdefault(self._kind(place.address), []).append(place)
        found: dict[str, Reading | Trouble] = {}
        for part in await asyncio.gather(*(self._get(kind).observe(its) for kind, its in kinds.items())):
            found |= part
        return found

    async def permitted(self, address: Address) -> bool | None:
        return await self._of(address).permitted(address)

    async def send(self, step: Step) -> Receipt:
        return await self._of(step.address).send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await self._of(step.address).poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        return await self._of(step.address).settle(step)

    def _of(self, address: Address) -> Its:
        return self._get(self._kind(address))

    def _kind(self, address: Address) -> str:
        """The schema of an address lets only one of them through."""
        return next(kind for kind in self._makers if kind in address.parts)

    def _get(self, kind: str) -> Its:
        if kind not in self._made:
            self._made[kind] = self._makers[kind]()
        return self._made[kind]


class Slots(OfSeveralKinds[SlotHost]):
    """Slots that swap; builds are put into some of them."""

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        return await self._of(address).survey_swap(address, source, destination)

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        host = self._of(address)
        if isinstance(host, BuildHost):
            return await host.survey_deploy(address, slot)
        kind = self._kind(address)
        message = f"nothing is deployed into a {kind.replace('_', ' ')} from here"
        raise ProviderError("misconfigured", message, "deploy with a pipeline, and release what it has deployed")


class Traffic(OfSeveralKinds[TrafficRouter]):
    """Shares of traffic."""

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        return await self._of(address).survey_traffic(address)
