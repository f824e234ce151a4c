"""Whether a server's clock agrees with ours: with both it is reckoned how old its values are, and what is over."""

from __future__ import annotations

from quarterdeck.fleet.observation import Trouble

CLOCKS_APART = 30.0
"""Seconds by which two clocks may differ before it is told."""


def apart(theirs: float, ours: float) -> Trouble | None:
    """What to tell of two clocks that show these times, in UNIX seconds; None if they agree."""
    difference = theirs - ours
    if abs(difference) <= CLOCKS_APART:
        return None
    where = "ahead of" if difference > 0 else "behind"
    message = f"its clock is {abs(difference):.0f} s {where} this machine's"
    return Trouble("provider_error", message, "set both by a time server: values would look stale, or too new")
