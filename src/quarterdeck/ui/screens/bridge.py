"""Screen 1: the whole fleet."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Cell
from quarterdeck.ui.pages import bridge
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line, plain
from quarterdeck.ui.widgets.grid import Grid, GridRow
from quarterdeck.ui.widgets.page import Page

_LINES_AROUND = 5
"""Head, attention, column heads, detail, keys."""
_MOST_RECENT = 12


class Bridge(Deck):
    """Services down, environments across."""

    WHERE = "bridge"
    BINDINGS: ClassVar[list[BindingType]] = bindings("bridge")

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="recent")]

    def paint_body(self) -> None:
        picture = self.cockpit.picture
        rows = self._matching(bridge.rows(picture))
        empty = "no service holds these letters" if self.letters else "no service is known yet"
        self.query_one(Grid).fill(bridge.columns(picture.environments), rows, empty)
        room = self.size.height - _LINES_AROUND - max(1, len(rows))
        recent = bridge.recent_lines(picture, min(room, _MOST_RECENT))
        page = self.query_one("#recent", Page)
        page.styles.height = len(recent)
        page.make(lambda _: recent)

    def on_resize(self) -> None:
        self.paint()

    def detail(self) -> Line:
        return bridge.detail_line(self.cockpit.picture, self.cell())

    def cell(self) -> Cell | None:
        """The cell under the cursor."""
        grid, picture = self.query_one(Grid), self.cockpit.picture
        row = next((row for row in picture.rows if row.service == grid.cursor_key), None)
        column = grid.cursor_column - 1
        return row.cells[column] if row is not None and 0 <= column < len(row.cells) else None

    def target(self) -> TargetId | None:
        cell = self.cell()
        return None if cell is None else cell.target

    def open(self) -> None:
        """Enter: the operation under way, if there is one, else the service."""
        cell = self.cell()
        if cell is None:
            self.say("that service doesn't exist in that environment")
        elif cell.operation is not None:
            self.cockpit.show_operation(cell.operation.id)
        else:
            self.cockpit.show_service(cell.target)

    def point_at(self, target: TargetId) -> None:
        """Put the cursor on a service's cell."""
        names = [environment.name for environment in self.cockpit.picture.environments]
        if target.environment in names:
            self.query_one(Grid).put_cursor(target.name, names.index(target.environment) + 1)

    def _matching(self, rows: list[GridRow]) -> list[GridRow]:
        letters = self.letters.lower()
        return [row for row in rows if letters in " ".join(plain(cell) for cell in row.cells).lower()]
