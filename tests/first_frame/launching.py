"""`qd` on a pseudo terminal with an emulator behind it, and a gate that holds it before Textual is imported."""

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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pyte

PATIENCE = 20.0

_GATE = """
import sys

class Gate:
    def find_spec(self, name, path=None, target=None):
        if name == "textual":
            sys.meta_path.remove(self)
            with open({gate!r}) as gate:
                gate.read()

sys.meta_path.insert(0, Gate())
"""


class Launched:
    """A program on a terminal."""

    def __init__(self, master: int, slave: int, process: subprocess.Popen[bytes], columns: int, rows: int) -> None:
        self.process, self.slave = process, slave
        self.before = termios.tcgetattr(slave)
        self.received = b""
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._master = master

    @property
    def rows(self) -> list[str]:
        return self.screen.display

    def wait_for(self, text: str) -> None:
        self._until(lambda: any(text in row for row in self.rows), f"no {text!r}")

    def wait_until(self, so: Callable[[], bool]) -> None:
        self._until(so, "it never came")

    def ended(self) -> int:
        self._until(lambda: self.process.poll() is not None, "it didn't end")
        self._read(0.05)
        if self.process.returncode:
            print(self.received[-4000:])  # what it said at its end, for whoever asks why
        return self.process.returncode

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def modes(self) -> list[object]:
        return termios.tcgetattr(self.slave)

    def _until(self, so: object, otherwise: str) -> None:
        assert callable(so)
        deadline = time.monotonic() + PATIENCE
        while not so():
            assert time.monotonic() < deadline, f"{otherwise} on:\n" + "\n".join(self.rows)
            self._read(0.05)

    def _read(self, seconds: float) -> None:
        if select.select([self._master], [], [], seconds)[0]:
            try:
                data = os.read(self._master, 65536)
            except OSError:  # the other end is closed
                return
            self.received += data
            # The emulator takes the sequence that asks for kitty's keyboard for "restore the cursor", and prints a u.
            self._stream.feed(data.replace(b"\x1b[<u", b"").replace(b"\x1b[>25u", b""))


@contextmanager
def launched(
    store: Path,
    columns: int = 80,
    rows: int = 24,
    *,
    gate: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Launched]:
    """`qd --store STORE`. With a `gate` (a FIFO) it waits before Textual until somebody has opened that to write."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("TEXTUAL", "SSH", "NO_COLOR", "TMUX"))
    }
    kept |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **(environment or {})}
    kept |= {"QUARTERDECK_CONFIG_DIR": str(store.parent / "config")}
    if gate is not None:
        folder = gate.parent / "gated"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(_GATE.format(gate=str(gate)))
        kept["PYTHONPATH"] = str(folder)

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "--store", str(store)],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=kept,
        preexec_fn=own_terminal,
    )
    try:
        yield Launched(master, slave, process, columns, rows)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)
        os.close(slave)
