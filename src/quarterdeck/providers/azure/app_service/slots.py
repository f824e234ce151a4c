"""App Service as a SlotHost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading, SlotsReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.app_service.documents import Document, slot_reading, slots_reading
from quarterdeck.providers.azure.app_service.graph import SitesGraph
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.surveying import survey
from quarterdeck.providers.azure.app_service.swapping import Swapping
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, SwapSurvey
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement

WATCH_SECONDS = 300.0
"""How long after a write of ours a site is read directly: Resource Graph lags by seconds to minutes."""

WITHOUT_GRAPH_SECONDS = 900.0
"""How long Resource Graph isn't asked again after it was of no use. Private clouds don't have it at all."""

SMALL_FLEET = 40
"""Up to so many sites, a round may ask for every version at once."""

LOOK_UPS = 6
"""Versions asked for in one round of a larger fleet: with two pages of 1,000 rows it stays below ten requests."""

SLOTS_OF_A_SITE = 2
"""How many slots a site is taken to have before anybody has looked."""

_GRAPH_NOT_FOR_US = frozenset({"forbidden", "not_found"})
_GRAPH_UNUSABLE = _GRAPH_NOT_FOR_US | {"provider_error", "garbage"}
"""Troubles with Resource Graph that App Service itself need not have."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A site to look at: where it is, and how its versions are read."""

    resource_group: str
    site: str
    version: str

    @property
    def key(self) -> str:
        """The same for the same site, however it is spelled."""
        return f"{self.resource_group}/{self.site}".lower()

    @classmethod
    def of(cls, address: Address) -> Spot:
        parts = address.parts
        return cls(parts["resource_group"], parts["site"], parts.get("version") or "auto")


