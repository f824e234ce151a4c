"""Lines that are typed at the bottom of a screen: letters to find, and commands. They stand there only while needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.ui import completing
from quarterdeck.ui.completing import Known, Offer
from quarterdeck.ui.filtering import GRAMMAR
from quarterdeck.ui.pages.command import told_lines
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.page import Page
from quarterdeck.ui.widgets.typed_line import TypedLine

_MOST_OFFERED = 8
"""Offers that are shown above a line of letters to find."""


class Entry(Vertical):
    """A prompt, a line to type in, and room above it to say something.

    It lies over the lowest lines of the screen: nothing moves when it comes or goes.
    """

    DEFAULT_CSS = """
    Entry { height: auto; dock: bottom; layer: typing; background: $qd-background; }
    Entry > .told { height: 0; }
    Entry > Horizontal { height: 1; }
    Entry > Horizontal > Page { width: 3; height: 1; }
    """

    PROMPT: ClassVar[str]
    keeps_letters: ClassVar[bool] = True
    """Whether what was being found stays when this is left by Esc."""

    def __init__(self, field: TypedLine) -> None:
        super().__init__(id=f"{field.id}-entry")
        self._field = field

    def compose(self) -> ComposeResult:
        yield Page(classes="told")
        with Horizontal():
            yield Page(classes="prompt")
            yield self._field

    def on_mount(self) -> None:
        prompt = line("  ", (self.PROMPT, "key"))
        self.query_one(".prompt", Page).make(lambda _: [prompt])
        # Not AUTO_FOCUS: the next key may have been typed already.
        self.screen.set_focus(self._field)

    def tell(self, lines: Sequence[Line]) -> None:
        """Show these lines above what is typed."""
        page = self.query_one(".told", Page)
        page.styles.height = len(lines)
        page.make(lambda _: lines)


class FindLine(Entry):
    """Letters that lines must hold, by the one grammar. Each letter counts at once; Tab completes what has names."""

    PROMPT = "/"
    keeps_letters = False

    def __init__(
        self,
        letters: str,
        typed: Callable[[str], None],
        kept: Callable[[str], None],
        *,
        grammar: str = GRAMMAR,
        offers: Callable[[str], Sequence[Offer]] = lambda _: (),
    ) -> None:
        """`grammar` is the placeholder; `offers`: what the last word of a line may become."""
        keys = {"enter": self._keep, "tab": self._complete}
        super().__init__(TypedLine(letters, f"{grammar}; Enter keeps, Esc shows all", keys, id="find"))
        self._typed, self._kept, self._offers = typed, kept, offers

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._typed(event.value)
        found = self._offers(event.value)
        told = "  ".join(clean(offer.text, 40) for offer in found[:_MOST_OFFERED])
        self.tell([line("    ", (told, "key"))] if found else [])

    def _complete(self) -> None:
        """Put in what all offers have in common."""
        text = self._field.value
        found = self._offers(text)
        stem = text[: len(text) - len(completing.split(text)[1])]
        shared = completing.common(found)
        if len(stem + shared) >= len(text) and found:
            done = " " if len(found) == 1 and not shared.endswith(":") else ""
            self._field.value = stem + shared + done
            self._field.cursor_position = len(self._field.value)

    def _keep(self) -> None:
        self._kept(self._field.value)  # what was typed last may not have been told yet


class CommandLine(Entry):
    """A command, with what it may become above it.

    Tab puts in what all offers have in common, then one offer after the other; Up and Down walk through what was typed
    before; what is wrong with a line is said above it, and the line stays.
    """

    PROMPT = ":"

    def __init__(
        self, known: Known, earlier: Sequence[str], wrong: Callable[[str], str], given: Callable[[str], None]
    ) -> None:
        """`earlier`: what was typed before, newest last. `wrong` says what is wrong with a line, "" for nothing."""
        keys = {
            "tab": lambda: self._complete(1),
            "shift+tab": lambda: self._complete(-1),
            "up": lambda: self._recall(-1),
            "down": lambda: self._recall(1),
            "enter": self._give,
        }
        placeholder = "Tab completes, Up brings back what was typed before, Esc goes back"
        super().__init__(TypedLine("", placeholder, keys, id="command"))
        self._known, self._earlier, self._wrong, self._given = known, tuple(earlier), wrong, given
        self._at = len(self._earlier)
        self._unfinished = ""
        self._offers: list[Offer] = []
        self._chosen = -1
        self._stem = ""
        self._seen = ""

    def on_mount(self) -> None:
        super().on_mount()
        self._offer()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        if event.value != self._seen:
            self._offer()

    def _give(self) -> None:
        text = self._field.value
        complaint = self._wrong(text) if text.strip() else ""
        if complaint:
            self._tell(complaint)
        else:
            self._given(text)

    def _complete(self, step: int) -> None:
        """Tab: as much as is certain, then each offer in turn."""
        if self._field.value != self._seen:
            self._offer()
        if not self._offers:
            return
        stem, begun = self._stem, self._field.value[len(self._stem) :]
        same = completing.common(self._offers)
        if self._chosen < 0 and len(self._offers) > 1 and len(same) > len(begun) and same.startswith(begun):
            self._put_in(stem + same)
            self._offer()
            return
        if len(self._offers) == 1:
            only = self._offers[0].text
            self._put_in(stem + only + ("" if only.endswith("=") else " "))
            self._offer()
            return
        self._chosen = (self._chosen + step) % len(self._offers) if self._chosen >= 0 else (0 if step > 0 else -1)
        self._chosen %= len(self._offers)
        self._put_in(stem + self._offers[self._chosen].text)
        self._tell("")

    def _recall(self, step: int) -> None:
        """Up and Down: lines that were typed before; below the newest one, the one that was being typed."""
        if self._at == len(self._earlier):
            self._unfinished = self._field.value
        self._at = max(0, min(self._at + step, len(self._earlier)))
        self._put_in(self._earlier[self._at] if self._at < len(self._earlier) else self._unfinished)
        self._offer()

    def _put_in(self, text: str) -> None:
        self._seen = text
        self._field.value = text
        self._field.cursor_position = len(text)

    def _offer(self) -> None:
        """Work out anew what the line may become."""
        text = self._seen = self._field.value
        _, begun = completing.split(text)
        self._stem = text[: len(text) - len(begun)]
        self._offers = completing.offers(text, self._known)
        self._chosen = -1
        self._tell("")

    def _tell(self, complaint: str) -> None:
        form = completing.form_of(self._field.value, self._known)
        room = max(2, min(8, self.screen.size.height // 3))
        cells = max(20, self.screen.size.width)
        self.tell(told_lines(form, self._offers, self._chosen, clean(complaint, 400), room, cells))
