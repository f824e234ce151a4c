"""What a key could be about, where nothing is under a cursor: everything of its kind; and why it can't be done."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import OperationView, Picture
from quarterdeck.ui.actions import Deed, Situation, why_not

_ON_RELEASES = frozenset({"promote", "promote-full", "approve", "reject", "confirm", "abort", "hold", "order"})
_ON_RUNS = frozenset({"approve", "reject", "cancel-run", "rerun"})
_ON_SERVICES = frozenset({"swap", "traffic", "hotfix", "promote"})
_ON_NOTHING = frozenset(
    {"conn", "guard", "command", "refresh", "filter", "bridge", "releases", "gates", "flags", "pipelines", "log"}
)


def hindrance(deed: Deed, picture: Picture, *, read_only: bool) -> str:
    """Why a deed can't be done to anything at the moment, "" if it can."""
    if deed.id == "order" and asking(picture):
        return ""
    reasons = [why_not(deed, situation) for situation in _about(deed, picture, read_only=read_only)]
    if not reasons:
        return "no release is under way" if deed.id in _ON_RELEASES else "there is nothing that it could be done to"
    return reasons[0] if all(reasons) else ""


def possible(deed: Deed, picture: Picture, *, read_only: bool) -> list[Situation]:
    """Everything that a deed can be done to at the moment."""
    return [situation for situation in _about(deed, picture, read_only=read_only) if not why_not(deed, situation)]


def asking(picture: Picture) -> list[OperationView]:
    """Operations that wait for an answer."""
    return [one for one in picture.operations if one.open and one.choices]


def _about(deed: Deed, picture: Picture, *, read_only: bool) -> Iterator[Situation]:
    """What the deed could be about, with what the registry wants to know of it."""
    if deed.id in _ON_RELEASES:
        for release in picture.releases:
            if release.open:
                yield Situation(picture, "releases", read_only, release.targets[0], release)
    if deed.id in _ON_RUNS:
        for pipeline in picture.pipelines:
            for run in pipeline.runs:
                yield Situation(picture, "pipelines", read_only, run.target, run=run)
    if deed.id == "start-run":
        for pipeline in picture.pipelines:
            yield Situation(picture, "pipelines", read_only, pipeline.target)
    if deed.id in _ON_SERVICES:
        for row in picture.rows:
            for cell in row.cells:
                if cell is not None and not (deed.id == "promote" and cell.release):
                    yield Situation(picture, "bridge", read_only, cell.target)
    if deed.id == "flag":
        for target in _flags(picture):
            yield Situation(picture, "flags", read_only, target)
    if deed.id == "undo":
        for target in dict.fromkeys(one.target.whole for one in picture.operations):
            yield Situation(picture, "bridge", read_only, target)
    if deed.id == "pay":
        for item in picture.inbox:
            if item.kind == "debt":
                yield Situation(picture, "gates", read_only, item.target, item=item)
    if deed.id in _ON_NOTHING:
        yield Situation(picture, "bridge", read_only, None)


def _flags(picture: Picture) -> list[TargetId]:
    return list(dict.fromkeys(one.target for row in picture.flags for cell in row.cells for one in cell))
