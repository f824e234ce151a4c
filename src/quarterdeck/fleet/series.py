"""Numbers over time: what an indicator of a service said, moment by moment."""

from __future__ import annotations

from quarterdeck.records import dataclass


@dataclass(frozen=True, slots=True)
class SeriesId:
    """Which series: `subject` is a target as text (`production/checkout`), `indicator` the name of what is measured."""

    subject: str
    indicator: str


@dataclass(frozen=True, slots=True)
class Point:
    """One measurement.

    Attributes:
        at: when it was asked for, UNIX seconds.
        value: in the indicator's unit; None if there was none.
        trouble: why there was none, for people; "" with a value.
    """

    at: float
    value: float | None
    trouble: str = ""
