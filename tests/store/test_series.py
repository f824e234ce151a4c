"""What was measured of services: kept in rings, read by target, written by whoever holds the lease."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.store.base import SERIES_POINTS, SERIES_SECONDS, Lease, LeaseLost, Store
from quarterdeck.store.opening import open_store
from quarterdeck.store.points import TURNS
from quarterdeck.store.sqlite import SqliteStore

ERRORS = SeriesId("production/checkout", "errors")
LATENCY = SeriesId("production/checkout", "latency")


def rising(count: int, since: float = 0) -> list[Point]:
    return [Point(since + 30 * n, float(n)) for n in range(count)]


def test_points_come_back_in_the_order_of_their_time(store: Store, lease: Lease) -> None:
    late, early = Point(90, 2.5), Point(60, None, "no answer within 30 s")
    store.put_points([(ERRORS, late), (LATENCY, Point(90, 0.2))], lease)
    store.put_points([(ERRORS, early)], lease)
    found = store.series("production/checkout")
    assert list(found[ERRORS]) == [early, late]
    assert list(found[LATENCY]) == [Point(90, 0.2)]


def test_a_target_has_the_series_of_its_regions_and_no_others(store: Store, lease: Lease) -> None:
    subjects = ("production/checkout", "production/checkout@weu", "production/checkout-api", "staging/checkout")
    store.put_points([(SeriesId(subject, "errors"), Point(1, 1)) for subject in subjects], lease)
    assert {key.subject for key in store.series("production/checkout")} == set(subjects[:2])
    assert {key.subject for key in store.series("production/checkout@weu")} == {subjects[1]}
    assert store.series("production/nothing") == {}


def test_a_series_keeps_its_newest_points_and_leaves_others_alone(store: Store, lease: Lease) -> None:
    store.put_points([(LATENCY, Point(0, 1))], lease)
    store.put_points([(ERRORS, point) for point in rising(SERIES_POINTS + 5)], lease)
    assert list(store.series("production/checkout")[ERRORS]) == rising(SERIES_POINTS + 5)[5:]
    store.put_points([(ERRORS, Point(99_000, 7))], lease)
    found = store.series("production/checkout")
    assert len(found[ERRORS]) < SERIES_POINTS + 1
    assert found[ERRORS][-1] == Point(99_000, 7)
    assert list(found[LATENCY]) == [Point(0, 1)]


def test_what_is_older_than_a_day_makes_room_whatever_the_number(store: Store, lease: Lease) -> None:
    store.put_points([(ERRORS, point) for point in rising(3)], lease)
    newest = Point(SERIES_SECONDS + 45, 1)
    store.put_points([(ERRORS, newest)], lease)
    assert list(store.series("production/checkout")[ERRORS]) == [Point(60, 2), newest]


def test_what_a_ring_does_not_show_any_more_leaves_the_file_soon(sqlite_store: SqliteStore) -> None:
    lease = sqlite_store.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    several = [replace(ERRORS, indicator=f"i{number}") for number in range(20)]
    for point in rising(SERIES_POINTS + 60):
        sqlite_store.put_points([(key, point) for key in several], lease)
    reader = sqlite3.connect(sqlite_store.path)
    counts = [count for (count,) in reader.execute("SELECT count(*) FROM points GROUP BY indicator")]
    reader.close()
    assert len(counts) == 20
    assert max(counts) <= SERIES_POINTS + TURNS


def test_a_point_takes_the_place_of_another_one_of_the_same_time(store: Store, lease: Lease) -> None:
    store.put_points([(ERRORS, Point(60, 1))], lease)
    store.put_points([(ERRORS, Point(60, None, "garbage"))], lease)
    assert list(store.series("production/checkout")[ERRORS]) == [Point(60, None, "garbage")]


def test_only_who_holds_the_lease_adds_points(store: Store, lease: Lease) -> None:
    with pytest.raises(LeaseLost):
        store.put_points([(ERRORS, Point(1, 1))], replace(lease, fence=lease.fence + 1))
    assert store.series("production/checkout") == {}


def test_a_viewer_hears_of_new_points(store: Store, lease: Lease) -> None:
    before = store.version()
    store.put_points([(ERRORS, Point(1, 1))], lease)
    assert store.version() != before


def test_a_store_from_before_series_is_brought_up_to_date(path: Path) -> None:
    open_store(path, create=True).close()
    behind = sqlite3.connect(path)
    behind.execute("DROP TABLE points")
    behind.execute("PRAGMA user_version = 2")
    behind.commit()
    behind.close()
    new = open_store(path, create=False)
    lease = new.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    new.put_points([(ERRORS, Point(1, 1))], lease)
    assert list(new.series("production/checkout")[ERRORS]) == [Point(1, 1)]
    new.close()
