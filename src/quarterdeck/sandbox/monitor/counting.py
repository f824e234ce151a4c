"""The world's telemetry as Azure Monitor has it: one value for each interval of a metric of a resource.

A point is there for every interval of a timespan. What has no data in it lacks its aggregation. The newest minutes say
0 where something is added up, although it was more: so does the service until it has them
(github.com/Azure/azure-libraries-for-net/issues/499).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.sandbox.prometheus.series import NAME, Labels, Matcher, Series
from quarterdeck.sandbox.world.telemetry import DURATION, INTERVAL, REQUESTS
from quarterdeck.sandbox.world.world import World

LAG = 120.0
"""Seconds until a metric has come in."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of one type of resources: what its unit is, how it may be aggregated, by which dimensions it divides."""

    name: str
    text: str
    unit: str
    aggregation: str
    codes: str = ".*"
    dimensions: tuple[str, ...] = ()


SITE_METRICS = (
    Metric("Requests", "Requests", "Count", "total"),
    Metric("Http2xx", "Http 2xx", "Count", "total", "2.."),
    Metric("Http5xx", "Http Server Errors", "Count", "total", "5.."),
    Metric("HttpResponseTime", "Response Time", "Seconds", "average"),
)
APP_METRICS = (
    Metric("Requests", "Requests", "Count", "total", dimensions=("revisionname", "statuscodecategory")),
    Metric("ResponseTime", "Average Response Time (Preview)", "MilliSeconds", "average"),
)
"""Of the metrics in Microsoft's reference of supported metrics those that follow from the world's traffic."""

Dimensions = Callable[[Labels], Mapping[str, str]]
"""From the labels of a series to what a metric is divided by, names in lower case."""

Key = tuple[tuple[str, str], ...]
"""What divides one series of a metric from the others: names and values of dimensions, in order."""

Values = dict[float, float | None]
"""By the beginning of each interval; None where there is no data."""


def counted(
    world: World,
    metric: Metric,
    about: Mapping[str, str],
    dimensions: Dimensions,
    starts: Sequence[float],
    length: float,
) -> dict[Key, Values]:
    """The values of a metric. `about` are labels that its series have in the world's telemetry."""
    if metric.aggregation == "average":
        above = _rises(world, f"{DURATION}_sum", metric, about, dimensions, starts, length)
        below = _rises(world, f"{DURATION}_count", metric, about, dimensions, starts, length)
        scale = 1000.0 if metric.unit == "MilliSeconds" else 1.0
        return {
            key: {at: scale * up / below[key][at] if below[key].get(at) else None for at, up in values.items()}
            for key, values in above.items()
        }
    found = _rises(world, REQUESTS, metric, about, dimensions, starts, length)
    return {key: dict(values) for key, values in found.items()}


def is_in(world: World, start: float, length: float) -> bool:
    """Whether an interval has come in whole."""
    return start + length <= world.clock.now() - LAG


def _rises(
    world: World,
    counter: str,
    metric: Metric,
    about: Mapping[str, str],
    dimensions: Dimensions,
    starts: Sequence[float],
    length: float,
) -> dict[Key, dict[float, float]]:
    matchers = [Matcher(NAME, "=", counter), *(Matcher(name, "=", value) for name, value in about.items())]
    if counter == REQUESTS:
        matchers.append(Matcher("code", "=~", metric.codes))
    together: dict[Key, dict[float, float]] = defaultdict(dict)
    for series in world.telemetry.select([matchers]):
        key = tuple(sorted(dimensions(series.labels).items()))
        for at, rise in _of_series(series, starts, length):
            together[key][at] = together[key].get(at, 0.0) + rise
    return together


def _of_series(series: Series, starts: Sequence[float], length: float) -> Iterable[tuple[float, float]]:
    for start in starts:
        span = series.span(start - INTERVAL / 2, start + length)
        if span is not None:
            yield start, span.last.value - span.first.value
