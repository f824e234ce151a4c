"""The line to the terminal: takes what fits, and never waits."""

from __future__ import annotations

import os
import select
import termios
import time


class Line:
    """Writes to a terminal through a file description of its own.

    Of its own, because whoever makes a description non-blocking makes it so for all that share it: the shell, a pager.

    Raises:
        OSError: the terminal can't be opened under its name.
    """

    def __init__(self, terminal: int) -> None:
        """`terminal`: any descriptor of it."""
        self._fd = os.open(os.ttyname(terminal), os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
        self._waiting = b""

    def fileno(self) -> int:
        return self._fd

    def add(self, text: str) -> None:
        """Queue text. Surrogates, which no terminal can show, become question marks."""
        self._waiting += text.encode("utf-8", "replace")

    def push(self) -> bool:
        """Write what the terminal takes now; whether nothing is left.

        Raises:
            OSError: the terminal is gone.
        """
        while self._waiting:
            try:
                written = os.write(self._fd, self._waiting)
            except BlockingIOError:
                return False
            self._waiting = self._waiting[written:]
        return True

    def finish(self, text: str, seconds: float) -> None:
        """Write this last, waiting that long at most. A terminal that takes nothing loses what it hasn't read yet, so
        that at least this arrives when it reads again."""
        self.add(text)
        deadline = time.monotonic() + seconds
        try:
            while not self.push():
                left = deadline - time.monotonic()
                if left <= 0:
                    termios.tcflush(self._fd, termios.TCOFLUSH)
                    self._waiting = b""
                    self.add(text)
                    self.push()
                    return
                select.select([], [self._fd], [], left)
        except (OSError, termios.error):
            self._waiting = b""  # the terminal is gone

    def close(self) -> None:
        os.close(self._fd)
