"""What a viewer knows of the store: read again only where something was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Picture
from quarterdeck.store.base import Event, Lease, Store

RUNNER_LEASE = "runner"
OPERATIONS_SHOWN = 30
EVENTS_SHOWN = 500


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

    def look(self) -> bool:
        """Read what has changed since the last look; False if nothing was written."""
        version = self.store.version()
        if version == self._version:
            return False
        self.fleet = self.store.fleet()
        self.observations = self.store.observations()
        self.lease = self.store.lease(RUNNER_LEASE)
        self._read_journal()
        self._version = version
        return True

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
