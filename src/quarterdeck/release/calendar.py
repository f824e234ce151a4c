"""The freeze calculus: which windows hold at a moment, what they forbid, and when the next legal moment is.

A window that comes again begins where its cron says, in its own time zone, and lasts so many seconds from there: an
hour is an hour, so a freeze of 63 h that begins on the Friday before the clocks are set back ends an hour earlier by
the clock. Where the clocks jump, beginnings are cron's (Debian's): a fixed time that the gap swallows begins right
after the gap, one that comes twice begins the first time.

Windows are half open: they hold from their first second on, and not any more at their end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from quarterdeck.records import dataclass
from quarterdeck.release.rules import Window

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

HORIZON = 366 * 86400.0
"""How far ahead is looked. What lies beyond is as good as never."""

MOST_STEPS = 5000
"""So many windows in a row are followed; a calendar that is closed for longer than that has no next legal moment."""

_OVERLAP = timedelta(hours=3)
"""Longer than any zone sets its clocks back."""


@dataclass(frozen=True, slots=True)
class Closure:
    """What forbids a release. `until` is when it ends, None if it doesn't within a year.

    `window` is the freeze's name, or the names of the open windows that it is outside of. `since` is when it began,
    None if nobody can tell (outside of open windows). `rollback_too`: going back is forbidden as well.
    """

    window: str
    until: float | None
    reason: str
    since: float | None = None
    rollback_too: bool = False


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A closure that isn't in force yet, and when it begins."""

    at: float
    closure: Closure


@dataclass(frozen=True, slots=True)
class _Span:
    begin: float
    end: float


def check_cron(cron: str, tz: str) -> None:
    """Pass if a window may begin so.

    Raises:
        ValueError: what is wrong: the expression, or the zone.
    """
    from cronsim import CronSim, CronSimError

    try:
        zone = _zone(tz)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{tz!r} isn't a time zone; write an IANA name such as Europe/Berlin") from None
    if len(cron.split()) != 5:
        raise ValueError(f"{cron!r} has {len(cron.split())} fields; a cron has five: minute hour day month weekday")
    try:
        next(CronSim(cron, datetime(2026, 1, 1, tzinfo=zone)))
    except CronSimError as error:
        raise ValueError(f"{cron!r} isn't a cron: {str(error).lower()}") from None
    except StopIteration:
        raise ValueError(f"{cron!r} never comes") from None


def within(window: Window, now: float) -> bool:
    """Whether a window holds at a moment. Its environments don't matter here."""
    return _span(window, now) is not None


def closures(windows: Sequence[Window], environment: str, now: float) -> tuple[Closure, ...]:
    """What forbids a release in an environment at a moment: the freezes that hold, and, if it has open windows and
    none of them holds, that."""
    found = [_frozen(window, span, now) for window in _freezes(windows, environment) if (span := _span(window, now))]
    opens = _opens(windows, environment)
    if opens and not any(within(window, now) for window in opens):
        found.append(_outside(opens, now))
    return tuple(found)


def next_open(windows: Sequence[Window], environment: str, now: float) -> float | None:
    """The next legal moment: `now` itself if nothing forbids it; None if there is none within a year."""
    freezes, opens = _freezes(windows, environment), _opens(windows, environment)
    at = now
    for _ in range(MOST_STEPS):
        ends = [span.end for window in freezes if (span := _span(window, at))]
        if opens and not any(within(window, at) for window in opens):
            begin = _first_begin(opens, at)
            if begin is None:
                return None
            ends.append(begin)
        if not ends:
            return at
        at = max(ends)
        if at > now + HORIZON:
            return None
    return None


def upcoming(windows: Sequence[Window], environment: str, now: float) -> Upcoming | None:
    """The next closure that begins and isn't in force now; None if none does within a year."""
    found = [coming for window in _freezes(windows, environment) if (coming := _coming(window, now))]
    opens = _opens(windows, environment)
    if any(within(window, now) for window in opens):
        closes = _unbroken_end(opens, now)
        if closes is not None:
            found.append(Upcoming(closes, _outside(opens, closes)))
    return min(found, key=lambda one: one.at, default=None)


