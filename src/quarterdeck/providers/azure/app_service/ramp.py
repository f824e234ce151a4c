"""App Service's ramp-up rules as a TrafficRouter between the slots of a site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading, TrafficReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.app_service.documents import PRODUCTION, Document, properties, slot_name
from quarterdeck.providers.azure.app_service.ramp_rules import (
    COOKIE_SECONDS,
    KnownSlot,
    risks,
    rules_of,
    traffic_reading,
    wanted_rules,
)
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.noting import Noted
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.azure.turns import Turns
from quarterdeck.providers.base import Limits, Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares

LIMITS = Limits(units=1000, smallest=0, largest=100, atomic=True, lag=COOKIE_SECONDS)
"""Percentages are fractions on the wire; a tenth of a percent is as fine as this program writes them."""

SLOTS_SECONDS = 300.0
"""How long the list of a site's slots is good for watching; a survey and a write read it afresh."""


class RampRules:
    """The rules of the sites of one subscription. They live in config/web of production, one request a site."""

    source = "azure app service"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._turns = Turns(arm.context.clock)
        self._remembered: dict[tuple[str, str], tuple[float, list[KnownSlot]]] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Read the rules of the places whose turn it is; the others are left out and keep their age."""
        due = self._turns.next(places)

        async def one(place: Place) -> Reading | Trouble:
            try:
                slots = await self._slots_for_watching(place.address)
                return traffic_reading(rules_of(await self._config(place.address)), slots)
            except ProviderError as error:
                return error.trouble

        return dict(zip((place.subject for place in due), await asyncio.gather(*map(one, due)), strict=True))

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        slots, config = await asyncio.gather(self._slots(address), self._config(address))
        rules = rules_of(config)
        return TrafficSurvey(traffic_reading(rules, slots), LIMITS, tuple(risks(rules, slots)))

    async def permitted(self, address: Address) -> bool | None:
        group, site = _site(address)
        scope = f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"
        return await may(self._arm, scope, "Microsoft.Web/sites/config/write")

    async def send(self, step: Step) -> Receipt:
        """Read the rules, change the shares that are to change, write the whole list back."""
        from azure.mgmt.web.models import Experiments, RampUpRule, SiteConfig, SiteConfigResource

        group, site = _site(step.address)
        try:
            slots, config = await asyncio.gather(self._slots(step.address), self._config(step.address))
            rules = wanted_rules(rules_of(config), slots, step.change["shares"])
        except ProviderError as error:
            raise Refused(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        except ValueError as error:
            raise Refused("provider_error", f"{site}: {error}") from None
        experiments = Experiments(ramp_up_rules=[RampUpRule(rule) for rule in rules])
        noted = Noted()
        with writing(f"{site}: routing rules"):
            await self._arm.token_for_a_write()
            await self._arm.web.web_apps.update_configuration(
                group,
                site,
                SiteConfigResource(properties=SiteConfig(experiments=experiments)),
                retry_total=0,
                raw_response_hook=noted,
            )
        return Receipt(noted.reference)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """The rules are written with the answer."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        return settle_shares(step, await self._read(step.address))

    async def _read(self, address: Address) -> TrafficReading:
        slots, config = await asyncio.gather(self._slots(address), self._config(address))
        return traffic_reading(rules_of(config), slots)

    async def _config(self, address: Address) -> Mapping[str, Any]:
        with reading(address.parts["site"]):
            return await self._reader(address).config(PRODUCTION)

    async def _slots(self, address: Address) -> list[KnownSlot]:
        with reading(address.parts["site"]):
            documents = await self._reader(address).slots()
        slots = [_known(document) for document in documents]
        self._remembered[_site(address)] = (self._arm.context.clock.monotonic() + SLOTS_SECONDS, slots)
        return slots

    async def _slots_for_watching(self, address: Address) -> list[KnownSlot]:
        until, slots = self._remembered.get(_site(address), (0.0, []))
        return slots if until > self._arm.context.clock.monotonic() else await self._slots(address)

    def _reader(self, address: Address) -> SiteReader:
        return SiteReader(self._arm, *_site(address))


def _site(address: Address) -> tuple[str, str]:
    return address.parts["resource_group"], address.parts["site"]


def _known(document: Document) -> KnownSlot:
    about = properties(document)
    running = str(about.get("state") or "").lower() == "running"
    return KnownSlot(slot_name(document), str(about.get("defaultHostName") or ""), running)
