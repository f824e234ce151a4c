"""What a viewer knows of the store: read again only where something was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.freshness import STALE_AFTER
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Picture
from quarterdeck.store.base import Event, Lease, Store

RUNNER_LEASE = "runner"
OPERATIONS_SHOWN = 30
EVENTS_SHOWN = 500


class News(IntEnum):
    """What a look has found, the most urgent last."""

    NOTHING = 0
    AGES = 1
    """Something was written, but what a picture shows is as it was, only younger."""
    CONTENT = 2


@dataclass(slots=True)
class Watch:
    """The store's content as of the last look. All methods raise StoreError."""

    store: Store
    clock: Clock
    fleet: Fleet | None = None
    observations: Mapping[str, Observation] | None = None
    operations: Sequence[Operation] = ()
    events: tuple[Event, ...] = ()
    lease: Lease | None = None
    _version: int = -1

    def look(self) -> News:
        """Read what has been written since the last look."""
        version = self.store.version()
        if version == self._version:
            return News.NOTHING
        first = self._version == -1
        before = (self.fleet, self.events, self._in_charge())
        observations = self.observations or {}
        self.fleet = self.store.fleet()
        self.observations = self.store.observations()
        self.lease = self.store.lease(RUNNER_LEASE)
        self._read_journal()
        self._version = version
        if first or before != (self.fleet, self.events, self._in_charge()):
            return News.CONTENT
        return self._seen_since(observations)

    def picture(self) -> Picture:
        """What was read, judged now."""
        return paint(self.fleet, self.observations or {}, self.operations, self.clock.now(), runner=self.lease)

    def _read_journal(self) -> None:
        """Operations cost much to decode and change only with the journal, which is read from where it ended."""
        if self.events:
            new = tuple(self.store.events(after=self.events[-1].seq))
            if not new:
                return
        else:
            new = tuple(reversed(self.store.events(limit=EVENTS_SHOWN, newest_first=True)))
        self.events = (*self.events, *new)[-EVENTS_SHOWN:]
        self.operations = self._operations()

    def _operations(self) -> Sequence[Operation]:
        latest = {one.id: one for one in self.store.operations(limit=OPERATIONS_SHOWN)}
        # One that waits for an operator for days must not drop out of sight because others were faster.
        latest |= {one.id: one for one in self.store.operations(open_only=True)}
        return sorted(latest.values(), key=lambda one: one.started_at, reverse=True)

    def _in_charge(self) -> str:
        """Whose lease holds, "" if nobody's does."""
        lease = self.lease
        return "" if lease is None or lease.expires_at <= self.clock.now() else lease.holder

    def _seen_since(self, before: Mapping[str, Observation]) -> News:
        """The store gives the same objects for what has not changed."""
        now = self.observations or {}
        if now.keys() != before.keys():
            return News.CONTENT
        for subject, seen in now.items():
            was = before[subject]
            if seen is was:
                continue
            if seen.reading is not was.reading or seen.trouble is not was.trouble or self._was_old(was):
                return News.CONTENT
        return News.AGES

    def _was_old(self, observation: Observation) -> bool:
        at = observation.observed_at
        return at is not None and self.clock.now() - at >= STALE_AFTER
