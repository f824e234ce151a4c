"""A clock that stands still until a test moves it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class ManualClock:
    """`monotonic` and `now` run together; `jump` sets the wall clock alone."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._start = start
        self._time = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._start + self._time

    def monotonic(self) -> float:
        return self._time

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._time + seconds, future))
        await future

    def jump(self, seconds: float) -> None:
        """The machine's clock is set; no time goes by."""
        self._start += seconds

    def pass_unnoticed(self, seconds: float) -> None:
        """Time goes by while nobody runs: the process is stopped."""
        self._time += seconds

    async def advance(self, seconds: float, step: float = 0.5) -> None:
        """Let time go by in small steps, everybody getting their turn after each."""
        await settle()
        end = self._time + seconds
        while self._time < end:
            self._time = min(self._time + step, end)
            due = [future for at, future in self._sleepers if at <= self._time]
            self._sleepers = [(at, future) for at, future in self._sleepers if at > self._time and not future.done()]
            for future in due:
                if not future.done():
                    future.set_result(None)
            await settle()


async def settle(rounds: int = 30) -> None:
    """Let everything that can run now run."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def until(come_true: Callable[[], object], seconds: float = 5) -> None:
    """Let things run until something has come true, by the real clock."""
    deadline = time.monotonic() + seconds
    while not come_true():
        assert time.monotonic() < deadline, "it didn't come true"
        await settle()
