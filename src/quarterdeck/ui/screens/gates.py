"""Screen 4: one inbox for everything that waits for a person or a gate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.pipeline_view import RunView, unread
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.standing_view import InboxItem
from quarterdeck.ui import deciding
from quarterdeck.ui.fields import offers
from quarterdeck.ui.pages import gates as pages
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import BLANK, Line, line
from quarterdeck.ui.trail import Place
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.completing import Offer

_AROUND = 5
"""Head, attention, what waits in all, detail, keys."""


class Gates(Deck):
    """What waits, one row each; below the one under the cursor, and what stands guard."""

    WHERE = "gates"
    TICKS = True
    BINDINGS: ClassVar[list[BindingType]] = bindings("gates")
    DEFAULT_CSS = "Gates > #told { height: 1; } Gates > #below { height: 1fr; }"

    def above(self) -> list[Widget]:
        return [Page(id="told", classes="one-line")]

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def paint_body(self) -> None:
        grid = self.query_one(Grid)
        inbox = self.cockpit.picture.inbox
        shown = pages.matching(inbox, self.letters)
        rows = pages.rows(shown)
        unknown = sum(1 for _ in unread(self.cockpit.picture.pipelines))
        told = pages.told_line(inbox, len(rows), self.letters, self.cockpit.keys.shown("back"), unknown)
        self.query_one("#told", Page).make(lambda _: [told])
        empty = "nothing is like that" if self.letters else self.nothing("nothing waits for anybody")
        grid.styles.height = 1 + max(1, min(len(rows), (self.size.height - _AROUND) * 2 // 5))
        grid.fill(pages.columns(shown), rows, empty)

    def paint_cursor(self) -> None:
        super().paint_cursor()
        self.query_one("#below", Page).make(self._below)

    def grammar(self) -> str:
        return pages.GRAMMAR

    def found_names(self, typed: str) -> Sequence[Offer]:
        inbox = self.cockpit.picture.inbox
        known = {
            "kind": [item.kind.partition(" ")[0] for item in inbox],
            "env": [item.target.environment for item in inbox if item.target is not None],
            "release": [item.release or item.run for item in inbox],
            "who": [],
        }
        return offers(typed, known)

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)

    def detail(self) -> Line:
        item = self.item()
        if item is None:
            return BLANK
        told = "Enter pays the debt" if item.kind == "debt" else "Enter opens the release"
        told = "Enter shows the run" if item.run else told
        return line("  ", (told, "dim"))

    def item(self) -> InboxItem | None:
        key = self.query_one(Grid).cursor_key
        return next((item for item in self.cockpit.picture.inbox if item.key == key), None)

    def release(self) -> ReleaseView | None:
        item = self.item()
        return self.cockpit.picture.release(item.release) if item is not None else None

    def run_here(self) -> RunView | None:
        item = self.item()
        return self.cockpit.picture.run(item.run) if item is not None and item.run else None

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        """What is decided about runs of pipelines; releases are the cockpit's."""
        run, item = self.run_here(), self.item()
        if run is None or item is None:
            return {}
        return {
            "approve": lambda: deciding.decide(self.cockpit, run, "approve", item.key),
            "reject": lambda: deciding.decide(self.cockpit, run, "reject", item.key),
        }

    def step(self) -> str:
        item = self.item()
        return item.step if item is not None else ""

    def target(self) -> TargetId | None:
        item = self.item()
        return item.target if item is not None else None

    def copyable(self) -> str:
        item = self.item()
        return "" if item is None else item.twin or item.key

    def open(self) -> None:
        item = self.item()
        if item is not None and item.kind == "debt":
            self.cockpit.do("pay")
        elif item is not None and item.run:
            self.cockpit.steering.go(Place("pipelines", key=item.run))
        elif item is not None:
            self.cockpit.show_release(item.release)

    def _below(self, cells: int) -> list[Line]:
        item = self.item()
        told = [BLANK, *pages.item_lines(item, cells)] if item is not None else []
        guards = pages.guard_lines(self.cockpit.picture.guards, cells)
        return [*told, BLANK, *guards] if guards else told
