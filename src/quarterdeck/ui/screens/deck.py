"""What the main screens share: head, attention, body, a line of detail, the keys."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.pipeline_view import RunView
from quarterdeck.release.standing_view import ConnView, InboxItem
from quarterdeck.ui.actions import Situation, Where, deeds_at
from quarterdeck.ui.filtering import GRAMMAR, keep
from quarterdeck.ui.pages.attention import attention_line
from quarterdeck.ui.pages.frame import footer_line, head_line
from quarterdeck.ui.spans import BLANK, Line, Word, line, plain
from quarterdeck.ui.standing import stands
from quarterdeck.ui.trail import Place
from quarterdeck.ui.widgets.grid import Grid, GridRow
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.completing import Offer
    from quarterdeck.ui.widgets.entry import Entry


TYPED_INTO = ("filter", "command", "palette", "help")
"""Deeds after which letters are typed. Their keys are heard before all others, and are through before the next key is
looked at: over a slow link several arrive at once, and letters of a command must not be taken for keys."""


def bindings(where: Where) -> list[BindingType]:
    """The keys of a screen, from the registry. Textual puts a user's own keys in their place by their ids."""
    return [
        Binding(deed.key, f"deed('{deed.id}')", show=False, id=deed.id, priority=deed.id in TYPED_INTO)
        for deed in deeds_at(where)
    ]


class Deck(Screen[None]):
    """A main screen. Subclasses say where they are, what their body is, and how to paint it."""

    WHERE: ClassVar[Where]
    TICKS: ClassVar[bool] = False
    """Whether it shows clocks that run down: it is painted each second while any does."""
    AUTO_FOCUS = "#body"

    DEFAULT_CSS = """
    Deck { layout: vertical; layers: default typing; }
    Deck > .one-line { height: 1; }
    Deck > #body { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.letters = ""
        self._said: Line = BLANK
        self._arriving: Place | None = None
        self._entry: Entry | None = None

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

    def run_here(self) -> RunView | None:
        """The run of a pipeline under the cursor."""
        return None

    def nothing(self, claim: str) -> str:
        """What an empty body says: `claim`, unless nobody has told yet what there is."""
        return claim if self.cockpit.picture.fleet else "nothing is known yet"

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

    def unmark(self) -> None:
        """Let go of everything that is marked."""

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
            self.run_here(),
        )

    def matching(self, rows: Iterable[GridRow]) -> list[GridRow]:
        """The rows that hold what was typed to find something."""
        return keep(rows, self.letters, lambda row: " ".join(plain(cell) for cell in row.cells))

    def copyable(self) -> str:
        """What is copied of what is under the cursor: its name, as commands take it."""
        target = self.target()
        return "" if target is None else str(target)

    def about(self) -> str:
        """What the whole screen shows: a target or a release; "" for screens that show everything."""
        return ""

    def environment(self) -> str:
        """The environment that the whole screen is about; "" for screens that show several."""
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
        yield Page(id="detail", classes="one-line")
        yield Page(id="foot", classes="one-line")

    def on_mount(self) -> None:
        self.paint()

    def on_screen_resume(self) -> None:
        self._said = BLANK
        self.paint()

    def paint(self) -> None:
        """Bring everything up to date; only what differs reaches the terminal."""
        if not stands(self):
            return
        picture, read_only = self.cockpit.picture, self.cockpit.settings.read_only
        conn, keys = self._conn(), self.cockpit.keys
        about = self.environment()
        head = self.query_one("#head", Page)
        head.make(lambda cells: [head_line(picture, self.WHERE, read_only, cells, conn, about)])
        self.query_one("#attention", Page).make(lambda _: [attention_line(picture, keys)])
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
        if self.cockpit.tour is not None:
            self.cockpit.tour.see(self)

    def say(self, text: str, word: Word = "attention") -> None:
        """Show a line until the cursor moves."""
        self._said = line("  ", (clean(text, 400), word))
        if stands(self):
            self.paint_cursor()

    # --- lines that are typed at the bottom, in the place of the line of detail ------------------------------------
    def lines_of_tour(self) -> int:
        """How many lines of the screen the tour takes."""
        return sum(len(box.lines) for box in self.query("#tour").results(Page))

    def find(self) -> Awaitable[None]:
        """Open the line in which letters to find are typed."""
        from quarterdeck.ui.widgets.entry import FindLine

        return self._open(
            FindLine(
                self.letters, self.find_letters, self._keep_letters, grammar=self.grammar(), offers=self.found_names
            )
        )

    def grammar(self) -> str:
        """How letters to find are written here, in a line."""
        return GRAMMAR

    def found_names(self, typed: str) -> Sequence[Offer]:
        """What the last word of letters to find may become."""
        return ()

    def find_letters(self, letters: str) -> None:
        """Show only the lines that match."""
        self.letters = letters
        self.paint()

    def _keep_letters(self, letters: str) -> None:
        self.letters = letters
        self._close()

    def command(self) -> Awaitable[None]:
        """Open the command line."""
        from quarterdeck.ui import command_history, commanding, wearing
        from quarterdeck.ui.widgets.entry import CommandLine

        cockpit, state = self.cockpit, self.cockpit.settings.state
        earlier = command_history.read(state)

        def given(text: str) -> None:
            self._close()
            if text.strip():
                command_history.add(state, earlier, text)
                commanding.carry_out(cockpit, text)

        known = commanding.known(self.situation(), cockpit.sight.rules, wearing.themes())
        return self._open(CommandLine(known, earlier, lambda text: commanding.wrong(cockpit, text), given))

    def _open(self, entry: Entry) -> Awaitable[None]:
        self._entry = entry
        return self.mount(entry)

    def _close(self) -> None:
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.remove()
        if stands(self):
            self.query_one("#body").focus()
            self.paint()

    def back(self) -> bool:
        """Esc: end typing and finding. True if there was something to end."""
        if self._entry is None and not self.letters:
            return False
        if self._entry is None or not self._entry.keeps_letters:
            self.letters = ""
        self._close()
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a line is typed, keys that would open one are letters."""
        return not (action == "deed" and self._entry is not None and parameters[0] in TYPED_INTO)

    @on(Grid.Moved)
    def _cursor_moved(self, _: Any) -> None:
        if stands(self):
            self._said = BLANK
            self.paint_cursor()

    @on(Grid.Opened)
    def _opened(self, _: Any) -> None:
        if stands(self):
            self.open()

    async def action_deed(self, deed_id: str) -> None:
        """A key of the registry."""
        done = self.cockpit.do(deed_id)
        if isinstance(done, Awaitable):
            await done
