"""Small questions and long texts: a menu, a prompt for one line, a reader."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import chop_cells
from textual import on
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import BLANK, Line, line, wrap
from quarterdeck.ui.widgets.choices import Choices, Option
from quarterdeck.ui.widgets.page import Maker, Page


class Menu(Dialog[str]):
    """Comes back with the id of the chosen option, or None."""

    DEFAULT_CSS = "Menu #text { display: none; }"
    AUTO_FOCUS = "#answers"

    def __init__(self, title: str, options: Sequence[Option]) -> None:
        super().__init__(classes="-small")
        self._heading, self._options = title, tuple(options)

    def parts(self) -> list[Widget]:
        return [Choices(self._options, id="answers")]

    def paint(self) -> None:
        self.say_title(line((clean(self._heading, 120), "title")), line(("Enter chooses, Esc goes back", "dim")))

    @on(Choices.Given, "#answers")
    def _chosen(self, event: Choices.Given) -> None:
        self.dismiss(event.option)


class Prompt(Dialog[str]):
    """Asks for one line; comes back with it once `check` finds nothing wrong, or with None."""

    DEFAULT_CSS = """
    Prompt #text { height: auto; min-height: 3; }
    Prompt #line { border: none; padding: 0; height: 1; background: $qd-background; color: $qd-text; }
    """
    AUTO_FOCUS = "#line"

    def __init__(self, title: str, help_lines: Sequence[str], value: str, check: Callable[[str], str]) -> None:
        """`check` says what is wrong with a line, "" for nothing."""
        super().__init__(classes="-small")
        self._heading, self._help, self._value, self._check = title, tuple(help_lines), value, check
        self._wrong = ""

    def parts(self) -> list[Widget]:
        field = Input(self._value, id="line", compact=True, select_on_focus=False)
        field.cursor_blink = False
        return [field]

    def paint(self) -> None:
        self.say_title(line((clean(self._heading, 120), "title")), line(("Enter goes on, Esc goes back", "dim")))
        text = self.query_one("#text", Page)
        text.styles.height = max(3, len(self._lines(80)))
        text.make(self._lines)

    def _lines(self, cells: int) -> list[Line]:
        lines: list[Line] = []
        for text in self._help:
            lines += wrap(clean(text, 400), cells, word="dim")
        lines += wrap(clean(self._wrong, 400), cells, word="danger") if self._wrong else [BLANK]
        return lines

    @on(Input.Submitted, "#line")
    def _given(self, event: Input.Submitted) -> None:
        self._wrong = self._check(event.value)
        if self._wrong:
            self.paint()
        else:
            self.dismiss(event.value)


class PlainText(Dialog[None]):
    """A text without anything beside it, to be selected with the terminal's own means; any of Esc, q, Enter closes it.

    No frame: whatever stands beside a text is selected with it.
    """

    BINDINGS = [("q,enter", "back", "")]  # noqa: RUF012 (Textual's own convention)
    DEFAULT_CSS = "PlainText > #box { border: none; padding: 0; max-width: 100%; max-height: 100%; }"

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def paint(self) -> None:
        self.say_title(line(("Select it with your terminal; Esc closes", "dim")))
        self.query_one("#text", Page).make(self._lines)
        self.say_below(())

    def copyable(self) -> str:
        return self._text

    def _lines(self, cells: int) -> list[Line]:
        """Cut where the terminal would break it, and nowhere else."""
        lines: list[Line] = []
        for row in self._text.splitlines():
            lines += [line(part) for part in chop_cells(row, cells)] or [BLANK]
        return lines


class Reader(Dialog[None]):
    """Shows a text; any of Esc, q, Enter closes it."""

    BINDINGS = [("q,enter", "back", "")]  # noqa: RUF012 (Textual's own convention)

    def __init__(self, title: str, maker: Maker) -> None:
        super().__init__()
        self._heading, self._maker = title, maker

    def paint(self) -> None:
        self.say_title(line((clean(self._heading, 120), "title")), line(("Esc closes", "dim")))
        self.query_one("#text", Page).make(self._maker)
        self.say_below(())
