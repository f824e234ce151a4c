"""Front Door as a TrafficRouter: one origin is written at a time, and nothing locks an origin group.

A PATCH of an origin is merged into it and says only what differs, in absolute values: sent twice it is the same. The
interface has no If-Match for it (2026-10-01), so each write reads right before it and goes nowhere unless the origin is
as the plan has seen it. The answer is 202, and the change goes on; that it has `Succeeded` means that Front Door has
taken it, not that every edge has it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import quote

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure import operations
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.front_door.origins import (
    Document,
    difference,
    limits,
    origin_named,
    risks,
    state,
    traffic_reading,
)
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.turns import Turns
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_destination
from quarterdeck.release.splitting import would_be_unsafe

API_VERSION = "2026-10-01"

ACTION = "Microsoft.Cdn/profiles/originGroups/origins/write"
"""The action in a role that allows it (Microsoft's documentation, resource provider operations)."""

A_ROUND = 20
"""Origin groups read in one round: each is a list of its own, and no list has those of a whole profile."""


class FrontDoor:
    """The origin groups of one subscription."""

    source = "azure front door"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._turns = Turns(arm.context.clock, A_ROUND)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One request for each origin group, in turns."""
        chosen = self._turns.next(places)
        found = await asyncio.gather(*(self._one(place.address) for place in chosen))
        return dict(zip((place.subject for place in chosen), found, strict=True))

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        origins, group = await asyncio.gather(self._origins(address), self._group(address))
        if not origins:
            raise ProviderError("misconfigured", f"{address.parts['origin_group']} has no origins")
        with reading(address.parts["origin_group"]):
            return TrafficSurvey(traffic_reading(origins), limits(origins), tuple(risks(group, origins)))

    async def permitted(self, address: Address) -> bool | None:
        return await may(self._arm, self._path(address), ACTION)

    async def send(self, step: Step) -> Receipt:
        """PATCH one origin with what differs; nothing is sent if it is already as wanted, or if somebody has changed
        it since the plan was made."""
        if step.verb != "set_destination":
            raise Refused("misconfigured", f"origins of Front Door are written one by one, not by {step.verb}")
        name = str(step.change["destination"])
        try:
            origins = await self._origins(step.address)
            with reading(step.address.parts["origin_group"]):
                now = traffic_reading(origins)
        except ProviderError as error:
            raise error.before_sending() from None
        origin = origin_named(origins, name)
        if origin is None:
            raise Refused("not_found", f"{step.address.parts['origin_group']} has no origin {name}")
        if settle_destination(step, now).state == "changed_by_other":
            raise Refused("provider_error", f"somebody changed {name} since the plan was made", "plan again")
        if unsafe := would_be_unsafe(step, now):
            raise Refused("provider_error", f"nothing was sent: {unsafe}")
        change = difference(origin, float(step.change["weight"]), bool(step.change["enabled"]))
        if not change:
            return Receipt()
        with writing(f"origin {name}"):
            await self._arm.token_for_a_write()
            path = f"{self._path(step.address)}/origins/{quote(str(origin['name']), safe='')}"
            return operations.receipt(await self._arm.patch(path, API_VERSION, {"properties": change}))

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await operations.look(self._arm, "progress of the origin's change", receipt)

    async def settle(self, step: Step) -> Settlement:
        """Weight and status decide, once Front Door has taken them."""
        origins = await self._origins(step.address)
        origin = origin_named(origins, str(step.change["destination"]))
        with reading(step.address.parts["origin_group"]):
            settled = settle_destination(step, traffic_reading(origins))
        return settled if origin is None else operations.in_force(*state(origin), settled)

    async def _one(self, address: Address) -> Reading | Trouble:
        try:
            origins = await self._origins(address)
            with reading(address.parts["origin_group"]):
                return traffic_reading(origins)
        except ProviderError as error:
            return error.trouble

    async def _origins(self, address: Address) -> list[Document]:
        with reading(address.parts["origin_group"]):
            return await self._arm.everything(f"{self._path(address)}/origins", API_VERSION)

    async def _group(self, address: Address) -> Document:
        with reading(address.parts["origin_group"]):
            found: Document = await self._arm.get(self._path(address), API_VERSION)
            return found

    def _path(self, address: Address) -> str:
        parts = address.parts
        return (
            f"/subscriptions/{self._arm.subscription}/resourceGroups/{parts['resource_group']}"
            f"/providers/Microsoft.Cdn/profiles/{parts['front_door']}/originGroups/{parts['origin_group']}"
        )
