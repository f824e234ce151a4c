"""Clocks that nobody has to wait for: they jump to the next moment that somebody sleeps until."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

TURNS = 60
"""Turns of the loop after which all that can happen at a moment has happened: nothing here waits for the world."""


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


class Tide:
    """Time stands still unless it is told to flow; then it jumps from one sleeper's moment to the next."""

    def __init__(self, start: float = 1_795_000_000.0) -> None:
        self._now = start
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._ids = count()
        self.each_turn: Callable[[], None] = lambda: None
        """Called between any two turns of the loop while time flows."""

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._now

    def step(self, seconds: float) -> None:
        """Let time pass that nobody notices at once: a machine that sleeps."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        mine = (self._now + max(seconds, 0.0), next(self._ids), asyncio.get_running_loop().create_future())
        heapq.heappush(self._sleepers, mine)
        try:
            await mine[2]
        finally:
            if mine in self._sleepers:
                self._sleepers.remove(mine)
                heapq.heapify(self._sleepers)

    async def calm(self) -> None:
        """Let everything happen that can happen now."""
        for _ in range(TURNS):
            self.each_turn()
            await asyncio.sleep(0)

    async def flow(self, until: Callable[[], bool], *, days: float = 1) -> None:
        """Let time pass until something is true; it must become true within so many days."""
        deadline = self._now + days * 86_400
        while True:
            await self.calm()
            if until():
                return
            assert self._sleepers, "nobody waits for any time to come: nothing will happen any more"
            assert self._sleepers[0][0] <= deadline, f"in vain for {days:g} days"
            moment, _, sleeper = heapq.heappop(self._sleepers)
            self._now = max(self._now, moment)
            if not sleeper.done():
                sleeper.set_result(None)
