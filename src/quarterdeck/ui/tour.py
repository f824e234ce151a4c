"""The tour that `qd demo` greets with: it looks on, and goes a step further when its user has done the thing.

It blocks no key. Once it was seen to its end or skipped, a note in the state folder keeps it from coming again.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from quarterdeck.ui.pages.tour import Step, tour_lines
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.screens.deck import Deck

_SKIPS = frozenset({"service", "releases", "gates", "flags", "to-flags", "pipelines", "log"})
"""Deeds of somebody who knows the way."""
_SHOWN_ON = ("bridge", "releases", "release")


class TourBox(Page):
    """As many lines at the bottom of a screen as the step has."""

    DEFAULT_CSS = "TourBox { height: auto; }"

    def _remake(self) -> None:
        before = len(self.lines)
        super()._remake()
        if len(self.lines) != before:
            self.styles.height = len(self.lines)
            cast("Deck", self.screen).paint_body()  # which leaves it that much room


class Tour:
    """Where its user is in it."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._cockpit = cockpit
        self._began_at: tuple[str, int | None] = ("", None)
        self.step: Step = "look"

    def see(self, deck: Deck) -> None:
        """Something has changed on a main screen, or the cursor has moved."""
        self._advance(deck)
        if deck.WHERE in _SHOWN_ON:
            self._show(deck)

    def planned(self) -> None:
        """The plan of a change was asked for, and stands on the screen."""
        if self.step in ("look", "plan"):
            self.step = "canary"

    def pressed(self, deed: str) -> None:
        """A deed was asked for."""
        if deed in _SKIPS or self.step == "farewell":
            self.end()

    def end(self) -> None:
        """Its user has seen enough."""
        remember(self._cockpit.settings.state)
        self._cockpit.tour = None
        for screen in self._cockpit.screen_stack:
            for box in screen.query(TourBox):
                box.make(lambda _: ())  # gives its lines back at once
                box.remove()

    def _advance(self, deck: Deck) -> None:
        under_way = any(one.open for one in self._cockpit.picture.releases)
        match self.step:
            case "look" if deck.WHERE == "bridge":
                here = (deck.place().key, deck.place().column)
                if not self._began_at[0]:
                    self._began_at = here
                elif here != self._began_at:
                    self.step = "plan"
            case "canary" if under_way:
                self.step = "abort"
            case "abort" if not under_way:
                self.step = "farewell"
                remember(self._cockpit.settings.state)

    def _show(self, deck: Deck) -> None:
        box = next(iter(deck.query(TourBox)), None)
        if box is None:
            box = TourBox(id="tour")
            deck.mount(box, before="#detail")
        step, keys = self.step, self._cockpit.keys
        box.make(lambda cells: tour_lines(step, keys, cells))


def seen(state: Path) -> bool:
    """Whether this user has seen the tour to its end, or skipped it."""
    return _note(state).exists()


def remember(state: Path) -> None:
    """Note that it needn't come again. Where the folder can't be written, it just comes again."""
    with suppress(OSError):
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        _note(state).touch(mode=0o600)


def _note(state: Path) -> Path:
    return state / "tour-seen"
