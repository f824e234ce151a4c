"""Indicators: numbers that say how a service does, measured all the time, release or not.

They decide nothing; what decides is a gate. An indicator may ask what a gate asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass
from quarterdeck.release.filling import named
from quarterdeck.release.gate import GateSpec

if TYPE_CHECKING:
    from quarterdeck.release.rules import Rulebook

OBSERVED = "observed/"
"""How the series are called that hold the share of new clients that probes observed, in percent; the destination's name
follows. No indicator can have such a name."""

_OF_A_REGION = frozenset({"region", "site", "host"})
"""What a question names that has another answer in each region."""

Quality = Literal["good", "too high", "too low", "not judged"]

State = Literal["good", "too high", "too low", "not judged", "no data", "old", "never"]
"""What is known of a value now. no data: asked for, and there was none. old: nobody has asked lately."""

MISSED = 3
"""So many intervals without a point make what is known old."""

LEAST_OLD = 60.0
"""Seconds before which nothing is old, however short the interval."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How a value is drawn and judged, in its own unit: always from `low` to `high`, whatever the values are.

    Beyond `bad_above` and `bad_below` it is bad; None: nobody judges that.
    """

    low: float = 0
    high: float = 100
    bad_above: float | None = None
    bad_below: float | None = None

    def quality(self, value: float) -> Quality:
        """What a value amounts to."""
        if self.bad_above is not None and value > self.bad_above:
            return "too high"
        if self.bad_below is not None and value < self.bad_below:
            return "too low"
        return "not judged" if self.bad_above is None and self.bad_below is None else "good"


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator, as configured.

    Attributes:
        question: what is asked, whom, and how often (`interval`, `max_age`); its condition judges nothing here.
        unit: for people: `%`, `s`.
        times: what the answer is multiplied by to be in that unit (100 makes percent of a fraction).
        about: what it says, for people.
    """

    name: str
    question: GateSpec
    scale: Scale = Scale()
    unit: str = ""
    times: float = 1
    about: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator of a target (a service, or one region of it), and what it said lately, the oldest first."""

    indicator: Indicator
    target: TargetId
    points: tuple[Point, ...]

    @property
    def last(self) -> Point | None:
        """The newest point, with or without a value."""
        return self.points[-1] if self.points else None

    def state(self, now: float) -> State:
        """What is known now."""
        last = self.last
        if last is None:
            return "never"
        if now - last.at > max(MISSED * self.indicator.question.interval, LEAST_OLD):
            return "old"
        return "no data" if last.value is None else self.indicator.scale.quality(last.value)


def measured(
    target: TargetId, fleet: Fleet, rules: Rulebook, series: Mapping[SeriesId, Sequence[Point]]
) -> tuple[Measured, ...]:
    """All indicators of a service, in the order of its configuration, with their points; those of a region each."""
    found = (rules.indicator(name) for name in rules.route(target).indicators)
    return tuple(
        Measured(one, subject, tuple(series.get(SeriesId(str(subject), one.name), ())))
        for one in found
        if one is not None
        for subject in subjects(one, target, fleet)
    )


def subjects(indicator: Indicator, target: TargetId, fleet: Fleet) -> tuple[TargetId, ...]:
    """What it is measured for: the service as a whole, or each of its regions if the question names the region."""
    whole = target.whole
    asked = {name for text in indicator.question.options.values() for name in named(text)}
    regions = dict.fromkeys(place.target for place in fleet.places_of(whole, "slots") if place.target.region)
    return tuple(regions) if asked & _OF_A_REGION and regions else (whole,)
