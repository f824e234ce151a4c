"""What stands on a terminal, cell by cell. Pure."""

from __future__ import annotations

from quarterdeck.records import dataclass
from quarterdeck.ui.output.style import PLAIN, Style

BLANK = " "
REST = ""
"""The second cell of a wide character."""
UNKNOWN = "\0"
"""Nobody knows what stands in this cell: it equals nothing that can be wanted there."""


@dataclass(slots=True)
class Grid:
    """Rows of cells: what is written in each (a character with all that joins it), and how it looks.

    `REST` follows a wide character, in the same style.
    """

    columns: int
    rows: int
    text: list[list[str]]
    style: list[list[Style]]

    @classmethod
    def filled(cls, columns: int, rows: int, text: str = BLANK) -> Grid:
        """A grid with the same in every cell, in the terminal's own look."""
        return cls(
            columns, rows, [[text] * columns for _ in range(rows)], [[PLAIN] * columns for _ in range(rows)]
        )  # fmt: skip

    def resized(self, columns: int, rows: int, text: str) -> Grid:
        """The upper left part in another size; `text` stands where there was nothing before."""
        grid = Grid.filled(columns, rows, text)
        width = min(columns, self.columns)
        for y in range(min(rows, self.rows)):
            grid.text[y][:width] = self.text[y][:width]
            grid.style[y][:width] = self.style[y][:width]
            if width < self.columns and self.text[y][width] == REST:
                grid.text[y][width - 1] = text
        return grid

    def put(self, x: int, y: int, cells: list[str], look: Style) -> None:
        """Write cells from left to right; what doesn't fit is lost. Halves of wide characters become blanks."""
        text, room = self.text[y], self.columns - x
        if len(cells) > room:
            torn = cells[room] == REST
            cells = [*cells[: room - 1], BLANK] if torn else cells[:room]
        end = x + len(cells)
        if text[x] == REST and x:
            text[x - 1] = BLANK
        if end < self.columns and text[end] == REST:
            text[end] = BLANK
        text[x:end] = cells
        self.style[y][x:end] = [look] * len(cells)
