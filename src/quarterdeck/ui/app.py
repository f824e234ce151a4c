"""Running the cockpit. Imports Textual only once it is clear that there is a terminal to draw on."""

from __future__ import annotations

import gc
import sys
from contextlib import nullcontext

from quarterdeck import paths
from quarterdeck.records import replace
from quarterdeck.store.base import Store
from quarterdeck.store.presence import watching
from quarterdeck.ui import preferences, terminal
from quarterdeck.ui.glance.stage import STAGE
from quarterdeck.ui.settings import Settings

UNFIT = 2
"""The return code where no cockpit can be shown."""

_WITHOUT = "Everything works without it: qd watch prints a line for every change; qd status, qd swap ... (qd --help)"
_PIXEL_MOUSE_OFF = "\x1b[?1016l"


def run(store: Store, settings: Settings) -> int:
    """Show the cockpit until the operator leaves; returns what the process should exit with.

    0 after leaving, 128 + n after signal n, 1 after an error of our own (already told on stderr), 2 where this is
    no terminal. Takes over from `STAGE`, if it has painted.
    """
    if problem := terminal.unfit():
        return _unfit(f"{problem}, so the cockpit can't be shown.", _WITHOUT)
    try:
        wanted = preferences.read(paths.config_dir())
    except preferences.BadPreferences as error:
        return _unfit(str(error))
    terminal.prepare()
    from quarterdeck.ui import colours, keymap, returning, theme_choice, theming
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.glance.making import Keeper
    from quarterdeck.ui.leaving import Leaving
    from quarterdeck.ui.output.choosing import driver_class
    from quarterdeck.ui.theme_file import BadTheme

    settings = replace(
        settings,
        ascii=_first(settings.ascii, terminal.asked("ascii"), wanted.ascii, terminal.wants_ascii()),
        mouse=_first(settings.mouse, terminal.asked("mouse"), wanted.mouse, not terminal.over_ssh()),
        theme=settings.theme
        or terminal.asked_theme()
        or wanted.theme
        or theme_choice.chosen(str(settings.state), colours.fitting_theme())
        or colours.fitting_theme(),
        preferences=wanted,
    )
    path = settings.store_path
    keeper = Keeper(path) if path else None
    try:
        theme, complaint = theming.choose(
            settings.theme, theming.folders(), otherwise=colours.fitting_theme(), colourless=colours.colourless()
        )
        launched = STAGE.standing
        driver, remark = driver_class(wanted.output, launched)
        cockpit = Cockpit(
            store,
            settings,
            theme,
            problem=complaint or remark,
            left_at=returning.left_at(path) if path else None,
            leaving=Leaving(launched.modes if launched else None),
            keeper=keeper,
        )
    except BadTheme as error:
        return _unfit(str(error))
    except keymap.BadKey as error:
        return _unfit(str(preferences.fault(paths.config_dir(), "keys", error.deed, str(error))))
    if driver is None:
        # Textual's own driver gives back the modes that it finds; the picture may stay until it paints.
        STAGE.give_back_modes()
    else:
        cockpit.driver_class = driver
    with watching(path) if path else nullcontext():
        STAGE.leave_to_cockpit()
        cockpit.run(mouse=bool(settings.mouse))
    if keeper:
        keeper.write()
    if path:
        returning.remember(path, settings.clock.now())
    if driver is None:
        _tidy()
    gc.freeze()  # the interpreter would look through all of it once more before it ends: a fifth of a second
    return cockpit.return_code or 0


def _unfit(*lines: str) -> int:
    """Say why there is no cockpit, on a terminal as it was."""
    STAGE.clear()
    print("qd: " + "\n".join(lines), file=sys.stderr)
    return UNFIT


def _first(*answers: bool | None) -> bool:
    return next(answer for answer in answers if answer is not None)


def _tidy() -> None:
    """Textual 8.2 leaves the mouse in pixel mode on terminals that report resizes in-band."""
    try:
        sys.stderr.write(_PIXEL_MOUSE_OFF)
        sys.stderr.flush()
    except OSError:
        pass  # the terminal is gone
