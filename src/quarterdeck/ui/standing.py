"""Whether a screen has its parts.

Textual has a screen in front a moment before it is composed, and finishes what a screen has put off (after a resize,
for instance) when its parts are gone already.
"""

from __future__ import annotations

from typing import Any

from textual.screen import Screen


def stands(screen: Screen[Any]) -> bool:
    """Whether it can be asked what stands on it, and painted."""
    return screen.is_mounted and screen.is_attached and screen in screen.app.screen_stack
