"""A row or a list of answers, one of which is marked; Enter gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from quarterdeck.records import dataclass
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import Line, as_cursor, fit, line
from quarterdeck.ui.widgets.lines import Lines


@dataclass(frozen=True, slots=True)
class Option:
    """An answer: what comes back, what it is called, and what it does (for lists)."""

    id: str
    label: str
    explanation: str = ""


class Choices(Lines, can_focus=True):
    """Answers below each other, the first one marked."""

    DEFAULT_CSS = "Choices { height: auto; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k,left", "step(-1)", show=False),
        Binding("down,j,right", "step(1)", show=False),
        Binding("enter", "give", show=False),
    ]

    class Given(Message):
        """An answer was given."""

        def __init__(self, sender: Choices, option: str) -> None:
            super().__init__()
            self.sender, self.option = sender, option

        @property
        def control(self) -> Choices:
            return self.sender

    def __init__(self, options: Sequence[Option] = (), *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._options = tuple(options)
        self._index = 0

    def offer(self, options: Sequence[Option]) -> None:
        """Offer these instead; the mark goes to the first if they differ."""
        if tuple(options) != self._options:
            self._options, self._index = tuple(options), 0
            self.styles.height = max(1, len(self._options))
            self.repaint()

    def on_mount(self) -> None:
        self.styles.height = max(1, len(self._options))

    def action_step(self, by: int) -> None:
        if self._options:
            self._index = (self._index + by) % len(self._options)
            self.repaint()

    def action_give(self) -> None:
        if self._options:
            self.post_message(self.Given(self, self._options[self._index].id))

    def watch_has_focus(self, has_focus: bool) -> None:
        # Not on_focus and on_blur: those come before Textual has noted it.
        super().watch_has_focus(has_focus)
        self.repaint()

    def window(self, height: int) -> list[Line]:
        widest = max((len(option.label) for option in self._options), default=0)
        rows = []
        for i, option in enumerate(self._options):
            label = line(f"{option.label:<{widest}} ")
            marked = i == self._index and self.has_focus
            first = (marks.pointer(marked), *(as_cursor(label) if marked else label), ("  ", "text"))
            rows.append(fit((*first, (option.explanation, "dim")), self.size.width))
        return rows


class Buttons(Choices, inherit_bindings=False):
    """Answers beside each other on one line, in brackets. Up and down are left to the text above."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", show=False),
        Binding("right", "step(1)", show=False),
        Binding("enter", "give", show=False),
    ]

    def offer(self, options: Sequence[Option]) -> None:
        super().offer(options)
        self.styles.height = 1

    def on_mount(self) -> None:
        self.styles.height = 1

    def window(self, height: int) -> list[Line]:
        spans: Line = ()
        for i, option in enumerate(self._options):
            button = line((f"[ {option.label} ]", "key"))
            marked = i == self._index and self.has_focus
            spans = (*spans, marks.pointer(marked), *(as_cursor(button) if marked else button), (" ", "text"))
        return [spans]