class AppServiceSlots:
    """Deployment slots of the sites of one subscription."""

    source = "azure resource graph"

    def __init__(self, arm: Arm, directory: Directory) -> None:
        self._arm = arm
        self._directory = directory
        self._versions = Versions(arm.context.clock)
        self._swapping = Swapping(arm, self._versions)
        self._graph = SitesGraph(arm)
        self._without_graph_until = 0.0
        self._watched: dict[str, float] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        """All sites by Resource Graph in one question a thousand slots; those just written to, read directly."""
        spots = {place.subject: Spot.of(place.address) for place in places}
        now = self._arm.context.clock.monotonic()
        self._watched = {key: until for key, until in self._watched.items() if until > now}
        close = {spot.key: spot for spot in spots.values() if spot.key in self._watched}
        far = {spot.key: spot for spot in spots.values() if spot.key not in close}
        found, nearby = await asyncio.gather(self._from_afar(far), self._directly(close.values()))
        found |= nearby
        for spot in spots.values():
            self._directory.note(spot.resource_group, spot.site, _documents(found[spot.key]))
        await self._look_up_versions(spots.values(), found)
        return {subject: self._reading(spot, found[spot.key]) for subject, spot in spots.items()}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        spot = Spot.of(address)
        return await survey(self._reader(spot), self._versions, spot.site, spot.version, source, destination)

    async def permitted(self, address: Address) -> bool | None:
        spot = Spot.of(address)
        scope = (
            f"/subscriptions/{self._arm.subscription}/resourceGroups/{spot.resource_group}"
            f"/providers/Microsoft.Web/sites/{spot.site}"
        )
        return await may(self._arm, scope, "Microsoft.Web/sites/slots/slotsswap/action")

    async def send(self, step: Step) -> Receipt:
        self._watch(step)
        return await self._swapping.send(step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        self._watch(step)
        return await self._swapping.poll(step, receipt)

    async def settle(self, step: Step) -> Settlement:
        self._watch(step)
        return await self._swapping.settle(step)

    def _watch(self, step: Step) -> None:
        self._watched[Spot.of(step.address).key] = self._arm.context.clock.monotonic() + WATCH_SECONDS

    def _reader(self, spot: Spot) -> SiteReader:
        return SiteReader(self._arm, spot.resource_group, spot.site)

    async def _from_afar(self, spots: Mapping[str, Spot]) -> dict[str, list[Document] | Trouble]:
        if not spots:
            return {}
        now = self._arm.context.clock.monotonic()
        if now < self._without_graph_until:
            return await self._by_group(spots)
        try:
            rows = await self._graph.read(_expected(spots.values()))
        except ProviderError as error:
            if error.trouble.code not in _GRAPH_UNUSABLE:
                return dict.fromkeys(spots, error.trouble)
            if error.trouble.code in _GRAPH_NOT_FOR_US:
                self._without_graph_until = now + WITHOUT_GRAPH_SECONDS
            return await self._by_group(spots)
        found = _by_site(rows)
        missing = [spot for key, spot in spots.items() if key not in found]
        return {**{key: found[key] for key in spots if key in found}, **await self._absent(missing)}

    async def _by_group(self, spots: Mapping[str, Spot]) -> dict[str, list[Document] | Trouble]:
        """Without Resource Graph: App Service's own list, some pages a resource group."""
        found: dict[str, list[Document] | Trouble] = {}
        for group in sorted({spot.resource_group for spot in spots.values()}):
            inside = {key: spot for key, spot in spots.items() if spot.resource_group == group}
            try:
                with reading(f"resource group {group}"):
                    pages = self._arm.web.web_apps.list_by_resource_group(group, include_slots=True)
                    listed = _by_site([site.as_dict() async for site in pages])
            except ProviderError as error:
                found |= dict.fromkeys(inside, error.trouble)
                continue
            missing = Trouble("not_found", f"there is no such site in resource group {group}", "check site")
            found |= {key: listed.get(key, missing) for key in inside}
        return found

    async def _absent(self, spots: Sequence[Spot]) -> dict[str, list[Document] | Trouble]:
        """Sites that Resource Graph doesn't show: new, gone, or not ours to see. A few are asked for by name."""
        asked = await self._directly(spots[:LOOK_UPS])
        rest = Trouble("not_found", "Resource Graph doesn't show this site", "check its name and your permissions")
        return {**dict.fromkeys((spot.key for spot in spots), rest), **asked}

    async def _directly(self, spots: Iterable[Spot]) -> dict[str, list[Document] | Trouble]:
        async def one(spot: Spot) -> list[Document] | Trouble:
            try:
                with reading(spot.site):
                    return await self._reader(spot).slots()
            except ProviderError as error:
                return error.trouble

        listed = list(spots)
        return dict(zip((spot.key for spot in listed), await asyncio.gather(*map(one, listed)), strict=True))

    async def _look_up_versions(self, spots: Iterable[Spot], found: Mapping[str, list[Document] | Trouble]) -> None:
        due = [
            (spot, document)
            for spot in {spot.key: spot for spot in spots}.values()
            for document in _documents(found[spot.key])
            if self._versions.is_due(spot.site, document, spot.version)
        ]
        allowed = len(due) if len(found) <= SMALL_FLEET else LOOK_UPS

        async def one(spot: Spot, document: Document) -> None:
            try:
                with reading(spot.site):
                    await self._versions.look_up(self._reader(spot), spot.site, document, spot.version)
            except ProviderError:
                self._versions.put_off(spot.site, document)

        await asyncio.gather(*(one(spot, document) for spot, document in due[:allowed]))

    def _reading(self, spot: Spot, found: list[Document] | Trouble) -> Reading | Trouble:
        if isinstance(found, Trouble):
            return found
        slots = [slot_reading(document, self._versions.build(spot.site, document, spot.version)) for document in found]
        return slots_reading(slots) if slots else SlotsReading(())


def _expected(spots: Iterable[Spot]) -> dict[str, int]:
    """About how many sites and slots each resource group holds."""
    sites = Counter(spot.resource_group for spot in spots)
    return {group: count * SLOTS_OF_A_SITE for group, count in sites.items()}


def _documents(found: list[Document] | Trouble) -> list[Document]:
    return [] if isinstance(found, Trouble) else found


def _by_site(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Documents of sites and slots by `group/site`, taken from their ids, in lower case."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        parts = str(document["id"]).lower().split("/")
        found.setdefault(f"{parts[4]}/{parts[8]}", []).append(document)
    return found
