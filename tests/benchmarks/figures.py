"""What a benchmark yields: a figure, what it is held against in the same run, and the budget of the design."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Effort:
    """How much work a run may take.

    Attributes:
        rounds: how often each thing is timed.
        rows: services of a large synthetic fleet that is shown.
        sites: sites of a large fleet that a runner reads from the sandbox.
        seconds: how long something is watched that does nothing.
    """

    rounds: int
    rows: int
    sites: int
    seconds: float


FULL = Effort(rounds=7, rows=5000, sites=1000, seconds=20)
SHORT = Effort(rounds=1, rows=30, sites=4, seconds=0.5)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        what: what was measured.
        value: the figure itself, in `unit`.
        yardstick: what it is held against, measured in the same run; "" if it stands for itself.
        against: the yardstick's figure in the same unit.
        times: the budget as a multiple of the yardstick.
        most: the budget in `unit`, for figures that don't depend on how fast the machine is.
    """

    what: str
    value: float
    unit: str
    yardstick: str = ""
    against: float | None = None
    times: float | None = None
    most: float | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the yardstick."""
        return self.value / self.against if self.against else None

    @property
    def within(self) -> bool | None:
        """Whether it is within its budget; None if it has none."""
        if self.times is not None and self.ratio is not None:
            return self.ratio <= self.times
        return None if self.most is None else self.value <= self.most


def table(figures: Iterable[Figure]) -> str:
    """Figures as lines of text with heads."""
    rows: list[tuple[str, ...]] = [("FIGURE", "MEASURED", "YARDSTICK OF THE SAME RUN", "RATIO", "BUDGET", "WITHIN")]
    rows += [_cells(figure) for figure in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def medians(rounds: int, *things: Callable[[], float]) -> list[float]:
    """The median of what each thing yields, taken in turns so that a busy moment is everybody's."""
    taken = [[thing() for thing in things] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*taken, strict=True)]


def percentile(values: Sequence[float], part: float) -> float:
    """The value that `part` (0 to 1) of the values don't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def seconds(thing: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    thing()
    return time.perf_counter() - began


def _cells(figure: Figure) -> tuple[str, ...]:
    against = "" if figure.against is None else f"{figure.yardstick}: {_number(figure.against)} {figure.unit}"
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f} x"
    budget = "" if figure.most is None else f"{_number(figure.most)} {figure.unit}"
    if figure.times is not None:
        budget = f"{figure.times:.2f} x"
    verdict = {None: "", True: "yes", False: "NO"}[figure.within]
    return (figure.what, f"{_number(figure.value)} {figure.unit}", against, ratio, budget, verdict)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
