"""How old knowledge is, in words that change rarely, and when it must no longer look new."""

from __future__ import annotations

import math
import time
from typing import Literal

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass

STALE_AFTER = 120.0
"""Seconds after which a reading is marked as old. Several times the usual interval between two readings."""

_CLOCK_SLACK = 60.0
"""Seconds by which two machines' clocks may differ before it is said."""

_STEPS = ((60.0, 15.0), (600.0, 60.0), (3600.0, 300.0), (48 * 3600.0, 3600.0))
"""Up to how many seconds an age grows in steps of how many; beyond, in days."""

Freshness = Literal["fresh", "stale", "trouble", "never"]


def age(seconds: float) -> str:
    """A length of time in coarse steps, so that a screen of ages is redrawn seldom: `now`, `15s`, `3m`, `2h`, `4d`.

    A time clearly in the future (a clock that is wrong) is `ahead`.
    """
    if seconds < -_CLOCK_SLACK:
        return "ahead"
    if seconds < 15:
        return "now"
    if seconds < 60:
        return f"{int(seconds // 15) * 15}s"
    minutes = int(seconds // 60)
    if minutes < 60:
        return f"{minutes if minutes < 10 else minutes // 5 * 5}m"
    hours = minutes // 60
    return f"{hours}h" if hours < 48 else f"{hours // 24}d"


def next_age(seconds: float) -> float:
    """At how many seconds a length of time of so many is next told differently, or begins to count as old."""
    if seconds < -_CLOCK_SLACK:
        return -_CLOCK_SLACK
    if seconds <= STALE_AFTER and seconds >= 60:
        # Old is what is older than this, not what is just so old.
        return min(math.nextafter(STALE_AFTER, math.inf), (seconds // 60 + 1) * 60)
    for end, step in _STEPS:
        if seconds < end:
            return max(15.0, (seconds // step + 1) * step)
    return (seconds // 86400 + 1) * 86400


def about(seconds: float) -> str:
    """A length of time as a person would estimate it: `about 40 s`, `about 3 min`, `about 2 h`."""
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min"
    return f"about {round(seconds / 3600)} h"


def moment(at: float) -> str:
    """A point in time to the minute, the same wherever it is read: `2026-11-27 17:00Z`."""
    return time.strftime("%Y-%m-%d %H:%MZ", time.gmtime(at))


def stamp(at: float) -> str:
    """A point in time as it stands in every log: ISO 8601, UTC, to the second."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


def length(seconds: float) -> str:
    """A length of time, exactly, as a configuration writes it: `45s`, `10m`, `1h30m`, `2d`."""
    left, words = max(0, round(seconds)), []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        words += [f"{count}{unit}"] if count else []
    return "".join(words) or "0s"


def left(seconds: float) -> str:
    """Time that is left, as a clock that runs down: `0:42`, `6:12`, `2h14`, `3d`; `0:00` when it is over."""
    whole = max(0, int(seconds))
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02}"
    if whole < 48 * 3600:
        return f"{whole // 3600}h{whole % 3600 // 60:02}"
    return f"{whole // 86400}d"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """How far to trust what is shown about one place. All texts are cleaned.

    Attributes:
        state: `fresh`; `stale` (no reading lately); `trouble` (the last attempt failed: what is shown is older);
            `never` (nothing was ever read).
        age: of the last good reading, in coarse steps; "" if there never was one.
        trouble_age: how long it has been failing.
    """

    state: Freshness = "never"
    source: str = ""
    observed_at: float | None = None
    age: str = ""
    trouble: Trouble | None = None
    trouble_since: float | None = None
    trouble_age: str = ""


def knowledge(observation: Observation | None, now: float) -> Knowledge:
    """Judge the last observation of a place at a moment."""
    if observation is None:
        return Knowledge()
    seen, trouble, since = observation.observed_at, observation.trouble, observation.trouble_since
    state: Freshness
    if trouble is not None:
        state = "trouble"
    elif seen is None:
        state = "never"
    else:
        state = "stale" if now - seen > STALE_AFTER else "fresh"
    return Knowledge(
        state=state,
        source=clean(observation.source, 60),
        observed_at=seen,
        age="" if seen is None else age(now - seen),
        trouble=trouble and Trouble(trouble.code, clean(trouble.message, 300), clean(trouble.hint, 300)),
        trouble_since=since,
        trouble_age="" if since is None or trouble is None else age(now - since),
    )
