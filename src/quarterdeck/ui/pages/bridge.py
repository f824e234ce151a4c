"""The Bridge: services down, environments across."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.picture import Cell, EnvironmentView, Picture, Row
from quarterdeck.release.standing_view import GuardsView
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.accents import word_of
from quarterdeck.ui.pages.arranging import Group, Hidden, Part, Sort, View
from quarterdeck.ui.pages.cells import Look, cell_line, waiting_line
from quarterdeck.ui.spans import BLANK, Line, fit, join, line, width
from quarterdeck.ui.widgets.grid import Column, Heading

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView

_PINNED: Line = ((" *", "key"),)
"""Behind the name of a pinned service: the key that lets it go."""
_ENDED_SHOWN = 3
"""Releases that are over, below those that are open; screen 3 has more."""
_ROOM_FOR_RINGS = 100
"""Cells from which rings stand in the cells; below, they stand in the line of detail."""
_ROOM_FOR_WAITING = 120
"""Cells from which what a row waits for has a column of its own."""
_NAMES = 24
"""Cells that names of services are reckoned to take."""
_ROOM_FOR_ALL = 44
"""Cells per environment from which a cell also has a bar of its shares, and ages."""


def look(picture: Picture, cells: int) -> Look:
    """How much there is room for in so many cells."""
    each = (cells - _NAMES) // max(1, len(picture.environments))
    waiting = cells >= _ROOM_FOR_WAITING and any(release.open for release in picture.releases)
    return Look(cells >= _ROOM_FOR_RINGS, waiting, each >= _ROOM_FOR_ALL)


def columns(picture: Picture, look: Look) -> list[Column]:
    """The service's name, then one column per environment; a protected one says so, one where a release is under way
    has the room it needs."""
    released = {release.environment for release in picture.releases if release.open}
    return [
        Column("SERVICE"),
        *(
            Column(_title(env, picture.guards), True, 16, env.name in released, word_of(env))
            for env in picture.environments
        ),
        *([Column("WAITING", least=12)] if look.waiting else []),
    ]


class BridgeRow:
    """A row as the grid shows it; its key is the service's name. Made into lines when it comes into sight."""

    __slots__ = ("_cells", "_look", "_marked", "_pinned", "key", "row")

    def __init__(self, row: Row, look: Look, marked: Container[TargetId], *, pinned: bool) -> None:
        self.key, self.row = row.service, row
        self._look, self._marked, self._pinned = look, marked, pinned
        self._cells: tuple[Line, ...] | None = None

    @property
    def cells(self) -> tuple[Line, ...]:
        """The name, the environments, and what is waited for."""
        if self._cells is None:
            name = line((self.key, "title"), *_PINNED[: self._pinned])
            each = (
                cell_line(cell, self._look, marked=cell is not None and cell.target in self._marked)
                for cell in self.row.cells
            )
            self._cells = (name, *each, *([waiting_line(self.row)] if self._look.waiting else []))
        return self._cells


def heading(part: Part, cells: int) -> Heading:
    """The title of a group, with how many are in it and how many of them want a look."""
    told = line(("── ", "dim"), (f"{part.title.upper()} ", "heading"), (f" {len(part.rows)} ", "dim"))
    if part.wanting and part.wanting < len(part.rows):
        told = (*told, (f" {part.wanting} {_want(part.wanting)} a look ", "attention"))
    return Heading((*told, ("─" * max(0, cells - width(told)), "dim")))


def told_line(view: View, hidden: Hidden, marked: int, letters: str, key_of: Callable[[str], str]) -> Line:
    """What is marked, what is hidden and how to have it back, how it is arranged; blank if there is nothing to tell.

    Counts come first: they are what must not be cut off. `key_of` tells the key of a deed.
    """
    show, arrange, end = key_of("hide-healthy"), key_of("view"), key_of("back")
    parts: list[Line] = []
    if marked:
        parts.append(
            line(
                (f"■ {marked} marked", "key"),
                f": {key_of('swap')} {key_of('traffic')} {key_of('undo')} act on all, {end} unmarks",
            )
        )
    told = [f"{hidden.healthy} healthy"] * bool(hidden.healthy)
    told += [f"{hidden.untold} of unknown health"] * bool(hidden.untold)
    if told:
        parts.append(line((f"{' and '.join(told)} hidden; {show} shows them", "attention")))
    elif view.hide_healthy:
        parts.append(line((f"healthy ones would be hidden; {show} shows all", "attention")))
    if view.since != "any":
        when = "since you left" if view.since == "left" else f"for {view.since}"
        parts.append(line((f"{hidden.unchanged} unchanged {when} hidden; {arrange} shows them", "attention")))
    if letters:
        wanting = (
            f", {hidden.unlike_wanting} of them {_want(hidden.unlike_wanting)} a look" if hidden.unlike_wanting else ""
        )
        parts.append(line((f"{hidden.unlike} without {letters!r} hidden{wanting}; {end} shows them", "attention")))
    arranged = [_GROUPED[view.group], _SORTED[view.sort]]
    parts += [line((text, "dim")) for text in arranged if text]
    return (("  ", "text"), *join(parts, " · ")) if parts else BLANK


