"""A durable line of the journal against a plain insert with the same durability: SQLite, WAL, synchronous FULL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, in_turns, median, milliseconds, seconds
from tests.store.samples import started, step_event

from quarterdeck.store.opening import open_store


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    with closing(open_store(folder / "store.db", create=True)) as store, closing(_plain(folder)) as plain:
        lease = store.take_lease("runner", "benchmark", 0, 10, {})
        assert lease is not None
        store.record([started("o1")], lease, 1)
        ours, theirs = in_turns(
            effort.rounds * 40,
            lambda: seconds(lambda: store.record([step_event("progress", "o1", detail="x" * 60)], lease, 2)),
            lambda: seconds(lambda: plain.execute("INSERT INTO lines (body) VALUES (?)", ("x" * 400,))),
        )
    yield median(
        "journal append, durable", milliseconds(ours), "ms", "plain SQLite FULL", milliseconds(theirs), times=1.5
    )


def _plain(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / "plain.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE lines (seq INTEGER PRIMARY KEY, body TEXT)")
    return database
