"""The tables of a SQLite store, as a list of migrations; `PRAGMA user_version` says how many have been applied."""

from __future__ import annotations

import os
import sqlite3

APPLICATION_ID = 0x51444B31
"""`QDK1`, in the header of every store, so that somebody else's database is told from ours."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        """CREATE TABLE events (
            seq INTEGER PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL,
            operation TEXT NOT NULL, target TEXT NOT NULL, body TEXT NOT NULL,
            previous TEXT NOT NULL, hash TEXT NOT NULL)""",
        "CREATE INDEX events_by_operation ON events (operation, seq)",
        "CREATE INDEX events_by_target ON events (target, seq)",
        "CREATE TABLE head (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL)",
        """CREATE TABLE operations (
            id TEXT PRIMARY KEY, started INTEGER NOT NULL, open INTEGER NOT NULL, target TEXT NOT NULL,
            body TEXT NOT NULL)""",
        "CREATE INDEX operations_by_start ON operations (started)",
        """CREATE TABLE requests (
            arrival INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE,
            body TEXT NOT NULL, answer TEXT)""",
        "CREATE INDEX requests_waiting ON requests (arrival) WHERE answer IS NULL",
        "CREATE TABLE observations (subject TEXT PRIMARY KEY, observed_at REAL, body TEXT NOT NULL)",
        """CREATE TABLE leases (
            name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, expires_at REAL NOT NULL,
            info TEXT NOT NULL)""",
        """CREATE TABLE locks (
            resource TEXT PRIMARY KEY, operation TEXT NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL,
            since REAL NOT NULL)""",
        "CREATE INDEX locks_by_operation ON locks (operation)",
    ),
    (
        """CREATE TABLE releases (
            id TEXT PRIMARY KEY, started INTEGER NOT NULL, open INTEGER NOT NULL, body TEXT NOT NULL)""",
        "CREATE INDEX releases_by_start ON releases (started)",
    ),
    (
        """CREATE TABLE points (
            target TEXT NOT NULL, indicator TEXT NOT NULL, at REAL NOT NULL, value REAL, trouble TEXT NOT NULL,
            PRIMARY KEY (target, indicator, at)) WITHOUT ROWID""",
    ),
)


def applied(connection: sqlite3.Connection) -> int:
    """How many migrations this database has seen."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the database says that it is a Quarterdeck store."""
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def migrate(connection: sqlite3.Connection) -> None:
    """Apply what is missing, all or nothing. Several processes may call it at once.

    Raises:
        sqlite3.Error: nothing was changed.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statements in MIGRATIONS[applied(connection) :]:
            for statement in statements:
                connection.execute(statement)
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('store', ?)", (os.urandom(16).hex(),))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
