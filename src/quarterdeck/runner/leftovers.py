"""Programs of releases that outlived the runner that started them: found by what they were given, and ended.

A runner ends its programs before it leaves. One that is killed, or stopped past its lease, can't. As long as anything
of such a program runs, nobody may call it interrupted, and nobody may start it again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from quarterdeck.release.release_plan import Run
from quarterdeck.release.rollout import Release
from quarterdeck.runner.running import GRACE_SECONDS

log = logging.getLogger(__name__)

PROCESSES = Path("/proc")

LOOK_SECONDS = 0.05
"""Between two looks at what is left."""

Given = frozenset[bytes]
"""Words of the environment that tell a program from all others; see `running.run`."""


async def end_leftovers(releases: Iterable[Release]) -> None:
    """End what still runs of the programs that these releases are at: asked first, then killed.

    For a runner that has just taken over, before it goes on with anything. Where the system doesn't tell what a process
    was given (only Linux does), none is found.
    """
    programs = [
        frozenset({f"QUARTERDECK_RELEASE={release.id}".encode(), f"QUARTERDECK_STEP={step.id}".encode()})
        for release in releases
        for step in release.plan.steps
        if isinstance(step.work, Run) and release.standing(step.id).state in ("running", "undoing")
    ]
    if not programs:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in _processes(programs):
            log.warning("process %d is left over from the program of a release: %s", process, number.name)
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(GRACE_SECONDS):
                while _processes(programs):  # noqa: ASYNC110 - nobody tells whose children end
                    await asyncio.sleep(LOOK_SECONDS)


def _processes(programs: list[Given]) -> list[int]:
    found = []
    for entry in PROCESSES.glob("[0-9]*"):
        try:
            given = frozenset((entry / "environ").read_bytes().split(b"\0"))
        except OSError:  # somebody else's, or gone meanwhile
            continue
        if any(program <= given for program in programs):
            found.append(int(entry.name))
    return [process for process in found if process != os.getpid()]
