"""Commands that only read the store, against an interpreter that does nothing.

The budget of `qd status --json` is 0.15 of what `az webapp list` spends before its first request. That was 760 ms at
best where `python -I -S -c pass` took 23 ms, so it is 5 times the latter.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, medians, seconds
from tests.benchmarks.fleets import stocked

SERVICES = 10


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    with stocked(folder, SERVICES):
        store = ["--store", str(folder / "store.db")]
        told, helped, nothing = medians(
            effort.rounds * 3,
            lambda: _run("-m", "quarterdeck", "status", "--json", *store),
            lambda: _run("-m", "quarterdeck", "--help"),
            python_doing_nothing,
        )
    yield Figure("qd status --json, runner alive", told * 1000, "ms", "python -c pass", nothing * 1000, times=5)
    yield Figure("qd --help", helped * 1000, "ms", "python -c pass", nothing * 1000)


def python_doing_nothing() -> float:
    """Seconds for an interpreter to start and end."""
    return _run("-I", "-S", "-c", "pass")


def _run(*words: str) -> float:
    return seconds(lambda: subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL))
