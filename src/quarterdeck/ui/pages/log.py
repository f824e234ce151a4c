"""The journal, line by line, and one of its lines in full."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.guards import person
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event
from quarterdeck.ui.journal_lines import JournalLines
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Word, join, line, wrap
from quarterdeck.ui.widgets.grid import AnyRow, Column, Heading

COLUMNS = (
    Column("TIME", least=9, before_others=True),
    Column("WHO", least=8, before_others=True),
    Column("WHAT", least=20, before_others=True),
    Column("DETAIL", least=24),
)
_WHO = 12
"""Letters of a name: a runner's is long, and stands in the line in full."""

_LOUD: Mapping[str, Word] = {
    "request.refused": "attention",
    "step.in_doubt": "attention",
    "step.not_done": "danger",
    "step.changed_by_other": "danger",
    "step.done": "ok",
    "operator.chose": "moving",
    "operation.started": "moving",
}
_ENDINGS: Mapping[str, Word] = {
    "succeeded": "ok",
    "failed": "danger",
    "rolled_back": "attention",
    "needs_operator": "danger",
}
Names = Callable[[Event], Mapping[str, str]]
"""What the steps do that an event may name, by id."""


class LogRow:
    """A line of the journal as the grid shows it; its key is its number. Made into cells when it comes into sight."""

    __slots__ = ("_cells", "_names", "event", "key")

    def __init__(self, event: Event, names: Names) -> None:
        self.key, self.event = str(event.seq), event
        self._names = names
        self._cells: tuple[Line, ...] | None = None

    @property
    def cells(self) -> tuple[Line, ...]:
        """When, who, what, and what it says."""
        if self._cells is None:
            self._cells = _cells(self.event, _steps_of(self.event, self._names))
        return self._cells


def with_days(rows: Sequence[LogRow], now: float) -> list[AnyRow]:
    """The rows, with the day above the first one of each; without, if all are of today."""
    shown: list[AnyRow] = []
    today = day = _day(now)
    for row in rows:
        own = _day(row.event.at)
        if own != day or (not shown and own != today):
            shown.append(Heading(line(("── ", "dim"), (own, "heading"))))
            day = own
        shown.append(row)
    return shown


def _day(at: float) -> str:
    return marks.date_time(at).partition(" ")[0]


def _steps_of(event: Event, names: Names) -> Mapping[str, str]:
    """A write is named once, when it is intended: after that, what became of it comes first."""
    named = event.kind == "step.intended" or not event.kind.startswith("step.")
    return names(event) if named else {}


def state_line(
    lines: JournalLines,
    letters: str,
    *,
    following: bool,
    below: int,
    marked: Event | None,
    key_of: Callable[[str], str],
) -> Line:
    """What is shown of the journal: whether the newest line stays in sight, what lies below and above, what is looked
    for, and the moment that was marked. What must not be cut off comes first. `key_of` tells the key of a deed."""
    follow = key_of("follow")
    parts = [line(("▸ following the newest", "ok"))]
    if not following:
        newer = f": {below} new below" if below else ""
        parts = [line(("◆ held here" + newer, "attention"), (f", {follow} follows the newest", "dim"))]
    if lines.sought.wrong:
        parts.insert(0, line((clean(lines.sought.wrong, 200), "danger")))
    if marked is not None:
        told = f"■ marked {marks.clock_time(marked.at)}"
        parts.append(line((told, "key"), (f", {key_of('compare')} on another line compares", "dim")))
    if letters:
        found = len(lines.lines)
        parts.append(line((f"{found} line{'' if found == 1 else 's'} like {clean(letters, 60)!r}", "attention")))
    return (("  ", "text"), *join([*parts, _reach(lines)], " · "))


def _reach(lines: JournalLines) -> Line:
    """How far back it is known what there is."""
    if lines.whole or lines.reached is None:
        return line(("back to the beginning" if lines.sought.since is None else "all of that time", "dim"))
    when = marks.date_time(lines.reached.at)
    if lines.full:
        return line((f"back to {when}; until: shows older ones", "attention"))
    return line((f"back to {when}, older ones come at the top", "dim"))


def event_lines(event: Event, cells: int) -> list[Line]:
    """One line of the journal in full, with its place in the chain."""
    head = {
        "number": str(event.seq),
        "time": marks.date_time(event.at),
        "who": event.actor,
        "what": event.kind,
        "target": event.target,
        "operation": event.operation,
    }
    lines: list[Line] = []
    for name, value in head.items():
        if value:
            lines += wrap(clean(value, 300), cells, first=line((f"{name:>10}  ", "heading")))
    lines.append(BLANK)
    body = json.dumps(event.body, indent=2, ensure_ascii=False, sort_keys=True, default=str)
    for text in body.splitlines():
        indent = len(text) - len(text.lstrip())
        lines += wrap(clean(text, 2000), cells, first=line(" " * indent))
    lines.append(BLANK)
    lines += wrap(event.hash, cells, first=line(("      hash  ", "dim")), word="dim")
    lines += wrap(event.previous, cells, first=line(("  previous  ", "dim")), word="dim")
    return lines


def _cells(event: Event, steps: Mapping[str, str]) -> tuple[Line, ...]:
    word = _ENDINGS.get(str(event.body.get("ending", "")), _LOUD.get(event.kind, "text"))
    return (
        line((marks.clock_time(event.at), "dim")),
        line(clean(person(event.actor), _WHO)),
        line((clean(event.kind, 40), word)),
        line((told(event.kind, event.body, steps), "text")),
    )
