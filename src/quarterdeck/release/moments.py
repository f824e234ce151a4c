"""Moments that have been, as people type them: in a filter, to look back, on the command line. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from quarterdeck.release.durations import seconds

FORMS = "10m, 2h, 14:02, 14:02:30, 2026-11-23, 2026-11-23 05:48, now"
"""How a moment may be written, for placeholders and errors."""

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?Z?")
_DAY = 86_400.0


def past_moment(text: str, now: float, zone: tzinfo = UTC) -> float:
    """A moment in UNIX seconds: `10m` before now, `14:02` (today, or yesterday if that is still to come), a date, or a
    date and time. What names no zone is in `zone`.

    Raises:
        ValueError: it is none; says how to write one.
    """
    text = text.strip()
    if text == "now":
        return now
    try:
        length = seconds(text)
    except ValueError:
        length = 0.0
    if length:
        return now - length
    if clock := _CLOCK.fullmatch(text):
        return _last(int(clock[1]), int(clock[2]), int(clock[3] or 0), now, zone, text)
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time: write {FORMS}") from None


def _last(hour: int, minute: int, second: int, now: float, zone: tzinfo, text: str) -> float:
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"{text!r} is no time of day: write {FORMS}")
    today = datetime.fromtimestamp(now, zone).replace(hour=hour, minute=minute, second=second, microsecond=0)
    at = today.timestamp()
    return at if at <= now else at - _DAY
