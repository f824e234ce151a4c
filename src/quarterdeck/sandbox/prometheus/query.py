"""Evaluates PromQL: what an expression (`expressions.py`) means.

Not known: native histograms, label_join, predictions, dates, most statistics. A query that needs
them gets told so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import promql_parser as promql

from quarterdeck.sandbox.prometheus.expressions import (
    expected_labels,
    fixed_moment,
    matchers,
    matching,
    parse,
    without_parentheses,
)
from quarterdeck.sandbox.prometheus.functions import (
    OF_RANGES,
    OF_VALUES,
    histogram_quantile,
    largest,
    mean,
    smallest,
)
from quarterdeck.sandbox.prometheus.matching import (
    QueryError,
    Sample,
    Vector,
    between_numbers,
    between_vectors,
    grouped,
    unique,
    unnamed,
    with_number,
)
from quarterdeck.sandbox.prometheus.series import LOOKBACK, Labels, Point, Series, Span, Storage, span_of

MOST_STEPS = 11_000
DEFAULT_STEP = 60.0
"""Seconds between the points of a subquery that names no step (Prometheus: its evaluation interval)."""


@dataclass(frozen=True, slots=True)
class Run:
    """One element of a range vector."""

    labels: Labels
    points: Sequence[Point]

    def window(self, since: float, until: float) -> Sequence[Point]:
        return [point for point in self.points if since < point.at <= until]

    def span(self, since: float, until: float) -> Span | None:
        return span_of(self.window(since, until))

    def latest(self, at: float) -> Point | None:
        points = self.window(at - LOOKBACK, at)
        return points[-1] if points else None


@dataclass(frozen=True, slots=True)
class _Range:
    """What a range vector is before anything looks at it: its series, and from when to when."""

    series: Sequence[Series]
    since: float
    until: float


Result = float | str | Vector | list[Run]
"""A scalar, a string, an instant vector, or a range vector."""


def instant(text: str, storage: Storage, at: float) -> Result:
    """What a query gives at one moment (UNIX seconds).

    Raises:
        ParseError: the text is no PromQL.
        QueryError: it can't be carried out.
    """
    expression = parse(text)
    try:
        result = _Evaluation(storage, at, at, at).value(expression)
    except RecursionError:
        raise QueryError("the query is nested too deeply for the sandbox") from None
    if isinstance(result, _Range):
        runs = (Run(series.labels, series.window(result.since, result.until)) for series in result.series)
        return [run for run in runs if run.points]
    return unique(result) if isinstance(result, list) else result


def over(text: str, storage: Storage, start: float, end: float, step: float) -> list[Run]:
    """What a query gives from `start` to `end`, every `step` seconds.

    Raises:
        ParseError, QueryError: as `instant` does.
    """
    if (end - start) / step > MOST_STEPS:
        raise QueryError(
            f"exceeded maximum resolution of {MOST_STEPS:,} points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    expression = parse(text)
    try:
        return _steps(_Evaluation(storage, start, start, end), expression, start, end, step)
    except RecursionError:
        raise QueryError("the query is nested too deeply for the sandbox") from None


def _steps(evaluation: _Evaluation, expression: Any, start: float, end: float, step: float) -> list[Run]:
    found: dict[tuple[tuple[str, str], ...], tuple[Labels, list[Point]]] = {}
    for number in range(math.floor((end - start) / step + 1e-9) + 1):
        at = start + number * step
        result = replace(evaluation, at=at).value(expression)
        if isinstance(result, float):
            result = [Sample({}, result)]
        if not isinstance(result, list):
            raise QueryError("invalid expression type for a range of time: it must be a scalar or an instant vector")
        for labels, value in unique(result):
            key = tuple(sorted(labels.items()))
            found.setdefault(key, (labels, []))[1].append(Point(at, value))
    return [Run(labels, points) for labels, points in found.values()]


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """One expression at one moment, within a query from `start` to `end`."""

    storage: Storage
    at: float
    start: float
    end: float

    def value(self, expression: Any) -> float | str | Vector | _Range:
        result: float | str | Vector | _Range = _KINDS[type(expression)](self, expression)
        return result

    def number(self, expression: promql.NumberLiteral) -> float:
        return float(expression.val)

    def text(self, expression: promql.StringLiteral) -> str:
        return str(expression.val)

    def inner(self, expression: promql.ParenExpr) -> Any:
        return self.value(expression.expr)

    def negated(self, expression: promql.UnaryExpr) -> float | Vector:
        value = self.value(expression.expr)
        if isinstance(value, float):
            return -value
        return [Sample(unnamed(labels), -number) for labels, number in self._vector(value)]

    def selected(self, expression: promql.VectorSelector) -> Vector:
        return [Sample(labels, point.value) for labels, point in self._latest(expression)]

    def ranged(self, expression: promql.MatrixSelector) -> _Range:
        until = self._moment(expression.vector_selector)
        series = list(self.storage.select(matchers(expression.vector_selector)))
        return _Range(series, until - expression.range.total_seconds(), until)

    def subquery(self, expression: promql.SubqueryExpr) -> _Range:
        until = self._moment(expression)
        since = until - (expression.range.total_seconds() if expression.range else 0.0)
        step = expression.step.total_seconds() if expression.step else DEFAULT_STEP
        # Points of a subquery lie on multiples of its step, whenever it is asked.
        first = (math.floor(since / step) + 1) * step
        if (until - first) / step > MOST_STEPS:
            raise QueryError(f"a subquery of more than {MOST_STEPS:,} points")
        runs = _steps(self, expression.expr, first, until, step) if first <= until else []
        return _Range(runs, since, until)

    def aggregated(self, expression: promql.AggregateExpr) -> Vector:
        word = str(expression.op)
        if word not in _AGGREGATIONS and word not in _PICKS:
            raise QueryError(f"the sandbox has no aggregation {word}")
        modifier = expression.modifier
        without = modifier is not None and modifier.type == promql.AggModifierType.Without
        groups = grouped(
            self._vector(self.value(expression.expr)), without=without, labels=modifier.labels if modifier else ()
        )
        if word in _PICKS:
            asked = self._scalar(self.value(expression.param))
            if not math.isfinite(asked):
                raise QueryError(f"{word}: Scalar value {asked} overflows int64")
            wanted = int(asked)
            return [sample for _, samples in groups for sample in _PICKS[word](samples, wanted)]
        summary = _AGGREGATIONS[word]
        return [Sample(labels, summary([sample.value for sample in samples])) for labels, samples in groups]

    def combined(self, expression: promql.BinaryExpr) -> float | Vector:
        word = str(expression.op).strip()
        left, right = self.value(expression.lhs), self.value(expression.rhs)
        modifier = expression.modifier
        as_bool = modifier is not None and modifier.return_bool
        if isinstance(left, float) and isinstance(right, float):
            return between_numbers(word, left, right)
        if isinstance(right, float):
            return with_number(word, self._vector(left), right, turned=False, as_bool=as_bool)
        if isinstance(left, float):
            return with_number(word, self._vector(right), left, turned=True, as_bool=as_bool)
        return between_vectors(word, self._vector(left), self._vector(right), matching(modifier), as_bool=as_bool)

    def called(self, expression: promql.Call) -> Any:
        name = expression.func.name
        if name in _SPECIAL:
            return _SPECIAL[name](self, expression.args)
        arguments = [self.value(argument) for argument in expression.args]
        if name in OF_RANGES:
            ranged = arguments[0]
            assert isinstance(ranged, _Range)  # the parser has checked the types
            return _over_range(name, ranged)
        if name in OF_VALUES:
            function, further = OF_VALUES[name], [self._scalar(argument) for argument in arguments[1:]]
            vector = self._vector(arguments[0])
            return [Sample(unnamed(labels), function(value, *further)) for labels, value in vector]
        raise QueryError(f"the sandbox has no function {name}")

    def time(self, arguments: Sequence[Any]) -> float:
        return self.at

    def vector(self, arguments: Sequence[Any]) -> Vector:
        return [Sample({}, self._scalar(self.value(arguments[0])))]

    def scalar(self, arguments: Sequence[Any]) -> float:
        vector = self._vector(self.value(arguments[0]))
        return vector[0].value if len(vector) == 1 else math.nan

    def absent(self, arguments: Sequence[Any]) -> Vector:
        return [] if self.value(arguments[0]) else [Sample(expected_labels(arguments[0]), 1.0)]

    def absent_over_time(self, arguments: Sequence[Any]) -> Vector:
        ranged = self.value(arguments[0])
        assert isinstance(ranged, _Range)
        if any(series.window(ranged.since, ranged.until) for series in ranged.series):
            return []
        return [Sample(expected_labels(arguments[0]), 1.0)]

    def timestamp(self, arguments: Sequence[Any]) -> Vector:
        selector = without_parentheses(arguments[0])
        if isinstance(selector, promql.VectorSelector):
            return [Sample(unnamed(labels), point.at) for labels, point in self._latest(selector)]
        return [Sample(unnamed(labels), self.at) for labels, _ in self._vector(self.value(arguments[0]))]

    def quantile(self, arguments: Sequence[Any]) -> Vector:
        wanted = self._scalar(self.value(arguments[0]))
        buckets = self._vector(self.value(arguments[1]))
        return [Sample(labels, value) for labels, value in histogram_quantile(wanted, buckets)]

    def label_replace(self, arguments: Sequence[Any]) -> Vector:
        vector = self._vector(self.value(arguments[0]))
        into, replacement, source, pattern = (str(self.value(argument)) for argument in arguments[1:])
        try:
            compiled, template = (
                re.compile(pattern, re.DOTALL),
                _GROUP.sub(r"\\g<\1>", replacement.replace("\\", "\\\\")),
            )
            return [Sample(_replaced(labels, into, template, source, compiled), value) for labels, value in vector]
        except (re.error, IndexError) as error:
            raise QueryError(f"invalid regular expression or replacement in label_replace(): {error}") from None

    def _latest(self, selector: promql.VectorSelector) -> Iterator[tuple[Labels, Point]]:
        moment = self._moment(selector)
        for series in self.storage.select(matchers(selector)):
            point = series.latest(moment)
            if point is not None:
                yield series.labels, point

    def _moment(self, selector: Any) -> float:
        moment = self.at
        if selector.at is not None:
            kind = selector.at.type
            if kind == promql.AtModifierType.Start:
                moment = self.start
            else:
                moment = self.end if kind == promql.AtModifierType.End else fixed_moment(selector)
        return moment - (selector.offset.total_seconds() if selector.offset else 0.0)

    def _vector(self, value: Any) -> Vector:
        if not isinstance(value, list):
            raise QueryError("an instant vector was expected")
        return value

    def _scalar(self, value: Any) -> float:
        if not isinstance(value, float):
            raise QueryError("a scalar was expected")
        return value


_GROUP = re.compile(r"\$\{?(\w+)\}?")
"""A group in a replacement: $1, ${1}, $name."""


def _replaced(labels: Labels, into: str, template: str, source: str, pattern: re.Pattern[str]) -> Labels:
    found = pattern.fullmatch(labels.get(source, ""))
    if found is None:
        return labels
    changed = {**labels, into: found.expand(template)}
    return {name: value for name, value in changed.items() if value}


def _over_range(name: str, ranged: _Range) -> Vector:
    function, keeps_name = OF_RANGES[name], name == "last_over_time"
    result = []
    for series in ranged.series:
        value = function(series, ranged.since, ranged.until)
        if value is not None:
            result.append(Sample(series.labels if keeps_name else unnamed(series.labels), value))
    return result


def _highest(samples: Vector, count: int) -> Vector:
    return sorted(samples, key=lambda one: (math.isnan(one.value), -one.value))[: max(0, count)]


def _lowest(samples: Vector, count: int) -> Vector:
    return sorted(samples, key=lambda one: (math.isnan(one.value), one.value))[: max(0, count)]


_KINDS: dict[type, Callable[[_Evaluation, Any], Any]] = {
    promql.NumberLiteral: _Evaluation.number,
    promql.StringLiteral: _Evaluation.text,
    promql.ParenExpr: _Evaluation.inner,
    promql.UnaryExpr: _Evaluation.negated,
    promql.VectorSelector: _Evaluation.selected,
    promql.MatrixSelector: _Evaluation.ranged,
    promql.SubqueryExpr: _Evaluation.subquery,
    promql.AggregateExpr: _Evaluation.aggregated,
    promql.BinaryExpr: _Evaluation.combined,
    promql.Call: _Evaluation.called,
}
_SPECIAL: dict[str, Callable[[_Evaluation, Sequence[Any]], Any]] = {
    "time": _Evaluation.time,
    "vector": _Evaluation.vector,
    "scalar": _Evaluation.scalar,
    "absent": _Evaluation.absent,
    "absent_over_time": _Evaluation.absent_over_time,
    "timestamp": _Evaluation.timestamp,
    "label_replace": _Evaluation.label_replace,
    "histogram_quantile": _Evaluation.quantile,
}
_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "avg": mean,
    "min": smallest,
    "max": largest,
    "count": lambda values: float(len(values)),
    "group": lambda values: 1.0,
}
_PICKS: dict[str, Callable[[Vector, int], Vector]] = {"topk": _highest, "bottomk": _lowest}
