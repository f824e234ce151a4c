"""The world's time: it flows with the machine's, faster, or only when a test steps it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class WorldClock:
    """Time in the simulated world.

    Args:
        start: UNIX seconds at which the world begins; the machine's time when None.
        speed: world seconds per real second; 0 stands still until `advance` is called.
    """

    def __init__(self, start: float | None = None, speed: float = 1.0) -> None:
        if speed < 0:
            raise ValueError("the world's speed is 0 (stepped) or more")
        self.speed = speed
        self._base = time.time() if start is None else start
        self._anchor = time.monotonic()

    def now(self) -> float:
        """UNIX seconds in the world."""
        return self._base + (time.monotonic() - self._anchor) * self.speed

    def advance(self, seconds: float) -> None:
        """Jump forward.

        Raises:
            ValueError: for a negative step; the world never goes back.
        """
        if seconds < 0:
            raise ValueError("the world's clock cannot go back")
        self._base += seconds


def utc(moment: float) -> str:
    """A time as Azure writes it: ISO 8601 with milliseconds and Z."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
