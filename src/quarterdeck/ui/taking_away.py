"""What leaves the cockpit on a key: copies, and pictures of the screen. Works on screens and in dialogs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.ui.screens import catalogue
from quarterdeck.ui.screens.deck import Deck
from quarterdeck.ui.spans import Line, line, wrap

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


async def copy(cockpit: Cockpit, text: str) -> None:
    """Copy a text; the same one once more shows it, to be selected by hand: nobody knows whether a terminal obeys."""
    from quarterdeck.ui.copying import copy as send

    if not text:
        cockpit.say("nothing is under the cursor to be copied")
        return
    again, cockpit.copied = cockpit.copied == text, text
    told = "" if again else await send(cockpit, text)
    if told:
        _tell(cockpit, f"{told} ({cockpit.keys.shown('copy')} again shows it, to select)")
    else:
        cockpit.copied = ""
        cockpit.push_screen(catalogue.plain_text(text))


def dump(cockpit: Cockpit) -> None:
    """Write the screen in front into the state folder."""
    from quarterdeck.ui.dumping import dump as write

    screen, settings = cockpit.screen, cockpit.settings
    name = screen.WHERE if isinstance(screen, Deck) else type(screen).__name__.lower()
    try:
        text, picture = write(cockpit, name, settings.state, settings.clock.now())
    except OSError as error:
        _tell(cockpit, f"the screen can't be written: {error}")
        return
    _tell(cockpit, f"written: {text.name} and {picture.suffix} in {at_home(text.parent)}")


def at_home(folder: Path) -> str:
    """The path as people write it."""
    home = Path.home()
    return f"~/{folder.relative_to(home)}" if folder.is_relative_to(home) else str(folder)


def _tell(cockpit: Cockpit, text: str) -> None:
    """On a screen in its line of detail; a dialog has none, so that it is told in another one."""
    if isinstance(cockpit.screen, Deck):
        cockpit.say(text)
        return

    def lines(cells: int) -> Sequence[Line]:
        return wrap(text, cells, first=line(("  ", "text")))

    cockpit.push_screen(catalogue.reader("Taken away", lines))
