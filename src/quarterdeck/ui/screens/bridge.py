"""Screen 1: the whole fleet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Cell, Row
from quarterdeck.ui.pages import bridge, places
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line, plain
from quarterdeck.ui.widgets.grid import Grid, GridRow
from quarterdeck.ui.widgets.page import Page

_LINES_AROUND = 5
"""Head, attention, column heads, detail, keys."""
_MOST_RECENT = 12
_HEADING = 2
_LEAST_ROOM = 6
"""Lines under the rows below which they rather stay empty."""


class Bridge(Deck):
    """Services down, environments across."""

    WHERE = "bridge"
    BINDINGS: ClassVar[list[BindingType]] = bindings("bridge")

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def paint_body(self) -> None:
        picture = self.cockpit.picture
        rows = self._matching(bridge.rows(picture, self.size.width))
        empty = "no service holds these letters" if self.letters else "no service is known yet"
        self.query_one(Grid).fill(bridge.columns(picture), rows, empty)

    def paint_cursor(self) -> None:
        super().paint_cursor()
        below = self.query_one("#below", Page)
        below.styles.height = max(0, self.size.height - _LINES_AROUND - max(1, self.query_one(Grid).row_count))
        below.make(self._below)

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
        """Enter: the release or the operation under way, if there is one, else the service."""
        cell = self.cell()
        if cell is None:
            self.say("that service doesn't exist in that environment")
        elif cell.release is not None:
            self.cockpit.show_release(cell.release.id)
        elif cell.operation is not None:
            self.cockpit.show_operation(cell.operation.id)
        else:
            self.cockpit.show_service(cell.target)

    def point_at(self, target: TargetId) -> None:
        """Put the cursor on a service's cell."""
        names = [environment.name for environment in self.cockpit.picture.environments]
        if target.environment in names:
            self.query_one(Grid).put_cursor(target.name, names.index(target.environment) + 1)

    def _below(self, cells: int) -> list[Line]:
        """Where there is room under the rows: the places of all services, or of the one under the cursor; the past."""
        room, picture = self.query_one("#below", Page).size.height, self.cockpit.picture
        if room < _LEAST_ROOM:
            return []
        shown = places.places_lines(self._services_in_focus(room // 2 - _HEADING), cells)
        shown = shown[: room // 2]
        return [*shown, *bridge.recent_lines(picture, min(room - len(shown), _MOST_RECENT))]

    def _services_in_focus(self, most: int) -> Sequence[Row]:
        rows = self.cockpit.picture.rows
        if sum(places.count(row) for row in rows) <= most:
            return rows
        return [row for row in rows if row.service == self.query_one(Grid).cursor_key]

    def _matching(self, rows: list[GridRow]) -> list[GridRow]:
        letters = self.letters.lower()
        return [row for row in rows if letters in " ".join(plain(cell) for cell in row.cells).lower()]
