"""A Lua record of PowerDNS as a TrafficRouter between addresses: traffic divided by the answers of DNS.

The API has no conditional write: of two clients that write at once the last wins. So each write reads right before it,
and goes nowhere unless the record holds what the plan has seen. What else stands at the name is written back as it was
read then. The serial number of the zone grows with every change of any of its records: that before and after is told
as the reference of a write, and where it grew by more than one somebody else was at the zone in that moment. That is
all it tells. A write repeated leaves the same record.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, TrafficSurvey
from quarterdeck.providers.powerdns.api import Api
from quarterdeck.providers.powerdns.asking_dns import ask
from quarterdeck.providers.powerdns.records import (
    is_secondary,
    require_ours,
    risks,
    serial_of,
    weighted_of,
)
from quarterdeck.providers.shares import is_due
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.settlement import Settlement, settle_shares

ONE_BY_ONE = 2
"""Up to so many records of a zone are read one by one; of more, the whole zone is read at once."""

Zone = Mapping[str, Any]


class WeightedRecords:
    """The weighted records of one server."""

    source = "powerdns api"

    def __init__(self, api: Api, dns: str | None) -> None:
        self._api = api
        self._dns = dns
        self._too_large: set[str] = set()

    async def observe(self, places: Sequence[Place]) -> Observed:
        """One request for each zone, unless it is too large to be read whole."""
        zones: dict[str, list[Place]] = defaultdict(list)
        for place in places:
            zones[place.address.parts["zone"]].append(place)
        found = await asyncio.gather(*(self._zone(zone, its) for zone, its in zones.items()))
        return {subject: seen for one in found for subject, seen in one.items()}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        zone = await self._named(address)
        found = weighted_of(zone, address)
        require_ours(zone)
        return TrafficSurvey(
            found.reading(), found.limits(), (*risks(zone, found, address), *await self._unanswered(address))
        )

    async def permitted(self, address: Address) -> bool | None:
        """A key of the API is for all of it; a secondary zone is changed elsewhere."""
        return not is_secondary(await self._named(address))

    async def send(self, step: Step) -> Receipt:
        """Replace the Lua records of the name by the same with other weights."""
        try:
            zone = await self._with_disabled(step.address)
            found = weighted_of(zone, step.address)
            require_ours(zone)
            if not is_due(step, found.reading()):
                return Receipt()
        except ProviderError as error:
            raise error.before_sending() from None
        parts = step.address.parts
        await self._api.replace(parts["zone"], parts["name"], found.ttl, found.changed(step.change["shares"]))
        return Receipt(await self._reference(step.address, serial_of(zone)))

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A record is in force with the answer; resolvers follow within its TTL."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        """By the record; where the server can be asked over DNS, also by whether it answers what was written."""
        found = weighted_of(await self._named(step.address), step.address)
        settlement = settle_shares(step, found.reading())
        if settlement.state != "done" or self._dns is None:
            return settlement
        said = await ask(self._dns, step.address.parts["name"], found.kind)
        if not said.code:
            return Settlement("done", f"{settlement.detail}; {self._dns} gave no answer", settlement.evidence)
        if not said.values:
            detail = f"the record is as wanted, but {self._dns} answers {said.code} for it: clients get no address"
            return Settlement("changed_by_other", detail, settlement.evidence)
        answered = ", ".join(said.values)
        if not found.gives(said.values):
            detail = f"the record is as wanted, but {self._dns} still answers {answered}"
            return Settlement("running", detail, settlement.evidence)
        return Settlement("done", f"{settlement.detail}; {self._dns} answers {answered}", settlement.evidence)

    async def _unanswered(self, address: Address) -> tuple[Risk, ...]:
        """That a record which should be answered isn't, where the server can be asked."""
        if self._dns is None:
            return ()
        said = await ask(self._dns, address.parts["name"], address.parts["type"])
        if said.values or not said.code:
            return ()
        text = f"{self._dns} answers {said.code} for {address.parts['name']} now: clients get no address"
        return (Risk("danger", "unanswered", text, "see that enable-lua-records is on, and what PowerDNS's log says"),)

    async def _reference(self, address: Address, before: int) -> str:
        try:
            after = serial_of(await self._named(address))
        except ProviderError:  # the write is done: what became of it is found out by settling
            return ""
        return f"serial {before} -> {after}"

    async def _named(self, address: Address) -> Zone:
        return await self._api.zone(address.parts["zone"], address.parts["name"])

    async def _with_disabled(self, address: Address) -> Zone:
        """With the disabled records of the name, which a write would delete otherwise: they are in an answer about the
        whole zone only (measured). Of a zone too large for that they aren't known."""
        try:
            return await self._api.zone(address.parts["zone"])
        except ProviderError as error:
            if error.trouble.code != "garbage":
                raise
            return await self._named(address)

    async def _zone(self, zone: str, places: Sequence[Place]) -> dict[str, Reading | Trouble]:
        names = {place.address.parts["name"] for place in places}
        try:
            if len(names) > ONE_BY_ONE and zone not in self._too_large:
                return _read_all(await self._whole(zone), places)
        except ProviderError as error:
            if zone not in self._too_large:
                return {place.subject: error.trouble for place in places}
        return dict(await asyncio.gather(*(self._one(place) for place in places)))

    async def _whole(self, zone: str) -> Zone:
        try:
            return await self._api.zone(zone, watching=True)
        except ProviderError as error:
            if error.trouble.code == "garbage":
                self._too_large.add(zone)
            raise

    async def _one(self, place: Place) -> tuple[str, Reading | Trouble]:
        parts = place.address.parts
        try:
            zone = await self._api.zone(parts["zone"], parts["name"], watching=True)
        except ProviderError as error:
            return place.subject, error.trouble
        return place.subject, _read(zone, place.address)


def _read_all(zone: Zone, places: Sequence[Place]) -> dict[str, Reading | Trouble]:
    return {place.subject: _read(zone, place.address) for place in places}


def _read(zone: Zone, address: Address) -> Reading | Trouble:
    try:
        return weighted_of(zone, address).reading()
    except ProviderError as error:
        return error.trouble
