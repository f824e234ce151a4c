"""Watching many sites: through Resource Graph as a rule, from App Service itself where that isn't good enough."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.app_service.documents import Document, slot_reading, slots_reading
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.graph import Columns, ResourcesGraph
from quarterdeck.providers.base import ProviderError

WITHOUT_GRAPH_SECONDS = 900.0
"""How long Resource Graph isn't asked again after it was of no use. Private clouds don't have it at all."""

SMALL_FLEET = 40
"""Up to so many sites, a round may ask for every version at once."""

LOOK_UPS = 6
"""Versions asked for in one round of a larger fleet: with the questions for 1,000 sites it stays below ten requests."""

SLOTS_OF_A_SITE = 2
"""How many slots a site is taken to have before anybody has looked."""

SITES = Columns(
    ("microsoft.web/sites", "microsoft.web/sites/slots"),
    (
        "state",
        "availabilityState",
        "usageState",
        "defaultHostName",
        "deploymentId",
        "lastModifiedTimeUtc",
        "targetSwapSlot",
        "slotSwapStatus",
        "inProgressOperationId",
        "siteConfig",
    ),
)

_GRAPH_NOT_FOR_US = frozenset({"forbidden", "not_found"})
_GRAPH_UNUSABLE = _GRAPH_NOT_FOR_US | {"provider_error", "garbage"}
"""Troubles with Resource Graph that App Service itself need not have."""


Found = list[Document] | Trouble
"""The documents of a site and its slots, or why there are none."""


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


class SitesWatch:
    """Reads sites with as few requests as it can."""

    def __init__(self, arm: Arm, directory: Directory, versions: Versions) -> None:
        self._arm = arm
        self._directory = directory
        self._versions = versions
        self._graph = ResourcesGraph(arm, SITES)
        self._without_graph_until = 0.0

    async def read(self, spots: Iterable[Spot], close: Iterable[str]) -> dict[str, SlotsReading | Trouble]:
        """Readings by `Spot.key`. Those whose key is in `close` are read directly."""
        all_of_them = {spot.key: spot for spot in spots}
        near = [all_of_them[key] for key in close if key in all_of_them]
        far = {key: spot for key, spot in all_of_them.items() if spot not in near}
        from_afar, nearby = await asyncio.gather(self._from_afar(far), self._directly(near))
        found = {**from_afar, **nearby}
        for key, spot in all_of_them.items():
            self._note(spot, found[key])
        await self._look_up_versions(all_of_them, found)
        return {key: self._reading(spot, found[key]) for key, spot in all_of_them.items()}

    def _note(self, spot: Spot, found: Found) -> None:
        if isinstance(found, Trouble):
            self._directory.forget(spot.resource_group, spot.site)
        else:
            self._directory.note(spot.resource_group, spot.site, found)

    async def _from_afar(self, spots: Mapping[str, Spot]) -> dict[str, Found]:
        if not spots:
            return {}
        now = self._arm.context.clock.monotonic()
        if now < self._without_graph_until:
            return await self._by_group(spots)
        try:
            with reading("Resource Graph"):
                found = _by_site(await self._graph.read(_expected(spots.values())))
        except ProviderError as error:
            if error.trouble.code not in _GRAPH_UNUSABLE:
                return dict.fromkeys(spots, error.trouble)
            if error.trouble.code in _GRAPH_NOT_FOR_US:
                self._without_graph_until = now + WITHOUT_GRAPH_SECONDS
            return await self._by_group(spots)
        missing = [spot for key, spot in spots.items() if key not in found]
        there: dict[str, Found] = {key: found[key] for key in spots if key in found}
        return {**there, **await self._absent(missing)}

    async def _by_group(self, spots: Mapping[str, Spot]) -> dict[str, Found]:
        """Without Resource Graph: App Service's own list, some pages a resource group."""
        found: dict[str, Found] = {}
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

    async def _absent(self, spots: Sequence[Spot]) -> dict[str, Found]:
        """Sites that Resource Graph doesn't show: new, gone, or not ours to see. A few are asked for by name."""
        asked = await self._directly(spots[:LOOK_UPS])
        rest = Trouble("not_found", "Resource Graph doesn't show this site", "check its name and your permissions")
        return {**dict.fromkeys((spot.key for spot in spots), rest), **asked}

    async def _directly(self, spots: Iterable[Spot]) -> dict[str, Found]:
        async def one(spot: Spot) -> Found:
            try:
                with reading(spot.site):
                    return await _reader(self._arm, spot).slots()
            except ProviderError as error:
                return error.trouble

        listed = list(spots)
        return dict(zip((spot.key for spot in listed), await asyncio.gather(*map(one, listed)), strict=True))

    async def _look_up_versions(self, spots: Mapping[str, Spot], found: Mapping[str, Found]) -> None:
        due = [
            (spot, document)
            for key, spot in spots.items()
            for document in _documents(found[key])
            if self._versions.is_due(spot.site, document, spot.version)
        ]
        allowed = len(due) if len(found) <= SMALL_FLEET else LOOK_UPS

        async def one(spot: Spot, document: Document) -> None:
            try:
                with reading(spot.site):
                    await self._versions.look_up(_reader(self._arm, spot), spot.site, document, spot.version)
            except ProviderError:
                self._versions.put_off(spot.site, document)

        await asyncio.gather(*(one(spot, document) for spot, document in due[:allowed]))

    def _reading(self, spot: Spot, found: Found) -> SlotsReading | Trouble:
        if isinstance(found, Trouble):
            return found
        slots = [slot_reading(document, self._versions.build(spot.site, document, spot.version)) for document in found]
        return slots_reading(slots)


def _reader(arm: Arm, spot: Spot) -> SiteReader:
    return SiteReader(arm, spot.resource_group, spot.site)


def _expected(spots: Iterable[Spot]) -> dict[str, int]:
    """About how many sites and slots each resource group holds."""
    sites = Counter(spot.resource_group for spot in spots)
    return {group: count * SLOTS_OF_A_SITE for group, count in sites.items()}


def _documents(found: Found) -> list[Document]:
    return [] if isinstance(found, Trouble) else found


def _by_site(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Documents of sites and slots by `group/site`, taken from their ids, in lower case."""
    found: dict[str, list[Document]] = {}
    for document in documents:
        parts = str(document["id"]).lower().split("/")
        found.setdefault(f"{parts[4]}/{parts[8]}", []).append(document)
    return found
