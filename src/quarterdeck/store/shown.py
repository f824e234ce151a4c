"""Operations, releases and guards of a SQLite store, as they are shown: what the journal says of them so far, kept so
that nobody has to fold it again. Called within the store's transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.store.base import ChainFault, Event, StoreError
from quarterdeck.store.chain import compact
from quarterdeck.store.decoding import Decoder
from quarterdeck.store.folding import GUARDING, fold, fold_guards, fold_releases

if TYPE_CHECKING:
    from quarterdeck.release.rollout import Release


class Shown:
    """The tables `operations` and `releases` of one store, and its guards."""

    def __init__(self, database: sqlite3.Connection, decoder: Decoder) -> None:
        self._db, self._decoder = database, decoder

    def operation(self, operation_id: str) -> Operation | None:
        """See `Store.operation`."""
        row = self._db.execute("SELECT body FROM operations WHERE id = ?", (operation_id,)).fetchone()
        return None if row is None else self._decoder.read(Operation, row[0])

    def release(self, release_id: str) -> Release | None:
        """See `Store.release`."""
        row = self._db.execute("SELECT body FROM releases WHERE id = ?", (release_id,)).fetchone()
        return None if row is None else self.read_release(row[0])

    def read_release(self, text: str) -> Release:
        """What a row of `releases` says. Raises StoreError."""
        from quarterdeck.release.rollout import Release  # takes a while to load; many fleets have none open

        return self._decoder.read(Release, text)

    def guards(self) -> Guards:
        """See `Store.guards`."""
        row = self._db.execute("SELECT value FROM meta WHERE key = 'guards'").fetchone()
        return Guards() if row is None else self._decoder.read(Guards, row[0])

    def move_on(self, events: Sequence[Event]) -> None:
        """Bring all of it to where these new events lead."""
        started = {event.operation: event.seq for event in events if event.kind == "operation.started"}
        for operation in fold(events, self.operation).values():
            body = compact(to_json(operation))
            if operation.id in started:
                self._db.execute(
                    "INSERT INTO operations VALUES (?, ?, ?, ?, ?)",
                    (operation.id, started[operation.id], operation.open, str(operation.plan.action.target), body),
                )
            else:
                self._db.execute(
                    "UPDATE operations SET open = ?, body = ? WHERE id = ?", (operation.open, body, operation.id)
                )
        self._move_releases_on(events)
        if any(event.kind.startswith(GUARDING) for event in events):
            body = compact(to_json(fold_guards(events, self.guards())))
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('guards', ?)", (body,))

    def _move_releases_on(self, events: Sequence[Event]) -> None:
        started = {event.operation: event.seq for event in events if event.kind == "release.started"}
        for release in fold_releases(events, self.release).values():
            body = compact(to_json(release))
            if release.id in started:
                values = (release.id, started[release.id], release.open, body)
                self._db.execute("INSERT INTO releases VALUES (?, ?, ?, ?)", values)
            else:
                self._db.execute(
                    "UPDATE releases SET open = ?, body = ? WHERE id = ?", (release.open, body, release.id)
                )

    def faults(self, events: Callable[[], Iterable[Event]]) -> Iterator[ChainFault]:
        """Where it differs from what the journal says. `events`: reads the whole journal, once with each call."""
        expected = fold(events())
        for key, started, body in self._db.execute("SELECT id, started, body FROM operations"):
            if not self._says(Operation, expected.pop(key, None), body):
                yield ChainFault(started, f"operation {key} is shown differently from what the journal says")
        for key in expected:
            yield ChainFault(0, f"operation {key} is in the journal but isn't shown")
        yield from self._faults_of_releases(events())
        if self.guards() != fold_guards(events()):
            yield ChainFault(0, "what stands guard is shown differently from what the journal says")

    def _faults_of_releases(self, events: Iterable[Event]) -> Iterator[ChainFault]:
        from quarterdeck.release.rollout import Release

        expected = fold_releases(events)
        for key, started, body in self._db.execute("SELECT id, started, body FROM releases"):
            if not self._says(Release, expected.pop(key, None), body):
                yield ChainFault(started, f"release {key} is shown differently from what the journal says")
        for key in expected:
            yield ChainFault(0, f"release {key} is in the journal but isn't shown")

    def _says(self, kind: type[Any], folded: object, text: str) -> bool:
        """Whether that is what a text tells the readers of it. One written by an earlier version lacks what that
        version didn't know, and is read like what the journal adds up to now."""
        try:
            return bool(self._decoder.read(kind, text) == folded)
        except StoreError:
            return False
