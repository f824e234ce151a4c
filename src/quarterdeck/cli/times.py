"""Lengths of time and moments as people write them on a command line, and moments as they are shown to them."""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from quarterdeck.release.durations import seconds
from quarterdeck.release.freshness import stamp
from quarterdeck.release.moments import past_moment

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")


def duration(text: str) -> float:
    """Seconds of `45s`, `10m`, `2h`, `1h30m`, `1d`, `2w`; more than none.

    Raises:
        ValueError: it is none; says how to write one.
    """
    try:
        length = seconds(text)
    except ValueError as error:
        raise ValueError(f"{text!r} {error}") from None
    if not length:
        raise ValueError(f"{text!r} is no time at all")
    return length


def ahead(text: str, now: float, zone: tzinfo | None = None) -> float:
    """A moment to come, in UNIX seconds: `2h` from now, `22:00` (today, or tomorrow if that is past), a date, or a date
    and time. What names no zone is in `zone` (None: the machine's own).

    Raises:
        ValueError: it is none, or past.
    """
    if _is_length(text):
        return now + duration(text)
    if clock := _CLOCK.fullmatch(text):
        return _next(int(clock[1]), int(clock[2]), now, zone, text)
    at = _date(text, zone)
    if at <= now:
        raise ValueError(f"{text!r} is past: it is {shown(now, zone)}")
    return at


def argument(read: Callable[[str], float]) -> Callable[[str], float]:
    """A reader of times for an argparse `type`, whose errors are shown as they are."""

    def checked(text: str) -> float:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return checked


duration_argument = argument(duration)
ahead_argument = argument(lambda text: ahead(text, time.time()))
moment_argument = argument(lambda text: past_moment(text, time.time()))


def clock(at: float) -> str:
    """A time as it stands in every log: ISO 8601, UTC."""
    return stamp(at)


def shown(at: float, zone: tzinfo | None = None) -> str:
    """A moment for people, with its zone: `Mon 2026-11-23 17:00 CET`; in `zone`, or the machine's own."""
    local = datetime.fromtimestamp(at, zone) if zone else datetime.fromtimestamp(at).astimezone()
    return f"{local:%a %Y-%m-%d %H:%M} {local.tzname()}"


def _is_length(text: str) -> bool:
    try:
        return seconds(text) > 0
    except ValueError:
        return False


def _next(hour: int, minute: int, now: float, zone: tzinfo | None, text: str) -> float:
    if hour > 23 or minute > 59:
        raise ValueError(f"{text!r} is no time of day")
    today = datetime.fromtimestamp(now, zone)
    at = today.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return (at if at.timestamp() > now else at + timedelta(days=1)).timestamp()


def _date(text: str, zone: tzinfo | None) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no time: write 2026-05-01T14:00, 2026-05-01T14:00Z, or 2h") from error
