"""A table that was laid out for a wider terminal, made to fit a narrower one with all its columns. Pure."""

from __future__ import annotations

from quarterdeck.ui.glance.writing import width_of
from quarterdeck.ui.sharing import share_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from quarterdeck.ui.spans import Line, Word

_GAP = 2
"""Blanks at the end of each column."""


def narrowed(
    rows: Sequence[Line], edges: Sequence[int], columns: int, cut: Callable[[Line, int], Line]
) -> tuple[Line, ...]:
    """The rows in a terminal of so many columns.

    Args:
        edges: where each column of the table ends, from left to right.
        cut: shortens a line to so many cells.
    """
    parted = [_parted(row, edges) for row in rows]
    tables = [cells for cells in parted if cells is not None]
    wanted = [max((_width(cell) for cell in column), default=0) + _GAP for column in zip(*tables, strict=True)]
    widths = share_out(wanted, columns)
    return tuple(
        row if cells is None else _joined(cells, widths, cut) for row, cells in zip(rows, parted, strict=True)
    )  # fmt: skip


def _parted(row: Line, edges: Sequence[int]) -> list[Line] | None:
    """The cells of a row, without the blanks at their ends; None for a line that runs over the edges."""
    cells: list[Line] = []
    letters = [(letter, word) for text, word in row for letter in text]
    x = start = 0
    ends = list(edges)
    for at, (letter, _) in enumerate(letters):
        if ends and x >= ends[0]:
            cells.append(_bare(letters[start:at]))
            start = at
            ends.pop(0)
        if ends and ends[0] - _GAP <= x < ends[0] and letter != " ":
            return None
        x += width_of(letter)
    cells.append(_bare(letters[start:]))
    return [*cells, *[()] * (len(edges) - len(cells))][: len(edges)]


def _bare(letters: list[tuple[str, Word]]) -> Line:
    end = len(letters)
    while end and letters[end - 1][0] == " ":
        end -= 1
    spans: list[tuple[str, Word]] = []
    for letter, word in letters[:end]:
        if spans and spans[-1][1] == word:
            spans[-1] = (spans[-1][0] + letter, word)
        else:
            spans.append((letter, word))
    return tuple(spans)


def _joined(cells: Sequence[Line], widths: Sequence[int], cut: Callable[[Line, int], Line]) -> Line:
    joined: list[tuple[str, Word]] = []
    for cell, width in zip(cells, widths, strict=True):
        fitting = cut(cell, max(0, width - _GAP))
        joined += [*fitting, (" " * (width - _width(fitting)), "text")]
    return tuple(joined)


def _width(line: Line) -> int:
    return sum(width_of(text) for text, _ in line)
