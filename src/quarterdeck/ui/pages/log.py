"""The journal, line by line, and one of its lines in full."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.store.base import Event
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Word, line, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow

COLUMNS = (
    Column("TIME", least=9),
    Column("WHO"),
    Column("WHAT", least=16),
    Column("TARGET"),
    Column("DETAIL", least=8),
)

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
_TELLING = ("ending", "detail", "message", "choice", "summary", "reason", "command")


def rows(events: Sequence[Event], letters: str) -> list[GridRow]:
    """One row per line of the journal that holds these letters (in actor, target, kind or detail)."""
    wanted = letters.lower()
    return [_row(event) for event in events if wanted in _searchable(event)]


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


def _row(event: Event) -> GridRow:
    word = _ENDINGS.get(str(event.body.get("ending", "")), _LOUD.get(event.kind, "text"))
    return GridRow(
        str(event.seq),
        (
            line((marks.clock_time(event.at), "dim")),
            line(clean(event.actor, 40)),
            line((clean(event.kind, 40), word)),
            line(clean(event.target, 80)),
            line((_detail(event.body), "text")),
        ),
    )


def _detail(body: Mapping[str, Any]) -> str:
    step = f"step {body['step']}" if body.get("step") else ""
    told = (str(body[key]) for key in _TELLING if isinstance(body.get(key), str))
    return clean("  ".join(part for part in (step, *told) if part), 300)


def _searchable(event: Event) -> str:
    return f"{event.actor} {event.kind} {event.target} {event.operation} {_detail(event.body)}".lower()
