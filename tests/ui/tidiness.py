"""Whether a screen is in order: every row as wide as its widget, and nothing on it that a terminal would obey."""

from __future__ import annotations

from typing import Any

from textual.app import App

from quarterdeck.ui.spans import plain, width
from quarterdeck.ui.widgets.lines import Lines


def harmless(text: str) -> bool:
    """Whether a terminal only prints it."""
    return all(character.isprintable() for character in text)


def disorder(app: App[Any]) -> list[str]:
    """What is wrong with the screen in front."""
    found = []
    for widget in app.screen.query(Lines):
        if not (widget.region.height and widget.is_on_screen):
            continue
        # A row is made printable at the last gate; by then nothing may be left to do.
        asked = widget.window(widget.size.height)
        found += [f"{type(widget).__name__}: {plain(row)!r}" for row in asked if not harmless(plain(row))]
        found += [f"{width(row)} cells: {plain(row)!r}" for row in widget.painted if width(row) != widget.size.width]
    empty = not any(plain(row).strip() for widget in app.screen.query(Lines) for row in widget.painted)
    return [*found, "an empty screen"] if empty else found