NOTHING_HIDDEN = Hidden()
_GROUPED: Mapping[Group, str] = {
    "none": "", "state": "grouped by state", "prefix": "grouped by prefix", "region": "grouped by region",
}  # fmt: skip
_SORTED: Mapping[Sort, str] = {
    "configured": "", "name": "by name", "worst": "worst first", "changed": "last changed first",
}  # fmt: skip


def _want(count: int) -> str:
    return "wants" if count == 1 else "want"


def detail_line(cell: Cell | None, *, marked: bool = False, pinned: bool = False) -> Line:
    """Everything about the cell under the cursor that one line holds."""
    if cell is None:
        return BLANK
    told: list[Line] = [line((marks.name(cell.target), "title"))]
    if marked or pinned:
        told.append(line((" and ".join(["marked"] * marked + ["pinned"] * pinned), "key")))
    if cell.release is not None:
        release = cell.release
        told.append(line((release.waits, marks.RELEASE[release.state][1])))
        told.append(line((f"rings {marks.rings(release)}" if release.rings else f"step {release.progress}", "dim")))
    elif cell.operation is not None:
        told.append(line((marks.in_brief(cell.operation), "moving")))
    elif cell.preview:
        told.append(line((f"a swap from {cell.preview} is prepared", "attention")))
    if cell.known.trouble is not None:
        told.append(line((cell.known.trouble.message, "danger")))
    told.append(marks.of_knowledge(cell.known))
    return (("  ", "text"), *join(told, " · "))


def recent_lines(picture: Picture, most: int) -> list[Line]:
    """What goes on and what happened last, newest first: at most so many lines, none if there is nothing to tell."""
    released = _release_lines(picture, most // 2 if picture.operations else most)
    most -= len(released)
    if most < 3 or not picture.operations:
        return released
    lines: list[Line] = [*released, BLANK, line(("LAST OPERATIONS", "heading"))]
    for one in sorted(picture.operations, key=lambda one: not one.open)[: most - 2]:
        reason = f"  {one.reason}" if one.reason else ""
        told = f"{marks.what(one):<9} {marks.name(one.target)}  by {one.actor}{reason}"
        lines.append((*fit(line(f"{one.age:>5}  ", marks.of_operation(one)), 22), (told, "text")))
    return lines


def _release_lines(picture: Picture, most: int) -> list[Line]:
    """Open releases, what hotfixes left to be done, and the releases that ended last."""
    if most < 3 or not (picture.releases or picture.guards.debts):
        return []
    lines: list[Line] = [BLANK, line(("RELEASES", "heading"))]
    lines += [_release_line(one) for one in picture.releases if one.open]
    for debt in picture.guards.debts:
        owed = fit(line(f"{debt.age:>5}  ", marks.INBOX["debt"]), 28)
        lines.append((*owed, (f" {clean(debt.target.name, 60)}: {debt.kind}: {debt.text}", "text")))
    lines += [_release_line(one) for one in picture.releases if not one.open][:_ENDED_SHOWN]
    return lines[:most]


def _release_line(one: ReleaseView) -> Line:
    state, word = marks.of_release(one)
    told = f"{one.title} in {one.environment}  {one.progress}  {one.waits}".rstrip()
    return (*fit(line(f"{one.age:>5}  ", (state.partition(",")[0], word)), 28), (f" {told}", "text"))


def _title(env: EnvironmentView, guards: GuardsView) -> str:
    frozen = any(closure.holds and closure.environment == env.name for closure in guards.closures) or any(
        hold.kind == "freeze" and hold.scope in (env.name, "*") for hold in guards.holds
    )
    told = ["protected"] * env.protected + ["frozen"] * frozen
    return env.name.upper() + (f" ({', '.join(told)})" if told else "")
