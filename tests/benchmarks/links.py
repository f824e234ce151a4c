"""The cockpit over a slow link, and over one with a delay, against a bare Textual app.

At 8 kB/s the budget is to be readable ahead of lazygit and interactive within 1.5 s; a held key is over at 50 kB/s when
the last change came at most 100 ms after it was let go. A link whose round trip takes 150 ms costs a key those, and at
most 40 ms more.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, median, milliseconds, not_measured
from tests.benchmarks.fleets import stocked
from tests.benchmarks.keys import presses
from tests.benchmarks.opening import LONGEST, SERVICES, opened, stands
from tests.benchmarks.programs import Program, bare, cockpit, other, stock
from tests.benchmarks.start import AHEAD_OF, BARE, picture_of
from tests.benchmarks.terminal import DOWN, Link, running

SLOW, SLOWER = 50_000, 8_000
ROUND_TRIP = 0.15
REPEATS = 30
"""Times a second that a held key repeats."""
ROUNDS = 3
SCREENFUL = 60
"""Where everything fits, the cockpit names other services beside the one under the cursor."""


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    for name in ("little", "large"):
        (folder / name).mkdir()
    yield from _opening(folder / "little", effort)
    services = max(effort.sites, SCREENFUL)
    store = folder / "large" / "store.db"
    programs = (cockpit(store), stock(store), bare(services))
    with stocked(store.parent, services):
        yield from _held(programs, effort)
        yield from _delayed(programs, effort)


def _opening(folder: Path, effort: Effort) -> Iterator[Figure]:
    store, link = folder / "store.db", Link(rate=SLOWER * effort.hurry)
    programs = (cockpit(store), stock(store), bare(SERVICES))
    quick = other(AHEAD_OF)
    with stocked(folder, SERVICES):
        opened(cockpit(store), effort.quiet)  # from now on there is a last known state
        rounds, pictures = [], []
        for _ in range(min(effort.rounds, ROUNDS)):
            rounds.append([opened(program, effort.quiet, link) for program in programs])
            pictures += [picture_of(quick, link)] if quick else []
    ours, unstaged, theirs = (list(column) for column in zip(*rounds, strict=True))
    at = f"at {link.rate / 1000:g} kB/s"
    readable, their_readable = [one.readable for one in ours], [one.readable for one in theirs]
    yield median(f"qd readable {at}", readable, "s", BARE, their_readable)
    if pictures:
        yield median(f"qd readable {at}", readable, "s", AHEAD_OF, pictures, times=1.0)
    else:
        yield not_measured(f"qd readable {at}, beside {AHEAD_OF}", f"there is no {AHEAD_OF} on the PATH")
    their_interactive = [one.interactive for one in theirs]
    yield median(f"qd interactive {at}", [one.interactive for one in ours], "s", BARE, their_interactive, most=1.5)
    told = f"qd interactive {at}, output stock"
    yield median(told, [one.interactive for one in unstaged], "s", BARE, their_interactive)


def _held(programs: Sequence[Program], effort: Effort) -> Iterator[Figure]:
    for rate, most, rounds in ((SLOW * effort.hurry, 100.0, ROUNDS), (SLOWER * effort.hurry, None, 1)):
        lags = defaultdict[str, list[float]](list)
        for _ in range(min(effort.rounds, rounds)):
            for program in programs:
                lags[program.name].append(_lag(program, Link(rate=rate), effort))
        ours, unstaged, theirs = (milliseconds(lags[program.name]) for program in programs)
        what = f"held key at {rate / 1000:g} kB/s, last change after it was let go"
        yield median(what, ours, "ms", BARE, theirs, most=most)
        yield median(f"{what}, output stock", unstaged, "ms", BARE, theirs)


def _lag(program: Program, link: Link, effort: Effort) -> float:
    """Seconds from the last of many presses to the last change."""
    with running(program, link=link) as terminal:
        stands(terminal, effort.quiet)
        due = pressed = time.perf_counter()
        for _ in range(max(1, int(effort.held * REPEATS))):
            terminal.watch(due - time.perf_counter())
            pressed = terminal.press(DOWN)
            due += 1 / REPEATS
        last = terminal.settle(effort.quiet, LONGEST)
        return max(0.0, (last or pressed) - pressed)


def _delayed(programs: Sequence[Program], effort: Effort) -> Iterator[Figure]:
    taken = defaultdict[str, list[float]](list)
    for _ in range(min(effort.rounds, ROUNDS)):
        for program in programs:
            taken[program.name] += presses(program, effort.presses, Link(delay=ROUND_TRIP / 2))
    ours, unstaged, theirs = (
        milliseconds(one - ROUND_TRIP for one in taken[program.name]) for program in programs
    )  # fmt: skip
    what = f"a key over a round trip of {ROUND_TRIP * 1000:g} ms, what it costs besides"
    yield median(what, ours, "ms", BARE, theirs, most=40)
    yield median(f"{what}, output stock", unstaged, "ms", BARE, theirs)
