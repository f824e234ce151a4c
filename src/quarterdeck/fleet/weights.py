"""Percentages to the whole numbers that a system can express, without losing or inventing any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def largest_remainder(shares: Mapping[str, float], total: int) -> dict[str, int]:
    """Divide `total` units in proportion to `shares`, by the method of the largest remainder.

    The result adds up to exactly `total`, and each part differs from its exact value by less than one unit.
    Equal remainders go to the name that comes first in `shares`.

    Raises:
        ValueError: for a negative or non-finite share, no positive share, or `total` < 1.
    """
    if total < 1:
        raise ValueError(f"can't divide {total} units")
    if any(not 0 <= share < float("inf") for share in shares.values()):
        raise ValueError("shares must be numbers of 0 or more")
    whole = sum(shares.values())
    if whole <= 0:
        raise ValueError("at least one share must be above 0")
    exact = {name: share * total / whole for name, share in shares.items()}
    parts = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(exact, key=lambda name: parts[name] - exact[name])
    for name in by_remainder[: total - sum(parts.values())]:
        parts[name] += 1
    return parts


def whole_weights(shares: Mapping[str, float], totals: Iterable[int], tolerance: float) -> dict[str, int]:
    """Whole weights for shares in percent, that add up to the first of `totals` at which none of them misses its share
    by more than `tolerance` percent; the last of them, if none does.

    Raises:
        ValueError: as `largest_remainder`, and without any total.
    """
    whole = sum(shares.values())
    weights: dict[str, int] = {}
    for total in totals:
        weights = largest_remainder(shares, total)
        if all(abs(100 * weights[name] / total - 100 * share / whole) <= tolerance for name, share in shares.items()):
            return weights
    if not weights:
        raise ValueError("no total to divide")
    return weights
