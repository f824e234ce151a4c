"""The Bridge: services down, environments across."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.release.picture import Cell, EnvironmentView, Picture, Split
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.places import standing_by
from quarterdeck.ui.spans import BLANK, Line, fit, join, line
from quarterdeck.ui.widgets.grid import Column, GridRow

_ENDED_SHOWN = 3
"""Releases that are over, below those that are open; screen 3 has more."""
_ROOM_FOR_RINGS = 100
"""Cells from which rings stand in the cells; below, they stand in the line of detail."""


def columns(picture: Picture) -> list[Column]:
    """The service's name, then one column per environment; a protected one says so, one where a release is under way
    has the room it needs."""
    released = {release.environment for release in picture.releases if release.open}
    return [
        Column("SERVICE"),
        *(Column(_title(env), True, 16, before_others=env.name in released) for env in picture.environments),
    ]


def rows(picture: Picture, cells: int) -> list[GridRow]:
    """One row per service; its key is the service's name. `cells` is the width that there is."""
    rings = cells >= _ROOM_FOR_RINGS
    return [
        GridRow(row.service, (line((row.service, "title")), *(cell_line(cell, rings=rings) for cell in row.cells)))
        for row in picture.rows
    ]


def cell_line(cell: Cell | None, *, rings: bool = True) -> Line:
    """A cell in one line: mark, what serves, where it goes, state, what stands by, shares; rings of a release."""
    if cell is None:
        return line(("-", "dim"))
    mark, word, colour = marks.CELL[cell.state]
    versions = "/".join(version or "?" for version in cell.versions)
    if cell.state == "unread":
        return line((f"{mark} {word}", colour))
    parts: Line = ((f"{mark} ", colour), (versions or "traffic only", "text"))
    operation, release = cell.operation, cell.release
    if release is not None:
        told = (*parts, *_of_release(cell, release))
        return (*told, (f"  {marks.rings(release)}", "dim")) if rings and release.rings else told
    if operation is not None:
        leads = f" -> {cell.target_version}" if cell.target_version else f" {marks.what(operation)}"
        parts = (*parts, (leads, "moving"), (f" {operation.progress}", "moving"))
    if word:
        parts = (*parts, (f" {word}", colour))
    if cell.state == "stale" or (cell.state == "trouble" and cell.known.trouble_age):
        parts = (*parts, (f" {cell.known.age if cell.state == 'stale' else cell.known.trouble_age}", colour))
    elif cell.known.state == "stale":
        parts = (*parts, (f" old {cell.known.age}", "attention"))
    if (beside := standing_by(cell.regions, cell.splits)) and operation is None:
        parts = (*parts, (f" ({beside})", "text"))
    if shares := shares_in_short(cell.splits):
        parts = (*parts, (f" {shares}", "bar"))
    return parts


def _of_release(cell: Cell, release: ReleaseView) -> Line:
    """Where it goes, how many have it, what it waits for."""
    leads = f" -> {cell.target_version}" if cell.target_version and cell.target_version not in cell.versions else ""
    share = f" {marks.percent(release.exposed)}" if release.exposed is not None else ""
    waits = marks.RELEASE[release.state][1]
    doubt = line((f" old {cell.known.age}", "attention")) if cell.known.state in ("stale", "trouble") else ()
    return (*line((leads, "moving"), (share, "bar"), (f" {release.short}", waits)), *doubt)


def shares_in_short(splits: Sequence[Split]) -> str:
    """Shares of endpoints, where they aren't equal."""
    told = []
    for split in splits:
        shares = [share.share if share.enabled else 0 for share in split.shares]
        if split.between == "endpoints" and len(set(shares)) > 1:
            told.append("/".join(f"{round(share, 1):g}" for share in shares) + "%")
    return " ".join(dict.fromkeys(told))


def detail_line(picture: Picture, cell: Cell | None) -> Line:
    """Everything about the cell under the cursor that one line holds."""
    if cell is None:
        return BLANK
    told: list[Line] = [line((str(cell.target), "title"))]
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
        lines.append((*owed, (f" {debt.target.name}: {debt.kind}: {debt.text}", "text")))
    lines += [_release_line(one) for one in picture.releases if not one.open][:_ENDED_SHOWN]
    return lines[:most]


def _release_line(one: ReleaseView) -> Line:
    state, word = marks.of_release(one)
    told = f"{one.title} in {one.environment}  {one.progress}  {one.waits}".rstrip()
    return (*fit(line(f"{one.age:>5}  ", (state.partition(",")[0], word)), 28), (f" {told}", "text"))


def _title(env: EnvironmentView) -> str:
    return env.name.upper() + (" (protected)" if env.protected else "")
