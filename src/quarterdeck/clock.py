"""Time as the rest of the program sees it, so that tests can step it.

All times are UNIX seconds (UTC) as floats; all durations are seconds.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Wall time, a time that never jumps, and a sleep that follows them."""

    def now(self) -> float:
        """UNIX seconds, UTC. May jump when the machine's clock is set."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        import asyncio  # Here, because a command that only reads the store must not pay for it at its start.

        await asyncio.sleep(seconds)
