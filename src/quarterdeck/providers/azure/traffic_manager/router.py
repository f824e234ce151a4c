"""Traffic Manager as a TrafficRouter: one endpoint is written at a time, and nothing locks a profile."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.noting import Noted
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.azure.traffic_manager.profiles import (
    Document,
    difference,
    endpoint_named,
    endpoint_type,
    limits,
    risks,
    traffic_reading,
)
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_destination

ONE_BY_ONE = 10
"""Up to so many profiles are read one by one, all at once; more are read from the list of the subscription, which
costs one request a page but may leave out the status of the profile as a whole (recorded)."""


class TrafficManager:
    """The profiles of one subscription."""

    source = "azure traffic manager"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm

    async def observe(self, places: Sequence[Place]) -> Observed:
        addresses = {place.subject: place.address for place in places}
        distinct = {_key(address): address for address in addresses.values()}
        if len(distinct) <= ONE_BY_ONE:
            found = dict(zip(distinct, await asyncio.gather(*map(self._one, distinct.values())), strict=True))
        else:
            found = await self._listed(distinct)
        return {subject: found[_key(address)] for subject, address in addresses.items()}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        profile = await self._profile(address)
        what = limits(profile)
        if what is None:
            method = traffic_reading(profile).method
            raise ProviderError(
                "misconfigured",
                f"{address.parts['profile']} routes by {method}: shares can't be set",
                "use a Weighted or Priority profile to shift traffic",
            )
        return TrafficSurvey(traffic_reading(profile), what, tuple(risks(profile, await self._family())))

    async def permitted(self, address: Address) -> bool | None:
        group, profile = _at(address)
        scope = (
            f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}"
            f"/providers/Microsoft.Network/trafficManagerProfiles/{profile}"
        )
        return await may(self._arm, scope, "Microsoft.Network/trafficManagerProfiles/externalEndpoints/write")

    async def send(self, step: Step) -> Receipt:
        """PATCH one endpoint with what differs; nothing is sent if it is already as wanted."""
        from azure.mgmt.trafficmanager.models import Endpoint, EndpointProperties

        name = str(step.change["destination"])
        try:
            endpoint = endpoint_named(await self._profile(step.address), name)
        except ProviderError as error:
            raise error.before_sending() from None
        if endpoint is None:
            raise Refused("not_found", f"{step.address.parts['profile']} has no endpoint {name}")
        change = difference(endpoint, float(step.change["weight"]), bool(step.change["enabled"]))
        if not change:
            return Receipt()
        noted = Noted()
        with writing(f"endpoint {name}"):
            await self._arm.token_for_a_write()
            await self._arm.traffic_manager.endpoints.update(
                *_at(step.address),
                endpoint_type(endpoint),
                str(endpoint["name"]),
                Endpoint(properties=EndpointProperties(**change)),
                retry_total=0,
                raw_response_hook=noted,
            )
        return Receipt(noted.reference)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """An endpoint is written with the answer; DNS follows within the profile's TTL."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settle_destination(step, traffic_reading(await self._profile(step.address)))

    async def _profile(self, address: Address) -> Document:
        with reading(address.parts["profile"]):
            return (await self._arm.traffic_manager.profiles.get(*_at(address))).as_dict()

    async def _one(self, address: Address) -> Reading | Trouble:
        try:
            profile = await self._profile(address)
            with reading(address.parts["profile"]):
                return traffic_reading(profile)
        except ProviderError as error:
            return error.trouble

    async def _listed(self, wanted: Mapping[str, Address]) -> dict[str, Reading | Trouble]:
        try:
            with reading("Traffic Manager profiles"):
                listed = {_key_of_id(str(profile["id"])): profile for profile in await self._all()}
        except ProviderError as error:
            return dict.fromkeys(wanted, error.trouble)
        missing = Trouble("not_found", "there is no such profile, or it isn't ours to see", "check profile")
        return {key: traffic_reading(listed[key]) if key in listed else missing for key in wanted}

    async def _family(self) -> list[Document]:
        """All profiles, to find parents and children; none where we may not list them."""
        try:
            with reading("Traffic Manager profiles"):
                return await self._all()
        except ProviderError as error:
            if error.trouble.code == "forbidden":
                return []
            raise

    async def _all(self) -> list[Document]:
        return [p.as_dict() async for p in self._arm.traffic_manager.profiles.list_by_subscription()]


def _at(address: Address) -> tuple[str, str]:
    return address.parts["resource_group"], address.parts["profile"]


def _key(address: Address) -> str:
    return "/".join(_at(address)).lower()


def _key_of_id(resource_id: str) -> str:
    parts = resource_id.lower().split("/")
    return f"{parts[4]}/{parts[8]}"
