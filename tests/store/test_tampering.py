"""Whatever is done to the journal behind the store's back is found by `verify`."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.samples import ended, started, step_event

from quarterdeck.store.base import Draft
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore


@pytest.fixture
def store(sqlite_store: SqliteStore) -> SqliteStore:
    lease = sqlite_store.take_lease("runner", "one", now=0, ttl=10, info={})
    assert lease
    sqlite_store.record([Draft("runner.started", "r", body={"n": 1})], lease, 1)
    sqlite_store.record([started("o1"), step_event("intended", "o1")], lease, 2.25)
    sqlite_store.record([step_event("done", "o1"), ended("o1")], lease, 3)
    sqlite_store.record([Draft("runner.stopped", "r")], lease, 4)
    assert sqlite_store.verify() == ()
    return sqlite_store


@pytest.fixture
def behind(store: SqliteStore, path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None)
    yield connection
    connection.close()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", 1.5),
        ("kind", "runner.stopped"),
        ("actor", "somebody else"),
        ("operation", "o9"),
        ("target", "a/b"),
        ("body", '{"n":2}'),
        ("body", '{"n": 1}'),
        ("previous", "0" * 64),
        ("hash", "0" * 64),
    ],
)
def test_an_edited_line_is_named(store: SqliteStore, behind: sqlite3.Connection, column: str, value: object) -> None:
    behind.execute(f"UPDATE events SET {column} = ? WHERE seq = 1", (value,))
    found = store.verify()
    assert found[0].seq == 1


def test_an_edit_with_a_fitting_hash_breaks_the_next_line(store: SqliteStore, behind: sqlite3.Connection) -> None:
    from quarterdeck.store.chain import line_hash

    seq, at, kind, _, operation, target, body, previous, _ = behind.execute(
        "SELECT * FROM events WHERE seq = 2"
    ).fetchone()
    forged = line_hash(seq, at, kind, "mallory", operation, target, body, previous)
    behind.execute("UPDATE events SET actor = 'mallory', hash = ? WHERE seq = 2", (forged,))
    assert [fault.seq for fault in store.verify()] == [3]


@pytest.mark.parametrize("gone", [1, 3, 5])
def test_a_removed_line_is_missed(store: SqliteStore, behind: sqlite3.Connection, gone: int) -> None:
    behind.execute("DELETE FROM events WHERE seq = ?", (gone,))
    (fault,) = store.verify()
    assert fault.seq == gone
    assert f"line {gone} is missing" in fault.message


@pytest.mark.parametrize("kept", [0, 1, 5])
def test_a_lost_end_is_missed(store: SqliteStore, behind: sqlite3.Connection, kept: int) -> None:
    behind.execute("DELETE FROM events WHERE seq > ?", (kept,))
    (fault,) = store.verify()
    assert fault.seq == kept + 1
    assert "the end is lost" in fault.message


def test_a_removed_line_is_missed_even_if_the_rest_is_renumbered(
    store: SqliteStore, behind: sqlite3.Connection
) -> None:
    behind.execute("DELETE FROM events WHERE seq = 3")
    for seq in (4, 5, 6):
        behind.execute("UPDATE events SET seq = ? WHERE seq = ?", (seq - 1, seq))
    assert store.verify()


@pytest.mark.parametrize("place", [0, 7])
def test_an_inserted_line_is_found(store: SqliteStore, behind: sqlite3.Connection, place: int) -> None:
    behind.execute(
        "INSERT INTO events SELECT ?, at, kind, actor, operation, target, body, previous, hash FROM events "
        "WHERE seq = 1",
        (place,),
    )
    assert store.verify()


def test_two_lines_that_changed_places_are_found(store: SqliteStore, behind: sqlite3.Connection) -> None:
    for old, new in ((2, 99), (3, 2), (99, 3)):
        behind.execute("UPDATE events SET seq = ? WHERE seq = ?", (new, old))
    assert {fault.seq for fault in store.verify()} >= {2, 3}


def test_a_journal_from_another_store_does_not_fit(store: SqliteStore, behind: sqlite3.Connection) -> None:
    behind.execute("UPDATE meta SET value = 'another' WHERE key = 'store'")
    assert [fault.seq for fault in store.verify()] == [1]


def test_an_operation_that_is_shown_otherwise_than_it_went_is_found(
    store: SqliteStore, behind: sqlite3.Connection
) -> None:
    behind.execute("""UPDATE operations SET body = replace(body, '"succeeded"', '"failed"')""")
    (fault,) = store.verify()
    assert (fault.seq, "o1" in fault.message) == (2, True)


def test_an_operation_that_is_hidden_is_found(store: SqliteStore, behind: sqlite3.Connection) -> None:
    behind.execute("DELETE FROM operations")
    assert any("o1" in fault.message for fault in store.verify())


def test_the_chain_goes_on_after_the_store_was_closed_and_opened(store: SqliteStore, path: Path) -> None:
    store.close()
    again = open_store(path, create=False)
    lease = again.take_lease("runner", "two", now=100, ttl=10, info={})
    assert lease
    (event,) = again.record([Draft("runner.started")], lease, 101)
    assert event.seq == 7
    assert again.verify() == ()
    again.close()
