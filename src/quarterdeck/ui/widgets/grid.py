"""A table with a cursor: heads stay in sight, columns share the width, and only changed cells are repainted.

Of a large table only the rows in sight are made into lines and measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol, TypeAlias

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.message import Message

from quarterdeck.records import dataclass
from quarterdeck.ui.sharing import share_out
from quarterdeck.ui.spans import Line, Word, as_cursor, fit, line, width
from quarterdeck.ui.widgets.lines import Lines

_GAP = 2
_MEASURED_WHOLE = 200
"""Rows up to which every row has a say in how wide a column is. Beyond, those that were in sight have: a column grows
when something wider comes into sight, and doesn't shrink when it leaves."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. The cursor walks over `selectable` columns; without any it covers whole rows.

    `least` is the width below which the column is rather scrolled out of sight than squeezed. `before_others`: it gets
    the width it wants as long as the others keep their least. `word`: how its title looks.
    """

    title: str
    selectable: bool = False
    least: int = 10
    before_others: bool = False
    word: Word = "heading"


class Shown(Protocol):
    """A row: `key` is what it stays known by when others come and go; `cells` may be made when they are asked for."""

    @property
    def key(self) -> str: ...
    @property
    def cells(self) -> tuple[Line, ...]: ...


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row whose cells are made already."""

    key: str
    cells: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A line between rows; the cursor passes over it."""

    text: Line


AnyRow: TypeAlias = Shown | Heading


class Grid(Lines, can_focus=True):
    """Rows under column heads, and a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left", "sidestep(-1)", show=False),
        Binding("right", "sidestep(1)", show=False),
        Binding("pageup,ctrl+b", "page(-1)", show=False),
        Binding("pagedown,ctrl+f", "page(1)", show=False),
        Binding("home,g", "move(-1000000000)", show=False),
        Binding("end,G", "move(1000000000)", show=False),
        Binding("enter", "open", show=False),
    ]

    class Opened(Message):
        """Enter was pressed (or the row under the cursor clicked)."""

    class Moved(Message):
        """The cursor stands somewhere else."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._empty = ""
        self._columns: tuple[Column, ...] = ()
        self._rows: Sequence[AnyRow] = ()
        self._row = 0
        self._column = 0
        self._naturals: list[int] = []

    def fill(self, columns: Sequence[Column], rows: Sequence[AnyRow], empty: str = "") -> None:
        """Show these rows, or `empty` where there are none.

        The cursor stays on the row it was on, if that still exists. The rows must not be changed afterwards.
        """
        before, self._empty = self.cursor_key, empty
        if tuple(columns) != self._columns:
            self._columns, self._naturals = tuple(columns), []
        self._rows = rows
        at = self._row_of(before) if before else None
        self._row = self._passable(self._row, 1) if at is None else at
        selectable = self._selectable()
        if selectable and self._column not in selectable:
            self._column = selectable[-1]
        if len(rows) <= _MEASURED_WHOLE:
            self._naturals = []
            self._measure(rows)
        self.repaint()

    @property
    def cursor_key(self) -> str:
        """The key of the row under the cursor, "" if there is none."""
        row = self._rows[self._row] if self._row < len(self._rows) else None
        return "" if row is None or isinstance(row, Heading) else row.key

    @property
    def row_count(self) -> int:
        """How many lines the rows take, headings between them included."""
        return len(self._rows)

    @property
    def edges(self) -> tuple[int, ...]:
        """Where each column that is in sight ends, in cells from the left; none without columns."""
        widths = [cells for cells in self._widths() if cells] if self._naturals else []
        return tuple(sum(widths[: i + 1]) for i in range(len(widths)))

    @property
    def cursor_column(self) -> int:
        """The index of the column under the cursor."""
        return self._column

    def put_cursor(self, key: str, column: int | None = None) -> None:
        """Move the cursor to a row (and column), if it exists."""
        row = self._row_of(key)
        if row is not None:
            self._row = row
        if column in self._selectable():
            self._column = column
        self._settle()

    def action_move(self, rows: int) -> None:
        self._row = self._passable(self._row + rows, 1 if rows > 0 else -1)
        self._settle()

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self.size.height - 2))

    def action_sidestep(self, columns: int) -> None:
        selectable = self._selectable()
        if selectable:
            at = selectable.index(self._column) if self._column in selectable else 0
            self._column = selectable[max(0, min(at + columns, len(selectable) - 1))]
            self._settle()

    def action_open(self) -> None:
        if self._rows:
            self.post_message(self.Opened())

    def on_click(self, event: Click) -> None:
        row = self.top + event.y - 1
        if not event.y or row >= len(self._rows) or isinstance(self._rows[row], Heading):
            return
        column = self._column_at(event.x)
        again = (row, column) == (self._row, self._column)
        self._row, self._column = row, column
        self._settle()
        if again:
            self.action_open()

    def scroll_by(self, rows: int) -> None:
        """The wheel moves the cursor: what is acted on is always in sight."""
        self.action_move(rows)

    def window(self, height: int) -> list[Line]:
        room = max(1, height - 1)
        self.top = max(0, min(self.top, self._row, len(self._rows) - room))
        self.top = max(self.top, self._row - room + 1)
        if self.top == self._row > 0 and isinstance(self._rows[self.top - 1], Heading):
            self.top -= room > 1  # what the first row stands under stays in sight
        in_sight = self._rows[self.top : self.top + room]
        if len(self._rows) > _MEASURED_WHOLE or not self._naturals:
            self._measure(in_sight)
        widths = self._widths()
        head = self._heads(widths)
        if not self._rows:
            return [head, line((self._empty, "dim"))]
        return [head, *(self._line(row, widths, self.top + i == self._row) for i, row in enumerate(in_sight))]

    def _measure(self, rows: Sequence[AnyRow]) -> None:
        """Let these rows have a say in how wide the columns are."""
        naturals = self._naturals or [width(line(column.title)) + _GAP for column in self._columns]
        for row in rows:
            if not isinstance(row, Heading):
                for i, cell in enumerate(row.cells):
                    naturals[i] = max(naturals[i], width(cell) + _GAP)
        self._naturals = naturals

    def _row_of(self, key: str) -> int | None:
        rows = enumerate(self._rows)
        return next((at for at, row in rows if not isinstance(row, Heading) and row.key == key), None)

    def _passable(self, row: int, way: int) -> int:
        """The row itself; where that is a heading, the nearest row that way, or else the other way."""
        if not self._rows:
            return 0
        row = max(0, min(row, len(self._rows) - 1))
        onwards, back = (range(row, len(self._rows)), range(row, -1, -1))[::way]
        found = (at for at in (*onwards, *back) if not isinstance(self._rows[at], Heading))
        return next(found, 0)

    def _settle(self) -> None:
        self.repaint()
        self.post_message(self.Moved())

    def _selectable(self) -> list[int]:
        return [i for i, column in enumerate(self._columns) if column.selectable]

    def _heads(self, widths: Sequence[int]) -> Line:
        """The titles; where columns are out of sight, how many and on which side, never over the cursor's own title."""
        titles = [line((column.title, column.word)) for column in self._columns]
        hidden = [i for i in self._selectable() if not widths[i]]
        shown = [i for i in self._selectable() if widths[i]]
        if not hidden:
            return self._titles(titles, widths)
        more = (
            f"{'< ' if hidden[0] < self._column else ''}{len(hidden)} more{' >' if hidden[-1] > self._column else ''}"
        )
        if len(shown) > 1 and shown[-1] == self._column:
            titles[shown[0]] = line((more, "attention"))
            return self._titles(titles, widths)
        cells = self.size.width
        return (*fit(self._titles(titles, widths), cells - len(more) - 1), (" ", "text"), (more, "attention"))

    @staticmethod
    def _titles(titles: Sequence[Line], widths: Sequence[int]) -> Line:
        """Each as wide as its column, with the gap behind it."""
        shown: Line = ()
        for title, cells in zip(titles, widths, strict=True):
            shown = (*shown, *fit(fit(title, cells - _GAP), cells)) if cells else shown
        return shown

    def _column_at(self, x: int) -> int:
        """The column in which a cell of the terminal lies, the one under the cursor where none is to be chosen."""
        edge = 0
        for i, cells in enumerate(self._widths()):
            edge += cells
            if x < edge:
                return i if self._columns[i].selectable else self._column
        return self._column

    def _line(self, row: AnyRow, widths: Sequence[int], current: bool) -> Line:
        if isinstance(row, Heading):
            return row.text
        whole = current and not self._selectable()
        shown: Line = ()
        for i, (cell, cells) in enumerate(zip(row.cells, widths, strict=True)):
            if not cells:
                continue
            # The gap stays outside the cursor, so that a cut word and the next column never touch.
            inner = fit(cell, cells - _GAP)
            here = whole or (current and i == self._column)
            shown = (*shown, *(as_cursor(inner) if here else inner), (" " * _GAP, "cursor" if whole else "text"))
        return shown

    def _widths(self) -> list[int]:
        """The width of each column; 0 for one that is scrolled out of sight."""
        room = self.size.width
        keep = list(range(len(self._columns)))
        while sum(self._least(i) for i in keep) > room:
            hideable = [i for i in keep if self._columns[i].selectable and i != self._column]
            if not hideable:
                break
            keep.remove(max(hideable, key=lambda i: abs(i - self._column)))
        widths = [0] * len(self._columns)
        others = [i for i in keep if not self._columns[i].before_others]
        for i in (i for i in keep if self._columns[i].before_others):
            spare = room - sum(self._least(other) for other in keep if other != i and not widths[other])
            widths[i] = max(self._least(i), min(self._naturals[i], spare))
            room -= widths[i]
        for i, cells in zip(others, share_out([self._naturals[i] for i in others], room), strict=True):
            widths[i] = cells
        return widths

    def _least(self, index: int) -> int:
        return min(self._naturals[index], self._columns[index].least + _GAP)
