"""Indicators: numbers that say how a service does, measured all the time, release or not.

They decide nothing; what decides is a gate. An indicator may ask what a gate asks.
"""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass
from quarterdeck.release.filling import named
from quarterdeck.release.gate import GateSpec

OBSERVED = "observed/"
"""How the series are called that hold the share of new clients that probes observed, in percent; the destination's name
follows. No indicator can have such a name."""

_OF_A_REGION = frozenset({"region", "site", "host"})
"""What a question names that has another answer in each region."""

Quality = Literal["good", "too high", "too low", "not judged"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """One indicator, as configured.

    Attributes:
        question: what is asked, whom, and how often (`interval`, `max_age`); its condition judges nothing here.
        unit: for people: `%`, `s`.
        times: what the answer is multiplied by to be in that unit (100 makes percent of a fraction).
        low, high: the scale of its picture, always the same, in its unit.
        bad_above, bad_below: beyond these it is bad, in its unit; None: nobody judges that.
        about: what it says, for people.
    """

    name: str
    question: GateSpec
    unit: str = ""
    times: float = 1
    low: float = 0
    high: float = 100
    bad_above: float | None = None
    bad_below: float | None = None
    about: str = ""

    def quality(self, value: float) -> Quality:
        """What a value in its unit amounts to."""
        if self.bad_above is not None and value > self.bad_above:
            return "too high"
        if self.bad_below is not None and value < self.bad_below:
            return "too low"
        return "not judged" if self.bad_above is None and self.bad_below is None else "good"


def subjects(indicator: Indicator, target: TargetId, fleet: Fleet) -> tuple[TargetId, ...]:
    """What it is measured for: the service as a whole, or each of its regions if the question names the region."""
    whole = target.whole
    asked = {name for text in indicator.question.options.values() for name in named(text)}
    regions = dict.fromkeys(place.target for place in fleet.places_of(whole, "slots") if place.target.region)
    return tuple(regions) if asked & _OF_A_REGION and regions else (whole,)
