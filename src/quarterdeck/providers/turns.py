"""Taking turns where watching costs requests of its own for each place, so that a large fleet doesn't use up the
allowance of reads, which every tool of the team lives on."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.clock import Clock
from quarterdeck.fleet.topology import Place


class Turns:
    """Whose turn it is: those that have waited longest."""

    def __init__(self, clock: Clock, a_round: int) -> None:
        """`a_round`: places read in one round."""
        self._clock = clock
        self._a_round = a_round
        self._last: dict[str, float] = {}

    def next(self, places: Sequence[Place]) -> list[Place]:
        """The places to read now; they go to the end of the queue."""
        waiting = sorted(places, key=lambda place: self._last.get(place.subject, float("-inf")))
        chosen = waiting[: self._a_round]
        self._last |= dict.fromkeys((place.subject for place in chosen), self._clock.monotonic())
        return chosen
