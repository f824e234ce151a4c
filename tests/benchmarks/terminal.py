"""A program on a pseudo terminal, watched as a person would: when does what stand on the screen?"""

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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte

PATIENCE = 60.0
LONGEST_UNREST = 3.0
DOWN = b"\x1b[B"


class Terminal:
    """A terminal emulator with a program in it. Times are `time.perf_counter` seconds."""

    def __init__(self, master: int, process: subprocess.Popen[bytes], columns: int, rows: int, began: float) -> None:
        self.process, self.began = process, began
        self.received = 0
        self._master = master
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._rows = [""] * rows

    def shows(self, text: str) -> float:
        """When the text came onto the screen; waits for it."""
        deadline = time.perf_counter() + PATIENCE
        at = time.perf_counter()
        while not any(text in row for row in self._rows):
            if at > deadline or self.process.poll() is not None:
                screen = "\n".join(self._rows)
                raise TimeoutError(f"no {text!r} on the screen:\n{screen}")
            at = self._take(0.1) or time.perf_counter()
        return at

    def settle(self, seconds: float = 0.5) -> None:
        """Wait until nothing has come for so long, or until it is clear that it never ends."""
        deadline = time.perf_counter() + LONGEST_UNREST
        while self._take(seconds) and time.perf_counter() < deadline:
            pass

    def watch(self, seconds: float) -> int:
        """How many bytes come within so many seconds."""
        before, deadline = self.received, time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._take(left)
        return self.received - before

    def press(self, keys: bytes) -> float:
        """Press keys; when that was."""
        at = time.perf_counter()
        os.write(self._master, keys)
        return at

    def ends(self) -> float:
        """When the program has ended; waits for it."""
        deadline = time.perf_counter() + PATIENCE
        while self.process.poll() is None:
            if time.perf_counter() > deadline:
                raise TimeoutError("the program didn't end")
            self._take(0.001)
        return time.perf_counter()

    def cpu_seconds(self) -> float:
        """Processor time that the program has used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self) -> float:
        """Memory that the program has resident."""
        return resident(self.process.pid)

    def _take(self, patience: float) -> float | None:
        """Take in what comes; when it came, None if nothing did."""
        if not select.select([self._master], [], [], patience)[0]:
            return None
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # the program has closed its end
            time.sleep(min(patience, 0.001))
            return None
        at = time.perf_counter()
        self.received += len(data)
        self._stream.feed(data)
        # Only these: to look at the whole screen takes longer than the program takes to answer a key.
        for y in self._screen.dirty:
            cells = self._screen.buffer[y]
            self._rows[y] = "".join(cells[x].data for x in range(self._screen.columns))
        self._screen.dirty.clear()
        return at


def resident(pid: int) -> float:
    """Megabytes of memory that a process has resident."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running(words: Sequence[str], columns: int = 120, rows: int = 40) -> Iterator[Terminal]:
    """A Python program on a terminal of its own; killed at the end of the block if it still runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {key: text for key, text in os.environ.items() if not key.startswith(("TEXTUAL", "SSH", "NO_COLOR"))}
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *words], stdin=slave, stdout=slave, stderr=slave, env=kept, start_new_session=True
    )
    os.close(slave)
    try:
        yield Terminal(master, process, columns, rows, began)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)


def cockpit(store: Path) -> list[str]:
    """The words that open the cockpit on a store."""
    return ["-m", "quarterdeck", "--store", str(store)]


def bare(rows: int) -> list[str]:
    """The words that start a bare Textual app with a table of so many rows."""
    return [str(Path(__file__).with_name("bare.py")), str(rows)]
