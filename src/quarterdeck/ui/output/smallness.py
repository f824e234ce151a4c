"""What stands on a terminal that is too small for a cockpit. Pure."""

from __future__ import annotations

from functools import lru_cache

from quarterdeck.ui.output.cells import Grid
from quarterdeck.ui.output.style import PLAIN

LEAST = (40, 10)
"""Columns and rows below which nobody could read a plan before saying yes to it."""

ALLOWED = frozenset({"q", "ctrl+c", "ctrl+z", "ctrl+l"})
"""Keys that act all the same: the others would act on what nobody sees."""


@lru_cache(maxsize=4)
def notice(columns: int, rows: int) -> Grid:
    """The word about it, in as many rows as it needs."""
    grid = Grid.filled(columns, rows)
    words = f"not enough room: {columns}x{rows}, the least is {LEAST[0]}x{LEAST[1]} (q leaves)".split()
    line, y = "", 0
    for word in [*words, ""]:
        if word and len(line) + len(word) < columns:
            line = f"{line} {word}".strip()
            continue
        if y < rows and line:
            grid.put(0, y, list(line[:columns]), PLAIN)
        line, y = word, y + 1
    return grid
