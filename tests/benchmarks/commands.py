"""Commands that only read the store, against an interpreter that does nothing, and `az` where there is one.

The budget of `qd status --json` is 0.15 of what `az webapp list` spends before its first request. That was 760 ms at
best where `python -I -S -c pass` took 23 ms, so it is 5 times the latter.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, in_turns, median, milliseconds, not_measured, seconds
from tests.benchmarks.fleets import stocked

SERVICES = 10
NOTHING = "python -c pass"


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    az = shutil.which("az")
    with stocked(folder, SERVICES):
        status = [sys.executable, "-m", "quarterdeck", "status", "--json", "--store", str(folder / "store.db")]
        things = [lambda: _run(status), lambda: _run([sys.executable, "-m", "quarterdeck", "--help"])]
        things.append(python_doing_nothing)
        if az:
            things.append(lambda: _run([az, "webapp", "list"], whatever_comes=True))
        told, helped, nothing, *theirs = map(milliseconds, in_turns(effort.rounds * 3, *things))
    what = "qd status --json, runner alive"
    yield median(what, told, "ms", NOTHING, nothing, times=5)
    if theirs:
        yield median(what, told, "ms", "az webapp list", theirs[0], times=0.15)
    else:
        yield not_measured(f"{what}, beside az webapp list", "there is no az on the PATH")
    yield median("qd --help", helped, "ms", NOTHING, nothing)


def python_doing_nothing() -> float:
    """Seconds for an interpreter to start and end."""
    return _run([sys.executable, "-I", "-S", "-c", "pass"])


def _run(words: list[str], *, whatever_comes: bool = False) -> float:
    quiet = subprocess.DEVNULL
    return seconds(lambda: subprocess.run(words, check=not whatever_comes, stdin=quiet, stdout=quiet, stderr=quiet))
