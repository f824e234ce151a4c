"""Screen 3: releases, running and past; the chosen one with its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui import report_writing
from quarterdeck.ui.draining import still_draining
from quarterdeck.ui.pages import releases as pages
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

_AROUND = 4
"""Head, attention, detail, keys."""
_MOST_ROWS = 12


class Releases(Deck):
    """Releases down; below them the one under the cursor."""

    WHERE = "releases"
    TICKS = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("releases"),
        Binding("ctrl+d", "scroll_below(6)", show=False),
        Binding("ctrl+u", "scroll_below(-6)", show=False),
    ]
    DEFAULT_CSS = "Releases > #below { height: 1fr; }"

    def __init__(self, release: str = "") -> None:
        """`release` is the id of the one to begin at."""
        super().__init__()
        self._begin_at = release

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def paint_body(self) -> None:
        grid = self.query_one(Grid)
        start = self.cockpit.keys.shown("promote")
        rows = self.matching(pages.rows(self.cockpit.picture.releases))
        none = f"no release yet: {start} on the Bridge starts one"
        empty = "no release holds these letters" if self.letters else self.nothing(none)
        room = self.size.height - _AROUND
        grid.styles.height = 1 + max(1, min(len(rows), _MOST_ROWS, room // 4))
        grid.fill(pages.COLUMNS, rows, empty)
        if self._begin_at:
            grid.put_cursor(self._begin_at)
            self._begin_at = ""

    def paint_cursor(self) -> None:
        super().paint_cursor()
        release = self.release()
        page = self.query_one("#below", Page)
        draining = still_draining(self.cockpit, release)
        now = self.cockpit.picture.at
        page.make(lambda cells: [] if release is None else [(), *pages.release_lines(release, now, cells, draining)])

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)

    def detail(self) -> Line:
        release = self.release()
        if release is None:
            return ()
        more = self.query_one("#below", Page).hidden_below
        told = line("  ", ("Enter opens its steps", "dim"))
        return (*told, (f"  ▼ {more} more: Ctrl+D", "attention")) if more else told

    def release(self) -> ReleaseView | None:
        return self.cockpit.picture.release(self.query_one(Grid).cursor_key)

    def target(self) -> TargetId | None:
        release = self.release()
        return release.targets[0] if release is not None and release.targets else None

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        """The report of the release under the cursor, whether it still runs or not."""
        return {"report": self._report}

    def _report(self) -> None:
        release = self.release()
        if release is None:
            self.say("there is no release under the cursor")
        else:
            report_writing.write(self.cockpit, release.id)

    def copyable(self) -> str:
        release = self.release()
        return "" if release is None else release.id

    def open(self) -> None:
        release = self.release()
        if release is not None:
            self.cockpit.show_release(release.id)

    def action_scroll_below(self, rows: int) -> None:
        self.query_one("#below", Page).scroll_by(rows)
        super().paint_cursor()
