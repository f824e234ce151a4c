"""A service in an environment, in one cell of the Bridge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from quarterdeck.records import dataclass
from quarterdeck.release.picture import Cell, Row, Split
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.places import standing_by
from quarterdeck.ui.spans import Line, join, line

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView, StepKind

_BAR = 8
_CHANGES: tuple[StepKind, ...] = ("swap", "shift", "flag", "deploy", "rollback")
"""Steps that move clients from one version to another."""


@dataclass(frozen=True, slots=True)
class Look:
    """How much of a cell there is room for. `waiting`: what a row waits for stands in a column of its own."""

    rings: bool = True
    waiting: bool = False
    all: bool = False


_USUAL = Look()


def cell_line(cell: Cell | None, look: Look = _USUAL, *, marked: bool = False) -> Line:
    """A cell in one line: mark, what serves, where it goes, state, what stands by, shares; rings of a release."""
    if cell is None:
        return line(("-", "dim"))
    mark, word, colour = marks.CELL[cell.state]
    chosen: Line = (("■ ", "key"),) if marked else ()
    versions = "/".join(version or "?" for version in cell.versions)
    if cell.state == "unread":
        return line(*chosen, (f"{mark} {word}", colour))
    parts: Line = (*chosen, (f"{mark} ", colour), (versions or "traffic only", "text"))
    operation, release = cell.operation, cell.release
    if release is not None:
        told = (*parts, *_of_release(cell, release, look))
        return (*told, (f"  {marks.rings(release)}", "dim")) if look.rings and release.rings else told
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
        parts = (*parts, (f" {shares}", "bar"), *(_bars(cell.splits) if look.all else ()))
    return (*parts, *_ages(cell)) if look.all else parts


def waiting_line(row: Row) -> Line:
    """What the releases of a row wait for, whichever environment they are in."""
    releases = [cell.release for cell in row.cells if cell is not None and cell.release is not None]
    parts = [line((release.short, marks.RELEASE[release.state][1])) for release in releases]
    return join(parts, ", ")


def _bars(splits: Sequence[Split]) -> Line:
    """The first destination's share of each uneven division, as long for the same share wherever it stands."""
    found: Line = ()
    for split in splits:
        shares = [share.share if share.enabled else 0 for share in split.shares]
        if split.between == "endpoints" and len(set(shares)) > 1:
            found = (*found, (" ", "text"), *marks.bar(shares[0], _BAR))
    return found


def _ages(cell: Cell) -> Line:
    """Since when the build serves, and how old what stands here is."""
    live = [region.live for region in cell.regions if region.live is not None]
    deployed = next((slot.deployed for slot in live if slot.deployed), "")
    told = [f"built {marks.ago(deployed)}"] if deployed else []
    if cell.known.state == "fresh":
        told.append(f"read {marks.ago(cell.known.age)}")
    return (("  " + ", ".join(told), "dim"),) if told else ()


def _of_release(cell: Cell, release: ReleaseView, look: Look) -> Line:
    """Where it goes, how many have it, what it waits for."""
    leads = f" -> {cell.target_version}" if cell.target_version and cell.target_version not in cell.versions else ""
    share = f" {_at_most(release)}{marks.percent(release.exposed)}" if release.exposed is not None else ""
    waits = () if look.waiting else ((f" {release.short}", marks.RELEASE[release.state][1]),)
    doubt = line((f" old {cell.known.age}", "attention")) if cell.known.state in ("stale", "trouble") else ()
    return (*line((leads, "moving"), (share, "bar"), *waits), *doubt)


def _at_most(release: ReleaseView) -> str:
    """A change that is being made counts as made: until it is, fewer clients may have the version."""
    step = release.current
    return "up to " if step is not None and step.state == "running" and step.kind in _CHANGES else ""


def shares_in_short(splits: Sequence[Split]) -> str:
    """Shares of endpoints, where they aren't equal."""
    told = []
    for split in splits:
        shares = [share.share if share.enabled else 0 for share in split.shares]
        if split.between == "endpoints" and len(set(shares)) > 1:
            told.append("/".join(f"{round(share, 1):g}" for share in shares) + "%")
    return " ".join(dict.fromkeys(told))
