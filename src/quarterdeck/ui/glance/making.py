"""Takes a glance from a running cockpit: what its first screen shows, as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.color import ColorSystem
from rich.style import Style
from textual.app import App

from quarterdeck.ui.colours import colourless
from quarterdeck.ui.glance.keeping import DEPTHS, Glance, Looks, read, write
from quarterdeck.ui.looks import look
from quarterdeck.ui.spans import _ASCII, BLANK, WORDS, Line
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.screens.bridge import Bridge

WRITE_EVERY = 30.0
"""Seconds between two glances on the disk, at least; the last one is written when the cockpit is left."""

_NUMBERS = ("1", "2", "3", "4", "7")
"""Of `_attributes`, in that order."""
_MOST_THEMES = 6
_SYSTEMS = {"true": ColorSystem.TRUECOLOR, "256": ColorSystem.EIGHT_BIT, "16": ColorSystem.STANDARD}


class Keeper:
    """Keeps the glance of one store up to date while a cockpit runs."""

    def __init__(self, store: Path) -> None:
        self._store = str(store)
        self._taken: Glance | None = None
        self._written: Glance | None = None
        self._written_at = float("-inf")
        self._looks: Looks | None = None

    def see(self, cockpit: Cockpit) -> None:
        """The cockpit has painted: take what stands there, if it is the first screen as it opens."""
        bridge = cockpit.screen
        if getattr(bridge, "WHERE", "") != "bridge" or not bridge.is_mounted:
            return
        self._taken = self._glance(cockpit, bridge) or self._taken  # type: ignore[arg-type]
        now = cockpit.settings.clock.monotonic()
        if now - self._written_at >= WRITE_EVERY:
            self._written_at = now
            self.write()

    def write(self) -> None:
        """Put on the disk what was taken last, where it tells something new."""
        taken = self._taken
        if taken is not None and taken is not self._written:
            write(self._store, taken)
            self._written = taken

    def _glance(self, cockpit: Cockpit, bridge: Bridge) -> Glance | None:
        grid = bridge.query_one(Grid)
        if bridge.letters or grid.top or not grid.painted:
            return None
        sight, wanted = cockpit.sight, cockpit.settings.preferences
        last = sight.events[-1] if sight.events else None
        return Glance(
            made_at=cockpit.picture.at,
            seq=last.seq if last else 0,
            hash=last.hash if last else "",
            columns=bridge.size.width,
            rows=bridge.size.height,
            theme=wanted.theme,
            ascii=wanted.ascii,
            twins="".join(chr(glyph) + twin for glyph, twin in _ASCII.items()),
            looks=self._known_looks(cockpit),
            title=_title(_standing(bridge, "head")[0]),
            foot=_standing(bridge, "foot")[0],
            body=_body(bridge),
            table=(grid.region.y - 1, min(grid.region.bottom, bridge.size.height - 2) - 1),
            edges=grid.edges,
        )

    def _known_looks(self, cockpit: Cockpit) -> Looks:
        """Those of the theme in use, beside those that were used here before: the next terminal may be another."""
        if self._looks is None:
            before = read(self._store)
            self._looks = dict(before.looks) if before else {}
        name = cockpit.theme
        others = dict(self._looks)
        worn = looks_of(cockpit)
        if colourless():  # how it looks elsewhere is known from elsewhere
            worn = {**others.get(name, {}), "none": worn["none"]}
        others.pop(name, None)
        self._looks = {name: worn, **dict(list(others.items())[: _MOST_THEMES - 1])}
        return self._looks


def looks_of(app: App[Any]) -> dict[str, dict[str, str]]:
    """How words look in the theme in force: SGR numbers by depth of colour and word."""
    styles = {word: look(app, word) for word in WORDS}
    return {depth: {word: sgr(style, depth) for word, style in styles.items()} for depth in DEPTHS}


def sgr(style: Style, depth: str) -> str:
    """The numbers of a style on a terminal with so many colours."""
    numbers = [number for number, worn in zip(_NUMBERS, _attributes(style), strict=True) if worn]
    system = _SYSTEMS.get(depth)
    for color, foreground in ((style.color, True), (style.bgcolor, False)):
        if system is not None and color is not None:
            numbers += color.downgrade(system).get_ansi_codes(foreground)
    return ";".join(numbers)


def _attributes(style: Style) -> tuple[bool | None, ...]:
    return style.bold, style.dim, style.italic, style.underline, style.reverse


def _standing(bridge: Bridge, name: str) -> tuple[Line, ...]:
    return bridge.query_one(f"#{name}", Lines).painted or (BLANK,)


def _title(head: Line) -> Line:
    """The head line as far as the name of the screen; what follows it would be news."""
    at = next((i for i, (_, word) in enumerate(head) if word == "heading"), -1)
    return head[: at + 1]


def _body(bridge: Bridge) -> tuple[Line, ...]:
    """What stands between the head and the line of detail, without the cursor: there is nothing yet to act on."""
    rows: dict[int, Line] = {}
    for part in bridge.query(Lines):
        if part.display and part.id not in ("head", "detail", "foot"):
            for y, row in enumerate(part.painted[: part.size.height], part.region.y):
                rows[y] = tuple((text, "text" if word == "cursor" else word) for text, word in row)
    last = bridge.size.height - 2
    return tuple(rows.get(y, BLANK) for y in range(1, last))
