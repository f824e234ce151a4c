"""What is measured of a service: each indicator with its number, its picture, its limit, its age and its source; and
below the pictures what was done to the service meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.blocks import block
from quarterdeck.release.freshness import age, length
from quarterdeck.release.indicator import Measured, State
from quarterdeck.release.picture import OperationView
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.sparkline import Axis, breaches, columns, signs, spark
from quarterdeck.ui.spans import Line, Span, Word, fit, line, spread, width, wrap

STATE: Mapping[State, Span] = {
    "good": ("● good", "ok"),
    "too high": ("✗ too high", "danger"),
    "too low": ("✗ too low", "danger"),
    "not judged": ("· not judged", "text"),
    "no data": ("? no data", "attention"),
    "old": ("○ old", "attention"),
    "never": ("○ not measured yet", "dim"),
}

LETTERS: Mapping[str, str] = {
    "swap": "S", "complete": "S", "preview": "P", "cancel": "C", "deploy": "D", "shift": "T", "flag": "F",
    "rollback": "U",
}  # fmt: skip
"""What stands below a picture where an operation of that verb ended."""

_WIDEST = 96
"""Columns beyond which a picture shows nothing new, only older."""
_NAME = 14


@dataclass(frozen=True, slots=True)
class Event:
    """Something that was done: when it ended (or began, if it goes on), the verb of the operation, and its meaning."""

    at: float
    verb: str
    word: Word


def events_of(operations: Sequence[OperationView]) -> tuple[Event, ...]:
    """What of these operations changed something, or is about to."""
    words: Mapping[str, Word] = {"running": "moving", "succeeded": "heading"}
    return tuple(
        Event(one.ended_at or one.started_at, one.verb, words.get(one.state, "attention"))
        for one in operations
        if one.state != "failed" and one.verb in LETTERS
    )


def indicator_lines(measured: Sequence[Measured], events: Sequence[Event], now: float, cells: int) -> Iterator[Line]:
    """All indicators of a service; nothing if it has none."""
    if not measured:
        return
    yield line(("MEASURED", "heading"), ("  all the time; each on its own fixed scale", "dim"))
    for interval, group in groupby(measured, key=lambda one: one.indicator.question.interval):
        several = list(group)
        low = max(width(line(_number(one, one.indicator.scale.low))) for one in several)
        high = max(width(line(_number(one, one.indicator.scale.high))) for one in several)
        axis = Axis.until(now, max(8, min(cells - low - high - 4, _WIDEST)), interval)
        for one in several:
            yield from _indicator(one, axis, now, low, high, cells)
        yield from _below(axis, events, low, cells)


def _indicator(one: Measured, axis: Axis, now: float, low: int, high: int, cells: int) -> Iterator[Line]:
    yield from _told(one, now, cells)
    scale = one.indicator.scale
    shown = columns(one.points, axis, scale)
    ends = line((f"  {_number(one, scale.low):>{low}} ", "dim")), line((f" {_number(one, scale.high)}", "dim"))
    yield (*ends[0], *spark(shown, scale), *fit(ends[1], high + 1))
    if bad := breaches(shown, scale):
        yield (*line(" " * (low + 3)), *bad)


def _told(one: Measured, now: float, cells: int) -> Iterator[Line]:
    """The number in words: what it is, whether that is well, the limit, how old, who said so."""
    state, last = one.state(now), one.last
    region = f"@{one.target.region}" if one.target.region else ""
    value = "-" if last is None or last.value is None else _number(one, last.value)
    if state == "old":
        value = f"was {value}"
    seen = "" if last is None else f"{marks.ago(age(now - last.at))}, "
    left: Line = (
        *fit(line("  ", (clean(one.indicator.name + region, 40), "title")), _NAME),
        *fit(line((value, "title" if state in ("good", "not judged") else STATE[state][1])), max(10, len(value) + 1)),
        STATE[state],
    )
    right = line("  ", (f"{seen}{clean(one.indicator.question.connection or one.indicator.question.kind, 20)}", "dim"))
    about = line((f"  {clean(one.indicator.about, 80)}" if one.indicator.about else "", "dim"))
    said, short = _limits(one, "at most ", "at least "), _limits(one, "", "")
    several = ((*left, *said, *about), (*left, *said), (*left, *short))
    yield spread(next((some for some in several if width(some) + width(right) <= cells), left), right, cells)
    if last is not None and last.trouble:
        yield from wrap(clean(last.trouble, 300), cells, first=line(" " * _NAME), word="dim")


def _limits(one: Measured, above: str, below: str) -> Line:
    """The limits, each with the block that stands for it: whatever stands beyond that is bad."""
    scale = one.indicator.scale
    both = ((above, scale.bad_above), (below, scale.bad_below))
    return tuple(
        (f"  {block(limit, scale)} {word}{_number(one, limit)}", "dim") for word, limit in both if limit is not None
    )


def _below(axis: Axis, events: Sequence[Event], low: int, cells: int) -> Iterator[Line]:
    """What was done meanwhile, and how much time the pictures show."""
    row = signs(axis, ((one.at, LETTERS[one.verb], one.word) for one in events))
    if row:
        yield (*line(" " * (low + 3)), *row)
    inside = [one.verb for one in sorted(events, key=lambda one: one.at) if axis.column(one.at) is not None]
    letters = ", ".join(dict.fromkeys(f"{LETTERS[verb]} {_WORDS.get(verb, verb)}" for verb in inside))
    told = f"a column is {length(axis.step)}, all of it {length(axis.seconds)}" + (f"; {letters}" if letters else "")
    yield from wrap(told, cells, first=line(" " * (low + 3)), word="dim")


_WORDS: Mapping[str, str] = {"complete": "swap", "rollback": "undo", "shift": "traffic"}


def _number(one: Measured, value: float) -> str:
    return number(value, one.indicator.unit)


def number(value: float, unit: str) -> str:
    """A value with three digits that count, and its unit."""
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{digits}{unit}" if unit in ("", "%") else f"{digits} {clean(unit, 8)}"
