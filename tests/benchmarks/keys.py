"""From a key to the screen: a large fleet while changes pour in, against a bare Textual app in which nothing changes.

The budget is a p95 of 30 ms where the bare app's was 18 ms.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, percentile
from tests.benchmarks.fleets import ENVIRONMENT, service, stocked
from tests.benchmarks.terminal import DOWN, bare, cockpit, running

SCREENFUL = 30
BACKSPACE = b"\x7f"
BARE = "bare Textual app, 30 rows"


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    presses = min(effort.rounds * 20, effort.rows - 1)
    with stocked(folder, effort.rows) as (store, lease):
        calm = _presses(cockpit(store.path), presses)
        pouring = [sys.executable, "-m", "tests.benchmarks.pouring", str(store.path), str(effort.rows)]
        with subprocess.Popen([*pouring, str(lease.fence)], cwd=Path(__file__).parents[2]) as pourer:
            try:
                ours = _presses(cockpit(store.path), presses)
                letters = _letters(cockpit(store.path), presses)
            finally:
                pourer.kill()
    theirs = _presses(bare(presses + 1), presses)
    rows = f"key to screen, {effort.rows:,} rows"
    for name, part, times in (("p50", 0.5, None), ("p95", 0.95, 30 / 18)):
        yield Figure(f"{rows}, calm, {name}", percentile(calm, part), "ms", BARE, percentile(theirs, part))
        told = f"{rows}, 200 changes/s, {name}"
        yield Figure(told, percentile(ours, part), "ms", BARE, percentile(theirs, part), times=times)
        told = f"letter to found rows of {effort.rows:,}, 200 changes/s, {name}"
        yield Figure(told, percentile(letters, part), "ms", BARE, percentile(theirs, part), times=times)


def _presses(words: Sequence[str], count: int) -> list[float]:
    """Milliseconds from each press of Down until the screen names the next row."""
    taken = []
    with running(words) as terminal:
        terminal.shows(service(1))
        terminal.settle()
        for number in range(1, count + 1):
            pressed = terminal.press(DOWN)
            taken.append((terminal.shows(f"{ENVIRONMENT}/{service(number)}") - pressed) * 1000)
            terminal.watch(0.05)
    return taken


def _letters(words: Sequence[str], count: int) -> list[float]:
    """Milliseconds from each letter typed to find something until the screen says how many rows don't hold it."""
    taken = []
    with running(words) as terminal:
        terminal.shows(service(1))
        terminal.settle()
        terminal.press(b"/")
        terminal.press(b"0")
        terminal.shows("without '0' ")
        for number in range(count):
            key, typed = (b"0", "00") if number % 2 == 0 else (BACKSPACE, "0")
            pressed = terminal.press(key)
            taken.append((terminal.shows(f"without {typed!r} ") - pressed) * 1000)
            terminal.watch(0.05)
    return taken
