"""Which services the Bridge shows, in which order and under which headings. Pure.

A filter must never make trouble invisible: whatever wants a look stays in sight, and what is hidden is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Literal

from quarterdeck.records import dataclass
from quarterdeck.release.picture import CellState, Row

Group = Literal["none", "state", "prefix", "region"]
Sort = Literal["configured", "name", "worst", "changed"]
Since = Literal["any", "10m", "1h", "24h", "left"]
"""left: since this operator left the last cockpit."""

SECONDS: Mapping[Since, float] = {"10m": 600.0, "1h": 3600.0, "24h": 86400.0}

_WORST_FIRST: tuple[CellState, ...] = (
    "needs operator", "trouble", "unhealthy", "waiting", "moving", "preview", "drift", "unread", "stale", "unknown",
    "ok",
)  # fmt: skip
_WELL: tuple[CellState, ...] = ("ok", "unknown")
"""States that want no look; of the second nobody tells whether it is healthy."""
_OTHERS = "others"


@dataclass(frozen=True, slots=True)
class View:
    """How the Bridge is arranged. `pins`: services kept at the top, in the order in which they were pinned."""

    group: Group = "none"
    sort: Sort = "configured"
    hide_healthy: bool = False
    since: Since = "any"
    pins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """What of a row decides where it stands. `wants`: something in it wants a look; `changed_at` 0 if unknown."""

    row: Row
    state: CellState
    wants: bool
    changed_at: float
    prefix: str
    regions: str
    text: str


@dataclass(frozen=True, slots=True)
class Part:
    """Rows under one title ("" for none)."""

    title: str
    rows: tuple[Row, ...]
    wanting: int = 0


@dataclass(frozen=True, slots=True)
class Hidden:
    """How many services are not shown: healthy ones (of `untold` nobody says that they are), ones that haven't
    changed lately, and ones that don't hold the letters that were typed (`unlike_wanting` of them want a look)."""

    healthy: int = 0
    untold: int = 0
    unchanged: int = 0
    unlike: int = 0
    unlike_wanting: int = 0


@dataclass(frozen=True, slots=True)
class Arranged:
    """What is shown, from the top, and what isn't."""

    parts: tuple[Part, ...]
    hidden: Hidden

    @property
    def rows(self) -> Sequence[Row]:
        """All rows that are shown."""
        return [row for part in self.parts for row in part.rows]


class Arranger:
    """Arranges picture after picture; what it found out about a row holds as long as the row is the same object."""

    def __init__(self) -> None:
        self._facts: dict[str, Facts] = {}

    def arrange(
        self,
        rows: Sequence[Row],
        view: View,
        *,
        changed_after: float = 0,
        matches: Callable[[str], bool] | None = None,
        keep: Container[str] = (),
    ) -> Arranged:
        """The rows of a picture, arranged.

        `changed_after` (UNIX seconds) is what `view.since` means now; `matches` judges the words of a row; services
        in `keep` are only hidden by that (they are marked). So are pinned ones.
        """
        if view == View() and matches is None:
            return Arranged((Part("", tuple(rows)),), Hidden())
        shown, hidden = self._shown(rows, view, changed_after, matches, keep)
        pins = {service: place for place, service in enumerate(view.pins)}
        pinned = sorted((one for one in shown if one.row.service in pins), key=lambda one: pins[one.row.service])
        others = _sorted([one for one in shown if one.row.service not in pins], view.sort)
        if view.group == "none":
            return Arranged((_part("", [*pinned, *others]),), hidden)
        parts = [_part("pinned", pinned)] if pinned else []
        return Arranged((*parts, *_grouped(others, view.group)), hidden)

    def _shown(
        self,
        rows: Sequence[Row],
        view: View,
        changed_after: float,
        matches: Callable[[str], bool] | None,
        keep: Container[str],
    ) -> tuple[list[Facts], Hidden]:
        shown: list[Facts] = []
        healthy = untold = unchanged = unlike = unlike_wanting = 0
        for row in rows:
            facts = self.facts_of(row)
            if matches is not None and not matches(facts.text):
                unlike += 1
                unlike_wanting += facts.wants
            elif facts.wants or row.service in keep or row.service in view.pins:
                shown.append(facts)
            elif view.hide_healthy:
                healthy += facts.state == "ok"
                untold += facts.state != "ok"
            elif view.since != "any" and facts.changed_at <= changed_after:
                unchanged += 1
            else:
                shown.append(facts)
        return shown, Hidden(healthy, untold, unchanged, unlike, unlike_wanting)

    def learn(self, rows: Sequence[Row]) -> None:
        """Find out beforehand what arranging these will ask for."""
        for row in rows:
            self.facts_of(row)

    def facts_of(self, row: Row) -> Facts:
        """What is known of a row."""
        facts = self._facts.get(row.service)
        if facts is None or facts.row is not row:
            facts = self._facts[row.service] = _facts(row)
        return facts


