"""How releases went in a period: the four measures, what failed, and the deliveries on a line of time."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.release.deliveries import Fate
from quarterdeck.release.dora import (
    DEFINITIONS,
    LEAST_FOR_A_FREQUENCY,
    LEAST_FOR_A_MEDIAN,
    LEAST_FOR_A_RATE,
    Dora,
    Lengths,
    Mark,
    Measures,
)
from quarterdeck.release.freshness import length, moment, stamp
from quarterdeck.reporting import saying
from quarterdeck.reporting.document import Block, Document, Facts, Heading, Paragraph, Picture, Table
from quarterdeck.reporting.drawing import BAD, GOOD, SOFT, WIDTH, Drawing

_LEFT, _RIGHT = 200.0, 14.0
_COLUMNS = 48
_MOST_ROWS = 40
"""Services on the timeline; those with the most deliveries."""


def dora_document(dora: Dora) -> Document:
    """The whole page."""
    of = dora.part or dora.fleet or "the fleet"
    about = f"From the journal of {dora.fleet or 'the fleet'}, {stamp(dora.since)} to {stamp(dora.until)} "
    about += f"({length(dora.until - dora.since)}). All times are UTC."
    return Document(f"How releases go: {of}", about, tuple(_blocks(dora)))


def _blocks(dora: Dora) -> Iterator[Block]:
    whole, parts = dora.measures[0], dora.measures[1:]
    if not whole.deployments and not whole.changes:
        yield Paragraph("Nothing was released in this period, so there is nothing to measure.")
    else:
        yield Facts(tuple(_told(whole)))
    for part in parts:
        yield Heading(part.part, 3)
        yield Facts(tuple(_told(part)))
    if dora.timeline:
        yield Heading("Deliveries over time")
        yield timeline_picture(dora)
    if dora.failures:
        yield Heading("Failed changes")
        rows = tuple(
            (
                one.title,
                moment(one.at),
                one.why,
                one.remedy,
                "not yet, or nobody knows" if one.restored_in is None else f"in {saying.lasted(one.restored_in)}",
                one.id,
            )
            for one in dora.failures
        )
        yield Table(
            ("Change", "First sign", "Why", "What was done", "Put right", "Id"), rows, ("First sign", "Put right")
        )
    yield Heading("What is counted")
    yield Facts(tuple((name[0].upper() + name[1:], text) for name, text in DEFINITIONS.items()))
    yield Paragraph(
        f"A median takes {LEAST_FOR_A_MEDIAN} cases at least, a rate {LEAST_FOR_A_RATE} changes, a frequency "
        f"{LEAST_FOR_A_FREQUENCY} deployments and a day: with less, only the cases are told."
    )


def _told(one: Measures) -> Iterator[tuple[str, str]]:
    yield "Deployment frequency", _frequency(one)
    yield "Lead time (from the proposal)", _lengths(one.lead, "deployment")
    rate = f"{one.failure_rate:.0f}%: " if one.failure_rate is not None else ""
    few = "" if one.failure_rate is not None or not one.changes else " (too few for a rate)"
    yield "Change failure rate", f"{rate}{one.failed} of {_count(one.changes, 'change')} failed{few}"
    open_ones = f"; {one.unrestored} not put right, as far as is known" if one.unrestored else ""
    yield "Time to restore", _lengths(one.restore, "failure that was put right") + open_ones
    if one.stopped:
        yield "Stopped in time", f"{_count(one.stopped, 'release')} ended before anything was changed; not counted"


def _frequency(one: Measures) -> str:
    counted = _count(one.deployments, "deployment")
    if not one.deployments:
        return "no deployment in the period"
    if one.per_day is None:
        return f"{counted} (too few, or too short a period, for a frequency)"
    often = f"{one.per_day:.1f} a day" if one.per_day >= 1 else f"one in {1 / one.per_day:.1f} days"
    return f"{often}: {counted}"


def _lengths(lengths: Lengths, what: str) -> str:
    if not lengths.cases:
        return "no case in the period"
    cases = f"{lengths.cases} case{'' if lengths.cases == 1 else 's'}"
    if lengths.median is None:
        return f"too few for a median: {cases}"
    tail = "" if lengths.tail is None else f", nine of ten within {saying.lasted(lengths.tail)}"
    return f"median {saying.lasted(lengths.median)}{tail} ({cases})"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# --- the timeline ----------------------------------------------------------------------------------------------------
_SIGNS: dict[Fate, str] = {
    "succeeded": "o",
    "rolled back": "«",
    "abandoned": "X",
    "nothing changed": "-",
    "running": "?",
}


def timeline_picture(dora: Dora) -> Picture:
    """Every delivery at its end, a row for each service."""
    rows: dict[str, list[Mark]] = {}
    for mark in dora.timeline:
        rows.setdefault(mark.service, []).append(mark)
    kept = sorted(sorted(rows, key=lambda service: -len(rows[service]))[:_MOST_ROWS])
    hidden = len(rows) - len(kept)
    title = "A dot went well, a cross failed or had to be put right, an arrow put it right, a ring changed nothing"
    title += f" ({hidden} services with fewer are not shown)" if hidden else ""
    drawing, text = Drawing(24 + 22 * len(kept) + 24, title), []
    span = max(dora.until - dora.since, 1.0)
    for number, service in enumerate(kept):
        y = 24 + 22 * number
        drawing.rule(_LEFT, y, WIDTH - _RIGHT, y)
        drawing.word(_LEFT - 8, y + 4, service if len(service) <= 28 else service[:27] + "…", "end")
        row = [" "] * _COLUMNS
        for mark in rows[service]:
            part = (mark.at - dora.since) / span
            _draw(drawing, _LEFT + part * (WIDTH - _RIGHT - _LEFT), y, mark)
            column = min(_COLUMNS - 1, int(part * _COLUMNS))
            row[column] = _sign(mark) if row[column] in (" ", _sign(mark)) else "*"
        text.append(f"{service[:24]:25}{''.join(row)}".rstrip())
    below = 24 + 22 * len(kept)
    drawing.word(_LEFT, below + 6, moment(dora.since))
    drawing.word(WIDTH - _RIGHT, below + 6, moment(dora.until), "end")
    legend = "o well  ! put right later  u a rollback  « rolled back  X abandoned  - no change"
    return Picture(title, drawing.svg(), (*text, f"{moment(dora.since)} .. {moment(dora.until)}; * several", legend))


def _sign(mark: Mark) -> str:
    if mark.kind == "rollback":
        return "u"
    return "!" if mark.failed and mark.fate == "succeeded" else _SIGNS[mark.fate]


def _draw(drawing: Drawing, x: float, y: float, mark: Mark) -> None:
    if mark.kind == "rollback":
        drawing.word(x, y - 4, "↶", "middle")
    elif mark.failed:
        drawing.cross(x, y, BAD)
    elif mark.fate == "nothing changed":
        drawing.ring(x, y, SOFT)
    else:
        drawing.dot(x, y, GOOD)
