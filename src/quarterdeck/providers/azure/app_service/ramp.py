"""App Service's ramp-up rules as a TrafficRouter between the slots of a site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading, TrafficReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.app_service.documents import PRODUCTION
from quarterdeck.providers.azure.app_service.ramp_rules import (
    COOKIE_SECONDS,
    KnownSlot,
    Rule,
    is_automatic,
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
from quarterdeck.providers.base import Limits, Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.turns import Turns
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares

LIMITS = Limits(units=1000, smallest=0, largest=100, atomic=True, lag=COOKIE_SECONDS)
"""Percentages are fractions on the wire; a tenth of a percent is as fine as this program writes them."""

A_ROUND = 20
"""Sites whose rules are read in one round: Azure Resource Manager gives 250 reads, and 25 more each second, to a
principal in a subscription (Microsoft's documentation)."""

RECHECK_SECONDS = 900.0
"""Rules are read again after this long even if the site seems unmodified."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The rules of a site as they were read at `at`, when it was last modified at `stamp`."""

    rules: list[Rule]
    stamp: str
    at: float


class RampRules:
    """The rules of the sites of one subscription. They live in config/web of production, one request a site."""

    source = "azure app service"

    def __init__(self, arm: Arm, directory: Directory) -> None:
        self._arm = arm
        self._directory = directory
        self._turns = Turns(arm.context.clock, A_ROUND)
        self._known: dict[tuple[str, str], _Known] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Rules are read again where the site was modified; of those, and of the rest, whose turn it is.

        Every write of config/web modifies the site (its ETag changes, as recorded), and the watch over slots sees
        that. Rules that App Service changes by itself are read whenever their turn comes.
        """
        stale = [place for place in places if self._must_read(place.address)]
        now = self._turns.next(stale)

        async def one(place: Place) -> Reading | Trouble:
            try:
                return await self._read(place.address)
            except ProviderError as error:
                return error.trouble

        read = dict(zip((place.subject for place in now), await asyncio.gather(*map(one, now)), strict=True))
        waiting = {place.subject for place in stale}
        kept = {p.subject: self._remembered(p.address) for p in places if p.subject not in waiting}
        return {**kept, **read}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        slots, rules = await self._fresh(address)
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
            slots, now = await self._fresh(step.address)
            rules = wanted_rules(now, slots, step.change["shares"])
        except ProviderError as error:
            raise error.before_sending() from None
        except ValueError as error:
            raise Refused("provider_error", f"{site}: {error}") from None
        experiments = Experiments(ramp_up_rules=[RampUpRule(rule) for rule in rules])
        noted = Noted()
        self._known.pop(_key(step.address), None)
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
        slots, rules = await self._fresh(step.address)
        return settle_shares(step, traffic_reading(rules, slots))

    def _must_read(self, address: Address) -> bool:
        known, seen = self._known.get(_key(address)), self._directory.find(*_site(address))
        if known is None or seen is None or seen.stamp != known.stamp or any(map(is_automatic, known.rules)):
            return True
        return self._arm.context.clock.monotonic() - known.at > RECHECK_SECONDS

    def _remembered(self, address: Address) -> TrafficReading:
        seen = self._directory.find(*_site(address))
        return traffic_reading(self._known[_key(address)].rules, seen.slots if seen else ())

    async def _read(self, address: Address) -> TrafficReading:
        seen = self._directory.find(*_site(address))
        stamp = seen.stamp if seen else ""
        slots = seen.slots if seen else await self._slots(address)
        rules = rules_of(await self._config(address))
        self._known[_key(address)] = _Known(rules, stamp, self._arm.context.clock.monotonic())
        return traffic_reading(rules, slots)

    async def _fresh(self, address: Address) -> tuple[Sequence[KnownSlot], list[Rule]]:
        slots, config = await asyncio.gather(self._slots(address), self._config(address))
        return slots, rules_of(config)

    async def _config(self, address: Address) -> Mapping[str, Any]:
        with reading(address.parts["site"]):
            return await SiteReader(self._arm, *_site(address)).config(PRODUCTION)

    async def _slots(self, address: Address) -> Sequence[KnownSlot]:
        with reading(address.parts["site"]):
            documents = await SiteReader(self._arm, *_site(address)).slots()
        return self._directory.note(*_site(address), documents).slots


def _site(address: Address) -> tuple[str, str]:
    return address.parts["resource_group"], address.parts["site"]


def _key(address: Address) -> tuple[str, str]:
    group, site = _site(address)
    return group.lower(), site.lower()
