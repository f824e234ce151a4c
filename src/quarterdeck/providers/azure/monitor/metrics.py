"""What a metric's answer amounts to: points of minutes put together to one number, or why there is none.

A point without its aggregation is no data (Microsoft's examples), and is left out; it is never 0.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.monitor.periods import Period, clock_time, length_of, moment
from quarterdeck.providers.base import Evidence, ProviderError

API_VERSION = "2023-10-01"

Document = Mapping[str, Any]

_PUT_TOGETHER: Mapping[str, Callable[[Sequence[float]], float]] = {
    "total": math.fsum,
    "count": math.fsum,
    "maximum": max,
    "minimum": min,
    "average": statistics.fmean,
}
"""How the points of minutes become one number; of averages each minute counts the same."""

_NOTHING_COUNTED = ("total", "count")
"""Aggregations in which what nobody did is 0."""

_OUR_FAULT = ("invalid", "unsupported", "notsupported", "badrequest")
"""How the code of an error begins that is about the question."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One metric with one filter."""

    name: str
    filter: str = ""


@dataclass(frozen=True, slots=True)
class Points:
    """The values of one metric by the beginning of their points; each is about `length` seconds."""

    length: float
    values: Mapping[float, float]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """What a gate asks. `path` is the resource's; without `of` the answer is the metric itself."""

    path: str
    aggregation: str
    metric: Wanted
    of: Wanted | None = None
    namespace: str = ""
    about: str = field(default="", compare=False)

    @classmethod
    def from_options(cls, options: Mapping[str, str], subscription: str) -> Question:
        """From a gate's options, filled in. Raises ProviderError (misconfigured)."""
        aggregation, filtered = options.get("aggregation", "total"), options.get("filter", "")
        if aggregation not in _PUT_TOGETHER or not options.get("metric"):
            message = f"no metric, or {aggregation} isn't one of {', '.join(_PUT_TOGETHER)}"
            raise ProviderError("misconfigured", message, "name a metric and its aggregation")
        of = Wanted(options["of"], options.get("of_filter", filtered)) if options.get("of") else None
        path, about = path_of(options.get("resource", ""), subscription)
        metric = Wanted(options["metric"], filtered)
        return cls(path, aggregation, metric, of, options.get("namespace", ""), about)

    def requests(self) -> list[tuple[Wanted, ...]]:
        """What can be asked for in one request each: one filter is for all metrics in it."""
        if self.of is None:
            return [(self.metric,)]
        if self.of.filter == self.metric.filter:
            return [(self.metric, self.of)]
        return [(self.metric,), (self.of,)]

    def parameters(self, wanted: tuple[Wanted, ...], period: Period) -> dict[str, str]:
        """The query of one of them."""
        query = {
            "timespan": str(period),
            "interval": "PT1M",
            "AutoAdjustTimegrain": "true",
            "metricnames": ",".join(one.name for one in wanted),
            "aggregation": self.aggregation,
        }
        if wanted[0].filter:
            query["$filter"] = wanted[0].filter
        if self.namespace:
            query["metricnamespace"] = self.namespace
        return query

    def evidence(self, found: Mapping[Wanted, Points], period: Period) -> Evidence:
        """The answer to all of it."""
        metric = found[self.metric]
        if self.of is None:
            return self._one(metric, period)
        whole = found[self.of]
        starts, parts = set(metric.values) & set(whole.values), dict(metric.values)
        if self._is_part_of_itself():
            # The whole is told minute by minute: where its part isn't, there was none of it.
            starts, parts = set(whole.values), {**dict.fromkeys(whole.values, 0.0), **parts}
        name = f"{self._called(self.metric)} of {self._called(self.of)}"
        if not starts:
            missing = whole if not whole.values else metric
            return Evidence(None, detail=self._told(f"no data for {name}{_left_out(missing)}"))
        above = self._together([parts[start] for start in starts])
        below = self._together([whole.values[start] for start in starts])
        end = max(starts) + whole.length
        told = self._told(f"{name}: {above:.6g} of {below:.6g}", len(starts), period, end)
        if not below:
            return Evidence(None, end, told)
        return Evidence(above / below, end, told)

    def _one(self, points: Points, period: Period) -> Evidence:
        name = self._called(self.metric)
        if not points.values:
            return Evidence(None, detail=self._told(f"no data for {name}{_left_out(points)}"))
        value, end = self._together(list(points.values.values())), max(points.values) + points.length
        return Evidence(value, end, self._told(f"{name}: {value:.6g}", len(points.values), period, end))

    def _is_part_of_itself(self) -> bool:
        same = self.of is not None and self.of.name.lower() == self.metric.name.lower()
        return same and self.aggregation in _NOTHING_COUNTED

    def _together(self, values: list[float]) -> float:
        return _PUT_TOGETHER[self.aggregation](values)

    def _called(self, wanted: Wanted) -> str:
        return f"{self.aggregation} {wanted.name}" + (f" ({wanted.filter})" if wanted.filter else "")

    def _told(self, said: str, points: int = 0, period: Period | None = None, end: float = 0) -> str:
        when = f" in {points} points of {period.minutes} min, until {clock_time(end)}" if period else ""
        return clean(f"{said}{when}; {self.about}")


