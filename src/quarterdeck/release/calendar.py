"""STUB: windows in time; its owner replaces it. Knows only windows that happen once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.release.rules import Window


@dataclass(frozen=True, slots=True)
class Closure:
    """What forbids a release at a moment, until when, and why."""

    window: str
    until: float | None
    reason: str


def closures(windows: Sequence[Window], environment: str, now: float) -> tuple[Closure, ...]:
    """What forbids a release there now."""
    return tuple(
        Closure(one.name, one.until, one.reason)
        for one in windows
        if one.kind == "freeze"
        and (not one.environments or environment in one.environments)
        and one.since <= now < one.until
    )
