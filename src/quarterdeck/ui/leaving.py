"""Leaving when a signal says so, even while the cockpit can't move.

A terminal that nobody reads blocks Textual's writes, and with them the event loop: a handler on the loop would never
run (measured with Textual 8.2: a viewer whose line broke in the middle of a repaint stayed for ever, one core busy).
So the handlers are the interpreter's own, which run while the loop waits for a lock, and a timer of its own thread
ends the process if the loop doesn't within `GRACE` seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

GRACE = 2.0
"""Seconds for an orderly end."""

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)

_STOP_DRAWING = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1016l\x1b[?2004l\x1b[0m"
"""Off the alternate screen, cursor shown, no mouse reports, no bracketed paste, plain style."""


class Leaving:
    """How this process ends on a signal. Make it before Textual changes the terminal: it remembers the modes."""

    def __init__(self) -> None:
        self._modes: list[Any] = termios.tcgetattr(sys.stdin.fileno())

    def on_signals(self, leave: Callable[[int], None]) -> None:
        """Call `leave` with the signal's number on the running loop; end the process if that doesn't."""
        loop = asyncio.get_running_loop()

        def handle(number: int, _: FrameType | None) -> None:
            backstop = threading.Timer(GRACE, _end, (number, self._modes))
            backstop.daemon = True
            backstop.start()
            loop.call_soon_threadsafe(leave, number)

        for number in SIGNALS:
            signal.signal(number, handle)


def _end(number: int, modes: list[Any]) -> None:
    try:
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)
        os.set_blocking(sys.stderr.fileno(), False)
        os.write(sys.stderr.fileno(), _STOP_DRAWING)
    except (termios.error, OSError):
        pass  # the terminal is gone, or takes nothing
    os._exit(128 + number)
