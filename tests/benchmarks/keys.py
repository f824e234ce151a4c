"""From a key to the screen: a large fleet while changes pour in, against a bare Textual app in which nothing changes.

The budget is a p95 of 30 ms where the bare app's was 18 ms.
"""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, milliseconds, percentile
from tests.benchmarks.fleets import ENVIRONMENT, service, stocked
from tests.benchmarks.opening import stands
from tests.benchmarks.programs import ROOT, Program, bare, cockpit, stock
from tests.benchmarks.terminal import DOWN, NEAR, Link, running

from quarterdeck.store.base import Lease
from quarterdeck.store.sqlite import SqliteStore

QUIET = 0.2
BACKSPACE = b"\x7f"
PARTS = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
BUDGET = {"p95": 30 / 18}


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    count = min(effort.presses, effort.rows - 1)
    theirs = bare(count + 1)
    taken = defaultdict[str, list[float]](list)
    rows = f"key to screen, {effort.rows:,} rows"
    calm, poured, unstaged = f"{rows}, calm", f"{rows}, 200 changes/s", f"{rows}, 200 changes/s, output stock"
    letters = f"letter to found rows of {effort.rows:,}, 200 changes/s"
    with stocked(folder, effort.rows) as (store, lease):
        for _ in range(effort.rounds):
            taken[theirs.name] += milliseconds(presses(theirs, count))
            taken[calm] += milliseconds(presses(cockpit(store.path), count))
            with _pouring(store, lease, effort.rows):
                taken[poured] += milliseconds(presses(cockpit(store.path), count))
                taken[unstaged] += milliseconds(presses(stock(store.path), count))
                taken[letters] += milliseconds(_letters(cockpit(store.path), count))
    for what in (calm, poured, unstaged, letters):
        for name, part in PARTS.items():
            value, against = percentile(taken[what], part), percentile(taken[theirs.name], part)
            budget = BUDGET.get(name) if what in (poured, letters) else None
            spread = (min(taken[what]), max(taken[what]))
            yardstick = f"{theirs.name}, {count + 1} rows"
            yield Figure(f"{what}, {name}", value, "ms", yardstick, against, times=budget, spread=spread)


@contextmanager
def _pouring(store: SqliteStore, lease: Lease, rows: int) -> Iterator[None]:
    """Two hundred changes a second while the block runs."""
    words = [sys.executable, "-m", "tests.benchmarks.pouring", str(store.path), str(rows), str(lease.fence)]
    with subprocess.Popen(words, cwd=ROOT) as pourer:
        try:
            yield
        finally:
            pourer.kill()


def presses(program: Program, count: int, link: Link = NEAR) -> list[float]:
    """Seconds from each press of Down until the screen names the next row."""
    taken = []
    with running(program, link=link) as terminal:
        stands(terminal, QUIET)
        for number in range(1, count + 1):
            pressed = terminal.press(DOWN)
            taken.append(terminal.shows(f"{ENVIRONMENT}/{service(number)}") - pressed)
            terminal.watch(0.05)
    return taken


def _letters(program: Program, count: int) -> list[float]:
    """Seconds from each letter typed to find something until the screen says how many rows don't hold it."""
    taken = []
    with running(program) as terminal:
        stands(terminal, QUIET)
        terminal.press(b"/")
        terminal.press(b"0")
        terminal.shows("without '0' ")
        for number in range(count):
            key, typed = (b"0", "00") if number % 2 == 0 else (BACKSPACE, "0")
            pressed = terminal.press(key)
            taken.append(terminal.shows(f"without {typed!r} ") - pressed)
            terminal.watch(0.05)
    return taken
