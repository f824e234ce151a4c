"""Starts programs for a release: no shell, few words of the environment, a limit on time, and nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from quarterdeck.fleet.text import clean

KEPT_WORDS = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""What a program gets of our own environment; all else may hold secrets."""

KEPT_LINES = 3
"""So many of the last lines of the output are told."""

GRACE_SECONDS = 5.0
"""Between asking a program to end and ending it; and for what still holds its output when it has ended."""

LONGEST_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class Ran:
    """How a program ended. `code` is None if it had to be ended; `detail` is one line, safe to store. `started` is
    False if it can't be started."""

    code: int | None
    detail: str
    started: bool = True

    @property
    def done(self) -> bool:
        """Whether it says that all went well."""
        return self.code == 0


class Starts(Protocol):
    """What starts a program and says how it ended: `run`, or in a sandbox `rehearse`."""

    async def __call__(self, command: Sequence[str], timeout: float, names: Mapping[str, str]) -> Ran:
        """See `run`."""
        ...


async def rehearse(command: Sequence[str], timeout: float, names: Mapping[str, str]) -> Ran:
    """Start nothing, and say so: a program would reach the real world out of a sandbox."""
    return Ran(0, clean(f"the sandbox starts no program; taken as done: {' '.join(command)}", 500))


async def run(command: Sequence[str], timeout: float, names: Mapping[str, str]) -> Ran:
    """Start a program and wait for its end, at most `timeout` seconds (real ones: a program knows no other clock).

    It gets `names` as `QUARTERDECK_NAME`. Whatever ends the waiting ends the whole process group.
    """
    environment = {word: os.environ[word] for word in KEPT_WORDS if word in os.environ}
    environment |= {f"QUARTERDECK_{name.upper()}": value for name, value in names.items()}
    ours, its = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=its,
            stderr=asyncio.subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    except BaseException as error:
        os.close(ours)
        if not isinstance(error, OSError | ValueError):
            raise
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Ran(127, f"can't be started: {clean(command[0])}: {reason}", started=False)
    finally:
        os.close(its)
    last: deque[str] = deque(maxlen=KEPT_LINES)
    reading = asyncio.create_task(_read(ours, last))
    try:
        async with asyncio.timeout(timeout):
            code = await process.wait()
        # What the program has started may hold its output open for ever.
        await asyncio.wait([reading], timeout=GRACE_SECONDS)
    except TimeoutError:
        return Ran(None, _told(f"ended after {timeout:g} s", last))
    finally:
        await _end(process)
        await asyncio.wait([reading], timeout=GRACE_SECONDS)  # it ends with the last of the group
        reading.cancel()
        await asyncio.wait([reading])
    return Ran(code, _told(f"exit code {code}", last))


async def _read(output: int, last: deque[str]) -> None:
    """Keep the last lines. The pipe is our own: with one of asyncio's, a program counts as running for as long as
    anybody holds its output (CPython issue 119710, mended in 3.13)."""
    stream = asyncio.StreamReader(limit=LONGEST_LINE)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(output, "rb", 0)
    )
    try:
        while True:
            try:
                text = await stream.readline()
            except ValueError:  # a line without an end; the reader has dropped what it had of it
                continue
            if not text:
                return
            if line := clean(text.decode(errors="replace")):
                last.append(line)
    finally:
        pipe.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End whatever is left of the process group."""
    if process.returncode is None:
        _signal(process.pid, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                await process.wait()
    _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _told(ended: str, last: Sequence[str]) -> str:
    return clean(f"{ended}: {' | '.join(last)}" if last else ended, 500)
