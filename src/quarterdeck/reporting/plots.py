"""What a release measured, reached and spent its time with, as pictures: drawn, and in signs of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from quarterdeck.release.blocks import block
from quarterdeck.release.indicator import Scale
from quarterdeck.release.report import Attempt, GateTold, Phase, Report, SampleTold, ShareTold, StepTold
from quarterdeck.reporting import saying
from quarterdeck.reporting.document import Picture
from quarterdeck.reporting.drawing import ACCENT, BAD, GOOD, SOFT, WARNING, WIDTH, Drawing

_LEFT, _RIGHT, _TOP = 64.0, 14.0, 18.0
_PLOT = WIDTH - _LEFT - _RIGHT
_COLUMNS = 240
"""A plot draws at most as many samples: of several that lie closer together, the worst."""
_SIGNS, _SHARES, _STEPS = 60, 44, 48
"""Columns of a row of signs: of a gate, of a share, of a step; names stand beside the latter two."""
_BADNESS = {"fail": 3, "no_data": 2, "stale": 1, "pass": 0}

_PHASES: dict[Phase, tuple[str, str]] = {
    "changing": (ACCENT, "█"),
    "watching": (GOOD, "▒"),
    "waiting for people": (WARNING, "░"),
    "going back": (BAD, "«"),
    "held up": (SOFT, "·"),
}
"""Colour and sign of each."""


class _Time:
    """From a moment to a place on a plot, or to a column of text."""

    def __init__(self, since: float, until: float) -> None:
        self.since, self.until = since, max(until, since + 1)

    def x(self, at: float) -> float:
        """Where it is drawn."""
        return _LEFT + _PLOT * min(1.0, max(0.0, (at - self.since) / (self.until - self.since)))

    def column(self, at: float, columns: int) -> int:
        """In which of so many columns it falls."""
        return min(columns - 1, max(0, int((at - self.since) / (self.until - self.since) * columns)))

    def axis(self, on: Drawing, y: float) -> None:
        """The line below a plot, with its two ends and the middle."""
        on.rule(_LEFT, y, _LEFT + _PLOT, y)
        middle = (self.since + self.until) / 2
        on.word(_LEFT, y + 15, saying.clock(self.since, self.since))
        on.word(_LEFT + _PLOT / 2, y + 15, saying.clock(middle, self.since), "middle")
        on.word(_LEFT + _PLOT, y + 15, saying.clock(self.until, self.since), "end")

    @property
    def text(self) -> str:
        return f"{saying.clock(self.since, self.since)} .. {saying.clock(self.until, self.since)}"


# --- a gate ----------------------------------------------------------------------------------------------------------
def gate_picture(gate: GateTold) -> Picture:
    """The samples of a gate on a scale that its condition fixes (else from 0 to the most that was measured), with its
    limits. It has samples."""
    drawn, fixed = thinned(gate.samples), gate.scale is not None
    scale = gate.scale or _fitted(gate.samples)
    time = _Time(gate.samples[0].at, gate.samples[-1].at)
    where = "all the way" if gate.step == "*" else f"step {gate.step}"
    fewer = "" if len(drawn) == len(gate.samples) else f" (of those close together the worst: {len(drawn)})"
    wanted = f", wants {gate.wanted}" if gate.wanted else ""
    many = "1 sample" if len(gate.samples) == 1 else f"{len(gate.samples)} samples"
    title = f"{many}{fewer}{wanted}"
    drawing = Drawing(152, f"{gate.gate}, {where}: {title}")
    _draw_scale(drawing, scale, fixed=fixed)
    known = [(time.x(one.at), _y(one.value, scale)) for one in drawn if one.value is not None]
    drawing.path(known, SOFT)
    for one in drawn:
        _draw_sample(drawing, time.x(one.at), one, scale)
    time.axis(drawing, _TOP + 104)
    return Picture(title, drawing.svg(), _gate_text(gate, scale, time, fixed=fixed))


def thinned(samples: Sequence[SampleTold]) -> tuple[SampleTold, ...]:
    """At most as many as a plot has room for."""
    if len(samples) <= _COLUMNS:
        return tuple(samples)
    time = _Time(samples[0].at, samples[-1].at)
    worst: dict[int, SampleTold] = {}
    for one in samples:
        column = time.column(one.at, _COLUMNS)
        if column not in worst or _BADNESS[one.verdict] > _BADNESS[worst[column].verdict]:
            worst[column] = one
    return tuple(worst.values())


def _fitted(samples: Sequence[SampleTold]) -> Scale:
    values = [one.value for one in samples if one.value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    return Scale(low, high if high > low else low + 1)


def _y(value: float, scale: Scale) -> float:
    """Beyond the scale it is drawn at its edge."""
    part = (value - scale.low) / (scale.high - scale.low)
    return _TOP + 100 * (1 - min(1.0, max(0.0, part)))


def _draw_scale(drawing: Drawing, scale: Scale, *, fixed: bool) -> None:
    for edge in (scale.low, scale.high):
        drawing.word(_LEFT - 6, _y(edge, scale) + 4, saying.number(edge), "end")
    for limit in (scale.bad_above, scale.bad_below):
        if fixed and limit is not None:
            y = _y(limit, scale)
            drawing.rule(_LEFT, y, _LEFT + _PLOT, y, BAD, dashed=True)
            drawing.word(_LEFT - 6, y + 4, saying.number(limit), "end")


def _draw_sample(drawing: Drawing, x: float, one: SampleTold, scale: Scale) -> None:
    if one.value is None:
        drawing.ring(x, _TOP + 100, WARNING)
        drawing.word(x, _TOP + 94, "?", "middle")
        return
    y = _y(one.value, scale)
    if one.verdict == "fail":
        drawing.cross(x, y, BAD)
    elif one.verdict == "pass":
        drawing.dot(x, y, GOOD)
    else:
        drawing.ring(x, y, WARNING)
    if not scale.low <= one.value <= scale.high:
        at_the_edge: Literal["end", "middle"] = "end" if x > WIDTH - 40 else "middle"
        drawing.word(x, y + (16 if one.value > scale.high else -8), saying.number(one.value), at_the_edge)


def _gate_text(gate: GateTold, scale: Scale, time: _Time, *, fixed: bool) -> tuple[str, ...]:
    width = min(_SIGNS, len(gate.samples))
    worst: list[SampleTold | None] = [None] * width
    for number, one in enumerate(gate.samples):
        column = number * width // len(gate.samples)
        was = worst[column]
        if was is None or _BADNESS[one.verdict] >= _BADNESS[was.verdict]:
            worst[column] = one
    row = "".join("?" if one is None or one.value is None else block(one.value, scale) for one in worst)
    bad = "".join("!" if one is not None and one.verdict == "fail" else " " for one in worst).rstrip()
    last = gate.samples[-1]
    limits = [saying.number(limit) for limit in (scale.bad_below, scale.bad_above) if limit is not None]
    told = f"scale {saying.number(scale.low)} .. {saying.number(scale.high)}"
    told += f", limit {' and '.join(limits)}" if fixed and limits else " (no fixed limit)"
    return tuple(
        filter(None, (row, bad, told, f"{time.text}, last {saying.number(last.value)} {saying.VERDICTS[last.verdict]}"))
    )


# --- the share of clients ---------------------------------------------------------------------------------------------
def share_picture(shares: Sequence[ShareTold], since: float, until: float) -> Picture:
    """Percent of new clients on the new version, a plot for each service."""
    time, each = _Time(since, until), 96.0
    title = "Share of new clients on the new version, in percent"
    drawing = Drawing(_TOP + each * len(shares) + 30, title)
    text: list[str] = []
    scale = Scale(0, 100)
    for number, share in enumerate(shares):
        top = _TOP + each * number
        drawing.word(_LEFT, top - 4, share.target)
        for edge in (0.0, 50.0, 100.0):
            y = top + 70 * (1 - edge / 100)
            drawing.rule(_LEFT, y, _LEFT + _PLOT, y, SOFT, dashed=edge == 50)
            drawing.word(_LEFT - 6, y + 4, f"{edge:g}%", "end")
        corners: list[tuple[float, float]] = []
        values = [(point.at, point.value or 0.0) for point in share.points]
        for at, value in values:
            corners += [(time.x(at), corners[-1][1])] if corners else []
            corners.append((time.x(at), top + 70 * (1 - value / 100)))
        drawing.path([*corners, (time.x(until), corners[-1][1])], ACCENT)
        text.append(_share_row(share, time, scale))
    time.axis(drawing, _TOP + each * len(shares))
    return Picture(title, drawing.svg(), (*text, time.text))


def _share_row(share: ShareTold, time: _Time, scale: Scale) -> str:
    columns: list[float] = [0.0] * _SHARES
    for point in share.points:
        start = time.column(point.at, _SHARES)
        columns[start:] = [point.value or 0.0] * (_SHARES - start)
    row = "".join(block(value, scale) if value else "_" for value in columns)
    return f"{row} {saying.percent(columns[-1])} {share.target}"[:76]


# --- where the time went ---------------------------------------------------------------------------------------------
def timeline_picture(report: Report) -> Picture:
    """Each step with its goes, and above them what the release did as a whole."""
    until = max([report.started_at, *(one.until for one in report.stretches)])
    time = _Time(report.started_at, until)
    begun = [step for step in report.steps if step.attempts]
    title = "Steps over time: blue changes, green watches, amber waits for people, red goes back, grey is held up"
    drawing = Drawing(_TOP + 26 + 20 * len(begun) + 26, title)
    drawing.word(_LEFT - 6, _TOP + 11, "release", "end")
    for one in report.stretches:
        wide = time.x(one.until) - time.x(one.since)
        drawing.box(time.x(one.since), _TOP, wide, 14, _PHASES[one.phase][0])
        if wide > 8 * len(one.phase):
            drawing.word(time.x(one.since) + wide / 2, _TOP - 5, one.phase, "middle")
    for number, step in enumerate(begun):
        _draw_step(drawing, step, _TOP + 26 + 20 * number, time)
    time.axis(drawing, _TOP + 26 + 20 * len(begun))
    return Picture(title, drawing.svg(), _timeline_text(report, begun, time))


def _draw_step(drawing: Drawing, step: StepTold, y: float, time: _Time) -> None:
    drawing.word(_LEFT - 6, y + 11, f"{step.id} {step.kind}"[:11], "end")
    for one in step.attempts:
        ended = time.until if one.ended is None else one.ended
        failed = one.outcome in ("failed", "cut short")
        x, end = time.x(one.began), time.x(ended)
        drawing.box(x, y, end - x, 14, _colour(step, one), faint=one.outcome == "skipped")
        if failed:
            drawing.cross(end, y + 7, BAD)
        if one.going_back is not None:
            x = time.x(one.going_back)
            back = time.until if one.went_back is None else one.went_back
            drawing.box(x, y + 4, time.x(back) - x, 6, BAD)


def _colour(step: StepTold, one: Attempt) -> str:
    if one.outcome == "skipped":
        return SOFT
    return _PHASES[step.phase][0]


def _timeline_text(report: Report, begun: Sequence[StepTold], time: _Time) -> tuple[str, ...]:
    whole = [" "] * _STEPS
    for one in report.stretches:
        for column in range(time.column(one.since, _STEPS), time.column(one.until, _STEPS) + 1):
            whole[column] = _PHASES[one.phase][1]
    lines = [f"{'release':14}{''.join(whole)}"]
    for step in begun:
        row = [" "] * _STEPS
        for go in step.attempts:
            ended = time.until if go.ended is None else go.ended
            sign = "-" if go.outcome == "skipped" else _PHASES[step.phase][1]
            for column in range(time.column(go.began, _STEPS), time.column(ended, _STEPS) + 1):
                row[column] = sign
            if go.going_back is not None:
                back = time.until if go.went_back is None else go.went_back
                for column in range(time.column(go.going_back, _STEPS), time.column(back, _STEPS) + 1):
                    row[column] = _PHASES["going back"][1]
        lines.append(
            f"{f'{step.id:>2} {step.kind}':14}{''.join(row)} {saying.OUTCOMES[step.attempts[-1].outcome]}"[:76]
        )
    legend = "  ".join(f"{sign} {phase}" for phase, (_, sign) in _PHASES.items())
    return (*(line.rstrip() for line in lines), time.text, legend)
