"""The lines of the journal that somebody looks at: the newest at once, older ones in portions when they are wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from quarterdeck.release.telling import told
from quarterdeck.store.base import Event, Store
from quarterdeck.ui.fields import Sought, seek

PORTION = 500
"""Lines that are read at once: some hundredths of a second."""
MOST_HELD = 20_000
"""Lines that are held at once; whoever wants older ones says until when."""
FIELDS = ("actor", "target", "release", "operation", "kind")
GRAMMAR = "words, actor: target: release: kind: since:2h until:14:02; !word leaves out; Tab completes"

Names = Callable[[Event], Mapping[str, str]]
"""What the steps do that an event may name, by id."""


class JournalLines:
    """Lines that match, the oldest first."""

    def __init__(self, store: Store, typed: str, now: float, names: Names = lambda _: {}) -> None:
        """`typed`: what is looked for (see `fields.py`); `now`: UNIX seconds, for times such as `2h`."""
        self.sought: Sought = seek(typed, FIELDS, now)
        self.lines: list[Event] = []
        self.whole = False
        """Whether there is nothing older that could match."""
        self.reached: Event | None = None
        """The oldest line that was looked at."""
        self._store, self._names = store, names
        self._newest = 0
        self._releases: dict[str, str] = {}

    @property
    def full(self) -> bool:
        """Whether as many lines are held as can be."""
        return len(self.lines) >= MOST_HELD

    def add_newer(self, events: Sequence[Event]) -> int:
        """Take in what was written since the last call; how many of it match. Oldest first, without gaps."""
        new = [event for event in events if event.seq > self._newest]
        if not new:
            return 0
        if self.reached is None:
            self.reached = new[0]
            self.whole = new[0].seq == 1
        elif new[0].seq > self._newest + 1:  # more at once than a viewer keeps at hand
            missed = self._store.events(after=self._newest, before=new[0].seq, limit=MOST_HELD)
            new = [*missed, *new]
        self._newest = new[-1].seq
        matching = self._matching(new)
        self.lines += matching
        return len(matching)

    def read_older(self) -> int:
        """Read one portion further back; how many lines of it match. Raises StoreError."""
        if self.reached is None:
            self.whole = True  # nothing has been written yet; what comes is newer
        if self.whole or self.full or self.reached is None:
            return 0
        older = self._store.events(before=self.reached.seq, until=self.sought.until, limit=PORTION, newest_first=True)
        since = self.sought.since
        self.whole = len(older) < PORTION or (since is not None and older[-1].at < since)
        if not older:
            return 0
        self.reached = older[-1]
        matching = self._matching(reversed(older))
        self.lines[:0] = matching
        return len(matching)

    def all(self) -> Iterator[Sequence[Event]]:
        """Every line of the journal that matches, oldest first, portion by portion. Raises StoreError."""
        after = 0
        since, until = self.sought.since or 0, self.sought.until
        while portion := self._store.events(after=after, since=since, until=until, limit=PORTION):
            after = portion[-1].seq
            yield self._matching(portion)

    def _matching(self, events: Iterable[Event]) -> list[Event]:
        if not self.sought:
            return list(events)
        return [event for event in events if self._matches(event)]

    def _matches(self, event: Event) -> bool:
        fields = {
            "actor": event.actor,
            "target": event.target,
            "operation": event.operation,
            "kind": event.kind,
            "release": self._release_of(event) if self.sought.names("release") else "",
        }
        return self.sought.matches(fields, lambda: searchable(event, self._names(event)), event.at)

    def _release_of(self, event: Event) -> str:
        """The release that an event belongs to: its id and what ships, "" if it belongs to none."""
        body = event.body
        if event.kind.startswith("release."):
            return self._called(event.operation)
        about = (body.get("hold") or {}).get("release") or (body.get("debt") or {}).get("release") or body.get("about")
        if about:
            return self._called(str(about))
        if not event.operation:
            return ""
        known = self._releases.get(f"operation {event.operation}")
        if known is None:
            operation = self._store.operation(event.operation)
            known = self._called(operation.release) if operation is not None and operation.release else ""
            self._releases[f"operation {event.operation}"] = known
        return known

    def _called(self, release_id: str) -> str:
        known = self._releases.get(release_id)
        if known is None:
            release = self._store.release(release_id)
            known = self._releases[release_id] = f"{release_id} {release.plan.title}" if release else release_id
        return known


def searchable(event: Event, steps: Mapping[str, str]) -> str:
    """A line of the journal as words are looked for in it."""
    return f"{event.actor} {event.kind} {event.target} {event.operation} {told(event.kind, event.body, steps)}"
