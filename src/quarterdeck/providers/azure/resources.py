"""Many resources of one type with few requests: by Resource Graph as a rule, by lists where there is none.

Resource Graph lags by seconds to minutes, and so does whoever watches through it: what was just written to is read
from the resource itself for a while.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.graph import Columns, Document, ResourcesGraph
from quarterdeck.providers.base import ProviderError

CLOSE_SECONDS = 300.0
"""How long after a write of ours a resource is read directly."""

WITHOUT_GRAPH_SECONDS = 900.0
"""How long Resource Graph isn't asked again after it was of no use. Private clouds don't have it at all."""

ASKED_BY_NAME = 6
"""Resources that Resource Graph doesn't show (new, gone, or not ours to see) are asked for by name, so many a round."""

_NOT_FOR_US = frozenset({"forbidden", "not_found"})
_UNUSABLE = _NOT_FOR_US | {"provider_error", "garbage"}

Key = tuple[str, str]
"""Resource group and name, in lower case."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of resource: its path below a resource group, as in `Microsoft.App/containerApps`, the version of its
    interface, what an operator calls it, and what is asked of Resource Graph."""

    type: str
    api_version: str
    word: str
    columns: Columns


class Resources:
    """The resources of one kind in one subscription."""

    def __init__(self, arm: Arm, kind: Kind) -> None:
        self._arm = arm
        self._kind = kind
        self._graph = ResourcesGraph(arm, kind.columns)
        self._without_graph_until = 0.0
        self._close: dict[Key, float] = {}

    def path(self, group: str, name: str) -> str:
        """The id of a resource."""
        return f"{self._of_group(group)}/{name}"

    def stay_close(self, key: Key) -> None:
        """Read this one directly for a while: something was, or will be, written to it."""
        self._close[key] = self._arm.context.clock.monotonic() + CLOSE_SECONDS

    async def get(self, group: str, name: str) -> Document:
        """One resource, from its own interface. Raises ProviderError."""
        with reading(name):
            found: Document = await self._arm.get(self.path(group, name), self._kind.api_version)
            return found

    async def many(self, keys: Iterable[Key]) -> dict[Key, Document | Trouble]:
        """All of these. Never raises for one of them."""
        wanted = set(keys)
        now = self._arm.context.clock.monotonic()
        self._close = {key: until for key, until in self._close.items() if until > now}
        near = wanted & set(self._close)
        afar, nearby = await asyncio.gather(self._afar(wanted - near), self._each(near))
        return {**afar, **nearby}

    async def _afar(self, wanted: set[Key]) -> dict[Key, Document | Trouble]:
        if not wanted:
            return {}
        now = self._arm.context.clock.monotonic()
        if now < self._without_graph_until:
            return await self._by_group(wanted)
        try:
            with reading("Resource Graph"):
                rows = await self._graph.read(Counter(group for group, _ in wanted))
                shown = {_key(row): row for row in rows}
        except ProviderError as error:
            if error.trouble.code not in _UNUSABLE:
                return dict.fromkeys(wanted, error.trouble)
            if error.trouble.code in _NOT_FOR_US:
                self._without_graph_until = now + WITHOUT_GRAPH_SECONDS
            return await self._by_group(wanted)
        missing = sorted(wanted - set(shown))
        word = self._kind.word
        rest = Trouble("not_found", f"Resource Graph doesn't show this {word}", "check its name and your permissions")
        asked = await self._each(missing[:ASKED_BY_NAME])
        return {**dict.fromkeys(missing, rest), **asked, **{key: shown[key] for key in wanted & set(shown)}}

    async def _by_group(self, wanted: set[Key]) -> dict[Key, Document | Trouble]:
        """Without Resource Graph: one list for each resource group."""
        found: dict[Key, Document | Trouble] = {}
        for group in sorted({group for group, _ in wanted}):
            inside = {key for key in wanted if key[0] == group}
            try:
                with reading(f"resource group {group}"):
                    rows = await self._arm.everything(self._of_group(group), self._kind.api_version)
                    listed = {_key(row): row for row in rows}
            except ProviderError as error:
                found |= dict.fromkeys(inside, error.trouble)
                continue
            word = self._kind.word
            gone = Trouble("not_found", f"there is no such {word} in resource group {group}", "check its name")
            found |= {key: listed.get(key, gone) for key in inside}
        return found

    async def _each(self, keys: Iterable[Key]) -> Mapping[Key, Document | Trouble]:
        async def one(key: Key) -> Document | Trouble:
            try:
                return await self.get(*key)
            except ProviderError as error:
                return error.trouble

        listed = list(keys)
        return dict(zip(listed, await asyncio.gather(*map(one, listed)), strict=True))

    def _of_group(self, group: str) -> str:
        return f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}/providers/{self._kind.type}"


def _key(document: Document) -> Key:
    parts = str(document["id"]).lower().split("/")
    return parts[4], parts[8]
