"""The store in one SQLite file: write-ahead log, every commit on disk before it returns.

A store object belongs to the thread that made it. Several processes may have the same file open; SQLite lets one of
them write at a time, and none waits longer than `PATIENCE` seconds for another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import astuple, replace
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.rules import Rulebook
from quarterdeck.store import schema
from quarterdeck.store.base import ChainFault, Draft, Event, Lease, Lock, Locked, Request, StoreError
from quarterdeck.store.chain import Head, Line, compact, faults, follow, genesis
from quarterdeck.store.decoding import Decoder
from quarterdeck.store.faults import explained
from quarterdeck.store.filters import kind_condition, kind_parameters, target_condition, where_all
from quarterdeck.store.leases import Leases
from quarterdeck.store.observed import Observed
from quarterdeck.store.points import Rings
from quarterdeck.store.shown import Shown
from quarterdeck.store.wake import poke

if TYPE_CHECKING:
    from quarterdeck.release.rollout import Release
    from quarterdeck.store.answer import Answer

PATIENCE = 1.0
"""Seconds to wait for another process's write to end. Writes take milliseconds; a stuck one must not hang us."""

_ALL = -1
"""What SQLite takes for no limit."""

_LINE = "seq, at, kind, actor, operation, target, body, previous, hash"


class SqliteStore:
    """A `Store` in an existing file made by `opening.open_store`."""

    def __init__(self, path: Path, *, uri_options: str = "mode=rw") -> None:
        """Open the file; `uri_options` are SQLite's (`mode=ro`, `immutable=1`).

        Raises:
            StoreError: it can't be opened, is damaged, or isn't a store that this version understands.
        """
        self.path = path
        self._writes = 0
        self._data_version = 0
        self._decoder = Decoder(path)
        try:
            self._db = sqlite3.connect(
                f"{path.absolute().as_uri()}?{uri_options}", uri=True, timeout=PATIENCE, isolation_level=None
            )
        except sqlite3.Error as error:
            raise explained(error, path) from error
        self._observed = Observed(self._db, self._decoder)
        self._rings = Rings(self._db)
        self._leases = Leases(self._db)
        self._shown = Shown(self._db, self._decoder)
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        with self._explaining():
            if not schema.is_ours(self._db):
                raise StoreError(
                    f"{self.path} is a database, but not a Quarterdeck store",
                    "name another place with --store, or move that file away",
                )
            found = schema.applied(self._db)
            if found > len(schema.MIGRATIONS):
                raise StoreError(
                    f"store {self.path} was made by a newer Quarterdeck (format {found}; "
                    f"this one knows up to {len(schema.MIGRATIONS)})",
                    "use the newer version, or name another place with --store",
                )
            if found < len(schema.MIGRATIONS):
                schema.migrate(self._db)
            self._db.execute("PRAGMA synchronous = FULL")
            self._genesis = genesis(self._meta("store") or "")

    # --- for everybody -------------------------------------------------------------------------------------------
    def version(self) -> int:
        """See `Store.version`."""
        with self._explaining():
            seen = int(self._db.execute("PRAGMA data_version").fetchone()[0])
        if seen != self._data_version:
            self._data_version = seen
            self._writes += 1
        return self._writes

    def fleet(self) -> Fleet | None:
        """See `Store.fleet`."""
        with self._explaining():
            text = self._meta("fleet")
        return None if text is None else self._decoder.read(Fleet, text)

    def observations(self) -> Mapping[str, Observation]:
        """See `Store.observations`. An observation that hasn't changed since the last call is the same object."""
        with self._explaining(), self._transaction("DEFERRED"):
            return self._observed.read()

    def series(self, target: str) -> Mapping[SeriesId, Sequence[Point]]:
        """See `Store.series`."""
        with self._explaining():
            return self._rings.of_target(_storable(target))

    def operations(self, *, open_only: bool = False, target: str = "", limit: int = 100) -> Sequence[Operation]:
        """See `Store.operations`."""
        where = where_all("open" if open_only else "", target_condition(target))
        with self._explaining():
            rows = self._db.execute(
                f"SELECT body FROM operations {where} ORDER BY started DESC LIMIT :limit",
                {"target": _storable(target), "limit": limit},
            ).fetchall()
        return tuple(self._decoder.read(Operation, body) for (body,) in rows)

    def operation(self, operation_id: str) -> Operation | None:
        """See `Store.operation`."""
        with self._explaining():
            return self._shown.operation(_storable(operation_id))

    def rules(self) -> Rulebook:
        """See `Store.rules`."""
        with self._explaining():
            text = self._meta("rules")
        return Rulebook() if text is None else self._decoder.read(Rulebook, text)

    def releases(self, *, open_only: bool = False, limit: int | None = None) -> Sequence[Release]:
        """See `Store.releases`."""
        where = where_all("open" if open_only else "")
        most = limit if limit is not None else _ALL if open_only else 100
        with self._explaining():
            rows = self._db.execute(
                f"SELECT body FROM releases {where} ORDER BY started DESC LIMIT ?", (most,)
            ).fetchall()
        return tuple(self._shown.read_release(body) for (body,) in rows)

    def release(self, release_id: str) -> Release | None:
        """See `Store.release`."""
        with self._explaining():
            return self._shown.release(_storable(release_id))

    def guards(self) -> Guards:
        """See `Store.guards`."""
        with self._explaining():
            return self._shown.guards()

    def answer(self, request_id: str) -> Answer | None:
        """See `Store.answer`."""
        with self._explaining():
            row = self._db.execute("SELECT answer FROM requests WHERE id = ?", (_storable(request_id),)).fetchone()
        if row is None or row[0] is None:
            return None
        from quarterdeck.store.answer import Answer

        return self._decoder.read(Answer, row[0])

    def events(
        self,
        *,
        after: int = 0,
        before: int = 0,
        operation: str = "",
        target: str = "",
        actor: str = "",
        kinds: Sequence[str] = (),
        since: float = 0,
        until: float | None = None,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> Sequence[Event]:
        """See `Store.events`."""
        where = where_all(
            "seq > :after",
            "seq < :before" if before else "",
            "operation = :operation" if operation else "",
            "actor = :actor" if actor else "",
            "at >= :since" if since else "",
            "at <= :until" if until is not None else "",
            target_condition(target),
            kind_condition(kinds),
        )
        order = "DESC" if newest_first else "ASC"
        texts = {"operation": _storable(operation), "target": _storable(target), "actor": _storable(actor)}
        numbers = {"after": after, "before": before, "since": since, "until": until, "limit": limit}
        with self._explaining():
            rows = self._db.execute(
                f"SELECT {_LINE} FROM events {where} ORDER BY seq {order} LIMIT :limit",
                {**numbers, **texts, **kind_parameters(kinds)},
            ).fetchall()
        return tuple(Line(*row).event() for row in rows)

    def verify(self) -> Sequence[ChainFault]:
        """See `Store.verify`. Also compares the operations as shown with what the journal says about them."""
        with self._explaining(), self._transaction("DEFERRED"):
            found = tuple(faults(self._meta("store") or "", self._lines(), self._head()))
            return found or tuple(self._shown.faults(lambda: (line.event() for line in self._lines())))

    def lease(self, name: str) -> Lease | None:
        """See `Store.lease`."""
        with self._explaining():
            return self._leases.held(name)

    def locks(self) -> Sequence[Lock]:
        """See `Store.locks`."""
        with self._explaining():
            rows = self._db.execute("SELECT resource, operation, actor, reason, since FROM locks ORDER BY resource")
            return tuple(Lock(*row) for row in rows)

    def close(self) -> None:
        """See `Store.close`."""
        self._db.close()

    # --- for viewers ---------------------------------------------------------------------------------------------
    def submit(self, request: Request) -> Request:
        """See `Store.submit`. Also wakes the runner."""
        with self._writing():
            self._db.execute(
                "INSERT INTO requests (id, key, body) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING",
                (request.id, key := _storable(request.key), compact(to_json(request))),
            )
            (body,) = self._db.execute("SELECT body FROM requests WHERE key = ?", (key,)).fetchone()
        poke(self.path)
        return self._decoder.read(Request, body)

    # --- for the runner ------------------------------------------------------------------------------------------
    def take_lease(self, name: str, holder: str, now: float, ttl: float, info: Mapping[str, Any]) -> Lease | None:
        """See `Store.take_lease`."""
        with self._writing():
            return self._leases.take(name, holder, now, ttl, info)

    def renew_lease(self, lease: Lease, now: float, ttl: float) -> Lease:
        """See `Store.renew_lease`."""
        with self._writing():
            return self._leases.renew(lease, now, ttl)

    def release_lease(self, lease: Lease) -> None:
        """See `Store.release_lease`."""
        with self._writing():
            self._leases.give_up(lease)

    def pending(self) -> Sequence[Request]:
        """See `Store.pending`. In the order of arrival: clocks of viewers may differ."""
        with self._explaining():
            rows = self._db.execute("SELECT body FROM requests WHERE answer IS NULL ORDER BY arrival").fetchall()
        return tuple(self._readable(body for (body,) in rows))

    def _readable(self, bodies: Iterable[str]) -> Iterator[Request]:
        """One that can't be read (a newer viewer's, or a forged one) keeps nobody else's waiting."""
        for body in bodies:
            with suppress(StoreError):
                yield self._decoder.read(Request, body)

    def put_fleet(self, fleet: Fleet, lease: Lease) -> None:
        """See `Store.put_fleet`."""
        with self._writing():
            self._leases.require(lease)
            self._put_meta("fleet", fleet)

    def put_rules(self, rules: Rulebook, lease: Lease) -> None:
        """See `Store.put_rules`."""
        with self._writing():
            self._leases.require(lease)
            self._put_meta("rules", rules)

    def observe(self, observations: Sequence[Observation], lease: Lease) -> None:
        """See `Store.observe`."""
        rows = [(o.subject, o.observed_at, compact(to_json(replace(o, observed_at=None)))) for o in observations]
        with self._writing():
            self._leases.require(lease)
            self._db.executemany("INSERT OR REPLACE INTO observations VALUES (?, ?, ?)", rows)

    def put_points(self, points: Sequence[tuple[SeriesId, Point]], lease: Lease) -> None:
        """See `Store.put_points`."""
        with self._writing():
            self._leases.require(lease)
            self._rings.add(points)

    def record(
        self,
        drafts: Sequence[Draft],
        lease: Lease,
        at: float,
        *,
        answer: Answer | None = None,
        lock: Sequence[Lock] = (),
        unlock: str = "",
    ) -> Sequence[Event]:
        """See `Store.record`."""
        with self._writing():
            self._leases.require(lease)
            events = self._append(drafts, at)
            self._shown.move_on(events)
            if answer:
                self._answer(answer)
            self._lock(lock)
            if unlock:
                self._db.execute("DELETE FROM locks WHERE operation = ?", (unlock,))
        return events

    # --- inside a transaction ------------------------------------------------------------------------------------
    def _append(self, drafts: Sequence[Draft], at: float) -> Sequence[Event]:
        lines = []
        head = self._head()
        for draft in drafts:
            body = compact(to_json(draft.body))
            actor, operation, target = map(_storable, (draft.actor, draft.operation, draft.target))
            line = follow(head, at, draft.kind, actor, operation, target, body)
            lines.append(line)
            head = Head(line.seq, line.hash)
        self._db.executemany(f"INSERT INTO events ({_LINE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", map(astuple, lines))
        self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?)", (head.seq, head.hash))
        return tuple(line.event() for line in lines)

    def _answer(self, answer: Answer) -> None:
        changed = self._db.execute(
            "UPDATE requests SET answer = ? WHERE id = ?", (compact(to_json(answer)), answer.request)
        ).rowcount
        if not changed:
            raise StoreError(f"there is no request {answer.request} to answer")

    def _lock(self, locks: Sequence[Lock]) -> None:
        for lock in locks:
            row = self._db.execute(
                "SELECT resource, operation, actor, reason, since FROM locks WHERE resource = ? AND operation <> ?",
                (lock.resource, lock.operation),
            ).fetchone()
            if row:
                raise Locked(Lock(*row))
            self._db.execute(
                "INSERT OR IGNORE INTO locks VALUES (?, ?, ?, ?, ?)",
                (lock.resource, lock.operation, _storable(lock.actor), _storable(lock.reason), lock.since),
            )

    def _head(self) -> Head:
        row = self._db.execute("SELECT seq, hash FROM head").fetchone()
        return Head(*row) if row else Head(0, self._genesis)

    def _lines(self) -> Iterator[Line]:
        return (Line(*row) for row in self._db.execute(f"SELECT {_LINE} FROM events ORDER BY seq"))

    def _meta(self, key: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def _put_meta(self, key: str, value: Fleet | Rulebook) -> None:
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, compact(to_json(value))))

    # --- transactions, errors ------------------------------------------------------------------------------------
    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._explaining(), self._transaction("IMMEDIATE"):
            yield
        self._writes += 1

    @contextmanager
    def _transaction(self, mode: str) -> Iterator[None]:
        self._db.execute(f"BEGIN {mode}")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            # SQLite has already rolled back after some errors, a full disk among them.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise explained(error, self.path) from error


def _storable(text: str) -> str:
    """Half a surrogate pair (an argument that wasn't UTF-8) has no UTF-8 form; SQLite can't keep it."""
    return text.encode("utf-8", "replace").decode()
