"""What was observed, read back: all of it once, then only what has been written since."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from quarterdeck.fleet.observation import Observation
from quarterdeck.store.decoding import Decoder


class Observed:
    """The table of observations as one connection has read it.

    Every write replaces its row, which gives it the highest number of all: what is new lies behind the last one read.
    VACUUM numbers the rows afresh, and counts up the schema's version.
    https://www.sqlite.org/autoinc.html, https://www.sqlite.org/pragma.html#pragma_schema_version
    """

    def __init__(self, connection: sqlite3.Connection, decoder: Decoder) -> None:
        self._db, self._decoder = connection, decoder
        self._known: Mapping[str, Observation] = {}
        self._read_to, self._read_in = 0, -1

    def read(self) -> Mapping[str, Observation]:
        """By subject; the same object as last time where nothing has changed. Call it inside a transaction.

        Raises:
            sqlite3.Error: the store can't be read.
            StoreError: it holds something unreadable.
        """
        (generation,) = self._db.execute("PRAGMA schema_version").fetchone()
        if generation != self._read_in:
            self._known, self._read_to = {}, 0
        known = {**self._known, **self._written_since()}
        (count,) = self._db.execute("SELECT count(*) FROM observations").fetchone()
        if len(known) != count:
            self._read_to = 0
            known = self._written_since()
        self._known, self._read_in = known, generation
        return known

    def _written_since(self) -> dict[str, Observation]:
        rows = self._db.execute(
            "SELECT rowid, subject, observed_at, body FROM observations WHERE rowid > ? ORDER BY rowid",
            (self._read_to,),
        )
        found, last = dict[str, Observation](), self._read_to
        for number, subject, at, body in rows:  # one by one: all texts of a large fleet together are megabytes
            found[subject] = self._decoder.observation(subject, at, body)
            last = number
        self._read_to = last
        return found
