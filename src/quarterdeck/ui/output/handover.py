"""What a launcher that has already painted on the terminal hands to the cockpit's driver.

Plain Python without imports: it is loaded before the first frame, where every import is felt.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""Alternate screen, no cursor, no wrapping at the right edge. What a launcher writes before it paints."""

LEAVE = "\x1b[m\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The way back, for a launcher that has to end before a cockpit took over."""


class Handover:
    """The terminal as the launcher leaves it. `ENTER` has been written; nothing of it is undone.

    Attributes:
        columns, rows: the size in cells that was painted for.
        painted: everything written after `ENTER`, exactly as it was written, so that the driver knows each cell and
            sends only what differs. It may hold text, newlines, SGR (`CSI ... m`), cursor positions (`CSI row;col H`,
            `CSI n G`, `CSI n C`), and erasing (`CSI K`, `CSI J`, `CSI n X`). "" for an empty alternate screen, None if
            what stands there isn't known: then everything is painted again, without clearing first.
        modes: what `termios.tcgetattr` of standard input gave before the launcher switched to `raw`; None if it
            didn't switch. They are what comes back when the cockpit ends.
        typed: bytes that the launcher has read from standard input. They act on the cockpit, before anything that is
            read later. Usually empty: what nobody reads waits in the kernel.
    """

    __slots__ = ("columns", "modes", "painted", "rows", "typed")

    def __init__(
        self, columns: int, rows: int, painted: str | None = None, modes: list[Any] | None = None, typed: bytes = b""
    ) -> None:
        self.columns, self.rows, self.painted, self.modes, self.typed = columns, rows, painted, modes, typed


def raw(modes: list[Any]) -> list[Any]:
    """The modes that a cockpit reads keys in, made of those that `termios.tcgetattr` gives.

    No echo, byte by byte, Ctrl+C and Ctrl+Z as keys, no flow control by Ctrl+S, Enter as it comes. Set them with
    TCSANOW: nothing typed before is lost.
    """
    import termios

    changed = [*modes[:6], list(modes[6])]
    changed[0] &= ~(termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR)
    changed[3] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | termios.ISIG)
    changed[6][termios.VMIN] = 1
    changed[6][termios.VTIME] = 0
    return changed
