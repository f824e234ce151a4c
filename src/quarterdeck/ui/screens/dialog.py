"""What asks or tells in front of a main screen: a box with a title. Opaque, so that nothing behind it is repainted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from quarterdeck.fleet.text import clean
from quarterdeck.ui.pages import accents, marks
from quarterdeck.ui.spans import ACCENT_WORDS, Line, Word, line, plain, spread
from quarterdeck.ui.standing import stands
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

Result = TypeVar("Result")

_FRAMED: tuple[Word, ...] = ("protected", *ACCENT_WORDS)
"""What a frame may wear."""


def _frame(word: Word) -> str:
    return f"""
    Dialog.-{word} > #box {{
        border: double $qd-{word}-line;
        border-title-color: $qd-{word}; border-title-background: $qd-{word}-on; border-title-style: $qd-{word}-style;
    }}
    """


class Dialog(Screen[Result]):
    """A box with a title line, a body, and whatever stands below it.

    What is about an environment that wears an accent has it in its frame, which is double then, and says whose it is.
    """

    TICKS: ClassVar[bool] = False
    """As `Deck.TICKS`."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > #box {
        width: 100%; max-width: 104; height: 100%; max-height: 40; padding: 0 1;
        border: round $qd-border; background: $qd-background;
    }
    Dialog.-small > #box { height: auto; max-width: 84; }
    Dialog #title { height: 1; }
    Dialog #text { height: 1fr; }
    Dialog.-small #text { height: auto; }
    Dialog #below { height: 1; }
    """ + "".join(_frame(word) for word in _FRAMED)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", show=False),
        Binding("ctrl+z", "app.suspend_process", show=False),
        Binding("C", "copy", show=False, id="copy"),
        Binding("w", "dump", show=False, id="dump"),
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
        Binding("up,k", "scroll_text(-1)", show=False),
        Binding("down,j", "scroll_text(1)", show=False),
        Binding("pageup", "page_text(-1)", show=False),
        Binding("pagedown,space", "page_text(1)", show=False),
    ]

    @property
    def cockpit(self) -> Cockpit:
        """The app, as what it is."""
        return cast("Cockpit", self.app)

    @property
    def in_front(self) -> bool:
        """Whether nothing covers it and it isn't closed: Textual would close whatever is in front in its place."""
        return self.app.screen is self

    def parts(self) -> list[Widget]:
        """What stands below the text."""
        return []

    def compose(self) -> ComposeResult:
        with Vertical(id="box"):
            yield Page(id="title")
            yield Page(id="text")
            yield Page(id="below")
            yield from self.parts()

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close, with what came of it. A key that comes before that is done finds it closed: the first one counts."""
        return super().dismiss(result) if self.in_front else AwaitComplete()

    def on_mount(self) -> None:
        self.paint()

    def paint(self) -> None:
        """Bring the dialog up to date with the store and the clock."""

    def paint_if_there(self) -> None:
        """The same, for whoever doesn't know whether it has its parts."""
        if stands(self):
            self.paint()

    def environments(self) -> tuple[str, ...]:
        """The names of the environments that it is about."""
        return ()

    def say_title(self, left: Line, right: Line = ()) -> None:
        """The title line."""
        self._wear_accent()
        self.query_one("#title", Page).make(lambda cells: [spread(left, right, cells)])

    def say_below(self, told: Line) -> None:
        """The line under the text; on its right, how much of the text lies further down."""
        text = self.query_one("#text", Page)
        more = text.hidden_below
        right = line(marks.further(more)) if more else ()
        self.query_one("#below", Page).make(lambda cells: [spread(told, right, cells)])

    def _wear_accent(self) -> None:
        found = accents.find(self.cockpit.picture.environments, *self.environments())
        worn = accents.word_of(found, "text") if found is not None else "text"
        if found is None or worn == "text" or self.has_class(f"-{worn}"):
            return
        self.add_class(f"-{worn}")
        said = f" {clean(found.name, 60)}{', protected' if found.protected else ''} "
        self.query_one("#box", Vertical).border_title = Content(said)  # as it is: no markup

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint_if_there)

    def action_scroll_text(self, rows: int) -> None:
        self.query_one("#text", Page).scroll_by(rows)
        self.paint()

    def action_page_text(self, pages: int) -> None:
        """One line of the page before stays in sight, so that nobody loses the thread."""
        self.action_scroll_text(pages * max(1, self.query_one("#text", Page).size.height - 1))

    def copyable(self) -> str:
        """What is copied: everything that is said here, unless there is something better to take away."""
        return "\n".join(plain(row).rstrip() for row in self.query_one("#text", Page).lines)

    async def action_copy(self) -> None:
        from quarterdeck.ui import taking_away

        await taking_away.copy(self.cockpit, self.copyable())

    def action_dump(self) -> None:
        from quarterdeck.ui import taking_away

        taking_away.dump(self.cockpit)

    def action_back(self) -> Any:
        """Esc: close, changing nothing."""
        self.dismiss(None)
