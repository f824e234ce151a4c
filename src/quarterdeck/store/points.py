"""The series of a SQLite store: rings of points, each series by itself. Called within the store's transactions."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.store.base import SERIES_POINTS, SERIES_SECONDS
from quarterdeck.store.filters import target_condition, where_all

TURNS = 16
"""To find where a ring ends costs more than to add a point to it, so of the series that get points together only each
sixteenth is cut, in turn. Until then it holds some points more than it shows."""


class Rings:
    """The table `points` of one store."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._db = database
        self._turn = 0

    def of_target(self, target: str) -> Mapping[SeriesId, Sequence[Point]]:
        """See `Store.series`."""
        rows = self._db.execute(
            f"SELECT target, indicator, at, value, trouble FROM points {where_all(target_condition(target))} "
            "ORDER BY target, indicator, at",
            {"target": target},
        )
        found: dict[SeriesId, list[Point]] = defaultdict(list)
        for subject, indicator, at, value, trouble in rows:
            found[SeriesId(subject, indicator)].append(Point(at, value, trouble))
        return {key: _shown(points) for key, points in found.items()}

    def add(self, points: Sequence[tuple[SeriesId, Point]]) -> None:
        """See `Store.put_points`."""
        self._db.executemany(
            "INSERT OR REPLACE INTO points (target, indicator, at, value, trouble) VALUES (?, ?, ?, ?, ?)",
            [(key.subject, key.indicator, point.at, point.value, point.trouble) for key, point in points],
        )
        self._turn += 1
        several = list(dict.fromkeys(key for key, _ in points))
        self._cut([key for number, key in enumerate(several) if (number + self._turn) % TURNS == 0])

    def _cut(self, keys: Sequence[SeriesId]) -> None:
        self._db.executemany(
            """DELETE FROM points WHERE target = :target AND indicator = :indicator AND at <= (
                 SELECT at FROM points WHERE target = :target AND indicator = :indicator
                 ORDER BY at DESC LIMIT 1 OFFSET :most)""",
            [{"target": key.subject, "indicator": key.indicator, "most": SERIES_POINTS} for key in keys],
        )


def _shown(points: Sequence[Point]) -> Sequence[Point]:
    oldest = points[-1].at - SERIES_SECONDS
    return [point for point in points[-SERIES_POINTS:] if point.at > oldest]
