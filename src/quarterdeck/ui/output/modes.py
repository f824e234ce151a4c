"""What switches a terminal to the cockpit and back. Pure, standard library only.

The modes are those of xterm's control sequences (1049 alternate screen, 25 cursor, 7 wrapping, 1000 to 1015 mouse,
1004 focus, 2004 pasted text in brackets), kitty's keyboard protocol (`CSI > u`), and synchronized output (2026).
"""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.ui.output.encoding import Terminal
from quarterdeck.ui.output.handover import ENTER, LEAVE

SAVE_TITLE = "\x1b[22;2t"
RESTORE_TITLE = "\x1b[23;2t"
"""Keep the window's title, and put it back (xterm's control sequences, "Window manipulation")."""
BEGIN_TOGETHER = "\x1b[?2026h"
END_TOGETHER = "\x1b[?2026l"
"""Around bytes that a terminal shall show at once, where it says that it can."""

_MOUSE = ("1000", "1003", "1015", "1006")
_KEYBOARD = 0b11001  # tell keys apart, report all of them as escape codes, with their text
_PLAIN = ("linux", "vt100", "vt220", "ansi", "cons25")
"""Terminals that print the letters of sequences which they don't know, or know few."""
_FILLING = ("xterm", "tmux", "alacritty", "foot", "kitty", "konsole", "linux", "rxvt", "st-", "vte", "wezterm")
"""Terminals that erase to the background in force. GNU screen doesn't, and tmux may call itself screen."""


def terminal(environment: Mapping[str, str]) -> Terminal:
    """What the terminal named by TERM understands; the less the less it is known."""
    name = environment.get("TERM", "")
    return Terminal(relative=name not in _PLAIN, fills=name.startswith(_FILLING))


def enter(environment: Mapping[str, str], *, mouse: bool, keyboard: bool) -> str:
    """Take the terminal over, apart from what stands on it."""
    if environment.get("TERM") in _PLAIN:
        return ENTER
    sequence = ENTER + "\x1b[?1004h\x1b[?2004h" + "".join(f"\x1b[?{mode}h" for mode in _MOUSE if mouse)
    if keyboard:
        sequence += f"\x1b[>{_KEYBOARD}u"
    if environment.get("TERM_PROGRAM") != "Apple_Terminal":  # it prints the p
        sequence += "\x1b[?2026$p"
    return sequence


def keep(environment: Mapping[str, str]) -> str:
    """Keep what `leave` puts back. Once each time that the terminal is taken over."""
    return "" if environment.get("TERM") in _PLAIN else SAVE_TITLE


def leave(environment: Mapping[str, str]) -> str:
    """Give it back, whatever of `enter` was in force. The keyboard comes first: each screen has its own."""
    if environment.get("TERM") in _PLAIN:
        return LEAVE
    return f"{RESTORE_TITLE}\x1b[<u\x1b[?2004l\x1b[?1004l" + "".join(f"\x1b[?{mode}l" for mode in _MOUSE) + LEAVE
