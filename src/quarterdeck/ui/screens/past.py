"""Looking back: the fleet as it was at a moment, and what differs between two. Nothing can be changed there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType

from quarterdeck.release.moments import FORMS, past_moment
from quarterdeck.store.base import StoreError
from quarterdeck.store.hindsight import AsOf, Comparison
from quarterdeck.ui.looking_back import wrong
from quarterdeck.ui.pages import past
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.screens.small import Prompt
from quarterdeck.ui.spans import Line, join, line
from quarterdeck.ui.widgets.page import Page


class _Looking(Dialog[None]):
    """Reads the journal in portions until it is where it has to be; other keys act meanwhile."""

    DEFAULT_CSS = "_Looking > #box { max-width: 100%; max-height: 100%; }"

    def __init__(self) -> None:
        super().__init__()
        self._wrong = ""
        self._reached = 0
        self._portions: Iterator[int] = iter(())

    def look(self, seq: int) -> None:
        """Make sure that everything up to a line has been read, then show it."""
        self._portions = self.cockpit.sight.hindsight().reach(seq)
        self._wrong, self._reached = "", 0
        self._go_on(self._portions)

    def _go_on(self, portions: Iterator[int]) -> None:
        if portions is not self._portions or not self.is_attached:
            return
        try:
            reached = next(portions, None)
            if reached is None:
                self.arrive()
        except StoreError as error:
            reached, self._wrong = None, f"{error}. {error.hint}"
        self._reached = reached or 0
        if reached is not None:
            self.call_later(self._go_on, portions)
        self.paint()

    def arrive(self) -> None:
        """Everything has been read. May raise StoreError."""
        raise NotImplementedError

    def say_where(self, what: Line, seq: int) -> bool:
        """The title; whether there is anything to show yet. What keeps it waiting stands in the place of the text."""
        told = line(("nothing can be changed here", "dim"))
        self.say_title(what, told if self.size.width >= 100 else ())
        waits: Line = line((self._wrong, "danger")) if self._wrong else ()
        if not waits and self._reached:
            waits = line((f"reading the journal: line {self._reached} of {seq}…", "dim"))
        if waits:
            self.query_one("#text", Page).make(lambda _: [waits])
        return not waits

    def say_keys(self, *keys: tuple[str, str]) -> None:
        """The keys there are, below."""
        self.say_below(join((line((key, "key"), f" {label}") for key, label in keys), "  "))


class AsItWas(_Looking):
    """The fleet after a line of the journal; `<` and `>` go to where something began, ended or changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("less_than_sign,left", "step(-1)", show=False, id="scrub-back"),
        Binding("greater_than_sign,right", "step(1)", show=False, id="scrub-forward"),
        Binding("t,at", "type_moment", show=False),
        Binding("D", "compare", show=False, id="compare"),
        Binding("q", "back", show=False),
    ]

    def __init__(self, seq: int, marked: int | None = None, moment: float | None = None) -> None:
        """`marked`: the line that was marked to be compared, None for the newest one. `moment`: one between this line
        and the next, that was asked for."""
        super().__init__()
        self._seq, self._marked, self._moment = seq, marked, moment
        self._then: AsOf | None = None

    def on_mount(self) -> None:
        self.look(self._seq)

    def arrive(self) -> None:
        self._then = self.cockpit.sight.hindsight().at(self._seq, self._moment)

    def paint(self) -> None:
        then = self._then
        if then is None:
            self.say_where(line(("AS IT WAS", "attention")), self._seq)
            return
        newest = self.cockpit.sight.events[-1].seq if self.cockpit.sight.events else then.seq
        if self.say_where(past.title_line(then, newest), self._seq):
            fleet = self.cockpit.sight.fleet
            self.query_one("#text", Page).make(lambda cells: past.past_lines(then, fleet, cells))
        shown = self.cockpit.keys.shown
        other = " with now" if self._marked is None else " with the marked line"
        self.say_keys(
            (shown("scrub-back"), "earlier"),
            (shown("scrub-forward"), "later"),
            ("t", "time"),
            (shown("compare"), "compare" + (other if self.size.width >= 80 else "")),
            ("Esc", "back"),
        )

    def action_step(self, way: int) -> None:
        """One stop earlier or later."""
        hindsight = self.cockpit.sight.hindsight()
        try:
            seq = hindsight.earlier(self._seq) if way < 0 else hindsight.later(self._seq)
        except StoreError as error:
            self._wrong = f"{error}. {error.hint}"
            self.paint()
            return
        self._go(seq, None)

    def action_type_moment(self) -> None:
        """Ask for a moment."""
        now = self.cockpit.settings.clock.now()

        def given(text: str | None) -> None:
            if text is not None:
                moment = past_moment(text, now)
                self._go(self.cockpit.sight.hindsight().line_at(moment), moment)

        asked = [f"{FORMS}; UTC unless it says a zone"]
        self.cockpit.push_screen(Prompt("The fleet as it was at", asked, "", lambda text: wrong(text, now)), given)

    def action_compare(self) -> None:
        """What differs between this moment and the marked one, or now."""
        other = self.cockpit.sight.hindsight().newest() if self._marked is None else self._marked
        self.cockpit.push_screen(Compared(*sorted((self._seq, other))))

    def _go(self, seq: int, moment: float | None) -> None:
        self._seq, self._moment = seq, moment
        self.look(seq)


class Compared(_Looking):
    """What differs between two lines of the journal."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q,enter", "back", show=False)]

    def __init__(self, earlier: int, later: int) -> None:
        super().__init__()
        self._earlier, self._later = earlier, later
        self._compared: Comparison | None = None

    def on_mount(self) -> None:
        self.look(self._later)

    def arrive(self) -> None:
        hindsight = self.cockpit.sight.hindsight()
        self._compared = hindsight.compare(hindsight.at(self._earlier), hindsight.at(self._later))

    def paint(self) -> None:
        compared = self._compared
        if compared is None:
            self.say_where(line(("WHAT DIFFERS", "attention")), self._later)
        elif self.say_where(past.compared_title(compared), self._later):
            self.query_one("#text", Page).make(lambda cells: past.compared_lines(compared, cells))
        self.say_keys(("Esc", "back"))
