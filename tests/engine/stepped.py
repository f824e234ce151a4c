"""A clock that nobody has to wait for: it jumps to the next moment that somebody sleeps until."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class SteppedClock:
    """Time stands still while anything runs; when all sleep, it is the earliest sleeper's time."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int]] = []
        self._ids = count()

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def step(self, seconds: float) -> None:
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        mine = (self._now + max(seconds, 0.0), next(self._ids))
        heapq.heappush(self._sleepers, mine)
        try:
            await asyncio.sleep(0)
            while self._sleepers[0] != mine:  # noqa: ASYNC110 - the loop must turn for others to go to sleep
                await asyncio.sleep(0)
            self._now = max(self._now, mine[0])
        finally:
            self._sleepers.remove(mine)
            heapq.heapify(self._sleepers)
