"""Bytes that go to the terminal, 200x50: for opening, for a change, for many resizes; beside a bare Textual app.

The budgets: 200 for a changed cell, none for one that isn't on the screen, 150 kB for 60 resizes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, median
from tests.benchmarks.fleets import seen, stocked
from tests.benchmarks.opening import stands
from tests.benchmarks.programs import Program, bare, cockpit, stock
from tests.benchmarks.start import BARE
from tests.benchmarks.terminal import Terminal, running

SIZE, OTHER_SIZE = (200, 50), (133, 33)
CHANGED = 3
RESIZES = 60
GAP = 0.025
QUIET = 0.5
UNSEEN_SECONDS = 0.5
"""That long is waited for bytes of a change that can't be seen."""

Change = Callable[[Terminal, int, int], object]
"""Gives a service another version: its row, and the how manieth change of it that is."""


@dataclass
class Spent:
    """Bytes."""

    opening: float = 0
    seen: list[float] = field(default_factory=list)
    unseen: list[float] = field(default_factory=list)
    resizes: float = 0


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    services, resizes = max(effort.sites, 2 * SIZE[1]), RESIZES // effort.hurry
    with stocked(folder, services) as (store, lease):

        def see(_: Terminal, row: int, number: int) -> None:
            store.observe([seen(row, f"9.9.{number}", time.time())], lease)

        ours = _spent(cockpit(store.path), see, services, effort.rounds, resizes)
        unstaged = _spent(stock(store.path), see, services, effort.rounds, resizes)
    theirs = _spent(bare(services), _press, services, effort.rounds, resizes)
    for told, them in (("", ours), (", output stock", unstaged)):
        cell, hidden, storm = (200, 0, 150_000) if them is ours else (None, None, None)
        yield Figure(f"opening, 200x50{told}", them.opening, "B", BARE, theirs.opening)
        yield median(f"one changed cell, 200x50{told}", them.seen, "B", BARE, theirs.seen, most=cell)
        yield median(f"one changed cell off the screen{told}", them.unseen, "B", BARE, theirs.unseen, most=hidden)
        yield Figure(f"{resizes} resizes{told}", them.resizes, "B", BARE, theirs.resizes, most=storm)


def _press(terminal: Terminal, row: int, _: int) -> None:
    terminal.press(b"c" if row == CHANGED else b"o")


def _spent(program: Program, change: Change, services: int, rounds: int, resizes: int) -> Spent:
    spent = Spent()
    with running(program, *SIZE) as terminal:
        stands(terminal, QUIET)
        spent.opening = terminal.received
        for number in range(1, rounds + 1):
            before = terminal.received
            change(terminal, CHANGED, number)
            terminal.shows(f"9.9.{number}")
            terminal.settle(0.3)
            spent.seen.append(terminal.received - before)
            change(terminal, services - 1, number)
            spent.unseen.append(terminal.watch(UNSEEN_SECONDS))
        before = terminal.received
        for number in range(resizes):
            terminal.resize(*(SIZE if number % 2 else OTHER_SIZE))
            terminal.watch(GAP)
        terminal.settle(0.7)
        spent.resizes = terminal.received - before
    return spent
