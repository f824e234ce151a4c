"""Screen 6: runs of pipelines, and what they wait for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.pipeline_view import PipelineView, RunView
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui import deciding
from quarterdeck.ui.pages import pipelines as pages
from quarterdeck.ui.screens import catalogue
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import BLANK, Line
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

_AROUND = 4
"""Head, attention, detail, keys."""


class Pipelines(Deck):
    """Runs, one row each; below the one under the cursor."""

    WHERE = "pipelines"
    BINDINGS: ClassVar[list[BindingType]] = bindings("pipelines")
    DEFAULT_CSS = "Pipelines > #below { height: 1fr; }"

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def paint_body(self) -> None:
        grid, cells = self.query_one(Grid), self.size.width
        pipelines = self.cockpit.picture.pipelines
        rows = self.matching(pages.rows(pipelines, cells))
        undeclared = "no pipeline is declared: `pipelines:` does it"
        empty = "no run holds these letters" if self.letters else self.nothing(undeclared)
        grid.styles.height = 1 + max(1, min(len(rows), (self.size.height - _AROUND) // 2 - 1))
        grid.fill(pages.columns(cells), rows, empty)

    def paint_cursor(self) -> None:
        super().paint_cursor()
        self.query_one("#below", Page).make(self._below)

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)

    def detail(self) -> Line:
        return pages.detail_line(self.pipeline(), self.run_here())

    def run_here(self) -> RunView | None:
        key = self.query_one(Grid).cursor_key
        return self.cockpit.picture.run(key) if key and not pages.is_pipeline(key) else None

    def pipeline(self) -> PipelineView | None:
        """The pipeline under the cursor, or whose run is."""
        run, key = self.run_here(), self.query_one(Grid).cursor_key
        named = str(run.target) if run is not None else key
        return next((one for one in self.cockpit.picture.pipelines if pages.key_of(one) == named), None)

    def target(self) -> TargetId | None:
        pipeline = self.pipeline()
        return None if pipeline is None else pipeline.target

    def release(self) -> ReleaseView | None:
        return None

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        run, target, cockpit = self.run_here(), self.target(), self.cockpit
        found: dict[str, Callable[[], Any]] = {}
        if target is not None:
            found["start-run"] = lambda: deciding.start(cockpit, target)
        if run is not None:
            found |= {
                "approve": lambda: deciding.decide(cockpit, run, "approve"),
                "reject": lambda: deciding.decide(cockpit, run, "reject"),
                "cancel-run": lambda: deciding.cancel(cockpit, run),
                "rerun": lambda: deciding.again(cockpit, run),
            }
        return found

    def open(self) -> None:
        """Enter: the operation that answers it, if there is one, else all there is to say of it."""
        run, pipeline = self.run_here(), self.pipeline()
        if run is not None and run.operation:
            self.cockpit.show_operation(run.operation)
        elif run is not None and pipeline is not None:
            reader = catalogue.reader(run.name, lambda cells: pages.run_lines(pipeline, run, cells))
            self.cockpit.push_screen(reader)

    def _below(self, cells: int) -> list[Line]:
        run, pipeline = self.run_here(), self.pipeline()
        if pipeline is None:
            return []
        if run is None:
            return [BLANK, *pages.pipeline_lines(pipeline, cells)]
        return [BLANK, *pages.run_lines(pipeline, run, cells)]