# --- one window -------------------------------------------------------------------------------------------------------
def _span(window: Window, at: float) -> _Span | None:
    """The span of a window that holds at a moment: of those that overlap the one that ends last."""
    if at < window.since or (window.until and at >= window.until):
        return None
    if not window.cron:
        end = window.until or (window.since + window.seconds if window.seconds else float("inf"))
        return _Span(window.since, end) if at < end else None
    begin = _last_begin(window.cron, window.tz, at)
    if begin is None or at >= begin + window.seconds:
        return None
    end = begin + window.seconds
    return _Span(max(begin, window.since), min(end, window.until) if window.until else end)


def _next_span(window: Window, after: float) -> _Span | None:
    """The first span that begins after a moment."""
    if not window.cron:
        return _span(window, window.since) if window.since > after else None
    if window.since > after and (cut := _span(window, window.since)):
        return cut
    for begin in _begins(window.cron, window.tz, max(after, window.since)):
        if begin > after and begin >= window.since:
            return _span(window, begin)
    return None


def _last_begin(cron: str, tz: str, at: float) -> float | None:
    """When it last began, at `at` or before."""
    from cronsim import CronSim

    here = datetime.fromtimestamp(at, _zone(tz))
    # Fixed times are walked on the wall clock: in the hour that comes twice, those that are ahead of the second time
    # may have been in the first.
    start = here + timedelta(seconds=1) if not here.fold else datetime.fromtimestamp(at, here.tzinfo) + _OVERLAP
    for found in CronSim(cron, start, reverse=True):
        if found.timestamp() <= at:
            return found.timestamp()
    return None


def _begins(cron: str, tz: str, after: float) -> Iterator[float]:
    """The beginnings from about a moment on, for a year; those before it have to be passed over."""
    from cronsim import CronSim

    for found in CronSim(cron, datetime.fromtimestamp(after - 1, _zone(tz))):
        if found.timestamp() > after + HORIZON:
            return
        yield found.timestamp()


@lru_cache(maxsize=64)
def _zone(tz: str) -> ZoneInfo:
    from zoneinfo import ZoneInfo  # Here, because viewers load this module and most fleets have no windows.

    return ZoneInfo(tz)


# --- several windows --------------------------------------------------------------------------------------------------
def _freezes(windows: Sequence[Window], environment: str) -> list[Window]:
    return [one for one in windows if one.kind == "freeze" and _holds_in(one, environment)]


def _opens(windows: Sequence[Window], environment: str) -> list[Window]:
    return [one for one in windows if one.kind == "open" and _holds_in(one, environment)]


def _holds_in(window: Window, environment: str) -> bool:
    return not window.environments or environment in window.environments


def _first_begin(windows: Sequence[Window], after: float) -> float | None:
    spans = (_next_span(window, after) for window in windows)
    return min((span.begin for span in spans if span), default=None)


def _unbroken_end(windows: Sequence[Window], at: float) -> float | None:
    """When the first moment comes that none of these windows holds; None if not within a year."""
    end = at
    for _ in range(MOST_STEPS):
        ends = [span.end for window in windows if (span := _span(window, end))]
        if not ends:
            return end
        end = max(ends)
        if end > at + HORIZON:
            return None
    return None


def _frozen(window: Window, span: _Span, at: float) -> Closure:
    return Closure(window.name, _unbroken_end([window], at), window.reason, span.begin or None, window.rollback_too)


def _outside(opens: Sequence[Window], at: float) -> Closure:
    names = ", ".join(window.name for window in opens)
    reasons = "; ".join(dict.fromkeys(window.reason for window in opens if window.reason))
    begin = _first_begin(opens, at)
    until = begin if begin is not None and begin <= at + HORIZON else None
    # Their reason is why it is open then, which would read like the reason why it is closed now.
    reasons = reasons and f"open only while {reasons}"
    return Closure(names, until, reasons, rollback_too=all(window.rollback_too for window in opens))


def _coming(window: Window, now: float) -> Upcoming | None:
    after = _unbroken_end([window], now)
    span = None if after is None else _next_span(window, max(after - 1, now))
    if span is None or span.begin > now + HORIZON:
        return None
    return Upcoming(span.begin, _frozen(window, span, span.begin))
