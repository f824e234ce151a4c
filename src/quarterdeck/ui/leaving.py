"""Leaving when a signal says so, even while the cockpit can't move.

Where frames go out Textual's own way, a terminal that nobody reads blocks its writes, and with them the event loop: a
handler on the loop would never run (measured with Textual 8.2: a viewer whose line broke in the middle of a repaint
stayed for ever, one core busy). So the handlers are the interpreter's own, which run while the loop waits for a lock,
and a timer of its own thread ends the process if the loop doesn't within `GRACE` seconds.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from quarterdeck.ui.output import modes
from quarterdeck.ui.output.line import Line

GRACE = 2.0
"""Seconds for an orderly end."""

SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)


class Leaving:
    """How this process ends on a signal."""

    def __init__(self, before: list[Any] | None = None) -> None:
        """`before`: the modes of the terminal line from before anybody changed them; None if nobody has yet."""
        self._modes: list[Any] = before or termios.tcgetattr(sys.stdin.fileno())

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


def _end(number: int, before: list[Any]) -> None:
    with suppress(termios.error, OSError):  # the terminal may be gone
        termios.tcsetattr(0, termios.TCSANOW, before)
        Line(2).finish(modes.leave(os.environ), 0)  # not sys.stderr: Textual puts its own in its place
    os._exit(128 + number)
