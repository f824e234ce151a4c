"""Real cockpits on real (pseudo) terminals, for tests to type on and read."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.terminal.screens import Emulator

PROGRAM = Path(__file__).parent.with_name("ui") / "cockpit_process.py"
PATIENCE = 20.0


@dataclass
class Terminal:
    """A terminal emulator with a program in it."""

    master: int
    slave: int
    process: subprocess.Popen[bytes]
    columns: int
    rows: int
    at_first: list[object]
    """How the terminal line was set before the program began; see `modes`."""
    received: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.emulator = Emulator(self.columns, self.rows)
        self.screen = self.emulator.screen

    def answer(self) -> None:
        """From now on the terminal answers what it is asked, as terminals do."""
        self.emulator.answer(self.press)

    def read(self, seconds: float) -> int:
        """Take in what comes within so many seconds; how many bytes it was."""
        deadline, before = time.monotonic() + seconds, len(self.received)
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self.master], [], [], left)
            if not ready:
                break
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                break
            self.received += data
            self.emulator.feed(data)
        return len(self.received) - before

    def wait_for(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.text():
            assert time.monotonic() < deadline, f"no {text!r} on:\n{self.text()}"
            self.read(0.05)

    def text(self) -> str:
        return "\n".join(self.screen.display)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)
        self.process.send_signal(signal.SIGWINCH)

    def quiet(self, seconds: float = 0.15) -> None:
        """Read until nothing more comes for so long."""
        deadline = time.monotonic() + PATIENCE
        while self.read(seconds):
            assert time.monotonic() < deadline, "it never stops writing"

    def press(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def ended(self) -> int:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it didn't end"
            self.read(0.02)
        self.read(0.05)
        return self.process.returncode

    def sent(self, since: int = 0) -> bytes:
        """What it has written, from so many bytes on."""
        return bytes(self.received[since:])

    def works(self) -> bool:
        """Whether its main thread has had anything to do within the last moments."""
        before = self._ticks()
        time.sleep(0.3)
        return self._ticks() - before > 1

    def _ticks(self) -> int:
        pid = self.process.pid
        fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    def modes(self) -> list[object]:
        """How the terminal line is set (raw or not, echo, ...)."""
        return _modes(self.slave)


def _modes(line: int) -> list[object]:
    return termios.tcgetattr(line)[:4]


@contextmanager
def cockpit(
    store: Path, columns: int = 80, rows: int = 24, program: Sequence[str] = (str(PROGRAM),), **environment: str
) -> Iterator[Terminal]:
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("TEXTUAL", "SSH", "NO_COLOR"))}
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **environment}

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    at_first = _modes(slave)
    process = subprocess.Popen(
        [sys.executable, *program, str(store)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=kept,
        preexec_fn=own_terminal,
    )
    terminal = Terminal(master, slave, process, columns, rows, at_first)
    try:
        yield terminal
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
        os.close(slave)
