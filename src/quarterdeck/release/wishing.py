"""A wish as it came in: a viewer may be older, newer, or somebody's script, so what it says is looked at first."""

from __future__ import annotations

from quarterdeck.fleet.text import clean
from quarterdeck.records import replace
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import Wish

LONGEST_CONFIRMATION = 31 * 86_400.0
"""Seconds; whoever hasn't confirmed after a month will not."""

MOST_WORDS = 500
"""Characters of a reason."""


def understood(wish: Wish) -> Wish | Refusal:
    """The same wish with its texts as they may be shown and kept, or why it can't be meant."""
    if not all(isinstance(text, str) for text in (wish.version, wish.strategy, wish.ref, wish.override)):
        return Refusal("usage", "version, strategy, ref and override of a wish are texts")
    if not all(isinstance(said, bool) for said in (wish.hotfix, wish.supersede)):
        return Refusal("usage", "hotfix and supersede of a wish are true or false")
    if clean(wish.version) != wish.version:
        return Refusal(
            "usage", f"{clean(wish.version)!r} was no version as it was written", "name it as the build does"
        )
    if wish.confirm_within is not None and not _is_time(wish.confirm_within):
        text = f"to be confirmed within {clean(str(wish.confirm_within), 40)} is no time"
        return Refusal("usage", text, "for example 10m; at most 31 days")
    return replace(wish, ref=clean(wish.ref), override=clean(wish.override, MOST_WORDS))


def _is_time(seconds: object) -> bool:
    return isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 < seconds <= LONGEST_CONFIRMATION
