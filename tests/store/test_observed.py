"""A store that is read again and again reads what is new, and misses nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.store.base import Lease, Store
from quarterdeck.store.opening import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "observed.db"


def written(path: Path) -> tuple[Store, Lease]:
    store = open_store(path, create=True)
    lease = store.take_lease("runner", "r", 0, 1e9, {})
    assert lease is not None
    store.observe([seen(number) for number in range(5)], lease)
    return store, lease


def seen(number: int, at: float = 10) -> Observation:
    return Observation(f"slots/a/s{number}", SlotsReading(()), "graph", at, at)


def afresh(path: Path) -> Mapping[str, Observation]:
    return open_store(path, create=False).observations()


def test_what_others_write_is_seen_whatever_it_is(path: Path) -> None:
    store, lease = written(path)
    viewer = open_store(path, create=False)
    first = viewer.observations()
    store.observe([seen(1, 11), seen(7), replace(seen(3), trouble=Trouble("timeout", "slow"), trouble_since=12)], lease)
    second = viewer.observations()
    assert second == afresh(path)
    assert [subject for subject in second if second[subject] is not first.get(subject)] == [
        "slots/a/s1",
        "slots/a/s3",
        "slots/a/s7",
    ]
    assert len(first) == 5  # what was handed out stays as it was


def test_what_is_gone_is_gone(path: Path) -> None:
    written(path)
    viewer = open_store(path, create=False)
    viewer.observations()
    with sqlite3.connect(path) as other:
        other.execute("DELETE FROM observations WHERE subject = 'slots/a/s2'")
    assert viewer.observations() == afresh(path)


def test_a_table_whose_rows_were_numbered_afresh_is_read_whole_again(path: Path) -> None:
    """VACUUM may do so."""
    store, lease = written(path)
    for at in range(20):
        store.observe([seen(0, at)], lease)
    viewer = open_store(path, create=False)
    viewer.observations()
    with sqlite3.connect(path) as other:
        other.executescript(
            """
            ALTER TABLE observations RENAME TO before;
            CREATE TABLE observations (subject TEXT PRIMARY KEY, observed_at REAL, body TEXT NOT NULL);
            INSERT INTO observations SELECT * FROM before ORDER BY subject;
            DROP TABLE before;
            """
        )
    store.observe([seen(1, 99)], lease)
    assert viewer.observations()["slots/a/s1"].observed_at == 99
