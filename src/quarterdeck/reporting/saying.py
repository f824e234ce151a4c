"""Times, lengths and states in the words that every format of a report shares."""

from __future__ import annotations

from quarterdeck.release.freshness import length, stamp
from quarterdeck.release.report import Outcome
from quarterdeck.release.telling import value

OUTCOMES: dict[Outcome, str] = {
    "running": "▶ running",
    "done": "✓ done",
    "failed": "✗ FAILED",
    "skipped": "– left out",
    "going back": "↶ going back",
    "taken back": "↶ taken back",
    "cut short": "✗ cut short",
}
"""What became of a step, as sign and word."""

VERDICTS = {"pass": "pass", "fail": "FAIL", "no_data": "no data", "stale": "stale"}


def lasted(seconds: float | None) -> str:
    """A length of time; "" for none."""
    if seconds is None:
        return ""
    return "<1s" if 0 < seconds < 1 else length(seconds)


def clock(at: float | None, near: float) -> str:
    """A time; its date only where that isn't the one of another time near it. "" for none."""
    if at is None:
        return ""
    whole, other = stamp(at), stamp(near)
    return whole[11:] if whole[:10] == other[:10] else whole


def percent(share: float) -> str:
    """A share."""
    return f"{share:.4g}%"


def number(measured: float | None) -> str:
    """A measured value; "none" where there was none."""
    return value(measured) or "none"