def _facts(row: Row) -> Facts:
    cells = [cell for cell in row.cells if cell is not None]
    states = [cell.state for cell in cells]
    worst: CellState = min(states, key=_WORST_FIRST.index) if states else "unknown"
    prefix, joint, _ = _cut(row.service)
    regions = sorted({region.name for cell in cells for region in cell.regions if region.name})
    return Facts(
        row=row,
        state=worst,
        wants=worst not in _WELL or any(cell.known.state != "fresh" for cell in cells),
        changed_at=max((cell.changed_at or 0 for cell in cells), default=0),
        prefix=prefix if joint else "",
        regions=" + ".join(regions),
        text=_text(row),
    )


def _cut(service: str) -> tuple[str, str, str]:
    """What comes before the first joint of a name, as teams write it: `shop-cart`, `pay.api`."""
    at = next((i for i, character in enumerate(service) if character in "-._/"), 0)
    return (service[:at], service[at], service[at + 1 :]) if at else (service, "", "")


def _text(row: Row) -> str:
    """What can be found of a row: names, versions, states, what is under way."""
    words = [row.service]
    for cell in row.cells:
        if cell is None:
            continue
        words += [cell.state, *cell.versions, cell.target_version]
        words += [f"{slot.name} {slot.version}" for region in cell.regions for slot in region.slots]
        if cell.release is not None:
            words += [cell.release.title, cell.release.short, cell.release.actor]
        if cell.operation is not None:
            words += [cell.operation.verb, cell.operation.actor]
    return " ".join(words)


def _sorted(rows: list[Facts], by: Sort) -> list[Facts]:
    match by:
        case "configured":
            return rows
        case "name":
            return sorted(rows, key=lambda one: one.row.service)
        case "worst":
            return sorted(rows, key=lambda one: _WORST_FIRST.index(one.state))
        case "changed":
            return sorted(rows, key=lambda one: -one.changed_at)


def _grouped(rows: Sequence[Facts], by: Group) -> Iterable[Part]:
    groups: dict[str, list[Facts]] = {}
    for one in rows:
        groups.setdefault(_title(one, by), []).append(one)
    if by == "state":
        return [_part(state, groups[state]) for state in _WORST_FIRST if state in groups]
    if by == "prefix":  # a name that nobody shares is no group
        alone = [name for name, ones in groups.items() if len(ones) == 1 and name != _OTHERS]
        lonely = {id(one) for name in alone for one in groups.pop(name)}
        rest = {id(one) for one in groups.pop(_OTHERS, [])} | lonely
        others = [one for one in rows if id(one) in rest]
    else:
        others = groups.pop(_OTHERS, [])
    parts = [_part(title, ones) for title, ones in groups.items()]
    return [*parts, *([_part(_OTHERS, others)] if others else [])]


def _title(one: Facts, by: Group) -> str:
    match by:
        case "state":
            return one.state
        case "prefix":
            return one.prefix or _OTHERS
        case _:
            return one.regions or _OTHERS


def _part(title: str, rows: Sequence[Facts]) -> Part:
    return Part(title, tuple(one.row for one in rows), sum(one.wants for one in rows))
