"""How colours are seen: lightness, contrast, with fewer colours, and by eyes that lack one kind of cone.

Contrast is that of the WCAG 2.2 (1.4.3). Colour blindness is simulated with the matrices of Machado, Oliveira and
Fernandes (2009) at full severity, on linear light. Differences are distances in CIE L*a*b* (1976, white D65).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

from rich.color import ColorSystem
from rich.terminal_theme import DEFAULT_TERMINAL_THEME
from textual.color import Color

Sight = Literal["all cones", "protanopia", "deuteranopia", "tritanopia"]
Light = tuple[float, float, float]
"""Red, green and blue, linear, each of 0 to 1."""

_SEEN: dict[Sight, Sequence[Light]] = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
SIGHTS = tuple(_SEEN)


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    light, dark = sorted((_luminance(_linear(one)), _luminance(_linear(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def with_256_colours(colour: str) -> str:
    """The colour that a terminal of 256 colours is sent instead."""
    sent = Color.parse(colour).rich_color.downgrade(ColorSystem.EIGHT_BIT)
    return Color(*sent.get_truecolor(DEFAULT_TERMINAL_THEME)).hex


def difference(one: str, other: str, sight: Sight) -> float:
    """How far apart two colours are for such eyes; about 2 is just to be seen side by side."""
    first, second = (_lab(_seen(_linear(colour), sight)) for colour in (one, other))
    return math.dist(first, second)


def _linear(colour: str) -> Light:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in Color.parse(colour).normalized
    )
    return red, green, blue


def _luminance(light: Light) -> float:
    return 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2]


def _seen(light: Light, sight: Sight) -> Light:
    red, green, blue = (min(1.0, max(0.0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in _SEEN[sight])
    return red, green, blue


def _lab(light: Light) -> Light:
    red, green, blue = light
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = _luminance(light)
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    f = [value ** (1 / 3) if value > 216 / 24389 else value * 841 / 108 + 4 / 29 for value in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])
