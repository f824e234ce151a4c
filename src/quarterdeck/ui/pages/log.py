"""The journal, line by line, and one of its lines in full."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.guards import person
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event
from quarterdeck.ui.filtering import keep
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Word, line, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow

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
Names = Mapping[str, Mapping[str, str]]
"""What the steps of releases and operations do: by their id, then by the step's."""


def rows(events: Sequence[Event], letters: str, names: Names | None = None) -> list[GridRow]:
    """One row per line of the journal that matches these letters (in actor, target, kind or detail)."""
    said = [(event, told(event.kind, event.body, _steps_of(event, names or {}))) for event in events]
    return [_row(event, detail) for event, detail in keep(said, letters, lambda one: _searchable(*one))]


def _steps_of(event: Event, names: Names) -> Mapping[str, str]:
    """A write is named once, when it is intended: after that, what became of it comes first."""
    named = event.kind == "step.intended" or not event.kind.startswith("step.")
    return names.get(event.operation, {}) if named else {}


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


def _row(event: Event, detail: str) -> GridRow:
    word = _ENDINGS.get(str(event.body.get("ending", "")), _LOUD.get(event.kind, "text"))
    return GridRow(
        str(event.seq),
        (
            line((marks.clock_time(event.at), "dim")),
            line(clean(person(event.actor), _WHO)),
            line((clean(event.kind, 40), word)),
            line((detail, "text")),
        ),
    )


def _searchable(event: Event, detail: str) -> str:
    return f"{event.actor} {event.kind} {event.target} {event.operation} {detail}"
