"""The colours by which an environment may be told from the others, as the configuration names them. Pure."""

from __future__ import annotations

import colorsys
import re
from collections.abc import Mapping
from typing import Literal, cast, get_args

Accent = Literal["red", "orange", "green", "teal", "blue", "purple"]
"""Six, because a terminal of sixteen colours can tell six apart that are neither black, white nor grey."""

ACCENTS: tuple[Accent, ...] = get_args(Accent)

PROTECTED = "protected"
"""What every protected environment wears that has no accent of its own."""

_HUES: Mapping[Accent, float] = {"red": 0, "orange": 36, "green": 125, "teal": 180, "blue": 220, "purple": 295}
"""Degrees on the colour circle."""
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


def is_accent(text: str) -> bool:
    """Whether a configuration may say this: one of `ACCENTS`, `protected`, or a colour like #b42318."""
    return text in ACCENTS or text == PROTECTED or bool(_COLOUR.fullmatch(text))


def nearest(colour: str) -> Accent:
    """The accent whose hue is nearest to that of a colour like #b42318.

    A theme knows how each accent can be read on its own background; of a colour from elsewhere nobody knows that.
    """
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    hue = 360 * colorsys.rgb_to_hsv(red, green, blue)[0]
    return min(ACCENTS, key=lambda accent: _apart(hue, _HUES[accent]))


def accent_of(text: str) -> Accent | Literal["protected", ""]:
    """What an environment wears whose configuration says this; "" for nothing, or for what nobody knows."""
    if _COLOUR.fullmatch(text):
        return nearest(text)
    return cast("Accent", text) if is_accent(text) else ""


def _apart(one: float, other: float) -> float:
    """Degrees between two hues, the shorter way round."""
    return min(abs(one - other), 360 - abs(one - other))
