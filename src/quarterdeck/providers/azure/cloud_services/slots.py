"""A pair of cloud services as a SlotHost: the VIP swap.

The write names the address that one service is to have afterwards, so it is absolute: sent twice it is the same swap,
not one back. The interface has no condition (Microsoft.Network 2024-07-01): each write reads both services right before
it. It keeps no record of swaps; which service has which address tells whether one has happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure import operations
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.cloud_services.documents import (
    PRODUCTION,
    STAGING,
    Document,
    Pair,
    Service,
    alone,
    health_of,
    pair,
    risks,
    side_of,
    slot_reading,
    slots_reading,
)
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.graph import Columns
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.azure.resources import Key, Kind, Resources
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, SwapSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement

SERVICES = Kind(
    "Microsoft.Compute/cloudServices",
    "2022-09-04",
    "cloud service",
    Columns(
        ("microsoft.compute/cloudservices",), ("provisioningState", "networkProfile"), ("name", "location", "tags")
    ),
)

SLOTS_API_VERSION = "2024-07-01"
"""Of Microsoft.Network/cloudServiceSlots."""

ACTION = "Microsoft.Network/cloudServiceSlots/write"
"""The action in a role that allows a swap: the operation's own path, as roles name actions."""


class CloudServicePairs:
    """The pairs of one subscription."""

    source = "azure resource graph"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._services = Resources(arm, SERVICES)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One question for all that are named, and one for their partners."""
        named = await self._services.many({_key(place.address) for place in places})
        seen = {key: _service(key, document) for key, document in named.items()}
        wanted = {one.partner for one in seen.values() if isinstance(one, Service) and one.partner} - set(seen)
        partners = await self._services.many(wanted) if wanted else {}
        seen |= {key: _service(key, document) for key, document in partners.items()}
        return {place.subject: _told(_key(place.address), seen) for place in places}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        if (source.lower(), destination.lower()) != (STAGING, PRODUCTION):
            message = f"{source} can't go into {destination}: a swap brings {STAGING} into {PRODUCTION}"
            raise ProviderError("not_found", message, f"the service that users don't get is {STAGING}")
        found = await self._pair(address)
        live, waiting = await asyncio.gather(*map(self._with_health, found))
        return SwapSurvey(
            slot_reading(STAGING, waiting), slot_reading(PRODUCTION, live), risks=tuple(risks((live, waiting)))
        )

    async def permitted(self, address: Address) -> bool | None:
        return await may(self._arm, self._services.path(*_key(address)), ACTION)

    async def send(self, step: Step) -> Receipt:
        """Give the waiting service the production address, if both are still where the plan has seen them. Nothing is
        sent if it has that already."""
        if step.verb != "swap":
            raise Refused("misconfigured", f"cloud services can't {step.verb}: they have no preview")
        wanted = str(step.after["destination_build"])
        try:
            live, waiting = await self._pair(step.address)
        except ProviderError as error:
            raise error.before_sending() from None
        if live.name == wanted:
            return Receipt()
        if (waiting.name, live.name) != (wanted, str(step.before["destination_build"])):
            told = f"{live.name} is {PRODUCTION}, {waiting.name} is {STAGING}"
            raise Refused("provider_error", f"somebody changed the pair since the plan was made: {told}", "plan again")
        path, body = f"{self._services.path(*waiting.key)}{_SLOT}", {"properties": {"slotType": "Production"}}
        with writing(f"swap of {waiting.name} with {live.name}"):
            await self._arm.token_for_a_write()
            return operations.receipt(await self._arm.put(path, SLOTS_API_VERSION, body))

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        return await operations.look(self._arm, "progress of the swap", receipt)

    async def settle(self, step: Step) -> Settlement:
        """Which service has which address decides; while both claim the same one, a swap is under way."""
        wanted = str(step.after["destination_build"])
        services = await self._both(step.address)
        try:
            live, waiting = pair(*services)
        except ProviderError as error:
            return Settlement("running", error.trouble.message)
        now = {"source_build": waiting.name, "destination_build": live.name}
        told = f"{live.name} is {PRODUCTION}, {waiting.name} is {STAGING}"
        busy = next((one for one in services if one.busy), None)
        if busy is not None:
            return Settlement("running", f"{busy.name}: {busy.state}", now)
        if live.name == wanted:
            return Settlement("done", told, now)
        if now == {name: step.before[name] for name in now}:
            return Settlement("unclear", f"{told}, as before; nobody says whether a swap is under way", now)
        return Settlement("changed_by_other", told, now)

    async def _pair(self, address: Address) -> Pair:
        return pair(*await self._both(address))

    async def _both(self, address: Address) -> tuple[Service, Service]:
        """The service that is named and its partner, each with the address it has now. Raises ProviderError."""
        key = _key(address)
        self._services.stay_close(key)
        named = await self._fresh(key)
        if named.partner is None:
            raise alone(named)
        self._services.stay_close(named.partner)
        return named, await self._fresh(named.partner)

    async def _fresh(self, key: Key) -> Service:
        document, slot = await asyncio.gather(self._services.get(*key), self._slot(key))
        with reading(key[1]):
            about = slot["properties"]
            return replace(Service.of(document), side=side_of(about["slotType"]))

    async def _slot(self, key: Key) -> Document:
        with reading(f"address of {key[1]}"):
            found: Document = await self._arm.get(f"{self._services.path(*key)}{_SLOT}", SLOTS_API_VERSION)
            return found

    async def _with_health(self, service: Service) -> Service:
        """Known only from the service itself: one more request for each, so only before a swap."""
        with reading(f"instances of {service.name}"):
            view = await self._arm.get(f"{self._services.path(*service.key)}/instanceView", SERVICES.api_version)
            return replace(service, health=health_of(view))


_SLOT = "/providers/Microsoft.Network/cloudServiceSlots/swap"


def _service(key: Key, document: Document | Trouble) -> Service | Trouble:
    if isinstance(document, Trouble):
        return document
    try:
        with reading(key[1]):
            return Service.of(document)
    except ProviderError as error:
        return error.trouble


def _told(key: Key, seen: Mapping[Key, Service | Trouble]) -> Reading | Trouble:
    named = seen[key]
    if isinstance(named, Trouble):
        return named
    if named.partner is None:
        return alone(named).trouble
    partner = seen[named.partner]
    if isinstance(partner, Trouble):
        return partner
    try:
        return slots_reading(pair(named, partner))
    except ProviderError as error:
        return error.trouble


def _key(address: Address) -> Key:
    return address.parts["resource_group"].lower(), address.parts["cloud_service"].lower()
