"""The series of a SQLite store: rings of points, each series by itself. Called within the store's transactions."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.store.base import SERIES_POINTS, SERIES_SECONDS
from quarterdeck.store.filters import target_condition, where_all


def of_target(database: sqlite3.Connection, target: str) -> Mapping[SeriesId, Sequence[Point]]:
    """See `Store.series`."""
    rows = database.execute(
        f"SELECT target, indicator, at, value, trouble FROM points {where_all(target_condition(target))} ORDER BY at",
        {"target": target},
    )
    found: dict[SeriesId, list[Point]] = defaultdict(list)
    for subject, indicator, at, value, trouble in rows:
        found[SeriesId(subject, indicator)].append(Point(at, value, trouble))
    return found


def add(database: sqlite3.Connection, points: Sequence[tuple[SeriesId, Point]]) -> None:
    """See `Store.put_points`. The ring is cut once for each series, however many of its points come together."""
    database.executemany(
        "INSERT INTO points (target, indicator, at, value, trouble) VALUES (?, ?, ?, ?, ?)",
        [(key.subject, key.indicator, point.at, point.value, point.trouble) for key, point in points],
    )
    newest: dict[SeriesId, float] = {}
    for key, point in points:
        newest[key] = max(newest.get(key, point.at), point.at)
    database.executemany(
        """DELETE FROM points WHERE target = :target AND indicator = :indicator AND at <= max(:oldest, coalesce(
             (SELECT at FROM points WHERE target = :target AND indicator = :indicator
              ORDER BY at DESC LIMIT 1 OFFSET :most), :oldest))""",
        [
            {"target": key.subject, "indicator": key.indicator, "oldest": at - SERIES_SECONDS, "most": SERIES_POINTS}
            for key, at in newest.items()
        ],
    )
