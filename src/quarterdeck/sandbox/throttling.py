"""ARM's token buckets. They guard against real load, so they refill with the machine's time, not the world's.

Numbers from Microsoft's "Understand how Azure Resource Manager throttles requests" (2024 and later).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

Kind = Literal["reads", "writes", "deletes"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of `size` requests that refills by `per_second`."""

    size: float
    per_second: float


ARM_LIMITS: Mapping[Kind, Limit] = {
    "reads": Limit(250, 25),
    "writes": Limit(200, 10),
    "deletes": Limit(200, 10),
}


@dataclass(slots=True)
class _Level:
    tokens: float
    seen: float


@dataclass(frozen=True, slots=True)
class Charge:
    """What a request cost: whether it may pass, what is left, and after how many seconds to come back."""

    allowed: bool
    remaining: int
    retry_after: int = 0


class Throttle:
    """One bucket per principal and kind of request. No limit for a kind that `limits` leaves out."""

    def __init__(
        self, limits: Mapping[Kind, Limit] = ARM_LIMITS, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._levels: dict[tuple[str, Kind], _Level] = {}

    def change(self, limits: Mapping[Kind, Limit]) -> None:
        """Other limits from now on, with full buckets."""
        self.limits = limits
        self._levels.clear()

    def charge(self, principal: str, kind: Kind) -> Charge | None:
        """Take one token; None when the kind is not limited."""
        limit = self.limits.get(kind)
        if limit is None:
            return None
        now = self._monotonic()
        level = self._levels.setdefault((principal, kind), _Level(limit.size, now))
        level.tokens = min(limit.size, level.tokens + (now - level.seen) * limit.per_second)
        level.seen = now
        if level.tokens < 1:
            return Charge(False, 0, max(1, ceil((1 - level.tokens) / limit.per_second)))
        level.tokens -= 1
        return Charge(True, int(level.tokens))
