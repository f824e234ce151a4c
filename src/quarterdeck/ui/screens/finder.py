"""A list that typing filters and Enter runs: the palette, the help, the themes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.ui.pages import finding
from quarterdeck.ui.pages.finding import Choice
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.page import Page

Shape = Callable[[Choice, bool, int], list[Line]]
"""From a choice, whether it is marked, and the width to its lines."""


class Finder(Dialog[str]):
    """Comes back with the id of what was chosen, or None.

    Nothing in it moves by itself: the list changes with what is typed, and with the fleet.
    """

    DEFAULT_CSS = """
    Finder Horizontal { height: 1; }
    Finder .prompt { width: 2; }
    Finder #typed { border: none; padding: 0; width: 1fr; background: $qd-background; color: $qd-text; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", show=False, priority=True),
        Binding("down", "step(1)", show=False, priority=True),
        Binding("pageup", "step(-8)", show=False, priority=True),
        Binding("pagedown", "step(8)", show=False, priority=True),
    ]

    def __init__(self, title: Callable[[], str], choices: Callable[[], Sequence[Choice]], shape: Shape) -> None:
        """`title` and `choices` are asked for again whenever something may have changed."""
        super().__init__()
        self._heading, self._choices, self._shape = title, choices, shape
        self._typed = Input(id="typed", placeholder="type to find; Enter runs, Esc closes", compact=True)
        self._typed.cursor_blink = False
        self._marked = 0

    def parts(self) -> list[Widget]:
        return [Horizontal(Page(classes="prompt"), self._typed)]

    def on_mount(self) -> None:
        # Not AUTO_FOCUS: the next key may have been typed already.
        self.set_focus(self._typed)
        self.query_one(".prompt", Page).make(lambda _: [line(("/", "key"))])
        self.paint()

    def paint(self) -> None:
        if not self.is_mounted:
            return
        found = self._found()
        self._marked = max(0, min(self._marked, len(found) - 1))
        marked = found[self._marked] if found else None
        self.say_title(line((clean(self._heading(), 120), "title")), line((f"{len(found)}", "dim")))
        page = self.query_one("#text", Page)
        cells, height = page.size
        if not cells:
            return
        lines: list[Line] = []
        for number, choice in enumerate(found):
            begin = len(lines)
            lines += self._shape(choice, number == self._marked, cells)
            if number == self._marked:
                page.top = max(min(page.top, begin), len(lines) - height)
        page.make(lambda _: lines)
        self.say_below(finding.about_line(marked))

    def action_step(self, by: int) -> None:
        """The mark goes up or down."""
        self._marked += by
        self.paint()

    @on(Input.Changed, "#typed")
    def _typed_more(self) -> None:
        self._marked = 0
        self.query_one("#text", Page).top = 0
        self.paint()

    @on(Input.Submitted, "#typed")
    def _given(self) -> None:
        found = self._found()
        if found and found[self._marked].id:
            self.dismiss(found[self._marked].id)

    def _found(self) -> list[Choice]:
        return finding.matching(self._choices(), self._typed.value)
