"""Shares as whole weights, where a service divides by weight in proportion to their sum. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.release.settlement import TOLERANCE

READABLE = (100, 1000)
"""Sums that weights get if they can: they read as percent, or as tenths of a percent."""

EXACT = 1e-9
"""Percent by which two floating point numbers may differ that mean the same."""


def weights_for(shares: Mapping[str, float], largest: int) -> dict[str, int] | None:
    """Whole weights from 0 to `largest` that divide by these shares, the sum a readable one or else the smallest.

    Those that divide exactly go first, so that whatever weights there ever were can be had again; else they may miss by
    what nobody can tell apart (`TOLERANCE`). None if no weights divide so.

    Args:
        shares: percent by name; they add up to 100.
    """
    if not shares or any(not 0 <= share <= 100 + TOLERANCE for share in shares.values()):
        return None
    if abs(sum(shares.values()) - 100) >= TOLERANCE:
        return None
    for near in (EXACT, TOLERANCE / 2):
        for total in (*READABLE, *range(1, len(shares) * largest + 1)):
            found = _parts(shares, total, largest, near)
            if found is not None:
                return found
    return None


def shares_of(weights: Mapping[str, float]) -> dict[str, float]:
    """Percent by name; all 0 if all weights are."""
    total = sum(weights.values())
    return {name: 100 * weight / total if total else 0.0 for name, weight in weights.items()}


def _parts(shares: Mapping[str, float], total: int, largest: int, near: float) -> dict[str, int] | None:
    found = {}
    for name, share in shares.items():
        part = round(share * total / 100)
        off = abs(100 * part / total - share)
        if part > largest or off >= near or (share > 0) != (part > 0):
            return None
        found[name] = part
    return found if sum(found.values()) == total else None
