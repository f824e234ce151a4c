"""Screen 5: feature flags by environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import replace
from quarterdeck.release.flag_story import FlagStory, story
from quarterdeck.release.picture import FlagCell
from quarterdeck.ui.fields import offers
from quarterdeck.ui.pages import flags
from quarterdeck.ui.pages.flags import FlagView
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import BLANK, Line
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.completing import Offer

_AROUND = 4
"""Head, attention, detail, keys."""
_ROOM_FOR_STORY = 6
"""Lines below the flags from which the one under the cursor is told in full."""


class Flags(Deck):
    """Flags down, environments across; below, the one under the cursor in full."""

    WHERE = "flags"
    BINDINGS: ClassVar[list[BindingType]] = bindings("flags")
    DEFAULT_CSS = """
    Flags > #told { height: 1; display: none; }
    Flags.-telling > #told { display: block; }
    Flags > #below { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._view = FlagView()
        self._marked: dict[TargetId, None] = {}

    def above(self) -> list[Widget]:
        return [Page(id="told", classes="one-line")]

    def body(self) -> Widget:
        return Grid(id="body")

    def below(self) -> list[Widget]:
        return [Page(id="below")]

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        return {"mark": self._mark, "view": self._choose_view}

    def grammar(self) -> str:
        return flags.GRAMMAR

    def found_names(self, typed: str) -> Sequence[Offer]:
        environments = [env.name for env in self.cockpit.picture.environments]
        return offers(typed, {"on": environments, "off": environments, "label": self._labels()})

    def _labels(self) -> list[str]:
        cells = (one for row in self.cockpit.picture.flags for labels in row.cells for one in labels)
        return sorted({one.label for one in cells if one.label})

    # --- painting -------------------------------------------------------------------------------------------------
    def paint_body(self) -> None:
        picture = self.cockpit.picture
        self._marked = {target: None for target in self._marked if picture.flag(target) is not None}
        rows = flags.rows(picture, self._view, self.letters, self._marked)
        empty = "no flag was read yet, or none exists" if not picture.flags else "no flag is like that"
        told = flags.told_line(
            self._view, len(picture.flags) - len(rows), len(self._marked), self.letters, self.cockpit.keys.shown
        )
        self.set_class(bool(told), "-telling")
        self.query_one("#told", Page).make(lambda _: [told])
        grid, room = self.query_one(Grid), self.size.height - _AROUND - bool(told) - self.lines_of_tour()
        wanted = 1 + max(1, len(rows))
        grid.styles.height = (
            room
            if room - wanted < _ROOM_FOR_STORY and room < 2 * _ROOM_FOR_STORY
            else min(wanted, max(room // 2, room - 14))
        )
        grid.fill(flags.columns(picture.environments), rows, empty)

    def paint_cursor(self) -> None:
        super().paint_cursor()
        self.query_one("#below", Page).make(self._below)

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)

    def detail(self) -> Line:
        return flags.detail_line(self.flag(), self._story())

    def _below(self, cells: int) -> list[Line]:
        flag, told = self.flag(), self._story()
        return [] if flag is None or told is None else [BLANK, *flags.story_lines(flag, told, cells)]

    def _story(self) -> FlagStory | None:
        flag = self.flag()
        if flag is None:
            return None
        sight, picture = self.cockpit.sight, self.cockpit.picture
        release = picture.release_of(flag.target)
        return story(flag, self.labels(), sight.operations, release, sight.fleet, sight.rules, picture.at)

    # --- the cursor -----------------------------------------------------------------------------------------------
    def labels(self) -> tuple[FlagCell, ...]:
        """The flag under the cursor, under every label it has."""
        grid, picture = self.query_one(Grid), self.cockpit.picture
        column = grid.cursor_column - 1
        if not grid.cursor_key or not 0 <= column < len(picture.environments):
            return ()
        return picture.flags[int(grid.cursor_key)].cells[column]

    def flag(self) -> FlagCell | None:
        """The flag under the cursor, None where it doesn't exist."""
        return next(iter(self.labels()), None)

    def target(self) -> TargetId | None:
        flag = self.flag()
        return None if flag is None else flag.target

    def open(self) -> None:
        """Enter: the operation under way, if there is one, else what can be done to the flag."""
        flag = self.flag()
        if flag is not None and flag.operation is not None:
            self.cockpit.show_operation(flag.operation.id)
        else:
            self.cockpit.do("flag")

    def back(self) -> bool:
        """Esc: end finding first, then let go of what is marked. True if there was something to end."""
        if super().back():
            return True
        if not self._marked:
            return False
        self.unmark()
        return True

    # --- marks and the view ---------------------------------------------------------------------------------------
    def marked(self) -> tuple[TargetId, ...]:
        """What is marked, in the order in which it was."""
        return tuple(self._marked)

    def unmark(self) -> None:
        """Let go of everything that is marked."""
        self._marked = {}
        self.paint()

    def _mark(self) -> None:
        target = self.target()
        if target is None:
            self.say("that flag doesn't exist in that environment")
            return
        if target in self._marked:
            del self._marked[target]
        else:
            self._marked[target] = None
        self.paint()

    def _choose_view(self) -> None:
        from quarterdeck.ui.screens.small import Menu
        from quarterdeck.ui.widgets.choices import Option

        views: dict[str, FlagView] = {f"shown {name}": replace(self._view, shown=name) for name in flags.SHOWN}
        views |= {f"sort {name}": replace(self._view, sort=name) for name in flags.SORTED}
        options = [Option(f"shown {name}", name, told) for name, told in flags.SHOWN.items()]
        options += [Option(f"sort {name}", "sort", told) for name, told in flags.SORTED.items()]

        def chosen(answer: str | None) -> None:
            if answer is not None:
                self._view = views[answer]
                self.paint()

        self.cockpit.push_screen(Menu("Which flags, in which order", options), chosen)
