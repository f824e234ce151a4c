"""Lengths of time as people write them: in a configuration, and wherever a wish is typed."""

from __future__ import annotations

import re

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)([smhdw])")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
LONGEST = 10 * 366 * 86400.0
"""Nobody means more than ten years; a slip of the finger may."""


def seconds(text: str) -> float:
    """Seconds of `45s`, `10m`, `1h30m`, `63h`, `2d`, `1w`; `0` is none at all.

    Raises:
        ValueError: it is no length of time; says how to write one.
    """
    text = text.strip()
    if text == "0":
        return 0.0
    if not _WHOLE.fullmatch(text):
        meant = f" ({text}m if minutes are meant)" if re.fullmatch(r"[0-9]{1,9}", text) else ""
        raise ValueError(f"must be a length of time: 45s, 10m, 1h30m, 2d{meant}")
    total = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if total > LONGEST:
        raise ValueError("must be at most ten years")
    return total
