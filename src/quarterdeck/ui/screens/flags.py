"""Screen 5: feature flags by environment."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import FlagCell
from quarterdeck.ui.pages import flags
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line
from quarterdeck.ui.widgets.grid import Grid


class Flags(Deck):
    """Flags down, environments across."""

    WHERE = "flags"
    BINDINGS: ClassVar[list[BindingType]] = bindings("flags")

    def body(self) -> Widget:
        return Grid(id="body")

    def paint_body(self) -> None:
        picture = self.cockpit.picture
        rows = self.matching(flags.rows(picture))
        empty = "no flag holds these letters" if self.letters else "no flag was read yet, or none exists"
        self.query_one(Grid).fill(flags.columns(picture.environments), rows, empty)

    def detail(self) -> Line:
        return flags.detail_line(self.flag())

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
