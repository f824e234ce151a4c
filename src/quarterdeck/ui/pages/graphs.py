"""Releases as pictures in a line or two: the steps on their way, the rings, the share of clients, the bake's clock."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.series import Point
from quarterdeck.fleet.text import clean
from quarterdeck.release.blocks import block
from quarterdeck.release.freshness import left, length
from quarterdeck.release.indicator import Scale
from quarterdeck.release.release_view import MeasureView, ReleaseView, StepKind, StepView
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.sparkline import NO_DATA, merged
from quarterdeck.ui.spans import Line, Span, fit, line, width

LABEL = 11
"""Cells of the word at the left."""

_JOINT: Span = ("─", "dim")
_BAR = 24
_COLUMNS = 30
_STEPS = (5, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400)
"""Lengths of time that a column may stand for, in seconds."""

_SHARE = Scale(0, 100)
_WORDS: Mapping[StepKind, str] = {"analysis": "check", "approval": "yes", "pause": "wait", "rollback": "undo"}
"""A step in a word, where its kind is not one."""


def steps_graph(release: ReleaseView, cells: int) -> Iterator[Line]:
    """All steps in their order, each with its state's mark and a word; a line for each service."""
    targets = dict.fromkeys(step.target for step in release.steps)
    for target in targets:
        steps = [step for step in release.steps if step.target == target]
        label = clean(target.name, LABEL - 2) if len(targets) > 1 else "PATH"
        if len(targets) > 1 and target.region:
            label = clean(f"{target.name}@{target.region}", LABEL - 2)
        yield from _joined([_step(step, release) for step in steps], label, cells)


def _step(step: StepView, release: ReleaseView) -> Span:
    state, word = marks.of_step(release, step)
    what = marks.percent(step.exposure) if step.kind == "shift" and step.exposure is not None else ""
    told = f"{state[0]}{what or _WORDS.get(step.kind, step.kind)}"
    if step.current and release.open:
        runs_down = step.clock.removesuffix(" left") if step.clock.endswith(" left") else ""
        return (f"{told} {runs_down}".rstrip(), "title" if word == "dim" else word)
    return (told, word)


def rings_graph(release: ReleaseView, cells: int) -> Iterator[Line]:
    """The rings in their order, each with mark, name and word; nothing if it has none."""
    if not release.rings:
        return
    told: list[Span] = []
    for ring, state in release.rings:
        sign, word = marks.RELEASE_STEP[state]
        told.append((f"{sign[0]}{ring} {sign[2:]}", word))
    yield from _joined(told, "RINGS", cells)


def _joined(parts: Sequence[Span], label: str, cells: int) -> Iterator[Line]:
    """Parts on a rail; it goes on in the next line where it is too long."""
    row: list[Span] = [*fit(line((label, "heading")), LABEL)]
    for number, part in enumerate(parts):
        joint = [_JOINT] if number else []
        if number and width((*row, *joint, part)) > cells:
            yield tuple(row)
            row, joint = [*fit((), LABEL)], [_JOINT]
        row += [*joint, part]
    yield tuple(row)


def clock_bar(step: StepView) -> Iterator[Line]:
    """How much of what ends by the clock is over; nothing for other steps."""
    if not step.lasts:
        return
    over = min(step.passed / step.lasts, 1.0)
    rest = step.lasts - step.passed
    still = f"{left(rest)} left" if rest > 0 else "its time is over"
    yield (
        *fit(line((step.kind.upper(), "heading")), LABEL),
        *marks.bar(100 * over, _BAR),
        (f"  {still} of {length(step.lasts)}", "moving"),
    )


def share_graph(release: ReleaseView, now: float) -> Iterator[Line]:
    """How the share of new clients on the new version went, from 0 to 100 percent; nothing if none ever got it."""
    if not release.course:
        return
    until = now if release.open else max(release.ended_at or now, release.started_at)
    span = max(until - release.started_at, 1.0)
    step = next((one for one in _STEPS if span / one < _COLUMNS), _STEPS[-1] * math.ceil(span / _STEPS[-1] / _COLUMNS))
    count = math.floor(span / step) + 1
    values = [_at(release.course, release.started_at + (index + 1) * step) for index in range(count)]
    peak = max(point.value or 0.0 for point in release.course)
    several = len(release.members) > 1
    scale = Scale(0, max(100, math.ceil(peak / 100) * 100)) if several else _SHARE
    row = merged((block(value, scale) if value > 0 else "_", "bar" if value > 0 else "dim") for value in values)
    told = f"  0 to {scale.high:g}%, {length(step)} a column, most {marks.percent(peak)}"
    yield (*fit(line(("SHARE", "heading")), LABEL), *row, (told, "dim"))


def _at(course: Sequence[Point], at: float) -> float:
    """The share at a time: what was set last."""
    return next((point.value or 0.0 for point in reversed(course) if point.at <= at), 0.0)


def samples_line(one: MeasureView, cells: int) -> Line:
    """The last samples of a gate against its limit; blank with fewer than two."""
    if len(one.samples) < 2:
        return ()
    room = max(8, cells - 46)
    shown = one.samples[-room:]
    row = merged(_sample(verdict, value, one.scale) for verdict, value in shown)
    limits = ""
    if one.scale is not None:
        limits = "".join(
            f"  {block(limit, one.scale)} is the limit {limit:.4g}"
            for limit in (one.scale.bad_above, one.scale.bad_below)
            if limit is not None
        )
    return (*line(" " * 16), *row, (f"  {len(shown)} samples{limits}", "dim"))


def _sample(verdict: str, value: float | None, scale: Scale | None) -> Span:
    match verdict:
        case "pass":
            return (block(value, scale) if scale is not None and value is not None else "✓", "bar")
        case "fail":
            return (block(value, scale) if scale is not None and value is not None else "✗", "danger")
        case "stale":
            return ("○", "attention")
    return (NO_DATA, "attention")
