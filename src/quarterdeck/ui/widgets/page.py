"""Lines that are made to measure: made again whenever the width changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from quarterdeck.ui.spans import Line
from quarterdeck.ui.widgets.lines import Lines

Maker = Callable[[int], Sequence[Line]]
"""From the width in cells to the lines."""


class Page(Lines):
    """Shows what a maker makes for the present width."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._make: Maker = lambda _: ()

    def make(self, maker: Maker) -> None:
        """Show what this maker makes, now and after every resize."""
        self._make = maker
        self._remake()

    def on_resize(self) -> None:
        self._remake()

    def _remake(self) -> None:
        if self.size.width:
            self.show(self._make(self.size.width))
