"""Container apps and their revisions, watched with few requests and read with fresh ones.

Resource Graph has the apps with their whole split, in one question for hundreds. It has no revisions: those are a list
of each app, which is asked for in turns. What a revision consists of never changes, so a version is looked up once;
how it fares is known as well as the last look was recent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.container_apps.documents import App, Known, Revision, known
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.graph import Columns
from quarterdeck.providers.azure.resources import Key, Kind, Resources
from quarterdeck.providers.base import ProviderError

API_VERSION = "2026-07-01"

APPS = Kind(
    "Microsoft.App/containerApps",
    API_VERSION,
    "container app",
    Columns(
        ("microsoft.app/containerapps",),
        (
            "provisioningState",
            "runningStatus",
            "latestReadyRevisionName",
            "latestRevisionName",
            "configuration.activeRevisionsMode",
            "configuration.ingress",
        ),
        ("name", "location"),
    ),
)

A_ROUND = 20
"""Lists of revisions read in one round of watching: Azure Resource Manager gives 250 reads, and 25 more each second, to
a principal in a subscription (Microsoft's documentation), and every tool of the team lives on that."""

AGAIN_SECONDS = 60.0
"""After so long a list of revisions is read again, when its turn comes."""

STALE_SECONDS = 300.0
"""How long what was seen of a revision's health may be told."""

Seen = tuple[App, Known]


@dataclass(frozen=True, slots=True)
class _Looked:
    revisions: Known
    at: float


class AppsWatch:
    """The container apps of one subscription."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self.apps = Resources(arm, APPS)
        self._looked: dict[Key, _Looked] = {}
        self._looking = asyncio.Lock()

    async def many(self, keys: Iterable[Key]) -> dict[Key, Seen | Trouble]:
        """All of these, good enough to be shown. Never raises for one of them."""
        documents = await self.apps.many(keys)
        seen: dict[Key, App] = {}
        found: dict[Key, Seen | Trouble] = {}
        for key, document in documents.items():
            if isinstance(document, Trouble):
                found[key] = document
                continue
            try:
                with reading(key[1]):
                    seen[key] = App.of(document)
            except ProviderError as error:
                found[key] = error.trouble
        async with self._looking:  # slots, and the traffic between them, are watched at the same time
            await self._look_up(seen)
        return {**found, **{key: (app, self._remembered(key)) for key, app in seen.items()}}

    async def fresh(self, address: Address) -> Seen:
        """One app and all its revisions, from the service itself. Raises ProviderError."""
        group, name = at(address)
        self.apps.stay_close(key_of(address))
        document, revisions = await asyncio.gather(self.apps.get(group, name), self._revisions((group, name)))
        with reading(name):
            return App.of(document), revisions

    async def _look_up(self, seen: Mapping[Key, App]) -> None:
        now = self._arm.context.clock.monotonic()
        due = [key for key, app in seen.items() if self._is_due(key, app, now)]
        due.sort(key=lambda key: self._looked[key].at if key in self._looked else float("-inf"))

        async def one(key: Key) -> None:
            try:
                await self._revisions(key)
            except ProviderError:  # the app's own row is good; what is known of its revisions gets older
                kept = self._looked.get(key)
                self._looked[key] = _Looked(kept.revisions if kept else {}, now)

        await asyncio.gather(*map(one, due[:A_ROUND]))

    def _is_due(self, key: Key, app: App, now: float) -> bool:
        looked = self._looked.get(key)
        if looked is None:
            return True
        strange = any(entry.revision not in looked.revisions for entry in app.entries)
        return strange or now - looked.at > AGAIN_SECONDS

    def _remembered(self, key: Key) -> Known:
        looked = self._looked.get(key)
        if looked is None:
            return {}
        if self._arm.context.clock.monotonic() - looked.at <= STALE_SECONDS:
            return looked.revisions
        return {name: replace(one, health="unknown", status="") for name, one in looked.revisions.items()}

    async def _revisions(self, key: Key) -> Known:
        with reading(f"revisions of {key[1]}"):
            listed = await self._arm.everything(f"{self.apps.path(*key)}/revisions", API_VERSION)
            revisions = known(map(Revision.of, listed))
        lowered = (key[0].lower(), key[1].lower())
        self._looked[lowered] = _Looked(revisions, self._arm.context.clock.monotonic())
        return revisions


def at(address: Address) -> tuple[str, str]:
    """Resource group and name."""
    return address.parts["resource_group"], address.parts["container_app"]


def key_of(address: Address) -> Key:
    """The same for the same app, however it is spelled."""
    group, name = at(address)
    return group.lower(), name.lower()
