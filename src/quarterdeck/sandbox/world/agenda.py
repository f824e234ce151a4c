"""What will happen later. Nothing runs in the background: effects that are due happen when somebody looks."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from quarterdeck.sandbox.world.clock import WorldClock

Effect = Callable[[float], None]
"""Called once with the world time at which it was due, which may lie before now."""


class Agenda:
    """Due effects in order of their time."""

    def __init__(self, clock: WorldClock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._due: list[tuple[float, int, Effect]] = []

    def at(self, moment: float, effect: Effect) -> None:
        """Have `effect` happen at that world time; equal times keep their order."""
        heapq.heappush(self._due, (moment, next(self._numbers), effect))

    def settle(self) -> None:
        """Let everything that is due by now happen, including what that in turn makes due."""
        now = self._clock.now()
        while self._due and self._due[0][0] <= now:
            moment, _, effect = heapq.heappop(self._due)
            effect(moment)
