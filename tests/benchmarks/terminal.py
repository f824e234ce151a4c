"""A program on a pseudo terminal, watched as a person would: when does what stand on the screen?

The emulator behind it answers what terminals answer, and takes in what arrives when it arrives, however long it takes
to draw it: times are those of the bytes.
"""

from __future__ import annotations

import fcntl
import math
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyte
from tests.benchmarks.programs import Program

PATIENCE = 60.0
LONGEST_UNREST = 3.0
DOWN = b"\x1b[B"
_LEAST_READ = 64
_BURST = 0.05
"""Seconds of a slow link's rate that may arrive at once."""
_FOREIGN = re.compile(rb"\x1b\[[<>=?][\d;]*[mu]")
"""Asks for other ways of keyboards, which the emulator takes for something else."""


@dataclass(frozen=True, slots=True)
class Link:
    """What lies between a program and its terminal.

    Attributes:
        rate: bytes a second that the terminal takes; what doesn't fit waits with the program.
        delay: seconds that bytes and keys are under way.
    """

    rate: float = math.inf
    delay: float = 0.0


NEAR = Link()


class _Screen(pyte.Screen):
    answer: Callable[[bytes], object]

    def write_process_input(self, data: str) -> None:
        self.answer(data.encode())


class Terminal:
    """A terminal emulator with a program in it. Times are `time.perf_counter` seconds."""

    def __init__(
        self, master: int, process: subprocess.Popen[bytes], size: tuple[int, int], link: Link, began: float
    ) -> None:
        self.process, self.began = process, began
        self.received = 0
        self._master, self._link = master, link
        self._screen = _Screen(*size)
        self._screen.answer = self.press
        self._stream = pyte.ByteStream(self._screen)
        self._rows = [""] * size[1]
        self._keys = deque[tuple[float, bytes]]()
        self._pieces = deque[tuple[float, bytes]]()
        self._allowed, self._allowed_at = 0.0, began
        self._open = True
        os.set_blocking(master, False)

    def shows(self, text: str) -> float:
        """When the text came onto the screen; waits for it.

        Raises:
            TimeoutError: it never came.
        """
        deadline = time.perf_counter() + PATIENCE
        at = time.perf_counter()
        while not any(text in row for row in self._rows):
            if at > deadline or not (self._open or self._pieces):
                screen = "\n".join(self._rows)
                raise TimeoutError(f"no {text!r} on the screen:\n{screen}")
            at = self._take(0.1) or time.perf_counter()
        return at

    def stands(self, quiet: float) -> float:
        """When the last of a first picture came: there is text, and nothing more for so many seconds."""
        deadline = time.perf_counter() + PATIENCE
        at: float | None = None
        while at is None or not any(map(str.strip, self._rows)):
            if time.perf_counter() > deadline or not (self._open or self._pieces):
                raise TimeoutError("nothing on the screen")
            at = self._take(0.1) or at
        return self.settle(quiet) or at

    def settle(self, seconds: float = 0.5, longest: float = LONGEST_UNREST) -> float | None:
        """Wait until nothing has come for so long, or until it is clear that it never ends; when the last came."""
        deadline = time.perf_counter() + longest
        last = None
        while (at := self._take(seconds)) is not None:
            last = at
            if at > deadline:
                break
        return last

    def watch(self, seconds: float) -> int:
        """How many bytes come within so many seconds."""
        before, deadline = self.received, time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self._take(left)
        return self.received - before

    def press(self, keys: bytes) -> float:
        """Press keys; when that was."""
        at = time.perf_counter()
        self._keys.append((at + self._link.delay, keys))
        self._deliver()
        return at

    def resize(self, columns: int, rows: int) -> None:
        """The terminal has another size from now on."""
        self._screen.resize(rows, columns)
        self._rows = [""] * rows
        self._screen.dirty.update(range(rows))
        _set_size(self._master, columns, rows)

    def ends(self) -> float:
        """When the program has ended; waits for it.

        Raises:
            TimeoutError: it runs on.
        """
        deadline = time.perf_counter() + PATIENCE
        while self.process.poll() is None:
            if time.perf_counter() > deadline:
                raise TimeoutError("the program didn't end")
            self._take(0.001)
        return time.perf_counter()

    def cpu_seconds(self) -> float:
        """Processor time that the program has used so far, all threads."""
        return time.clock_gettime(~self.process.pid << 3 | 2)  # Linux numbers the clocks of processes so

    def wake_ups(self) -> int:
        """How often a thread of the program has gone to sleep so far, to be woken again."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/status")
        told = [line for task in tasks for line in task.read_text().splitlines() if line.startswith("voluntary")]
        return sum(int(line.split()[1]) for line in told)

    def megabytes(self) -> float:
        """Memory that the program has resident."""
        return resident(self.process.pid)

    def _take(self, patience: float) -> float | None:
        """Take in the next piece; when it arrived, None if none did within so many seconds."""
        deadline = time.perf_counter() + patience
        while True:
            self._deliver()
            self._read()
            now = time.perf_counter()
            if self._pieces and self._pieces[0][0] <= now:
                return self._draw(*self._pieces.popleft())
            if now >= deadline:
                return None
            self._wait(deadline - now)

    def _deliver(self) -> None:
        """Hand keys to the program whose time has come."""
        while self._keys and self._keys[0][0] <= time.perf_counter():
            try:
                os.write(self._master, self._keys.popleft()[1])
            except OSError:  # nobody is there any more
                self._keys.clear()

    def _read(self) -> None:
        """Read what the program has written, as far as the link lets it through."""
        try:
            while self._open and (most := self._budget()) >= _LEAST_READ:
                data = os.read(self._master, most)
                self._allowed -= len(data)
                self.received += len(data)
                self._pieces.append((time.perf_counter() + self._link.delay, data))
        except BlockingIOError:
            pass
        except OSError:  # the program has closed its end
            self._open = False

    def _budget(self) -> int:
        """How many bytes the link passes now."""
        if math.isinf(self._link.rate):
            return 1 << 16
        now = time.perf_counter()
        more = (now - self._allowed_at) * self._link.rate
        self._allowed, self._allowed_at = min(self._allowed + more, self._link.rate * _BURST), now
        return int(self._allowed)

    def _wait(self, longest: float) -> None:
        """Sleep until something is due, at most so long."""
        now = time.perf_counter()
        dues = [queue[0][0] - now for queue in (self._keys, self._pieces) if queue]
        readable = self._open and self._budget() >= _LEAST_READ
        if self._open and not readable:
            dues.append(_LEAST_READ / self._link.rate)
        if not self._open:
            dues.append(0.001)
        select.select([self._master] if readable else [], [], [], max(0.0, min(longest, *dues, longest)))

    def _draw(self, at: float, data: bytes) -> float:
        self._stream.feed(_FOREIGN.sub(b"", data))
        # Only these: to look at the whole screen takes longer than the program takes to answer a key.
        for y in self._screen.dirty:
            if y < len(self._rows):
                cells = self._screen.buffer[y]
                self._rows[y] = "".join(cells[x].data for x in range(self._screen.columns))
        self._screen.dirty.clear()
        return at


def resident(pid: int) -> float:
    """Megabytes of memory that a process has resident."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def running(program: Program, columns: int = 120, rows: int = 40, link: Link = NEAR) -> Iterator[Terminal]:
    """A program on a terminal of its own; killed at the end of the block if it still runs.

    Behind any link but the near one it finds itself in a session over SSH.
    """
    master, slave = pty.openpty()
    _set_size(slave, columns, rows)
    foreign = ("TEXTUAL", "SSH", "NO_COLOR", "TMUX", "QUARTERDECK_OUTPUT")
    kept = {key: text for key, text in os.environ.items() if not key.startswith(foreign)}
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **program.environment}
    if link != NEAR:
        kept |= {"SSH_CONNECTION": "192.0.2.7 50000 192.0.2.1 22", "SSH_TTY": os.ttyname(slave)}

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    began = time.perf_counter()
    process = subprocess.Popen(
        program.words, stdin=slave, stdout=slave, stderr=slave, env=kept, cwd=program.folder, preexec_fn=own_terminal
    )
    os.close(slave)
    try:
        yield Terminal(master, process, (columns, rows), link, began)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)


def _set_size(terminal: int, columns: int, rows: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
