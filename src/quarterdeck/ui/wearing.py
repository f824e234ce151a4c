"""Changing the theme of a cockpit that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.ui import theming

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def themes() -> list[str]:
    """The names of all themes: those that come with the program, and the user's own."""
    return theming.names(theming.folders())


def wear(cockpit: Cockpit, name: str) -> None:
    """Put another theme on, and say how it stays."""
    try:
        theme, problem = theming.choose(name, theming.folders())
    except theming.BadTheme as error:
        cockpit.say(str(error))
        return
    cockpit.register_theme(theme)
    cockpit.ansi_color = theme.ansi  # a theme in the terminal's own colours must not be translated
    cockpit.theme = theme.name
    cockpit.say(problem or f'this cockpit wears {name}; theme = "{name}" in cockpit.toml keeps it')
