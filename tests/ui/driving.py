"""Driving a cockpit in tests: what stands on the screen, and waiting for it."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.pilot import Pilot

from quarterdeck.ui.cockpit import Cockpit
from quarterdeck.ui.spans import plain
from quarterdeck.ui.widgets.lines import Lines

NAMED = {
    ":": "colon",
    " ": "space",
    "/": "slash",
    "-": "minus",
    "=": "equals_sign",
    "@": "at",
    ".": "full_stop",
    "_": "underscore",
}
"""Textual's names of what isn't a letter or a digit."""


def shown(app: App[Any]) -> str:
    """What the line widgets of the screen in front show."""
    widgets = [widget for widget in app.screen.query(Lines) if widget.region.height and widget.is_on_screen]
    return "\n".join(plain(row).rstrip() for widget in widgets for row in widget.painted)


async def see(pilot: Pilot[Any]) -> str:
    """Have the cockpit look at the store, let it settle, and read the screen."""
    app = pilot.app
    assert isinstance(app, Cockpit)
    await pilot.pause()
    app.look()
    await pilot.pause()
    return shown(app)


async def press(pilot: Pilot[Any], *keys: str) -> str:
    """Press keys one after the other, letting screens come up in between, and read the screen."""
    for key in keys:
        await pilot.press(key)
        await pilot.pause()
    return await see(pilot)


async def type_in(pilot: Pilot[Any], text: str) -> str:
    """Type letters."""
    return await press(pilot, *(NAMED.get(letter, letter) for letter in text))
