"""Screen 7: the journal, newest last."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.store.base import Event
from quarterdeck.ui.pages import log
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.screens.small import Reader
from quarterdeck.ui.spans import Line, line, plain
from quarterdeck.ui.watching import EVENTS_SHOWN
from quarterdeck.ui.widgets.grid import Grid


class Log(Deck):
    """Lines of the journal; the cursor follows the newest as long as it stands there."""

    WHERE = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self._newest = ""
        self._drawn: tuple[tuple[Event, ...], str] | None = None

    def body(self) -> Widget:
        return Grid(id="body")

    def paint_body(self) -> None:
        events = self.cockpit.sight.events
        if self._drawn == (events, self.letters):
            return
        self._drawn = (events, self.letters)
        grid = self.query_one(Grid)
        following = grid.cursor_key == self._newest
        sight = self.cockpit.sight
        names = {one.id: {step.id: step.summary for step in one.plan.steps} for one in sight.operations}
        names |= {one.id: {step.id: step.summary for step in one.plan.steps} for one in sight.releases}
        rows = log.rows(events, self.letters, names)
        grid.fill(log.COLUMNS, rows, "the journal holds no such line")
        self._newest = rows[-1].key if rows else ""
        if following and rows:
            grid.put_cursor(self._newest)

    def detail(self) -> Line:
        events = self.cockpit.sight.events
        if len(events) >= EVENTS_SHOWN:
            return line("  ", (f"the last {EVENTS_SHOWN} lines; qd history shows all", "dim"))
        event = self._event()
        where = f"{clean(event.target, 60)} · " if event is not None and event.target else ""
        return line("  ", (f"{where}Enter shows the line in full; times are UTC", "dim"))

    def target(self) -> TargetId | None:
        return None

    def _event(self) -> Event | None:
        """The line under the cursor."""
        key = self.query_one(Grid).cursor_key
        return next((event for event in self.cockpit.sight.events if str(event.seq) == key), None)

    def copyable(self) -> str:
        event = self._event()
        return "" if event is None else "\n".join(plain(row) for row in log.event_lines(event, 10_000))

    def open(self) -> None:
        event = self._event()
        if event is not None:
            self.cockpit.push_screen(Reader("A line of the journal", lambda cells: log.event_lines(event, cells)))
