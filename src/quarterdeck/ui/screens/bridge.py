"""Screen 1: the whole fleet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import replace
from quarterdeck.release.picture import Cell, Row
from quarterdeck.ui import keeping
from quarterdeck.ui.filtering import Filter
from quarterdeck.ui.pages import bridge, places
from quarterdeck.ui.pages.arranging import SECONDS, Arranged, Arranger, View
from quarterdeck.ui.pages.cells import Look
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line
from quarterdeck.ui.widgets.grid import AnyRow, Grid
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
    DEFAULT_CSS = "Bridge > #told { height: 1; display: none; } Bridge.-telling > #told { display: block; }"

    def __init__(self) -> None:
        super().__init__()
        self._view = View()
        self._arranger = Arranger()
        self._arranged = Arranged((), bridge.NOTHING_HIDDEN)
        self._marked: dict[TargetId, None] = {}
        self._made: dict[str, bridge.BridgeRow] = {}
        self._made_for: object = None

    def on_mount(self) -> None:
        self._view = keeping.recall(self.cockpit.settings.store_path)
        super().on_mount()

    def above(self) -> list[Widget]:
        return [Page(id="told", classes="one-line")]

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        return {"mark": self._mark, "pin": self._pin, "view": self._choose_view, "hide-healthy": self._hide_healthy}

    # --- painting -------------------------------------------------------------------------------------------------
    def paint_body(self) -> None:
        picture, grid = self.cockpit.picture, self.query_one(Grid)
        self._forget_what_is_gone()
        self._arranged = self._arranger.arrange(
            picture.rows,
            self._view,
            changed_after=self._changed_after(),
            matches=Filter.parse(self.letters).matches if self.letters else None,
            keep={target.name for target in self._marked},
        )
        look = bridge.look(picture, self.size.width)
        empty = "no service is known yet" if not picture.rows else "nothing to show: all that is here is hidden"
        grid.fill(bridge.columns(picture, look), self._grid_rows(look), empty)
        self._tell()

    def _grid_rows(self, look: Look) -> Sequence[AnyRow]:
        """The rows as the grid takes them; those that say the same as before are the same objects."""
        made_for = (look, tuple(self._marked), self._view.pins)
        if made_for != self._made_for:
            self._made, self._made_for = {}, made_for
        rows: list[AnyRow] = []
        made = self._made
        for part in self._arranged.parts:
            if part.title:
                rows.append(bridge.heading(part, self.size.width))
            for row in part.rows:
                known = made.get(row.service)
                if known is None or known.row is not row:
                    pinned = row.service in self._view.pins
                    known = made[row.service] = bridge.BridgeRow(row, look, self._marked, pinned=pinned)
                rows.append(known)
        return rows

    def _tell(self) -> None:
        told = bridge.told_line(
            self._view, self._arranged.hidden, len(self._marked), self.letters, self.cockpit.keys.shown
        )
        self.set_class(bool(told), "-telling")
        self.query_one("#told", Page).make(lambda _: [told])

    def paint_cursor(self) -> None:
        super().paint_cursor()
        below = self.query_one("#below", Page)
        around = _LINES_AROUND + self.has_class("-telling") + self.lines_of_tour()
        below.styles.height = max(0, self.size.height - around - max(1, self.query_one(Grid).row_count))
        below.make(self._below)

    def on_resize(self) -> None:
        self.paint()

    def detail(self) -> Line:
        cell = self.cell()
        if cell is None:
            return ()
        marked, pinned = cell.target in self._marked, self.query_one(Grid).cursor_key in self._view.pins
        return bridge.detail_line(cell, marked=marked, pinned=pinned)

    # --- the cursor -----------------------------------------------------------------------------------------------
    def _row(self) -> Row | None:
        """The row under the cursor."""
        known = self._made.get(self.query_one(Grid).cursor_key)
        return None if known is None else known.row

    def cell(self) -> Cell | None:
        """The cell under the cursor."""
        row, column = self._row(), self.query_one(Grid).cursor_column - 1
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

    async def find(self) -> None:
        """Open the line for letters; what they are looked for in is put together before the first one is typed."""
        await super().find()
        self.call_after_refresh(lambda: self._arranger.learn(self.cockpit.picture.rows))

    def back(self) -> bool:
        """Esc: end finding first, then let go of what is marked. True if there was something to end."""
        if super().back():
            return True
        if not self._marked:
            return False
        self.unmark()
        return True

    # --- marks and pins -------------------------------------------------------------------------------------------
    def marked(self) -> tuple[TargetId, ...]:
        """What is marked, from the top and the left."""
        if not self._marked:
            return ()
        cells = (cell for row in self._arranged.rows for cell in row.cells if cell is not None)
        shown = [cell.target for cell in cells if cell.target in self._marked]
        return (*shown, *(target for target in self._marked if target not in shown))

    def unmark(self) -> None:
        """Let go of everything that is marked."""
        self._marked = {}
        self.paint()

    def _mark(self) -> None:
        target = self.target()
        if target is None:
            self.say("that service doesn't exist in that environment")
            return
        if target in self._marked:
            del self._marked[target]
        else:
            self._marked[target] = None
        self.paint()

    def _forget_what_is_gone(self) -> None:
        if self._marked:
            self._marked = {target: None for target in self._marked if self.cockpit.picture.cell(target) is not None}

    def _pin(self) -> None:
        service, pins = self.query_one(Grid).cursor_key, self._view.pins
        if service in pins:
            self.view_as(replace(self._view, pins=tuple(pin for pin in pins if pin != service)))
        elif service:
            self.view_as(replace(self._view, pins=(*pins, service)))

    # --- the view -------------------------------------------------------------------------------------------------
    def view_as(self, view: View) -> None:
        """Arrange the services like this from now on."""
        self._view = view
        keeping.keep(self.cockpit.settings.store_path, view)
        self.paint()

    def _hide_healthy(self) -> None:
        self.view_as(replace(self._view, hide_healthy=not self._view.hide_healthy))

    def _choose_view(self) -> None:
        from quarterdeck.ui.screens.view import ViewMenu

        def chosen(view: View | None) -> None:
            if view is not None:
                self.view_as(view)

        self.cockpit.push_screen(ViewMenu(self._view, self.cockpit.left_at is not None), chosen)

    def _changed_after(self) -> float:
        since = self._view.since
        if since == "left":
            return self.cockpit.left_at or 0
        return self.cockpit.picture.at - SECONDS[since] if since in SECONDS else 0

    # --- below the rows -------------------------------------------------------------------------------------------
    def _below(self, cells: int) -> list[Line]:
        """Where there is room under the rows: the places of all services, or of the one under the cursor; the past."""
        room, picture = self.query_one("#below", Page).size.height, self.cockpit.picture
        if room < _LEAST_ROOM:
            return []
        shown = places.places_lines(self._services_in_focus(room // 2 - _HEADING), cells)
        shown = shown[: room // 2]
        return [*shown, *bridge.recent_lines(picture, min(room - len(shown), _MOST_RECENT))]

    def _services_in_focus(self, most: int) -> Sequence[Row]:
        rows = self._arranged.rows
        if len(rows) <= most and sum(places.count(row) for row in rows) <= most:
            return rows
        row = self._row()
        return [] if row is None else [row]
