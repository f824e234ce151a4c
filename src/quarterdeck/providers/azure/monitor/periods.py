"""Which minutes a question is about, and which of its points lie within them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from quarterdeck.providers.base import ProviderError
from quarterdeck.release.durations import seconds

MINUTE = 60.0

LONGEST_WINDOW = 86_400.0
"""Seconds; more points of a minute than that gives aren't worth asking for."""

SETTLED = 180.0
"""Seconds until a minute is taken for complete. Until then the service may say 0 for a total that it hasn't got yet
(github.com/Azure/azure-libraries-for-net/issues/499: two to three minutes), so the newest minutes would look like no
errors; exporters of these metrics leave out three minutes for that reason."""

_LENGTH = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.IGNORECASE)
_UNITS = (86_400, 3600, 60, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until `end`, in UNIX seconds: whole minutes. Empty if there are none yet."""

    start: float
    end: float

    @property
    def minutes(self) -> int:
        """How many there are."""
        return max(0, round((self.end - self.start) / MINUTE))

    def __str__(self) -> str:
        """As the interface takes it."""
        return f"{_utc(self.start)}/{_utc(self.end)}"

    def holds(self, start: float, length: float) -> bool:
        """Whether a point lies wholly within it."""
        return self.start <= start and start + length <= self.end


def period(now: float, window: str) -> Period:
    """The last minutes that are complete: `window` is a length of time, or a number of seconds before now at which it
    began, of which only minutes after that are taken, and never more than of a day.

    Raises:
        ProviderError: misconfigured; it is neither.
    """
    end = (now - SETTLED) // MINUTE * MINUTE
    try:
        if re.fullmatch(r"\d+(\.\d+)?", window):
            began = math.ceil((now - float(window)) / MINUTE) * MINUTE
            return Period(max(began, end - LONGEST_WINDOW), end)
        return Period(end - seconds(window), end)
    except ValueError as error:
        raise ProviderError("misconfigured", f"window {error}", "correct the window") from None


def length_of(interval: str) -> float:
    """Seconds of `PT1M`, `PT1H`, `P1D`.

    Raises:
        ValueError: it is none of these.
    """
    found = _LENGTH.fullmatch(interval)
    length = sum(int(number or 0) * unit for number, unit in zip(found.groups(), _UNITS, strict=True)) if found else 0
    if not length:
        raise ValueError(f"{interval} is no length of time")
    return float(length)


def moment(text: str) -> float:
    """UNIX seconds of a time as the service writes it. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def clock_time(at: float) -> str:
    """For people: `12:04Z`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%MZ")


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
