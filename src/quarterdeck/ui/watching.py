"""What a viewer knows of the store: read again only where something was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass, field
from quarterdeck.release.freshness import STALE_AFTER
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import paint, repaint_releases
from quarterdeck.release.picture import Picture
from quarterdeck.release.remembering import Memory
from quarterdeck.release.rules import Rulebook
from quarterdeck.store.base import Event, Lease, Store
from quarterdeck.store.folding import GUARDING

if TYPE_CHECKING:
    from quarterdeck.release.rollout import Release
    from quarterdeck.store.hindsight import Hindsight

RUNNER_LEASE = "runner"
OPERATIONS_SHOWN = 30
RELEASES_SHOWN = 20
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
    releases: Sequence[Release] = ()
    rules: Rulebook = field(default_factory=Rulebook)
    guards: Guards = field(default_factory=Guards)
    events: tuple[Event, ...] = ()
    lease: Lease | None = None
    _version: int = -1
    _series: tuple[int, TargetId | None, Mapping[SeriesId, Sequence[Point]]] = (-1, None, {})
    _memory: Memory = field(default_factory=Memory)
    _hindsight: Hindsight | None = None

    def look(self) -> News:
        """Read what has been written since the last look."""
        version = self.store.version()
        if version == self._version:
            return News.NOTHING
        first = self._version == -1
        before = (self.fleet, self.rules, self.events, self._in_charge())
        observations = self.observations or {}
        self.fleet = self.store.fleet()
        self.rules = self.store.rules()
        self.observations = self.store.observations()
        self.lease = self.store.lease(RUNNER_LEASE)
        self._read_journal()
        self._version = version
        if first or before != (self.fleet, self.rules, self.events, self._in_charge()):
            return News.CONTENT
        return self._seen_since(observations)

    def series(self, target: TargetId) -> Mapping[SeriesId, Sequence[Point]]:
        """What was measured of a target: read for the screen that shows it, and again where something was written."""
        version, known, found = self._series
        if (version, known) != (self._version, target):
            found = self.store.series(str(target))
            self._series = (self._version, target, found)
        return found

    def hindsight(self) -> Hindsight:
        """The past of this store; what was read of it once isn't read again."""
        if self._hindsight is None:
            from quarterdeck.store.hindsight import Hindsight

            self._hindsight = Hindsight(self.store)
        return self._hindsight

    def picture(self) -> Picture:
        """What was read, judged now."""
        return paint(
            self.fleet,
            self.observations or {},
            self.operations,
            self.clock.now(),
            runner=self.lease,
            releases=self.releases,
            rules=self.rules,
            guards=self.guards,
            memory=self._memory,
        )

    @property
    def behind(self) -> bool:
        """Whether the last picture left ages to be told by the next one: there were very many at once."""
        return self._memory.behind

    def tick(self, picture: Picture) -> Picture:
        """The picture with only its clocks judged again."""
        return repaint_releases(
            picture,
            self.fleet,
            self.operations,
            self.clock.now(),
            releases=self.releases,
            rules=self.rules,
            guards=self.guards,
        )

    def _read_journal(self) -> None:
        """What is folded costs much to decode, and changes only with the journal, which is read from where it ended."""
        if self.events:
            new = tuple(self.store.events(after=self.events[-1].seq))
            if not new:
                return
            touched = {event.operation for event in new if event.kind.startswith("release.")}
            self.releases = self._releases_with(touched)
        else:
            new = tuple(reversed(self.store.events(limit=EVENTS_SHOWN, newest_first=True)))
            self.releases = self._all_releases()
        if not self.events or any(event.kind.startswith(GUARDING) for event in new):
            self.guards = self.store.guards()
        self.events = (*self.events, *new)[-EVENTS_SHOWN:]
        self.operations = self._operations()

    def _all_releases(self) -> Sequence[Release]:
        latest = {one.id: one for one in self.store.releases(limit=RELEASES_SHOWN)}
        latest |= {one.id: one for one in self.store.releases(open_only=True)}
        return _newest_first(latest)

    def _releases_with(self, touched: set[str]) -> Sequence[Release]:
        """A release holds its whole plan and all its samples: only those are read again that something happened to."""
        if not touched:
            return self.releases
        known = {one.id: one for one in self.releases}
        known |= {one.id: one for each in touched if (one := self.store.release(each)) is not None}
        newest = _newest_first(known)
        return [one for at, one in enumerate(newest) if at < RELEASES_SHOWN or one.open]

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


def _newest_first(releases: Mapping[str, Release]) -> Sequence[Release]:
    return sorted(releases.values(), key=lambda one: one.started_at, reverse=True)
