"""Lines of text that repaint only the cells that differ from what stands on the terminal.

Textual repaints whole regions without comparing, so what is asked to be repainted decides what a slow link carries.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from quarterdeck.ui.looks import look
from quarterdeck.ui.spans import BLANK, Line, Word, fit, printable, to_ascii, width


class Lines(Widget):
    """Shows `lines`, scrolled by `top`; one cell per character, nothing is markup."""

    DEFAULT_CSS = "Lines { width: 1fr; height: 1fr; }"

    def __init__(self, lines: Sequence[Line] = (), *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._lines = tuple(lines)
        self._painted: list[Line] = []
        self.top = 0

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead; the scroll position stays as far as possible."""
        self._lines = tuple(lines)
        self.repaint()

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines, also those that are scrolled away."""
        return self._lines

    @property
    def painted(self) -> tuple[Line, ...]:
        """What stands on the terminal, row by row."""
        return tuple(self._painted)

    def scroll_by(self, rows: int) -> None:
        """Move the window over the lines."""
        self.top += rows
        self.repaint()

    @property
    def hidden_below(self) -> int:
        """How many lines lie below the window."""
        return max(0, len(self._lines) - self.top - self.size.height)

    def window(self, height: int) -> list[Line]:
        """The lines inside a window of that height. Keeps `top` within bounds."""
        self.top = max(0, min(self.top, len(self._lines) - height))
        return list(self._lines[self.top : self.top + height])

    def repaint(self) -> None:
        """Compare with what is painted, and have the difference painted."""
        new = self._fitted()
        old, self._painted = self._painted, new
        for y, (before, after) in enumerate(zip(old, new, strict=False)):
            if before != after:
                start, end = _difference(before, after)
                self.refresh(Region(start, y, max(1, end - start), 1))

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.refresh())

    def on_resize(self) -> None:
        self._painted = self._fitted()
        self.refresh()

    def on_mouse_scroll_down(self) -> None:
        self.scroll_by(3)

    def on_mouse_scroll_up(self) -> None:
        self.scroll_by(-3)

    def render_line(self, y: int) -> Strip:
        shown = self._painted[y] if y < len(self._painted) else BLANK
        segments = [Segment(text, look(self.app, word)) for text, word in shown if text]
        return Strip(segments, width(shown))

    def _fitted(self) -> list[Line]:
        cells, height = self.size
        rows = [fit(printable(row), cells) for row in self.window(height)]
        rows += [fit(BLANK, cells)] * (height - len(rows))
        return [to_ascii(row) for row in rows] if self.app.has_class("-ascii") else rows


def _difference(before: Line, after: Line) -> tuple[int, int]:
    """The first cell that differs, and the one after the last. Both lines are equally wide."""
    one, other = _cells(before), _cells(after)
    if len(one) != len(other):
        return 0, max(len(one), len(other))
    differing = [x for x, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    return (differing[0], differing[-1] + 1) if differing else (0, 0)


def _cells(of: Line) -> list[tuple[str, Word]]:
    """One entry per terminal cell: a wide character fills two, a combining mark belongs to the one before."""
    cells: list[tuple[str, Word]] = []
    for text, word in of:
        for character in text:
            size = cell_len(character)
            if size == 0 and cells:
                cells[-1] = (cells[-1][0] + character, word)
            cells.extend([(character, word)] * size)
    return cells
