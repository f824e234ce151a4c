"""The shortest way found from what stands on a terminal to what shall stand there. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from quarterdeck.records import dataclass
from quarterdeck.ui.output.cells import BLANK, REST, UNKNOWN, Grid
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


class Encoder:
    """Writes differences, and remembers what stands on the terminal, where its cursor is and with which pen it writes.

    Attributes:
        shown: what stands there once all that `rows` gave has arrived.
    """

    def __init__(self, shown: Grid, terminal: Terminal) -> None:
        self.shown = shown
        self._terminal = terminal
        self._pen = PLAIN
        self._x = self._y = -1  # -1: not known

    def restart(self, shown: Grid) -> None:
        """The terminal shows something else now; its pen is plain and its cursor anywhere."""
        self.shown = shown
        self._pen = PLAIN
        self._x = self._y = -1

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
        columns = wanted.columns
        changed = [
            x
            for x in range(columns)
            if text[x] != before[x]
            or (looks[x] is not looked[x] and not (text[x] == BLANK and looks[x].blank is looked[x].blank))
        ]
        out: list[str] = []
        if changed:
            tail = self._tail(text, looks)
            beyond = next((i for i, x in enumerate(changed) if x >= tail), len(changed))
            if len(changed) - beyond > _STEP:
                out += self._cells(text, looks, changed[:beyond], y)
                out += [*self._go(tail, y, text, looks), self._take(looks[tail].blank), "\x1b[K"]
            else:
                out += self._cells(text, looks, changed, y)
        self.shown.text[y], self.shown.style[y] = text.copy(), looks.copy()
        return "".join(out)

    def park(self, x: int, y: int) -> str:
        """Leave the cursor there: input methods open their windows at it."""
        if (self._x, self._y) == (x, y):
            return ""
        self._x, self._y = x, y
        return _place(x, y)

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

    def _cells(self, text: list[str], looks: list[Style], changed: list[int], y: int) -> Iterator[str]:
        """Write these cells, from left to right."""
        done = 0
        for i, x in enumerate(changed):
            if x < done or text[x] == REST:
                continue
            if text[x] == BLANK:
                blanks = self._blanks(text, looks, changed, i)
                if blanks >= _WORTH_ERASING and self._terminal.relative and self._erases(looks[x].blank):
                    yield from self._go(x, y, text, looks)
                    yield f"{self._take(looks[x].blank)}\x1b[{blanks}X"
                    done = x + blanks
                    continue
            yield from self._go(x, y, text, looks)
            if text[x] != BLANK:
                yield self._take(looks[x])
            elif self._pen.blank is not looks[x].blank:
                yield self._take(self._ahead(text, looks, x))
            yield self._put(text[x], len(text))

    @staticmethod
    def _blanks(text: list[str], looks: list[Style], changed: list[int], i: int) -> int:
        """How many changed blanks of the same look follow each other, beginning with the i-th changed cell."""
        start, blank = changed[i], looks[changed[i]].blank
        n = 1
        while (
            i + n < len(changed)
            and changed[i + n] == start + n
            and text[start + n] == BLANK
            and looks[start + n].blank is blank
        ):
            n += 1
        return n

    @staticmethod
    def _ahead(text: list[str], looks: list[Style], x: int) -> Style:
        """The style to write a blank with: that of the next character, if the blank looks the same in it."""
        following = next((i for i in range(x + 1, min(x + 1 + _WORTH_ERASING, len(text))) if text[i] != BLANK), x)
        return looks[following] if looks[following].blank is looks[x].blank else looks[x].blank

    def _take(self, look: Style) -> str:
        before, self._pen = self._pen, look
        return "" if before is look else change(before, look, relative=self._terminal.relative)

    def _put(self, cell: str, columns: int) -> str:
        if _SURE.fullmatch(cell) and self._x + 1 < columns:
            self._x += 1
        else:
            self._x = -1
        return cell

    def _go(self, x: int, y: int, text: list[str], looks: list[Style]) -> Iterator[str]:
        """Move the cursor, in the fewest bytes. The cells between stand as wanted, or are known to be skipped."""
        if (self._x, self._y) != (x, y):
            yield self._way(x, y, text, looks)
        self._x, self._y = x, y

    def _way(self, x: int, y: int, text: list[str], looks: list[Style]) -> str:
        ways = [_place(x, y)]
        if y == self._y:
            gap = x - self._x
            if self._x >= 0 and 0 < gap <= _STEP and self._same_pen(text, looks, self._x, x):
                return "".join(text[self._x : x])
            if self._x >= 0 and gap > 0:
                ways.append(_forward(gap))
            if self._terminal.relative:
                ways.append(f"\x1b[{x + 1}G")
            ways.append("\r" + _forward(x))
        elif 0 <= self._y < y:
            ways.append("\r" + "\n" * (y - self._y) + _forward(x))
        return min(ways, key=len)

    def _same_pen(self, text: list[str], looks: list[Style], start: int, end: int) -> bool:
        """Whether these cells can be written again just like that."""
        return all(
            _SURE.fullmatch(text[x])
            and (looks[x] is self._pen or (text[x] == BLANK and looks[x].blank is self._pen.blank))
            for x in range(start, end)
        )


def _place(x: int, y: int) -> str:
    if x:
        return f"\x1b[{y + 1};{x + 1}H"
    return f"\x1b[{y + 1}H" if y else "\x1b[H"


def _forward(cells: int) -> str:
    return "" if cells == 0 else "\x1b[C" if cells == 1 else f"\x1b[{cells}C"
