"""One release: its steps with a cursor, what is to know about it above, about the step below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.release_view import ReleaseView, StepView
from quarterdeck.ui import report_writing
from quarterdeck.ui.draining import still_draining
from quarterdeck.ui.pages import releases as pages
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.screens.small import Reader
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page


class Release(Deck):
    """The steps of a release. The cursor begins at the one under way, and follows it as long as it stands there."""

    WHERE = "release"
    TICKS = True
    BINDINGS: ClassVar[list[BindingType]] = bindings("release")
    DEFAULT_CSS = """
    Release > #above { height: auto; }
    Release > #below { height: auto; }
    """

    def __init__(self, release: str) -> None:
        super().__init__()
        self._release = release
        self._followed = ""

    def above(self) -> list[Widget]:
        return [Page(id="above")]

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def environment(self) -> str:
        release = self.release()
        return "" if release is None else release.environment

    def paint_body(self) -> None:
        release = self.release()
        above, grid = self.query_one("#above", Page), self.query_one(Grid)
        if release is None:
            above.styles.height = 1
            above.make(lambda _: [line((f"release {self._release} is not in the store any more", "attention"))])
            return
        draining = still_draining(self.cockpit, release)
        now = self.cockpit.picture.at

        def head(cells: int) -> list[Line]:
            return [*pages.head_lines(release, cells, draining), *pages.progress_lines(release, now, cells)]

        most = max(4, self.size.height // 3)
        above.styles.height = min(len(head(max(20, self.size.width))), most)
        above.make(lambda cells: head(cells)[:most])
        current = release.current
        following = grid.cursor_key == self._followed
        grid.fill(pages.step_columns(release), pages.step_rows(release), "this release has no steps")
        if following and current is not None:
            self._followed = current.id
            grid.put_cursor(current.id)

    def paint_cursor(self) -> None:
        super().paint_cursor()
        release, step = self.release(), self._step()
        below = self.query_one("#below", Page)
        if release is None or step is None:
            below.styles.height = 0
            return
        most = max(3, self.size.height // 3)
        below.styles.height = min(len(pages.under_cursor(step, max(20, self.size.width))), most)
        below.make(lambda cells: pages.under_cursor(step, cells)[:most])

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)

    def detail(self) -> Line:
        release, undo = self.release(), self.cockpit.keys.shown("undo-to")
        back = f"; {undo} takes back what came after it" if release is not None and release.open else ""
        return line("  ", (f"Enter shows the step in full{back}", "dim"))

    def release(self) -> ReleaseView | None:
        return self.cockpit.picture.release(self._release)

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        """The report of this release, whether it still runs or not."""
        return {"report": lambda: report_writing.write(self.cockpit, self._release)}

    def copyable(self) -> str:
        return self._release

    def about(self) -> str:
        return self._release

    def step(self) -> str:
        return self.query_one(Grid).cursor_key

    def target(self) -> TargetId | None:
        step, release = self._step(), self.release()
        if step is not None:
            return step.target
        return release.targets[0] if release is not None and release.targets else None

    def open(self) -> None:
        """Enter: the operation of a write, else the step with all its evidence."""
        release, step = self.release(), self._step()
        if release is None or step is None:
            return
        operation = step.undo or step.operation
        if operation:
            self.cockpit.show_operation(operation)
            return
        told = next((one for one in self.cockpit.sight.releases if one.id == release.id), None)
        samples = told.samples.get(step.id, ()) if told is not None else ()
        title = f"Step {step.id} of {release.title}"
        self.cockpit.push_screen(Reader(title, lambda cells: pages.step_lines(release, step, samples, cells)))

    def _step(self) -> StepView | None:
        release = self.release()
        return None if release is None else release.step(self.step())
