"""Running the cockpit. Imports Textual only once it is clear that there is a terminal to draw on."""

from __future__ import annotations

import sys
from contextlib import nullcontext

from quarterdeck import paths
from quarterdeck.records import replace
from quarterdeck.store.base import Store
from quarterdeck.store.presence import watching
from quarterdeck.ui import preferences, terminal
from quarterdeck.ui.settings import Settings

UNFIT = 2
"""The return code where no cockpit can be shown."""

_PIXEL_MOUSE_OFF = "\x1b[?1016l"


def run(store: Store, settings: Settings) -> int:
    """Show the cockpit until the operator leaves; returns what the process should exit with.

    0 after leaving, 128 + n after signal n, 1 after an error of our own (already told on stderr), 2 where this is
    no terminal.
    """
    if problem := terminal.unfit():
        print(f"qd: {problem}, so the cockpit can't be shown.", file=sys.stderr)
        print("Everything works without it: qd status, qd plan, qd swap ... (qd --help)", file=sys.stderr)
        return UNFIT
    try:
        wanted = preferences.read(paths.config_dir())
    except preferences.BadPreferences as error:
        print(f"qd: {error}", file=sys.stderr)
        return UNFIT
    terminal.prepare()
    from quarterdeck.ui import returning, theming
    from quarterdeck.ui.cockpit import Cockpit
    from quarterdeck.ui.leaving import Leaving
    from quarterdeck.ui.output.choosing import driver_class

    settings = replace(
        settings,
        ascii=_first(settings.ascii, terminal.asked("ascii"), wanted.ascii, terminal.wants_ascii()),
        mouse=_first(settings.mouse, terminal.asked("mouse"), wanted.mouse, not terminal.over_ssh()),
        preferences=wanted,
    )
    name = settings.theme or terminal.asked_theme() or wanted.theme or terminal.fitting_theme()
    try:
        theme, complaint = theming.choose(name, theming.folders())
    except theming.BadTheme as error:
        print(f"qd: {error}", file=sys.stderr)
        return UNFIT
    path = settings.store_path
    left_at = returning.left_at(path) if path else None
    driver, remark = driver_class(wanted.output)
    cockpit = Cockpit(store, settings, theme, problem=complaint or remark, left_at=left_at, leaving=Leaving())
    cockpit.driver_class = driver or cockpit.driver_class
    with watching(path) if path else nullcontext():
        cockpit.run(mouse=bool(settings.mouse))
    if path:
        returning.remember(path, settings.clock.now())
    if driver is None:
        _tidy()
    return cockpit.return_code or 0


def _first(*answers: bool | None) -> bool:
    return next(answer for answer in answers if answer is not None)


def _tidy() -> None:
    """Textual 8.2 leaves the mouse in pixel mode on terminals that report resizes in-band."""
    try:
        sys.stderr.write(_PIXEL_MOUSE_OFF)
        sys.stderr.flush()
    except OSError:
        pass  # the terminal is gone
