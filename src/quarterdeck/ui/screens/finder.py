"""A list that typing filters and Enter runs: the palette, the help, the themes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.ui.pages import finding
from quarterdeck.ui.pages.finding import Choice
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.page import Page
from quarterdeck.ui.widgets.typed_line import TypedLine

_PAGE = 8
"""Choices that PgUp and PgDn pass over."""

Shape = Callable[[Choice, bool, int], list[Line]]
"""From a choice, whether it is marked, and the width to its lines."""


class Finder(Dialog[str]):
    """Comes back with the id of what was chosen, or None.

    Nothing in it moves by itself: the list changes with what is typed, and with the fleet.
    """

    DEFAULT_CSS = """
    Finder Horizontal { height: 1; }
    Finder .prompt { width: 2; }
    """

    def __init__(
        self,
        title: Callable[[], str],
        choices: Callable[[], Sequence[Choice]],
        shape: Shape,
        about: Callable[[Choice], Line],
        marked: Callable[[Choice | None], None],
    ) -> None:
        """`title` and `choices` are asked for again whenever something may have changed.

        `about`: what else there is to say of the marked choice. `marked`: is told which one that is, again and again.
        """
        super().__init__()
        self._heading, self._choices, self._shape, self._about = title, choices, shape, about
        self._tell_marked = marked
        keys = {
            "up": lambda: self._step(-1),
            "down": lambda: self._step(1),
            "pageup": lambda: self._step(-_PAGE),
            "pagedown": lambda: self._step(_PAGE),
            "enter": self._give,
        }
        self._typed = TypedLine("", "type to find; Enter runs, Esc closes", keys, id="typed")
        self._marked = 0
        self._marked_for = ""

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
        if self._marked_for != self._typed.value:
            self._marked_for, self._marked = self._typed.value, 0
        self._marked = max(0, min(self._marked, len(found) - 1))
        marked = found[self._marked] if found else None
        self._tell_marked(marked)
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
        self.say_below(line(("nothing matches", "dim")) if marked is None else self._about(marked))

    @on(Input.Changed, "#typed")
    def _typed_more(self) -> None:
        self.paint()

    def _step(self, by: int) -> None:
        self.paint()  # letters typed just before count first
        self._marked += by
        self.paint()

    def _give(self) -> None:
        self.paint()
        found = self._found()
        if found and found[self._marked].id:
            self.dismiss(found[self._marked].id)

    def _found(self) -> list[Choice]:
        return finding.matching(self._choices(), self._typed.value)
