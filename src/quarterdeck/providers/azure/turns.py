"""Taking turns where watching costs a request a place, so that a large fleet doesn't use up the allowance of reads.

Azure Resource Manager gives 250 reads, and 25 more each second, to a principal in a subscription (Microsoft's
documentation): every tool of the team lives on that.
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.clock import Clock
from quarterdeck.fleet.topology import Place

A_ROUND = 20
"""Places read in one round."""


class Turns:
    """Whose turn it is: those that have waited longest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def next(self, places: Sequence[Place]) -> list[Place]:
        """The places to read now; they go to the end of the queue."""
        waiting = sorted(places, key=lambda place: self._last.get(place.subject, float("-inf")))
        chosen = waiting[:A_ROUND]
        self._last |= dict.fromkeys((place.subject for place in chosen), self._clock.monotonic())
        return chosen
