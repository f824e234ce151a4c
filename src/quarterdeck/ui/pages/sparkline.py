"""Values over time in one row of blocks: the scale is given, never taken from the values, and gaps are kept.

Shape and sign carry the meaning: how high a block stands, `▲` and `▼` for what is beyond the scale, `?` where somebody
asked and got no value, `·` where nobody asked. Colour only helps.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from quarterdeck.fleet.series import Point
from quarterdeck.release.blocks import block
from quarterdeck.release.indicator import Scale
from quarterdeck.ui.spans import Line, Span, Word

NO_DATA, NOBODY_ASKED, BREACH = "?", "·", "!"


class Gap(Enum):
    """A column without a point."""

    OUTSIDE = "before the first point, or not over yet"
    UNMEASURED = "nobody asked"


Column: TypeAlias = Point | Gap


@dataclass(frozen=True, slots=True)
class Axis:
    """Time from left to right: `cells` columns of `step` seconds each, the last one being `last` steps after 1970.

    Columns begin at whole multiples of a step, so that a picture stands still until a new column begins.
    """

    cells: int
    step: float
    last: int

    @classmethod
    def until(cls, now: float, cells: int, step: float) -> Axis:
        """The axis whose last column is the present one."""
        return cls(cells, step, math.floor(now / step))

    @property
    def seconds(self) -> float:
        """How much time it shows."""
        return self.cells * self.step

    def column(self, at: float) -> int | None:
        """The column of a time; None if it is outside."""
        index = math.floor(at / self.step) - self.last + self.cells - 1
        return index if 0 <= index < self.cells else None


def columns(points: Sequence[Point], axis: Axis, scale: Scale) -> list[Column]:
    """One entry for each column of the axis. Of several points in a column the worst one counts."""
    held: list[list[Point]] = [[] for _ in range(axis.cells)]
    for point in points:
        if (index := axis.column(point.at)) is not None:
            held[index].append(point)
    first = next((index for index, some in enumerate(held) if some), axis.cells)
    if points and axis.column(points[0].at) is None and points[0].at / axis.step < axis.last:
        first = 0
    empty = [Gap.OUTSIDE if index < first or index == axis.cells - 1 else Gap.UNMEASURED for index in range(axis.cells)]
    return [_worst(some, scale) if some else gap for some, gap in zip(held, empty, strict=True)]


def _worst(points: Sequence[Point], scale: Scale) -> Point:
    told = [point for point in points if point.value is not None]
    high_is_bad = scale.bad_below is None

    def badness(point: Point) -> tuple[bool, float]:
        value = point.value or 0.0
        return is_bad(value, scale), value if high_is_bad else -value

    return max(told, key=badness) if told else points[-1]


def is_bad(value: float, scale: Scale) -> bool:
    """Whether a value is beyond a limit."""
    return scale.quality(value) in ("too high", "too low")


def spark(of: Sequence[Column], scale: Scale) -> Line:
    """The row of blocks, one cell for each column."""
    return merged(_cell(column, scale) for column in of)


def _cell(column: Column, scale: Scale) -> Span:
    if isinstance(column, Gap):
        return (" " if column is Gap.OUTSIDE else NOBODY_ASKED, "dim")
    if column.value is None:
        return (NO_DATA, "attention")
    return (block(column.value, scale), "danger" if is_bad(column.value, scale) else "bar")


def breaches(of: Sequence[Column], scale: Scale) -> Line:
    """A row with `!` under each column that is beyond a limit; blank if none is."""
    bad = [isinstance(one, Point) and one.value is not None and is_bad(one.value, scale) for one in of]
    return merged((BREACH if one else " ", "danger") for one in bad) if any(bad) else ()


def signs(axis: Axis, events: Iterable[tuple[float, str, Word]]) -> Line:
    """A row with a letter under each column in which something happened (time, letter, meaning); of several in one
    column the last. Blank if nothing happened."""
    row: list[Span] = [(" ", "text")] * axis.cells
    happened = False
    for at, letter, word in sorted(events):
        if (index := axis.column(at)) is not None:
            row[index], happened = (letter, word), True
    return merged(row) if happened else ()


def merged(cells: Iterable[Span]) -> Line:
    """Neighbours of the same meaning as one span: fewer style codes on the way to the terminal."""
    spans: list[Span] = []
    for text, word in cells:
        if spans and spans[-1][1] == word:
            spans[-1] = (spans[-1][0] + text, word)
        else:
            spans.append((text, word))
    return tuple(spans)
