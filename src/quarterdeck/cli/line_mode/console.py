"""The terminal of a watch: one key at a time while it looks on, whole lines while it asks.

Nothing here moves a cursor or colours anything. Questions stand on stderr, so that `qd watch | tee log` keeps them out
of the log.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, TypeVar

from quarterdeck.fleet.text import clean

_SEVERAL = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|O.|.)?")
"""What a key sends that isn't a character: an arrow, a function key, Alt and another one."""
_SHOWN = 40
"""Of more things than these to choose from, a part of the name has to be typed."""

T = TypeVar("T")


class HungUp(Exception):
    """Nobody is at the other end of the terminal any more."""


class Console:
    """A terminal from which keys are read."""

    def __init__(self) -> None:
        self.fd = sys.stdin.fileno()
        self._cooked: list[Any] = termios.tcgetattr(self.fd)
        self._asking = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Keys come one by one while the block runs, also after Ctrl+Z and `fg`; then all is as it was."""
        before = {number: signal.signal(number, self._stop_or_go_on) for number in (signal.SIGTSTP, signal.SIGCONT)}
        try:
            self._take_keys()
            yield
        finally:
            self._give_back(termios.TCSADRAIN)
            for number, handler in before.items():
                signal.signal(number, handler)

    def pressed(self) -> Sequence[str]:
        """The characters that are there to be read; nothing of a key that sends several.

        Raises:
            HungUp: the terminal is gone.
        """
        try:
            read = os.read(self.fd, 1024)
        except OSError as error:
            raise HungUp from error
        if not read:
            raise HungUp
        text = read.decode("utf-8", "replace")
        return [key for key in _SEVERAL.sub("", text) if key.isprintable()]

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Whole lines are typed, and seen, while the block runs. What was typed before it answers nothing."""
        self._asking = True
        self._give_back(termios.TCSAFLUSH)
        try:
            yield
        finally:
            self._asking = False
            self._take_keys()

    def ask(self, question: str) -> str:
        """A line that is typed. Only while `asking`."""
        print(f"{question}: ", end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise KeyboardInterrupt  # Ctrl+D on an empty line
        return line.strip()

    def choose(self, title: str, options: Sequence[tuple[str, T]]) -> T | None:
        """One of several by its number or by a part of its name; None if nothing was chosen. Only while `asking`.

        The only one there is has to be chosen as well: what a key acts on is never a surprise.
        """
        left = list(options)
        while True:
            say(title)
            for number, (name, _) in enumerate(left[:_SHOWN], 1):
                say(f"  {number} {clean(name, 300)}")
            if len(left) > _SHOWN:
                say(f"  and {len(left) - _SHOWN} more: type a part of the name")
            typed = self.ask("number, or a part of the name; nothing to leave it")
            if not typed:
                return None
            if typed.isdecimal() and 1 <= int(typed) <= len(left):
                return left[int(typed) - 1][1]
            found = [one for one in left if typed.lower() in one[0].lower()]
            if len(found) == 1:
                return found[0][1]
            say(f"{len(found) or 'none'} of them match {typed!r}")
            left = found or list(options)

    def _take_keys(self) -> None:
        tty.setcbreak(self.fd, termios.TCSADRAIN)

    def _give_back(self, when: int) -> None:
        with suppress(termios.error):  # the terminal is gone, and its modes with it
            termios.tcsetattr(self.fd, when, self._cooked)

    def _stop_or_go_on(self, number: int, _: FrameType | None) -> None:
        if number == signal.SIGTSTP:
            self._give_back(termios.TCSADRAIN)
            os.kill(os.getpid(), signal.SIGSTOP)
        elif not self._asking:
            self._take_keys()


def say(line: str) -> None:
    """Tell whoever types something, apart from the log: in one line, that the terminal may wrap as it likes."""
    print(line, file=sys.stderr, flush=True)


def keys_can_be_read() -> bool:
    """Whether somebody sits at a terminal, in front of this process, and sees what it asks."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    try:
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    except OSError:
        return False
