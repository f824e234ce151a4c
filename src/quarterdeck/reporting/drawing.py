"""Lines, boxes, signs and words as SVG. Colours are of middle brightness: they stand out on white and on black; words
take the colour of the text around them. What a colour says, a shape or a word says too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

GOOD, BAD, WARNING, ACCENT, SOFT = "#2e9e5f", "#d6453d", "#c07f00", "#3d7edb", "#8290a5"

WIDTH = 760
"""Units of a drawing's width; its height is its own."""


class Drawing:
    """A drawing that is put together part by part, the first at the bottom. (0, 0) is the corner at the top left."""

    def __init__(self, height: float, title: str) -> None:
        self._height = height
        self._title = title
        self._parts: list[str] = []

    def box(self, x: float, y: float, width: float, height: float, colour: str, *, faint: bool = False) -> None:
        """A filled box, at least a hair wide."""
        opacity = ' fill-opacity="0.25"' if faint else ""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 1.5):.1f}" height="{height:.1f}"'
        self._parts.append(f'<rect {place} fill="{colour}"{opacity}/>')

    def rule(self, x1: float, y1: float, x2: float, y2: float, colour: str = SOFT, *, dashed: bool = False) -> None:
        """A straight line."""
        dashes = ' stroke-dasharray="5 4"' if dashed else ""
        place = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self._parts.append(f'<line {place} stroke="{colour}" stroke-width="1"{dashes}/>')

    def path(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        """A line through points."""
        if points:
            told = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            self._parts.append(f'<polyline points="{told}" fill="none" stroke="{colour}" stroke-width="1.6"/>')

    def word(self, x: float, y: float, text: str, anchor: Literal["start", "middle", "end"] = "start") -> None:
        """A text whose line stands at y."""
        at = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(f'<text x="{x:.1f}" y="{y:.1f}"{at}>{escape(text)}</text>')

    def dot(self, x: float, y: float, colour: str) -> None:
        """A filled dot: something that went well."""
        self._parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')

    def cross(self, x: float, y: float, colour: str) -> None:
        """A cross: something that failed."""
        strokes = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
        self._parts.append(f'<path d="{strokes}" stroke="{colour}" stroke-width="2" fill="none"/>')

    def ring(self, x: float, y: float, colour: str) -> None:
        """An empty ring: nothing is known."""
        self._parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="none" stroke="{colour}" stroke-width="1.4"/>'
        )

    def svg(self) -> str:
        """The whole drawing."""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {self._height:.0f}" role="img" '
            f'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">'
            f"<title>{escape(self._title)}</title>{''.join(self._parts)}</svg>"
        )