def path_of(resource: str, subscription: str) -> tuple[str, str]:
    """The path of a resource's id or of what stands below the subscription, and a few words for it.

    The production slot of a site is the site itself: there is no resource `slots/production`.

    Raises:
        ProviderError: misconfigured; a part of it is empty.
    """
    parts = resource.removeprefix("/").split("/")
    if not all(parts) or any(part in (".", "..") for part in parts):
        message = f"resource {clean(resource, 120)}: a part of it is empty"
        raise ProviderError("misconfigured", message, "look at what $site and the like stand for here")
    if parts[0].lower() != "subscriptions":
        parts = ["subscriptions", subscription, *parts]
    if [part.lower() for part in parts[-2:]] == ["slots", "production"]:
        parts = parts[:-2]
    kinds = [part.lower() for part in parts]
    about = "/".join(parts[kinds.index("providers") + 2 :]) if "providers" in kinds else parts[-1]
    return "/" + "/".join(quote(part, safe="()-._~") for part in parts), about


def points_of(answer: Document, wanted: Wanted, aggregation: str, period: Period) -> Points:
    """One metric of an answer: those of its points that lie within the period and have a value.

    Raises:
        ProviderError: the service has an error for this metric (inside an answer of 200), or several series.
        KeyError, TypeError, ValueError: the answer is none of the interface's.
    """
    metric = _metric(answer, wanted)
    code = metric.get("errorCode") or "Success"
    if code.lower() != "success":
        message = f"{wanted.name}: {clean(str(metric.get('errorMessage') or code))}"
        asked_wrongly = code.lower().startswith(_OUR_FAULT)
        raise ProviderError(
            "misconfigured" if asked_wrongly else "provider_error", message, "check metric, aggregation and filter"
        )
    series = metric["timeseries"]
    if len(series) > 1:
        message = f"{wanted.name} has {len(series)} series with this filter: no single number"
        raise ProviderError("misconfigured", message, "name one value of each dimension: eq 'x', not eq '*'")
    length = length_of(answer["interval"])
    all_points = [(moment(one["timeStamp"]), one.get(aggregation)) for one in (series[0]["data"] if series else ())]
    within = {start: value for start, value in all_points if period.holds(start, length)}
    values = {start: float(value) for start, value in within.items() if value is not None}
    if not all(map(math.isfinite, values.values())):
        raise ValueError("a value that is no number")
    return Points(length, values, len(all_points) - len(within))


def _metric(answer: Document, wanted: Wanted) -> Document:
    for metric in answer["value"]:
        if metric["name"]["value"].lower() == wanted.name.lower():
            return dict(metric)
    raise KeyError(wanted.name)


def _left_out(points: Points) -> str:
    if not points.left_out:
        return ""
    return f": none of its points, of {points.length / 60:g} min each, lies within the window"
