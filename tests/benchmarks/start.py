"""Opening and leaving the cockpit, against a bare Textual app with Header, DataTable, Footer, `python -c pass`, and
programs known to be quick.

Readable is when the last row of the fleet stands on the screen: painted by the launcher from what the last cockpit
knew. Interactive is when a key that was pressed then has moved the cursor of the program itself. Other programs are
readable when their first picture stands.

The budgets: readable within 5 times `python -c pass` and ahead of lazygit, interactive within the bare app's time, quit
within 100 ms where the bare app took 280.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.commands import python_doing_nothing
from tests.benchmarks.figures import Effort, Figure, median, milliseconds, not_measured
from tests.benchmarks.fleets import stocked
from tests.benchmarks.opening import SERVICES, opened
from tests.benchmarks.programs import OTHERS, Program, bare, cockpit, other, stock
from tests.benchmarks.terminal import NEAR, Link, running

BARE = "bare Textual app"
PYTHON = "python -c pass"
AHEAD_OF = "lazygit"
QUIET = 0.05


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    store = folder / "store.db"
    programs = (cockpit(store), stock(store), bare(SERVICES))
    others = {name: other(name) for name in OTHERS}
    pictures = defaultdict[str, list[float]](list)
    with stocked(folder, SERVICES):
        first = opened(cockpit(store), effort.quiet)  # nobody has looked yet: there is no last known state
        rounds = []
        for _ in range(effort.rounds):
            rounds.append([opened(program, effort.quiet) for program in programs])
            pictures[PYTHON].append(python_doing_nothing())
            for name, program in others.items():
                if program is not None:
                    pictures[name].append(picture_of(program))
    ours, unstaged, theirs = (list(column) for column in zip(*rounds, strict=True))
    readable = milliseconds(one.readable for one in ours)
    their_readable = milliseconds(one.readable for one in theirs)
    their_interactive = milliseconds(one.interactive for one in theirs)
    what = "qd readable, warm store"
    yield median(what, readable, "ms", PYTHON, milliseconds(pictures[PYTHON]), times=5)
    yield median(what, readable, "ms", BARE, their_readable)
    for name in OTHERS:
        if name in pictures:
            times = 1.0 if name == AHEAD_OF else None
            yield median(what, readable, "ms", name, milliseconds(pictures[name]), times=times)
        else:
            yield not_measured(f"{what}, beside {name}", f"there is no {name} on the PATH")
    yield median("qd readable, never opened before", [first.readable * 1000], "ms", BARE, their_readable)
    for told, openings in (("", ours), (", output stock", unstaged)):
        budget = 1.0 if openings is ours else None
        interactive = milliseconds(one.interactive for one in openings)
        yield median(f"qd interactive{told}", interactive, "ms", BARE, their_interactive, times=budget)
    their_left = milliseconds(one.left for one in theirs)
    yield median("quit", milliseconds(one.left for one in ours), "ms", BARE, their_left, times=100 / 280)


def picture_of(program: Program, link: Link = NEAR) -> float:
    """Seconds until the first picture of a program stands that says nothing about when it is ready."""
    with running(program, link=link) as terminal:
        return terminal.stands(QUIET) - terminal.began
