"""A store that can't be used says why and what to do; one that can lies in a folder of its owner's own."""

from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from quarterdeck.store.base import Draft, StoreError
from quarterdeck.store.opening import open_store, warnings
from quarterdeck.store.schema import APPLICATION_ID, MIGRATIONS
from quarterdeck.store.sqlite import SqliteStore


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_store_is_its_owners_alone(path: Path, sqlite_store: SqliteStore) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease
    files = {file.name: mode(file) for file in path.parent.iterdir()}
    assert files == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}
    assert mode(path.parent) == 0o700
    assert warnings(path) == ()


def test_loose_permissions_are_told(path: Path, sqlite_store: SqliteStore) -> None:
    path.chmod(0o644)
    path.parent.chmod(0o750)
    told = warnings(path)
    assert len(told) == 2
    assert f"chmod 700 {path.parent}" in told[0]
    assert f"chmod 600 {path}" in told[1]


def test_a_log_or_key_that_others_can_read_is_told_and_a_strangers_file_is_not(
    path: Path, sqlite_store: SqliteStore
) -> None:
    for name in ("runner.log", "seal.key", "holiday.jpg"):
        (path.parent / name).touch(mode=0o644)
    told = warnings(path)
    assert [str(path.parent / name) in line for name, line in zip(("runner.log", "seal.key"), told, strict=True)] == [
        True,
        True,
    ]


def test_a_missing_store_is_not_made_unless_asked_for(path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        open_store(path, create=False)
    assert not path.parent.exists()


def test_an_existing_store_is_opened_as_it_is(path: Path, sqlite_store: SqliteStore) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease
    sqlite_store.record([Draft("k")], lease, 1)
    again = open_store(path, create=True)
    assert len(again.events()) == 1
    again.close()


@pytest.mark.parametrize("content", [b"", b"hello, world\n" * 1000, b"SQLite format 3\0" + b"\0" * 200])
def test_a_file_that_is_no_store_is_refused(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError) as refused:
        open_store(path, create=True)
    assert str(path) in str(refused.value)
    assert refused.value.hint
    assert path.read_bytes() == content


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE theirs (x)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a Quarterdeck store"):
        open_store(path, create=True)
    assert path.read_bytes() == before


def test_a_newer_store_is_refused_with_both_numbers(path: Path, sqlite_store: SqliteStore) -> None:
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match=rf"format 99; this one knows up to {len(MIGRATIONS)}"):
        open_store(path, create=False)


def test_an_older_store_is_brought_up_to_date(path: Path) -> None:
    path.parent.mkdir()
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.close()
    store = open_store(path, create=False)
    assert store.take_lease("runner", "one", 0, 10, {})
    store.close()


def test_a_damaged_store_is_refused(path: Path, sqlite_store: SqliteStore) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease
    sqlite_store.record([Draft("k", body={"text": "x" * 3000})] * 50, lease, 1)
    sqlite_store.close()
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xff" * (len(whole) - 4096)
    path.write_bytes(whole)
    with pytest.raises(StoreError, match="damaged") as refused:
        open_store(path, create=False).events()
    assert refused.value.hint


def test_a_record_that_is_no_longer_readable_is_an_error_with_a_hint(path: Path, sqlite_store: SqliteStore) -> None:
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("INSERT INTO observations VALUES ('a', 1, '[]')")
    database.close()
    with pytest.raises(StoreError, match="unreadable") as refused:
        sqlite_store.observations()
    assert refused.value.hint


def test_a_folder_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="can't be opened"):
        open_store(tmp_path / "file" / "store.db", create=True)


def test_two_openers_at_once_get_the_same_store(path: Path) -> None:
    barrier = threading.Barrier(8)
    genesis: list[str | None] = []
    errors: list[Exception] = []

    def run() -> None:
        barrier.wait()
        try:
            store = open_store(path, create=True)
            genesis.append(store._meta("store"))
            store.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(genesis)) == 1
    assert not [left for left in path.parent.iterdir() if left.name.startswith(".")]
