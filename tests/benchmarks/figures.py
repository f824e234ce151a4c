"""What a benchmark yields: a figure, what it is held against in the same run, and the budget of the design."""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a run may take.

    Attributes:
        rounds: how often each thing is timed.
        presses: keys in each round.
        rows: services of a large synthetic fleet that is shown.
        sites: sites of a large fleet that a runner reads from the sandbox.
        seconds: how long something is watched that does nothing.
        held: seconds for which a key is held down.
        hurry: how many times faster than they should be links are, and how much less is resized.
        page: seconds that a page of sites takes, where that is what counts.
        quiet: seconds without a byte after which a screen is taken for settled.
    """

    rounds: int
    presses: int
    rows: int
    sites: int
    seconds: float
    held: float
    hurry: int
    quiet: float
    page: float


FULL = Effort(rounds=5, presses=25, rows=5000, sites=1000, seconds=60, held=2, hurry=1, quiet=0.5, page=3)
SHORT = Effort(rounds=1, presses=2, rows=30, sites=4, seconds=0.2, held=0.1, hurry=10, quiet=0.1, page=0.2)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: what was measured.
        value: the figure itself, in `unit`; None if it couldn't be measured.
        yardstick: what it is held against, measured in the same run; "" if it stands for itself.
        against: the yardstick's figure in the same unit.
        times: the budget as a multiple of the yardstick.
        most: the budget in `unit`, for figures that don't depend on how fast the machine is.
        spread: the least and the most of what `value` is the median of; None if it is no median.
        why_not: why it wasn't measured.
    """

    what: str
    value: float | None
    unit: str
    yardstick: str = ""
    against: float | None = None
    times: float | None = None
    most: float | None = None
    spread: tuple[float, float] | None = None
    why_not: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times the yardstick."""
        return self.value / self.against if self.value is not None and self.against else None

    @property
    def within(self) -> bool | None:
        """Whether it is within its budget; None if it has none, or wasn't measured."""
        if self.value is None:
            return None
        if self.times is not None and self.ratio is not None:
            return self.ratio <= self.times
        return None if self.most is None else self.value <= self.most


def median(
    what: str,
    values: Sequence[float],
    unit: str,
    yardstick: str = "",
    theirs: Sequence[float] = (),
    *,
    times: float | None = None,
    most: float | None = None,
) -> Figure:
    """The median of what was measured, against that of the yardstick; both in `unit`."""
    against = statistics.median(theirs) if theirs else None
    spread = (min(values), max(values))
    return Figure(what, statistics.median(values), unit, yardstick, against, times, most, spread)


def not_measured(what: str, why: str) -> Figure:
    """A figure that can't be had here."""
    return Figure(what, None, "", why_not=why)


def document(machine: Mapping[str, Any], figures: Iterable[Figure]) -> str:
    """Figures as JSON."""
    told = [{**asdict(figure), "ratio": figure.ratio, "within": figure.within} for figure in figures]
    return json.dumps({"schema": 1, "machine": machine, "figures": told}, indent=2) + "\n"


def table(figures: Iterable[Figure]) -> str:
    """Figures as lines of text with heads."""
    rows: list[tuple[str, ...]] = [
        ("FIGURE", "MEDIAN", "LEAST-MOST", "YARDSTICK OF THE SAME RUN", "RATIO", "BUDGET", "WITHIN")
    ]
    rows += [_cells(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def in_turns(rounds: int, *things: Callable[[], float]) -> list[list[float]]:
    """What each thing yields each time, taken in turns so that a busy moment is everybody's."""
    taken = [[thing() for thing in things] for _ in range(rounds)]
    return [list(column) for column in zip(*taken, strict=True)]


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of the values don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)]


def seconds(thing: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    thing()
    return time.perf_counter() - began


def milliseconds(values: Iterable[float]) -> list[float]:
    """Seconds as milliseconds."""
    return [value * 1000 for value in values]


def _cells(figure: Figure) -> tuple[str, ...]:
    if figure.value is None:
        return (figure.what, "-", "", f"not measured: {figure.why_not}", "", "", "")
    against = "" if figure.against is None else f"{figure.yardstick}: {_number(figure.against)} {figure.unit}".rstrip()
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} x"
    budget = "" if figure.most is None else f"{_number(figure.most)} {figure.unit}".rstrip()
    if figure.times is not None:
        budget = f"{figure.times:.2f} x"
    spread = "" if figure.spread is None else "-".join(map(_number, figure.spread))
    verdict = {None: "", True: "yes", False: "NO"}[figure.within]
    value = f"{_number(figure.value)} {figure.unit}".rstrip()
    return (figure.what, value, spread, against, ratio, budget, verdict)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
