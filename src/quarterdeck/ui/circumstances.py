"""What stands around a target: who and what is in the way there, and what serves. To tell what changed meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.clearance import spoken
from quarterdeck.release.guards import covers, person
from quarterdeck.release.picture import FlagCell, Picture
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, line, wrap


@dataclass(frozen=True, slots=True)
class Circumstances:
    """At one moment. `obstacles`: what is in the way, a sentence by key. `serving`: what was read, a phrase by key."""

    obstacles: Mapping[str, str]
    serving: Mapping[str, str]


class Vigil:
    """Notices what changes from the first look on. What has once changed stays told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._first: Circumstances | None = None

    def look(self, now: Circumstances) -> bool:
        """Look again; whether something is new."""
        if self._first is None:
            self._first = now
        fresh = [text for text in news(self._first, now) if text not in self.told]
        self.told += fresh
        return bool(fresh)

    def lines(self, cells: int) -> list[Line]:
        """What has changed, to stand above what was planned before it did."""
        if not self.told:
            return []
        lines = [line(("CHANGED SINCE THIS WAS PLANNED", "danger"))]
        for text in self.told:
            lines += wrap(clean(text, 300), cells, first=line(("  ▲ ", "danger")))
        return [*lines, BLANK]


def around(picture: Picture, targets: Iterable[TargetId], actor: str) -> Circumstances:
    """What stands around these targets for `actor`."""
    obstacles: dict[str, str] = {}
    serving: dict[str, str] = {}
    for target in targets:
        obstacles.update(_guards(picture, target, actor))
        obstacles.update(_claims(picture, target))
        serving.update(_serving(picture, target))
    return Circumstances(obstacles, serving)


def news(before: Circumstances, now: Circumstances) -> list[str]:
    """What is in the way now and wasn't before, and what is served now that was something else before."""
    told = [text for key, text in now.obstacles.items() if key not in before.obstacles]
    for key, value in now.serving.items():
        was = before.serving.get(key, value)  # what wasn't read before is no change
        if was != value:
            told.append(f"{key} was {was}, and is {value} now")
    return told


def _guards(picture: Picture, target: TargetId, actor: str) -> Iterator[tuple[str, str]]:
    for hold in picture.guards.holds:
        mine = hold.kind == "lock" and person(hold.by) == person(actor)
        if covers(hold.scope, target) and not mine:
            reason = f": {hold.reason}" if hold.reason else ""
            yield hold.id, f"a {hold.kind} of {spoken(hold.scope)} began, by {hold.by}{reason}"
    for closure in picture.guards.closures:
        if closure.environment == target.environment and closure.holds:
            yield f"{closure.window} {closure.environment}", f"{closure.environment} is frozen: {closure.window}"
    conn = picture.guards.conn(target.whole)
    if conn is not None and person(conn.holder) != person(actor):
        yield f"{conn.scope} {conn.holder}", f"{conn.holder} took the conn of {spoken(conn.scope)}"


def _claims(picture: Picture, target: TargetId) -> Iterator[tuple[str, str]]:
    """By whom it is in use."""
    for release in picture.releases:
        if release.open and target.whole in {one.whole for one in release.targets}:
            yield release.id, f"release {release.title} has {marks.name(target.whole)} for itself, by {release.actor}"
    for one in picture.operations:
        if one.open and one.target.whole == target.whole:
            yield one.id, f"{marks.what(one)} of {marks.name(one.target)} is under way, by {one.actor}"


def _serving(picture: Picture, target: TargetId) -> Iterator[tuple[str, str]]:
    cell = None if target.flag else picture.cell(target)
    for region in cell.regions if cell is not None else ():
        if region.name in ("", target.region) or not target.region:
            for slot in region.slots:
                if slot.version:
                    yield f"{slot.name} of {marks.name(region.target)}", slot.version
    for row in picture.flags if target.flag else ():
        for flag in (flag for labels in row.cells for flag in labels if flag.target == target):
            yield marks.name(target) + (f" [{clean(flag.label, 40)}]" if flag.label else ""), _state(flag)


def _state(flag: FlagCell) -> str:
    groups = "".join(f", {one.group} {one.percent:g}%" for one in flag.audience)
    return ("on" if flag.enabled else "off") + ("" if flag.percent is None else f" for {flag.percent:g}%") + groups
