"""Looking back: the fleet as the journal knew it at any of its lines, read from the store in portions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from quarterdeck.records import dataclass
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.past import KINDS, MARKING, Difference, Fact, Past, Subject, differing_facts, differing_guards
from quarterdeck.store.base import Event, Store, StoreError
from quarterdeck.store.folding import fold, fold_releases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from quarterdeck.release.rollout import Release

PORTION = 250
"""Lines that are read at once: some hundredths of a second."""
_REMEMBERED = 4
"""Of so many portions the last is remembered, to begin there when somebody looks back."""
_ALL = 1_000_000_000
_PASSING = ("operation.started", "operation.ended", "release.started", "release.ended")
_MOST_BETWEEN = 400
"""Beginnings and endings between two moments that are told; whoever compares more looks at the journal itself."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The fleet as the journal knew it after its line `seq`.

    Attributes:
        at: the moment that was asked for: that of the line, or a later one before the next line. UNIX seconds.
        event: the line itself, None before the first one.
        operations, releases: those that were open, and the last ones that had ended; newest first.
    """

    seq: int
    at: float
    event: Event | None
    facts: Mapping[Subject, Fact]
    guards: Guards
    operations: Sequence[Operation]
    releases: Sequence[Release]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two moments and what differs. Not `whole`: so much began and ended between them that only the first is told."""

    before: AsOf
    after: AsOf
    found: Sequence[Difference]
    whole: bool = True


class Hindsight:
    """Folds the journal once, and from then on any moment quickly: it remembers where it was after each portion.

    All methods raise StoreError.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known = [Past()]
        self._front, self._portions = self._known[0], 0

    def reach(self, seq: int) -> Iterator[int]:
        """Read on until the line `seq` is behind; after each portion, the line that was reached."""
        while self._front.seq < seq:
            portion = self._store.events(after=self._front.seq, kinds=KINDS, limit=PORTION)
            if len(portion) < PORTION:
                return  # the end: what is written later belongs to the same portion
            self._front, self._portions = _forward(self._front, portion), self._portions + 1
            if self._portions % _REMEMBERED == 0:
                self._known.append(self._front)
            yield self._front.seq

    def at(self, seq: int, moment: float | None = None) -> AsOf:
        """As it was after a line (0: before the first), at its own time or at a later `moment` before the next line."""
        for _ in self.reach(seq):
            pass
        start = max((past for past in self._known if past.seq <= seq), key=lambda past: past.seq)
        rest = self._store.events(after=start.seq, before=seq + 1, kinds=KINDS, limit=_ALL)
        past = _forward(start, rest)
        event = next(iter(self._store.events(before=seq + 1, limit=1, newest_first=True)), None) if seq else None
        when = moment if moment is not None else event.at if event else 0.0
        operations = fold(each for one in past.operations for each in self._of(one, seq))
        releases = fold_releases(each for one in past.releases for each in self._of(one, seq))
        return AsOf(
            seq,
            when,
            event,
            past.facts,
            past.guards,
            sorted(operations.values(), key=lambda one: (one.open, one.started_at), reverse=True),
            sorted(releases.values(), key=lambda one: (one.open, one.started_at), reverse=True),
        )

    def compare(self, before: AsOf, after: AsOf) -> Comparison:
        """What isn't the same at two moments: builds, shares, flags; what stands guard; what began and ended between.

        `before` is the earlier one.
        """
        found = [*differing_facts(before.facts, after.facts)]
        found += differing_guards(before.guards, after.guards, before.at, after.at)
        between = self._store.events(after=before.seq, before=after.seq + 1, kinds=_PASSING, limit=_MOST_BETWEEN)
        touched = dict.fromkeys(event.operation for event in between)
        touched |= dict.fromkeys(one.id for one in before.releases if one.open)
        touched |= dict.fromkeys(one.id for one in before.operations if one.open)
        for each in touched:
            known = self._of(each, after.seq)
            earlier = [event for event in known if event.seq <= before.seq]
            for release_id, release in fold_releases(known).items():
                told = _release_difference(fold_releases(earlier).get(release_id), release, before.at)
                found += [told] if told else []
            for operation_id, operation in fold(known).items():
                told = _operation_difference(fold(earlier).get(operation_id), operation, before.at)
                found += [told] if told else []
        return Comparison(before, after, found, whole=len(between) < _MOST_BETWEEN)

    def line_at(self, moment: float) -> int:
        """The last line that was written by then, 0 if there was none."""
        return next((event.seq for event in self._store.events(until=moment, limit=1, newest_first=True)), 0)

    def newest(self) -> int:
        """The last line there is."""
        return next((event.seq for event in self._store.events(limit=1, newest_first=True)), 0)

    def earlier(self, seq: int) -> int:
        """The line before this one at which something began, ended or changed; 0 if there is none."""
        found = self._store.events(before=seq, kinds=MARKING, limit=1, newest_first=True) if seq > 1 else ()
        return next((event.seq for event in found), 0)

    def later(self, seq: int) -> int:
        """The next such line, or the same one if there is none."""
        return next((event.seq for event in self._store.events(after=seq, kinds=MARKING, limit=1)), seq)

    def _of(self, operation: str, seq: int) -> Sequence[Event]:
        return self._store.events(operation=operation, before=seq + 1, limit=_ALL)


def _forward(past: Past, events: Sequence[Event]) -> Past:
    """From there on over these lines."""
    onward = past.copy()
    for event in events:
        try:
            onward.advance(event.seq, event.at, event.kind, event.actor, event.operation, event.body)
        except (ValueError, KeyError) as error:
            raise StoreError(
                f"line {event.seq} of the journal can't be read: {error}",
                "qd history --verify tells whether it was edited",
            ) from error
    return onward


def _release_difference(one: Release | None, other: Release, then: float) -> Difference | None:
    old, new = _standing(one), _standing(other)
    if old == new:
        return None
    where = f"{other.plan.environment}: {other.plan.title}"
    return Difference(
        where, f"release {other.id}", old, new, other.actor, other.ended_at or max(then, other.started_at)
    )


def _operation_difference(one: Operation | None, other: Operation, then: float) -> Difference | None:
    old, new = _ending(one), _ending(other)
    if old == new or other.release:  # those of a release are told by it
        return None
    what = f"operation {other.id}: {other.plan.command.removeprefix('qd ')}"
    when = other.ended_at or max(then, other.started_at)
    return Difference(str(other.plan.action.target), what, old, new, other.actor, when)


def _standing(release: Release | None) -> str:
    if release is None:
        return ""
    if release.ending:
        return release.ending.replace("_", " ")
    step = release.current
    through = sum(release.standing(each.id).state in ("done", "skipped") for each in release.plan.steps)
    told = "paused" if release.paused else "recovering" if release.recovery else "running"
    return f"{told}, {through} of {len(release.plan.steps)} steps" + (f", at step {step.id}" if step else "")


def _ending(operation: Operation | None) -> str:
    if operation is None:
        return ""
    return operation.ending.replace("_", " ") if operation.ending else "running"
