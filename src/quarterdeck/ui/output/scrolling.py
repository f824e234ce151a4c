"""Finds rows that only moved up or down: a terminal moves them itself for a dozen bytes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from quarterdeck.records import dataclass
from quarterdeck.ui.output.cells import UNKNOWN, Grid

_WORTH = 3
"""Rows that must be saved on balance."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The rows from `top` to `bottom` move up by `rows` (down if negative), as far as they stay among them."""

    top: int
    bottom: int
    rows: int


def find(shown: Grid, wanted: Grid, touched: Iterable[int]) -> Shift | None:
    """The move after which the fewest rows are left to write, None if none is worth it."""
    new = {y: "".join(wanted.text[y]) for y in touched}
    changed = [y for y, text in new.items() if text != "".join(shown.text[y])]
    if len(changed) <= _WORTH:
        return None
    old = ["".join(row) for row in shown.text]
    often = Counter(old)
    places = {text: y for y, text in enumerate(old) if often[text] == 1 and UNKNOWN not in text}
    moves = Counter(places[new[y]] - y for y in changed if new[y] in places)
    for rows, saved in moves.most_common(1):
        moved = [y for y in changed if places.get(new[y], y) - y == rows]
        top, bottom = min(moved) + min(rows, 0), max(moved) + max(rows, 0)
        disturbed = bottom - top + 1 - sum(top <= y <= bottom for y in changed)
        if rows and saved - disturbed >= _WORTH:
            return Shift(top, bottom, rows)
    return None
