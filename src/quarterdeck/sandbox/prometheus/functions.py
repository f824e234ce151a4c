"""PromQL's functions. What each means is Prometheus's documentation ("Query functions"); the extrapolation of rates
follows its published source (promql/functions.go, `extrapolatedRate`)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from quarterdeck.sandbox.prometheus.series import NAME, Labels, Point, Series, Span

_THRESHOLD = 1.1
"""A gap at the edge of a range that is longer than this many sample intervals is taken for the series' own end."""


def extrapolated(span: Span, since: float, until: float, *, counter: bool) -> float:
    """How much a series changed over the whole range, judged by the samples in it."""
    change = span.last.value - span.first.value + (span.lost if counter else 0.0)
    sampled = span.last.at - span.first.at
    interval = sampled / (span.samples - 1)
    before, after = span.first.at - since, until - span.last.at
    if before >= interval * _THRESHOLD:
        before = interval / 2
    if counter and change > 0 and span.first.value >= 0:
        # A counter was never below zero: it cannot have begun earlier than that.
        before = min(before, sampled * (span.first.value / change))
    if after >= interval * _THRESHOLD:
        after = interval / 2
    return change * ((sampled + before + after) / sampled)


def increase(series: Series, since: float, until: float) -> float | None:
    """A counter's growth."""
    span = series.span(since, until)
    return None if span is None else extrapolated(span, since, until, counter=True)


def rate(series: Series, since: float, until: float) -> float | None:
    """A counter's growth per second."""
    grown = increase(series, since, until)
    return None if grown is None else grown / (until - since)


def delta(series: Series, since: float, until: float) -> float | None:
    """A gauge's change."""
    span = series.span(since, until)
    return None if span is None else extrapolated(span, since, until, counter=False)


def irate(series: Series, since: float, until: float) -> float | None:
    """A counter's growth per second between the last two samples."""
    points = series.window(since, until)
    if len(points) < 2:
        return None
    before, last = points[-2:]
    grown = last.value if last.value < before.value else last.value - before.value
    return grown / (last.at - before.at)


def idelta(series: Series, since: float, until: float) -> float | None:
    """A gauge's change between the last two samples."""
    points = series.window(since, until)
    return points[-1].value - points[-2].value if len(points) > 1 else None


def _over(summary: Callable[[Sequence[float]], float]) -> Callable[[Series, float, float], float | None]:
    def over_time(series: Series, since: float, until: float) -> float | None:
        points: Sequence[Point] = series.window(since, until)
        return summary([point.value for point in points]) if points else None

    return over_time


def _changes(values: Sequence[float]) -> float:
    pairs = pairwise(values)
    return float(sum(a != b and not (math.isnan(a) and math.isnan(b)) for a, b in pairs))


def _resets(values: Sequence[float]) -> float:
    return float(sum(after < before for before, after in pairwise(values)))


def smallest(values: Sequence[float]) -> float:
    """The least; NaN only when there is nothing else."""
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def largest(values: Sequence[float]) -> float:
    """The greatest; NaN only when there is nothing else."""
    return max((value for value in values if not math.isnan(value)), default=math.nan)


def mean(values: Sequence[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)


OF_RANGES: Mapping[str, Callable[[Series, float, float], float | None]] = {
    "rate": rate,
    "irate": irate,
    "increase": increase,
    "delta": delta,
    "idelta": idelta,
    "changes": _over(_changes),
    "resets": _over(_resets),
    "avg_over_time": _over(mean),
    "min_over_time": _over(smallest),
    "max_over_time": _over(largest),
    "sum_over_time": _over(sum),
    "count_over_time": _over(lambda values: float(len(values))),
    "last_over_time": _over(lambda values: values[-1]),
    "present_over_time": _over(lambda values: 1.0),
}
"""Functions of one range vector: series, and the range, to a value; None leaves the series out."""


def _rounded(value: float, nearest: float = 1.0) -> float:
    if not math.isfinite(value):
        return value
    if not math.isfinite(nearest) or nearest == 0 or not math.isfinite(value / nearest):
        return math.nan
    # Half goes up, and the nearest is inverted to avoid errors of floating point: both as documented.
    return math.floor(value / nearest + 0.5) * nearest if abs(nearest) >= 1 else _inverted(value, 1 / nearest)


def _inverted(value: float, parts: float) -> float:
    return math.floor(value * parts + 0.5) / parts


def _clamp(value: float, low: float, high: float) -> float:
    return math.nan if math.isnan(low) or math.isnan(high) else max(low, min(high, value))


def _whole(rounding: Callable[[float], int]) -> Callable[[float], float]:
    return lambda value: float(rounding(value)) if math.isfinite(value) else value


def _root(value: float) -> float:
    return math.sqrt(value) if value >= 0 else math.nan


def _logarithm(value: float) -> float:
    if value == 0:
        return -math.inf
    return math.log(value) if value > 0 else math.nan


OF_VALUES: Mapping[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": _whole(math.ceil),
    "floor": _whole(math.floor),
    "round": _rounded,
    "sqrt": _root,
    "ln": _logarithm,
    "sgn": lambda value: math.copysign(1.0, value) if value else value,
    "clamp": _clamp,
    "clamp_min": lambda value, low: _clamp(value, low, math.inf),
    "clamp_max": lambda value, high: _clamp(value, -math.inf, high),
}
"""Functions of an instant vector, value by value; further arguments are scalars."""


def histogram_quantile(quantile: float, buckets: Sequence[tuple[Labels, float]]) -> list[tuple[dict[str, str], float]]:
    """The quantile of each histogram among these buckets (samples with a label `le`)."""
    histograms: dict[tuple[tuple[str, str], ...], list[tuple[float, float]]] = {}
    for labels, value in buckets:
        try:
            bound = float(labels.get("le", ""))
        except ValueError:
            continue
        rest = tuple(sorted((name, text) for name, text in labels.items() if name not in ("le", NAME)))
        histograms.setdefault(rest, []).append((bound, value))
    return [(dict(rest), _quantile(quantile, sorted(found))) for rest, found in histograms.items()]


def _quantile(quantile: float, buckets: list[tuple[float, float]]) -> float:
    if math.isnan(quantile):
        return math.nan
    if quantile < 0 or quantile > 1:
        return math.copysign(math.inf, quantile - 0.5)
    if len(buckets) < 2 or buckets[-1][0] != math.inf:
        return math.nan
    counts: list[float] = []
    for _, count in buckets:
        # Buckets are scraped one after another: a later one may be behind. Counts are made to rise.
        counts.append(max([count, *counts[-1:]]))
    whole = counts[-1]
    if math.isnan(whole) or whole == 0:
        return math.nan
    rank = quantile * whole
    index = next((number for number, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    upper = buckets[index][0]
    if index == len(buckets) - 1:
        return buckets[-2][0]
    if index == 0 and upper <= 0:
        return upper
    lower, below = (buckets[index - 1][0], counts[index - 1]) if index else (0.0, 0.0)
    inside = counts[index] - below
    return lower + (upper - lower) * ((rank - below) / inside) if inside else math.nan
