"""What a step of a strategy says about a flag: in words, and in percent of users. Pure."""

from __future__ import annotations

from quarterdeck.fleet.readings import Audience
from quarterdeck.release.action import FlagChange


def reach_of(enabled: bool | None, percent: float | None, audience: tuple[Audience, ...] | None) -> float:
    """Percent of users that may see it on, as far as the step says; nobody knows how large a group is."""
    if enabled is False:
        return 0.0
    if percent is None and audience is None:
        return 100.0
    return max([percent or 0.0, *(group.percent for group in audience or ())])


def flag_words(change: FlagChange) -> str:
    """Who sees it after a change: `canary 100%, 25%`, `on`, `off`."""
    words = [f"{group.group} {group.percent:g}%" for group in (*(change.audience or ()), *change.admit)]
    words += [f"{change.percent:g}%"] if change.percent is not None else []
    words += ["off"] if change.enabled is False else []
    return ", ".join(words) or "on"
