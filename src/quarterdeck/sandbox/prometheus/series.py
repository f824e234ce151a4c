"""Series as the query engine sees them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple, Protocol

NAME = "__name__"
"""The label that holds the metric's name."""

LOOKBACK = 300.0
"""Seconds for which a series that got no new sample still has its last value (Prometheus's default)."""

Labels = Mapping[str, str]
"""Names to values. A label with an empty value is the same as none, and is left out."""


class Point(NamedTuple):
    """A sample: when it was taken (UNIX seconds) and its value."""

    at: float
    value: float


class Span(NamedTuple):
    """What a rate needs to know of a range: its first and last sample, how many there are, and how much a counter
    lost by beginning again (the sum of the values before each drop)."""

    first: Point
    last: Point
    samples: int
    lost: float


class Series(Protocol):
    """One time series."""

    @property
    def labels(self) -> Labels: ...

    def window(self, since: float, until: float) -> Sequence[Point]:
        """The samples after `since` and not after `until`, oldest first."""
        ...

    def span(self, since: float, until: float) -> Span | None:
        """The same range in short; None with fewer than two samples."""
        ...

    def latest(self, at: float) -> Point | None:
        """The newest sample by then; None when it is older than `LOOKBACK` or the series was known to have ended."""
        ...


class Storage(Protocol):
    """Where series are kept."""

    def select(self, alternatives: Sequence[Sequence[Matcher]]) -> Iterable[Series]:
        """The series for which all matchers of one of the alternatives hold."""
        ...


def span_of(points: Sequence[Point]) -> Span | None:
    """A range of samples in short; None with fewer than two."""
    if len(points) < 2:
        return None
    lost = sum(before.value for before, after in pairwise(points) if after.value < before.value)
    return Span(points[0], points[-1], len(points), lost)


@dataclass(frozen=True)
class Matcher:
    """One condition of a selector. Regular expressions match the whole value."""

    label: str
    kind: Literal["=", "!=", "=~", "!~"]
    value: str

    def holds(self, value: str) -> bool:
        """Whether a label with this value ("" for none) fits."""
        if self.kind == "=":
            return value == self.value
        if self.kind == "!=":
            return value != self.value
        return (self._pattern.fullmatch(value) is not None) == (self.kind == "=~")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.value, re.DOTALL)


def fits(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all matchers hold for these labels."""
    return all(matcher.holds(labels.get(matcher.label, "")) for matcher in matchers)
