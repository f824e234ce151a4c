"""The shortest way found from what stands on a terminal to what shall stand there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from quarterdeck.records import dataclass
from quarterdeck.ui.output.cells import BLANK, REST, UNKNOWN, Grid
from quarterdeck.ui.output.moves import forward, place
from quarterdeck.ui.output.scrolling import Shift
from quarterdeck.ui.output.style import PLAIN, Style, change

_SURE = re.compile(r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u2010-\u2027\u2190-\u21ff\u2500-\u25fc\u2713\u2717]")
"""Characters on whose width terminals agree. After any other the cursor is placed anew, so that a disagreement shifts
one character and not the rest of the row."""
_WORTH_ERASING = 10
"""Blanks from which on erasing them (and stepping over) is shorter than writing them."""
_STEP = 4
"""Cells that are rather written again than stepped over: the step costs as much."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """What a terminal understands.

    Attributes:
        relative: can switch single attributes off (SGR 22 to 29), place the cursor in its row (CHA) and erase
            characters (ECH).
        fills: erases to the background colour in force (terminfo's `bce`), not to its own.
    """

    relative: bool = True
    fills: bool = True


@dataclass(slots=True)
class _Row:
    """A row as it is wanted."""

    y: int
    text: list[str]
    looks: list[Style]


@dataclass(slots=True)
class _Run:
    """Cells from `start` to before `end`, in one look; `blank` if nothing else is in it, `erased` if it shall be."""

    start: int
    end: int
    look: Style
    erased: bool
    blank: bool = False


class Encoder:
    """Writes differences, and remembers what stands on the terminal, where its cursor is and with which pen it writes.

    Attributes:
        shown: what stands there once all that `row` and `scroll` gave has arrived.
    """

    def __init__(self, shown: Grid, terminal: Terminal) -> None:
        self.shown = shown
        self._terminal = terminal
        self._pen = PLAIN
        self._x = self._y = -1  # -1: not known
        self._parked = (-1, -1)

    def restart(self, shown: Grid) -> None:
        """The terminal shows something else now; its pen is plain and its cursor anywhere."""
        self.shown = shown
        self._pen = PLAIN
        self._x = self._y = -1
        self._parked = (-1, -1)

    def forget(self) -> None:
        """Nobody knows what stands there."""
        self.restart(Grid.filled(self.shown.columns, self.shown.rows, UNKNOWN))

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size; most keep the upper left part, and leave the cursor anywhere."""
        self.shown = self.shown.resized(columns, rows, UNKNOWN)
        self._x = self._y = -1

    def row(self, wanted: Grid, y: int) -> str:
        """What makes row `y` look as wanted, "" if it does. Both grids are of the same size."""
        text, looks = wanted.text[y], wanted.style[y]
        before, looked = self.shown.text[y], self.shown.style[y]
        if text == before and looks == looked:
            return ""
        changed = [
            x
            for x in range(wanted.columns)
            if text[x] != before[x]
            or (looks[x] is not looked[x] and not (text[x] == BLANK and looks[x].blank is looked[x].blank))
        ]
        self.shown.text[y], self.shown.style[y] = text.copy(), looks.copy()
        if not changed:
            return ""
        row = _Row(y, text, looks)
        tail = self._tail(text, looks)
        beyond = next((i for i, x in enumerate(changed) if x >= tail), len(changed))
        if len(changed) - beyond <= _STEP:
            beyond, tail = len(changed), -1
        runs = self._runs(row, changed[:beyond])
        return self._shortest(row, runs, tail)

    def _shortest(self, row: _Row, runs: list[_Run], tail: int) -> str:
        """Write runs from left to right, or those of one look after those of another: a step can be shorter than a
        change of colour."""
        orders = [runs]
        if len({run.look for run in runs}) < len(runs) - 1:
            first = {run.look: i for i, run in reversed(list(enumerate(runs)))}
            orders.append(sorted(runs, key=lambda run: first[run.look]))
        start, ways = (self._pen, self._x, self._y), []
        for order in orders:
            self._pen, self._x, self._y = start
            sequence = "".join(self._write(row, order, tail))
            ways.append((len(sequence), sequence, (self._pen, self._x, self._y)))
        _, sequence, (self._pen, self._x, self._y) = min(ways, key=lambda way: way[0])
        return sequence

    def scroll(self, shift: Shift) -> str:
        """Have the terminal move rows (DECSTBM, DL and IL of the VT102). What fills the gap isn't known: some take the
        background in force, some their own."""
        top, bottom, n = shift.top, shift.bottom, abs(shift.rows)
        for part, nothing in ((self.shown.text, UNKNOWN), (self.shown.style, PLAIN)):
            gap: list[list[Any]] = [[nothing] * self.shown.columns for _ in range(n)]
            kept: list[Any] = part[top : bottom + 1]
            part[top : bottom + 1] = kept[n:] + gap if shift.rows > 0 else gap + kept[:-n]
        self._x = self._y = -1  # setting margins may move the cursor
        letter = "M" if shift.rows > 0 else "L"
        return f"\x1b[{top + 1};{bottom + 1}r{place(0, top)}\x1b[{n}{letter}\x1b[r"

    def park(self, x: int, y: int) -> str:
        """Leave the cursor there, if that is asked for anew: input methods open their windows at it."""
        if self._parked == (x, y):
            return ""
        self._parked = (x, y)
        return "".join(self._go(_Row(y, self.shown.text[y], self.shown.style[y]), x))

    def _tail(self, text: list[str], looks: list[Style]) -> int:
        """Where the blanks begin that one erasing to the end of the row would give."""
        last = looks[-1].blank
        if not self._erases(last):
            return len(text)
        x = len(text)
        while x and text[x - 1] == BLANK and looks[x - 1].blank is last:
            x -= 1
        return x

    def _erases(self, blank: Style) -> bool:
        return blank is PLAIN or (blank.erasable and self._terminal.fills)

    def _runs(self, row: _Row, changed: list[int]) -> list[_Run]:
        """Changed cells that are written in one go, in one look. Blanks go with what they look alike next to."""
        text, looks, runs = row.text, row.looks, list[_Run]()
        i = 0
        while i < len(changed):
            x = changed[i]
            blanks = self._blanks(row, changed, i)
            if blanks >= _WORTH_ERASING and self._terminal.relative and self._erases(looks[x].blank):
                runs.append(_Run(x, x + blanks, looks[x].blank, True))
                i += blanks
                continue
            look, run = looks[x], runs[-1] if runs else None
            if run is None or run.end != x or run.erased or run.look.blank is not look.blank:
                run = None
            if text[x] == BLANK:
                if run is None:
                    runs.append(_Run(x, x + 1, look.blank, False, True))
                else:
                    run.end = x + 1
            elif run is not None and (run.look is look or run.blank):
                run.end, run.look, run.blank = x + 1, look, False
            else:
                runs.append(_Run(x, x + 1, look, False))
            i += 1
        return runs

    @staticmethod
    def _blanks(row: _Row, changed: list[int], i: int) -> int:
        """How many changed blanks of the same look follow each other, beginning with the i-th changed cell."""
        start, blank, n = changed[i], row.looks[changed[i]].blank, 0
        while (
            i + n < len(changed)
            and changed[i + n] == start + n
            and row.text[start + n] == BLANK
            and row.looks[start + n].blank is blank
        ):
            n += 1
        return n

    def _write(self, row: _Row, runs: list[_Run], tail: int) -> Iterator[str]:
        for run in runs:
            yield from self._go(row, run.start)
            if run.erased:
                yield f"{self._ground(run.look)}\x1b[{run.end - run.start}X"
                continue
            if not (run.blank and self._pen.blank is run.look):
                yield self._take(run.look)
            for x in range(run.start, run.end):
                if row.text[x] != REST:
                    yield from self._go(row, x)
                    yield self._put(row.text[x], len(row.text))
        if tail >= 0:
            yield from self._go(row, tail)
            yield f"{self._ground(row.looks[tail].blank)}\x1b[K"

    def _ground(self, blank: Style) -> str:
        """Make what is erased look like that blank: what the pen would write in doesn't matter."""
        return "" if self._pen.blank is blank else self._take(blank)

    def _take(self, look: Style) -> str:
        before, self._pen = self._pen, look
        return "" if before is look else change(before, look, relative=self._terminal.relative)

    def _put(self, cell: str, columns: int) -> str:
        if _SURE.fullmatch(cell) and self._x + 1 < columns:
            self._x += 1
        else:
            self._x = -1
        return cell

    def _go(self, row: _Row, x: int) -> Iterator[str]:
        """Move the cursor, in the fewest bytes."""
        if (self._x, self._y) != (x, row.y):
            yield self._way(row, x)
        self._x, self._y = x, row.y

    def _way(self, row: _Row, x: int) -> str:
        ways = [place(x, row.y)]
        if row.y == self._y:
            gap = x - self._x
            if self._x >= 0 and 0 < gap <= _STEP and self._stands(row, self._x, x):
                return "".join(row.text[self._x : x])
            if self._x >= 0 and gap > 0:
                ways.append(forward(gap))
            if self._terminal.relative:
                ways.append(f"\x1b[{x + 1}G")
            ways.append("\r" + forward(x))
        elif 0 <= self._y < row.y:
            ways.append("\r" + "\n" * (row.y - self._y) + forward(x))
        return min(ways, key=len)

    def _stands(self, row: _Row, start: int, end: int) -> bool:
        """Whether these cells can be written (again) just like that."""
        return all(
            _SURE.fullmatch(row.text[x])
            and (row.looks[x] is self._pen or (row.text[x] == BLANK and row.looks[x].blank is self._pen.blank))
            for x in range(start, end)
        )
