"""Values over time in one row: as wide as asked for, on the scale that was given, with every gap kept."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from quarterdeck.fleet.series import Point
from quarterdeck.release.indicator import Scale
from quarterdeck.ui.pages.sparkline import Axis, breaches, columns, signs, spark
from quarterdeck.ui.spans import plain, to_ascii, width

PERCENT = Scale(0, 8, bad_above=4)
NOW = 1_800_000_007.0

VALUES = some.one_of(some.none(), some.floats(-50, 50))
POINTS = some.lists(some.builds(Point, some.floats(NOW - 3000, NOW + 100), VALUES), max_size=60)
SCALES = some.builds(
    lambda low, size, limit: Scale(low, low + size, bad_above=limit),
    some.floats(-10, 10), some.floats(0.5, 20), some.one_of(some.none(), some.floats(-10, 30)),
)  # fmt: skip


def drawn(*values: float | None, scale: Scale = PERCENT, cells: int = 0) -> str:
    """One point per column of 30 s, the last one now."""
    axis = Axis.until(NOW, cells or len(values), 30)
    since = NOW - 30 * (len(values) - 1)
    points = [Point(since + 30 * index, value) for index, value in enumerate(values)]
    return plain(spark(columns(points, axis, scale), scale))


@given(POINTS, SCALES, some.integers(1, 120), some.floats(0.5, 600))
def test_it_is_exactly_as_wide_as_asked_for_with_ascii_and_without(
    points: list[Point], scale: Scale, cells: int, step: float
) -> None:
    points = sorted(points, key=lambda one: one.at)
    shown = columns(points, Axis.until(NOW, cells, step), scale)
    row = spark(shown, scale)
    assert width(row) == width(to_ascii(row)) == cells
    assert plain(to_ascii(row)).isascii()
    assert width(breaches(shown, scale)) in (0, cells)


@given(some.lists(some.floats(0, 8), min_size=1, max_size=40), some.floats(8.01, 1000))
def test_one_value_far_away_changes_no_other_block(values: list[float], peak: float) -> None:
    assert drawn(*values, peak)[:-1] == drawn(*values, values[-1])[:-1]


@given(POINTS)
def test_a_column_without_a_value_never_looks_like_one(points: list[Point]) -> None:
    points = sorted((one for one in points if one.at <= NOW), key=lambda one: one.at)
    axis = Axis.until(NOW, 60, 30)
    row = plain(spark(columns(points, axis, PERCENT), PERCENT))
    for index, sign in enumerate(row):
        inside = [point for point in points if axis.column(point.at) == index]
        if not any(point.value is not None for point in inside):
            assert sign == ("?" if inside else sign)
            assert sign in "?· "
        else:
            assert sign not in "?· "


def test_the_scale_is_the_given_one_from_end_to_end() -> None:
    assert drawn(0, 1, 2, 3, 4, 5, 6, 7, 8) == "▁▂▃▄▅▆▇██"
    assert drawn(0, 1, 2, 3, 4, 5, 6, 7, 8, scale=Scale(0, 80)) == "▁" * 9


def test_what_is_beyond_the_scale_says_so_instead_of_looking_like_its_end() -> None:
    assert drawn(8, 8.1, -0.1) == "█▲▼"


def test_no_data_and_nobody_asking_look_different_and_both_stay() -> None:
    axis = Axis.until(NOW, 8, 30)
    points = [Point(NOW - 180, 1), Point(NOW - 150, None, "the query matches nothing"), Point(NOW - 60, 1)]
    assert plain(spark(columns(points, axis, PERCENT), PERCENT)) == " ▂?··▂· "


def test_what_came_before_the_picture_makes_its_beginning_a_gap() -> None:
    axis = Axis.until(NOW, 4, 30)
    points = [Point(NOW - 600, 1), Point(NOW - 30, 1)]
    assert plain(spark(columns(points, axis, PERCENT), PERCENT)) == "··▂ "


def test_of_several_points_in_a_column_the_worst_one_is_shown() -> None:
    axis, low_is_bad = Axis.until(NOW, 1, 30), Scale(0, 8, bad_below=4)
    points = [Point(NOW, 2), Point(NOW, 7), Point(NOW, None)]
    assert plain(spark(columns(points, axis, PERCENT), PERCENT)) == "█"
    assert plain(spark(columns(points, axis, low_is_bad), low_is_bad)) == "▃"


def test_what_is_beyond_the_limit_is_marked_by_a_sign_not_by_colour_alone() -> None:
    axis = Axis.until(NOW, 3, 30)
    points = [Point(NOW - 60, 1), Point(NOW - 30, 4.5), Point(NOW, 4)]
    assert plain(breaches(columns(points, axis, PERCENT), PERCENT)) == " ! "
    assert breaches(columns(points[:1], axis, PERCENT), PERCENT) == ()


def test_a_picture_stands_still_until_a_new_column_begins() -> None:
    points = [Point(NOW - 60, 1), Point(NOW - 30, 7)]
    begins = math.floor(NOW / 30) * 30

    def at(now: float) -> str:
        return plain(spark(columns(points, Axis.until(now, 6, 30), PERCENT), PERCENT))

    assert at(begins) == at(begins + 29.9) != at(begins + 30)


def test_what_happened_stands_below_the_column_of_its_time() -> None:
    axis = Axis.until(NOW, 5, 30)
    events: Any = [(NOW - 61, "D", "moving"), (NOW, "S", "moving"), (NOW - 2, "U", "attention"), (NOW - 900, "X", "ok")]
    assert plain(signs(axis, events)) == "  D S"
    assert width(signs(axis, events)) == 5
    assert signs(axis, [(NOW - 900, "X", "ok")]) == ()


@pytest.mark.parametrize("cells", [1, 7, 40])
def test_an_axis_knows_how_much_time_it_shows(cells: int) -> None:
    axis = Axis.until(NOW, cells, 30)
    assert axis.seconds == 30 * cells
    assert axis.column(NOW) == cells - 1
    assert axis.column(NOW + 30) is None
    assert axis.column(NOW - axis.seconds - 30) is None
