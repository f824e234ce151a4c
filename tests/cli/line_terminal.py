"""A program on a terminal of its own, as a person at a serial console has it: what it prints, in order."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

PATIENCE = 10.0
"""Seconds; far more than anything here takes."""


@dataclass
class LineTerminal:
    """What the program printed so far, and its keyboard. `initial`: the modes that the terminal had before."""

    master: int
    slave: int
    process: subprocess.Popen[bytes]
    initial: list[object]
    said: str = ""
    _read_to: int = 0

    def wait_for(self, text: str) -> str:
        """Read until that text comes, after all that was waited for before; what was printed up to it."""
        deadline = time.monotonic() + PATIENCE
        while (at := self.said.find(text, self._read_to)) < 0:
            assert time.monotonic() < deadline, f"no {text!r} after:\n{self.said[self._read_to :]}"
            self._read(0.2)
        found = self.said[self._read_to : at]
        self._read_to = at + len(text)
        return found

    def type(self, text: str) -> None:
        os.write(self.master, text.encode())

    def ended(self) -> int:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it didn't end"
            self._read(0.05)
        self._read(0.05)
        return self.process.returncode

    def modes(self) -> list[object]:
        """How the terminal line is set (one key at a time or not, echo, ...)."""
        return termios.tcgetattr(self.slave)[:4]

    def _read(self, seconds: float) -> None:
        if select.select([self.master], [], [], seconds)[0]:
            with suppress(OSError):  # the other end is closed
                self.said += os.read(self.master, 65536).decode().replace("\r\n", "\n")


@contextmanager
def line_terminal(*words: str, **environment: str) -> Iterator[LineTerminal]:
    """`qd` with these words on a terminal that can't move its cursor."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 200, 0, 0))
    initial = termios.tcgetattr(slave)[:4]
    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", *words],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env={**os.environ, "TERM": "dumb", **environment},
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    try:
        yield LineTerminal(master, slave, process, initial)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
