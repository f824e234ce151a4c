"""What the last look at many sites told about each of them, for those who would have to ask again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.providers.azure.app_service.documents import (
    PRODUCTION,
    Document,
    is_running,
    modified,
    properties,
    slot_name,
)
from quarterdeck.providers.azure.app_service.ramp_rules import KnownSlot

FRESH_SECONDS = 120.0
"""How long what was seen may be built upon."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One site: its slots, and when production was last modified, as the service writes it."""

    slots: tuple[KnownSlot, ...]
    stamp: str
    at: float


class Directory:
    """Sites by resource group and name, letter case ignored."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[tuple[str, str], Entry] = {}

    def note(self, group: str, site: str, documents: Iterable[Document]) -> Entry:
        """Remember the documents of a site and its slots."""
        listed = list(documents)
        stamp = next((modified(document) for document in listed if slot_name(document) == PRODUCTION), "")
        entry = Entry(tuple(map(_known, listed)), stamp, self._clock.monotonic())
        self._entries[group.lower(), site.lower()] = entry
        return entry

    def forget(self, group: str, site: str) -> None:
        """A look at this site failed: nothing may be built on an earlier one."""
        self._entries.pop((group.lower(), site.lower()), None)

    def find(self, group: str, site: str) -> Entry | None:
        """What was noted a short while ago; None if nobody has looked lately."""
        entry = self._entries.get((group.lower(), site.lower()))
        return entry if entry and self._clock.monotonic() - entry.at < FRESH_SECONDS else None


def _known(document: Document) -> KnownSlot:
    host = str(properties(document).get("defaultHostName") or "")
    return KnownSlot(slot_name(document), host, is_running(document))
