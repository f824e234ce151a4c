"""From the store to a report: which lines of the journal belong to it, and whether the journal is what was written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.redaction import visible
from quarterdeck.release.deliveries import KINDS, Delivery, deliveries
from quarterdeck.release.dora import Dora, measured
from quarterdeck.release.report import Evidence, Link, Report
from quarterdeck.release.retelling import operations_of, retell
from quarterdeck.store.base import Event, Store

_PAGE = 1000
_GUARDS = ("hold.", "conn.")


def report_of(store: Store, release_id: str, now: float) -> Report:
    """All that the journal says of a release, up to now.

    Raises:
        StoreError: the store can't be read.
        ValueError: the journal has no such release.
    """
    own = list(_lines(store, operation=release_id))
    entries = [*own, *(line for name in operations_of(own) for line in _lines(store, operation=name))]
    entries.sort(key=lambda line: line.seq)
    around = list(_lines(store, kinds=_GUARDS))
    fleet = store.fleet()
    return retell(entries, around, fleet.name if fleet else "", now, _evidence(store, entries))


def dora_of(store: Store, environment: str, service: str, since: float, now: float) -> Dora:
    """How releases went in a period, by what the journal says.

    Args:
        environment, service: "" for all of them.

    Raises:
        StoreError: the store can't be read.
    """
    fleet = store.fleet()
    oldest = store.events(limit=1)
    known: tuple[Delivery, ...] = deliveries(_lines(store, kinds=KINDS))
    begins = max(since, oldest[0].at) if oldest else now
    return measured(known, visible(fleet.name) if fleet else "", environment, service, min(begins, now), now)


def _lines(store: Store, *, operation: str = "", kinds: Sequence[str] = ()) -> Iterator[Event]:
    after = 0
    while page := store.events(after=after, operation=operation, kinds=kinds, limit=_PAGE):
        yield from page
        after = page[-1].seq


def _evidence(store: Store, entries: Sequence[Event]) -> Evidence:
    faults = tuple(visible(f"event {fault.seq}: {fault.message}") for fault in store.verify())
    newest = store.events(limit=1, newest_first=True)
    links = [Link(line.seq, line.at, line.hash) for line in (*entries[:1], *entries[-1:], *newest)]
    none = Link(0, 0, "")
    first, last, head = links if len(links) == 3 else (none, none, none)
    return Evidence(faults, len(entries), first, last, head)
