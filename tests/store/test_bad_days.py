"""When the disk is full, the store is read-only or somebody holds it: a clear error, and nothing half-written."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.store.samples import request, started, step_event

from quarterdeck.store import sqlite
from quarterdeck.store.base import Draft, Lease, StoreError
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore


def fill(store: SqliteStore, lease: Lease) -> StoreError:
    """Write until the store says no."""
    for _ in range(200):
        try:
            store.record([Draft("k", body={"text": "x" * 20_000})], lease, 1)
        except StoreError as error:
            return error
    raise AssertionError("the disk didn't fill up")


def test_a_full_disk_is_told_before_anything_is_half_written(small_disk: Path) -> None:
    store = open_store(small_disk / "fleet" / "store.db", create=True)
    lease = store.take_lease("runner", "one", 0, 10, {})
    assert lease
    store.record([started("o1")], lease, 1)
    error = fill(store, lease)
    assert "disk is full" in str(error)
    assert error.hint
    written = len(store.events())

    with pytest.raises(StoreError, match="disk is full"):
        store.record([step_event("intended", "o1", detail="x" * 20_000)], lease, 2)

    assert len(store.events()) == written
    assert store.verify() == ()
    operation = store.operation("o1")
    assert operation is not None
    assert operation.step("1").state == "waiting"
    store.close()


def test_a_store_that_reached_its_limit_goes_on_when_there_is_room_again(sqlite_store: SqliteStore) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease
    sqlite_store._db.execute("PRAGMA max_page_count = 60")
    error = fill(sqlite_store, lease)
    assert "disk is full" in str(error)
    sqlite_store._db.execute("PRAGMA max_page_count = 6000")
    sqlite_store.record([started("o1")], lease, 2)
    assert sqlite_store.operation("o1")
    assert sqlite_store.verify() == ()


def test_no_store_is_made_on_a_full_disk_and_nothing_is_left_of_the_attempt(small_disk: Path) -> None:
    (small_disk / "ballast").write_bytes(b"x" * 1_020_000)
    with pytest.raises(StoreError) as refused:
        open_store(small_disk / "fleet" / "store.db", create=True)
    assert refused.value.hint
    assert list((small_disk / "fleet").iterdir()) == []


def test_a_store_that_may_only_be_read_can_be_read(small_disk: Path, read_only_disk: Callable[[], None]) -> None:
    path = small_disk / "fleet" / "store.db"
    store = open_store(path, create=True)
    lease = store.take_lease("runner", "one", 0, 10, {})
    assert lease
    store.record([Draft("k")], lease, 1)
    store.close()
    read_only_disk()

    store = open_store(path, create=False)

    assert len(store.events()) == 1
    assert store.verify() == ()
    for write in (lambda: store.record([Draft("k")], lease, 2), lambda: store.submit(request("a1"))):
        with pytest.raises(StoreError, match="read-only") as refused:
            write()
        assert refused.value.hint
    store.close()


def test_a_store_can_not_be_made_on_a_read_only_disk(small_disk: Path, read_only_disk: Callable[[], None]) -> None:
    read_only_disk()
    with pytest.raises(StoreError, match="Read-only") as refused:
        open_store(small_disk / "fleet" / "store.db", create=True)
    assert refused.value.hint


def test_a_store_that_somebody_holds_is_given_up_on_soon(
    path: Path, sqlite_store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease
    monkeypatch.setattr(sqlite, "PATIENCE", 0.05)
    impatient = open_store(path, create=False)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match="in use by another process") as refused:
        impatient.record([Draft("k")], lease, 1)
    assert refused.value.hint
    assert impatient.events() == ()

    holder.execute("ROLLBACK")
    impatient.record([Draft("k")], lease, 1)
    assert len(sqlite_store.events()) == 1
    holder.close()
    impatient.close()


@pytest.mark.parametrize("body", ["not json", "5", '{"body": 5}', '{"$": "Request", "kind": "of a newer version"}'])
def test_a_request_that_cannot_be_read_keeps_nobody_elses_waiting(sqlite_store: SqliteStore, body: str) -> None:
    sqlite_store._db.execute("INSERT INTO requests (id, key, body) VALUES ('odd', 'odd', ?)", (body,))
    asked = sqlite_store.submit(request("a1"))
    assert sqlite_store.pending() == (asked,)
