"""What the main screens share: head, attention, body, a line of detail, the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.standing_view import ConnView, InboxItem
from quarterdeck.ui.actions import LATER, Situation, Where, deeds_at
from quarterdeck.ui.pages.attention import attention_line
from quarterdeck.ui.pages.frame import footer_line, head_line
from quarterdeck.ui.spans import BLANK, Line, Word, line
from quarterdeck.ui.trail import Place
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def bindings(where: Where) -> list[BindingType]:
    """The keys of a screen, from the registry. Textual puts a user's own keys in their place by their ids."""
    found: list[BindingType] = [
        Binding(deed.key, f"deed('{deed.id}')", show=False, id=deed.id) for deed in deeds_at(where)
    ]
    return found + [Binding(key, f"later('{key}')", show=False) for key in LATER]


class Deck(Screen[None]):
    """A main screen. Subclasses say where they are, what their body is, and how to paint it."""

    WHERE: ClassVar[Where]
    TICKS: ClassVar[bool] = False
    """Whether it shows clocks that run down: it is painted each second while any does."""
    AUTO_FOCUS = "#body"

    DEFAULT_CSS = """
    Deck { layout: vertical; }
    Deck > .one-line { height: 1; }
    Deck > #body { height: 1fr; }
    Deck > #find { height: 1; border: none; padding: 0 2; display: none; background: $qd-background; color: $qd-text; }
    Deck.-finding > #find { display: block; }
    Deck.-finding > #detail { display: none; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters = ""
        self._said: Line = BLANK
        self._arriving: Place | None = None

    @property
    def cockpit(self) -> Cockpit:
        """The app, as what it is."""
        return cast("Cockpit", self.app)

    def body(self) -> Widget:
        """The widget in the middle; its id is `body`."""
        raise NotImplementedError

    def above(self) -> list[Widget]:
        """What stands between the head and the body."""
        return []

    def below(self) -> list[Widget]:
        """What stands between the body and the line of detail."""
        return []

    def paint_body(self) -> None:
        """Bring the body up to date with the cockpit's picture."""
        raise NotImplementedError

    def target(self) -> TargetId | None:
        """What is under the cursor."""
        raise NotImplementedError

    def release(self) -> ReleaseView | None:
        """The release under the cursor: the open one that has its target for itself."""
        target = self.target()
        return None if target is None else self.cockpit.picture.release_of(target)

    def step(self) -> str:
        """The id of the step under the cursor, "" where there are none."""
        return ""

    def item(self) -> InboxItem | None:
        """What of the inbox is under the cursor."""
        return None

    def detail(self) -> Line:
        """One line about what is under the cursor."""
        return BLANK

    def open(self) -> None:
        """Enter was pressed."""

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        """What this screen does itself, by the id of the deed; the cockpit does the rest."""
        return {}

    def marked(self) -> tuple[TargetId, ...]:
        """What is marked here, in the order of the screen."""
        return ()

    def situation(self) -> Situation:
        """What a key would act on now."""
        return Situation(
            self.cockpit.picture,
            self.WHERE,
            self.cockpit.settings.read_only,
            self.target(),
            self.release(),
            self.step(),
            self.item(),
            self.marked(),
            self.cockpit.keys,
        )

    def about(self) -> str:
        """What the whole screen shows: a target or a release; "" for screens that show everything."""
        return ""

    def place(self) -> Place:
        """Where the operator is, to come back to."""
        grid = next(iter(self.query(Grid)), None)
        key, column = (grid.cursor_key, grid.cursor_column) if grid is not None else ("", None)
        return Place(self.WHERE, self.about(), key, column, self.letters)

    def arrive(self, place: Place) -> None:
        """Put everything as it was there, at once or when the screen is there to be painted."""
        self._arriving = place
        self.paint()

    def compose(self) -> ComposeResult:
        yield Page(id="head", classes="one-line")
        yield Page(id="attention", classes="one-line")
        yield from self.above()
        yield self.body()
        yield from self.below()
        # An input at the bottom of the screen takes the place of the detail line while letters are typed.
        find = Input(placeholder="letters to find; Enter keeps them, Esc shows all", id="find", compact=True)
        find.cursor_blink = False
        yield find
        yield Page(id="detail", classes="one-line")
        yield Page(id="foot", classes="one-line")

    def on_mount(self) -> None:
        self.paint()

    def on_screen_resume(self) -> None:
        self._said = BLANK
        self.paint()

    def paint(self) -> None:
        """Bring everything up to date; only what differs reaches the terminal."""
        if not self.is_mounted:
            return
        picture, read_only = self.cockpit.picture, self.cockpit.settings.read_only
        conn = self._conn()
        self.query_one("#head", Page).make(lambda cells: [head_line(picture, self.WHERE, read_only, cells, conn)])
        self.query_one("#attention", Page).make(lambda _: [attention_line(picture)])
        if self._arriving is not None and self._arriving.letters is not None:
            self.letters = self._arriving.letters
        self.paint_body()
        self._put_cursor()
        self.paint_cursor()

    def _put_cursor(self) -> None:
        place, self._arriving = self._arriving, None
        if place is not None and place.key:
            for grid in self.query(Grid):
                grid.put_cursor(place.key, place.column)

    def _conn(self) -> ConnView | None:
        """Who has the conn of what is under the cursor, else the first there is."""
        guards, target = self.cockpit.picture.guards, self.target()
        return (guards.conn(target) if target is not None else None) or next(iter(guards.conns), None)

    def paint_cursor(self) -> None:
        """Bring up to date what depends on the cursor."""
        said = self._said or self.detail()
        self.query_one("#detail", Page).make(lambda _: [said])
        situation = self.situation()
        self.query_one("#foot", Page).make(lambda cells: [footer_line(situation, cells)])

    def say(self, text: str, word: Word = "attention") -> None:
        """Show a line until the cursor moves."""
        self._said = line("  ", (clean(text, 400), word))
        self.paint_cursor()

    def find(self) -> None:
        """Open the line in which letters to find are typed."""
        self.add_class("-finding")
        self.query_one("#find", Input).focus()

    def back(self) -> bool:
        """Esc: end finding. True if there was something to end."""
        if not (self.has_class("-finding") or self.letters):
            return False
        self.query_one("#find", Input).value = ""
        self._found("")
        return True

    @on(Input.Changed, "#find")
    def _letters_typed(self, event: Input.Changed) -> None:
        self.letters = event.value
        self.paint()

    @on(Input.Submitted, "#find")
    def _letters_kept(self, event: Input.Submitted) -> None:
        self._found(event.value)

    def _found(self, letters: str) -> None:
        self.letters = letters
        self.remove_class("-finding")
        self.query_one("#body").focus()
        self.paint()

    @on(Grid.Moved)
    def _cursor_moved(self, _: Any) -> None:
        self._said = BLANK
        self.paint_cursor()

    @on(Grid.Opened)
    def _opened(self, _: Any) -> None:
        self.open()

    def action_deed(self, deed_id: str) -> None:
        """A key of the registry."""
        self.cockpit.do(deed_id)

    def action_later(self, key: str) -> None:
        """A key whose screen doesn't exist yet."""
        self.say(f"{LATER[key]} comes with a later version")
