"""A value as one sign of a row of blocks, always on the same scale. Pure."""

from __future__ import annotations

import math

from quarterdeck.release.indicator import Scale

BLOCKS = "▁▂▃▄▅▆▇█"
ABOVE, BELOW = "▲", "▼"
"""Beyond the scale."""


def block(value: float, scale: Scale) -> str:
    """The sign for a value on a scale."""
    if value > scale.high:
        return ABOVE
    if value < scale.low:
        return BELOW
    level = math.floor((value - scale.low) / (scale.high - scale.low) * len(BLOCKS))
    return BLOCKS[min(level, len(BLOCKS) - 1)]
