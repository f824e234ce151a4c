"""The view menu of the Bridge: every choice is one key, and the fleet is at once as chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from quarterdeck.records import replace
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.arranging import View
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import BLANK, Line, line, wrap
from quarterdeck.ui.widgets.page import Page

Choice = tuple[str, str, Any, str]
"""Key, field of the view, its value, what it is called."""

_CHOICES: Mapping[str, Sequence[Choice]] = {
    "GROUP": (
        ("n", "group", "none", "no groups"),
        ("s", "group", "state", "by state, the worst first"),
        ("x", "group", "prefix", "by prefix: up to the first - . or _"),
        ("r", "group", "region", "by region"),
    ),
    "ORDER": (
        ("c", "sort", "configured", "as configured"),
        ("a", "sort", "name", "by name"),
        ("w", "sort", "worst", "worst first"),
        ("l", "sort", "changed", "last changed first"),
    ),
    "SHOW": (
        ("e", "hide_healthy", False, "everything"),
        ("h", "hide_healthy", True, "only what isn't healthy"),
    ),
    "CHANGED": (
        ("0", "since", "any", "whenever it changed"),
        ("1", "since", "10m", "in the last 10 minutes"),
        ("2", "since", "1h", "in the last hour"),
        ("3", "since", "24h", "in the last 24 hours"),
        ("4", "since", "left", "since you left the last cockpit"),
    ),
}
_ALL = tuple(choice for choices in _CHOICES.values() for choice in choices)


class ViewMenu(Dialog[View]):
    """Comes back with the view as chosen, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"choose({number})", show=False) for number, (key, *_) in enumerate(_ALL)),
        Binding("v,q,enter", "back", show=False),
    ]

    def __init__(self, view: View, left: bool) -> None:
        """`left`: it is known when this operator left the last cockpit."""
        super().__init__(classes="-small")
        self._view, self._left = view, left
        self._said = ""

    def paint(self) -> None:
        self.say_title(line(("View", "title")), line(("a key chooses, Esc goes back", "dim")))
        text = self.query_one("#text", Page)
        text.styles.height = len(self._lines(80))
        text.make(self._lines)
        self.say_below(line((self._said, "attention")))

    def _lines(self, cells: int) -> list[Line]:
        lines: list[Line] = []
        for title, choices in _CHOICES.items():
            for number, (key, field, value, told) in enumerate(choices):
                now = getattr(self._view, field) == value
                first = line((f"{title if not number else '':<9}", "heading"), marks.pointer(now), (f" {key}  ", "key"))
                lines += wrap(told + (" (now)" if now else ""), cells, first=first)
        pins = len(self._view.pins)
        lines += [BLANK, line((f"Pinned services ({pins}) stay at the top. What wants a look is never hidden.", "dim"))]
        return lines

    def action_choose(self, number: int) -> None:
        """One of the choices."""
        _, field, value, _ = _ALL[number]
        if value == "left" and not self._left:
            self._said = "nobody knows when you left: this is the first cockpit on this store"
            self.paint()
        else:
            self.dismiss(replace(self._view, **{field: value}))
