"""The theme of a cockpit that runs: chosen, tried on while choosing, read again when its file is written."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import App
from textual.theme import Theme

from quarterdeck.ui import colours, terminal, theme_choice, theming
from quarterdeck.ui.theme_file import BadTheme
from quarterdeck.ui.theme_watching import ThemeWatch

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def themes() -> list[str]:
    """The names of all themes: those that come with the program, and the user's own."""
    return theming.names(theming.folders())


def wear(cockpit: Cockpit, name: str) -> None:
    """Put a theme on, keep the choice for the next cockpit, and say so. One that can't be used changes nothing."""
    try:
        theme = _made(name)
    except BadTheme as error:
        cockpit.say(f"{error.fault.short}; the look stays as it is")
        return
    _put_on(cockpit, theme)
    theme_choice.keep(str(cockpit.settings.state), colours.fitting_theme(), name)
    other = _asked_elsewhere(cockpit)
    then = f"the next one wears what {other} says" if other else "and the next one, too"
    cockpit.say(f"this cockpit wears {name}{';' if other else ','} {then}")


def try_on(cockpit: Cockpit, name: str) -> None:
    """Show how a theme looks, without choosing it. One that can't be used is passed over: choosing it says why."""
    with suppress(BadTheme):
        if name != cockpit.theme:
            _put_on(cockpit, _made(name))


class Mirror:
    """Looks after the files of the theme that is worn, or of the one that would be if it could be read."""

    def __init__(self, cockpit: Cockpit) -> None:
        self._cockpit, self._worn = cockpit, cockpit.theme
        self._watch = ThemeWatch(cockpit.settings.theme or cockpit.theme, theming.folders())

    def look(self) -> None:
        """Wear what was written since the last look. A file that can't be used changes nothing, and is told of."""
        cockpit = self._cockpit
        if self._worn != cockpit.theme:
            self._worn = cockpit.theme
            self._watch = ThemeWatch(cockpit.theme, theming.folders())
        found = self._watch.look()
        if isinstance(found, BadTheme):
            cockpit.say(f"{found.fault.short}; the look stays as it is")
        elif found is not None:
            theme = theming.made(found, colourless=colours.colourless())
            if theme != cockpit.current_theme:
                _put_on(cockpit, theme)
                self._worn = theme.name


def _made(name: str) -> Theme:
    """A theme, ready to be worn. Raises BadTheme."""
    return theming.made(theming.load(name, theming.folders()), colourless=colours.colourless())


def _put_on(cockpit: Cockpit, theme: Theme) -> None:
    same = cockpit.theme == theme.name
    cockpit.register_theme(theme)
    cockpit.ansi_color = theme.ansi  # a theme in the terminal's own colours must not be translated
    if same:
        cockpit.mutate_reactive(App.theme)  # the name alone doesn't tell that it looks otherwise now
    else:
        cockpit.theme = theme.name


def _asked_elsewhere(cockpit: Cockpit) -> str:
    """What wins over the choice when the next cockpit is opened, "" if nothing does."""
    if terminal.asked_theme():
        return "QUARTERDECK_THEME"
    return "cockpit.toml" if cockpit.settings.preferences.theme else ""
