"""Starting a process that outlives whoever started it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TAIL = 40
"""How many lines of what a dead process said are worth repeating."""

PROGRAM_OF = "QUARTERDECK_STEP"
"""Marks the programs of a release, which end with their runner; what one of them starts here lives on."""


class Detached:
    """A module of ours, run in a session of its own: no terminal, no signal of the shell, no open folder."""

    def __init__(self, module: str, arguments: Sequence[str], output: Path) -> None:
        """Start it; what it writes to stdout and stderr is appended to `output` (0600). Raises OSError."""
        self._output = output
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            self._written_before = os.fstat(handle).st_size
            # -P: nothing that lies in the working folder is taken for a module of ours.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=handle,
                stderr=handle,
                cwd="/",
                env={word: value for word, value in os.environ.items() if word != PROGRAM_OF},
                start_new_session=True,
            )
        finally:
            os.close(handle)
        _started.append(self._process)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """What it ended with, or None while it lives."""
        return self._process.poll()

    def said(self) -> str:
        """The last lines it wrote."""
        with self._output.open("rb") as file:
            file.seek(self._written_before)
            lines = file.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-TAIL:])


def reap() -> None:
    """Take note of the ends of processes started here: until then the system counts them as alive."""
    for process in _started:
        process.poll()


_started: list[subprocess.Popen[bytes]] = []
"""Kept, so that Python doesn't warn about letting go of processes that are meant to live on."""
