"""What Textual writes, taken for what it means: the picture that shall stand on the terminal. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import split_graphemes

from quarterdeck.ui.output.cells import BLANK, REST, Grid
from quarterdeck.ui.output.style import PLAIN, UnknownCode, style, styled

_PARTS = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\x1b\[(?P<numbers>[0-9;]*)(?P<final>[HfmKJGCX])"
    r"|\x1b\]8;(?P<link>[^\x07\x1b]*)(?:\x1b\\|\x07)"
    r"|(?P<aside>\x07|\x1b\\|\x1b\[[0-9;]*[nt]|\x1b\[[<=>?][0-?]*[ -/]*[@-~]"
    r"|\x1b[\]P^_][^\x1b\x07]*(?:\x1b\x1b[^\x07\x1b]*)*(?:\x1b\\|\x07))"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f-\x9f])"
    r"|(?P<foreign>\x1b\[[0-?]*[ -/]*[@-~]|\x1b.?)",
    re.DOTALL,
)
_NARROW = re.compile(r"[\x20-\x7e\xa0-\xac\xae-\u02ff\u2500-\u25fc]+")
"""Text of which every character takes one cell (the common ranges of `rich.cells`)."""


class Reader:
    """Follows a stream of text and escape sequences, and keeps the grid that it paints.

    Attributes:
        grid: the picture.
        touched: the rows that were written to since somebody cleared this set.
        cursor: where the stream left the cursor, column and row from 0.
        lost: something came of which nobody knows what it does to the screen. It is for the owner to reset.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.touched: set[int] = set()
        self.lost = False
        self._pen = PLAIN
        self._x = self._y = 0

    @property
    def cursor(self) -> tuple[int, int]:
        return self._x, self._y

    def resize(self, columns: int, rows: int) -> None:
        """The same picture in another size."""
        self.grid = self.grid.resized(columns, rows, BLANK)
        self.touched = {y for y in self.touched if y < rows}
        self._x, self._y = min(self._x, columns - 1), min(self._y, rows - 1)

    def feed(self, data: str) -> str:
        """Take in what is written; returns what isn't about cells (modes, titles, the bell, the clipboard) and has to
        reach the terminal as it is."""
        aside: list[str] = []
        for part in _PARTS.finditer(data):
            match part.lastgroup:
                case "text":
                    self._write(part[0])
                case "final":
                    self._control(part["final"], part["numbers"], aside)
                case "link":
                    pen, link = self._pen, part["link"]
                    self._pen = style(pen.attributes, pen.foreground, pen.background, "" if link == ";" else link)
                case "aside":
                    aside.append(part[0])
                case "control":
                    self._move(part[0])
                case _:
                    self.lost = True
                    aside.append(part[0])
        return "".join(aside)

    def _write(self, text: str) -> None:
        if _NARROW.fullmatch(text):
            cells = list(text)
        else:
            joining, known = _cells(text)
            cells = list(known)
            if joining and self._x:
                self._join(joining)
        if cells and self._x < self.grid.columns:
            self.grid.put(self._x, self._y, cells, self._pen)
            self.touched.add(self._y)
        self._x = min(self._x + len(cells), self.grid.columns)

    def _join(self, marks: str) -> None:
        """Characters without a width of their own belong to the cell before."""
        row = self.grid.text[self._y]
        row[self._x - (2 if row[self._x - 1] == REST else 1)] += marks
        self.touched.add(self._y)

    def _control(self, final: str, numbers: str, aside: list[str]) -> None:
        if final == "m":
            try:
                self._pen = styled(self._pen, numbers)
            except UnknownCode:
                self.lost = True
                aside.append(f"\x1b[{numbers}m")
            return
        given = [int(one) if one else 0 for one in numbers.split(";")]
        first, second = given[0], given[1] if len(given) > 1 else 0
        columns, rows = self.grid.columns, self.grid.rows
        match final:
            case "H" | "f":
                self._x, self._y = min(max(second, 1), columns) - 1, min(max(first, 1), rows) - 1
            case "G":
                self._x = min(max(first, 1), columns) - 1
            case "C":
                self._x = min(self._x + max(first, 1), columns - 1)
            case "X":
                self._erase(self._y, self._x, self._x + max(first, 1))
            case "K":
                self._erase(self._y, 0 if first else self._x, self._x + 1 if first == 1 else columns)
            case _:
                self._erase(self._y, 0 if first else self._x, self._x + 1 if first == 1 else columns)
                for y in range(self._y) if first == 1 else range(0 if first else self._y + 1, rows):
                    self._erase(y, 0, columns)

    def _erase(self, y: int, start: int, end: int) -> None:
        end = min(end, self.grid.columns)
        if start < end:
            self.grid.put(start, y, [BLANK] * (end - start), style((), "", self._pen.background, ""))
            self.touched.add(y)

    def _move(self, control: str) -> None:
        """Line feeds go to the start of the next row, as a terminal line translates them; what else could move the
        cursor has no business in a picture, and is left out."""
        if control == "\n":
            self._x, self._y = 0, min(self._y + 1, self.grid.rows - 1)
        elif control == "\r":
            self._x = 0


@lru_cache(maxsize=2048)
def _cells(text: str) -> tuple[str, tuple[str, ...]]:
    """What joins the cell before the text, and the text's own cells; as wide as Textual takes them."""
    joining, cells = "", list[str]()
    for start, end, width in split_graphemes(text)[0]:
        if width:
            cells += [text[start:end], *[REST] * (width - 1)]
        elif cells:
            cells[-1 if cells[-1] != REST else -2] += text[start:end]
        else:
            joining += text[start:end]
    return joining, tuple(cells)
