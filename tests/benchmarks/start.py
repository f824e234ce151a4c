"""Opening and leaving the cockpit, against a bare Textual app with Header, DataTable and Footer.

The design's budget for the first readable frame, 5 times `python -c pass`, needs a launcher that paints before
Textual is imported; there is none yet. Quitting: 100 ms where the bare app took 280 ms.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.commands import python_doing_nothing
from tests.benchmarks.figures import Effort, Figure
from tests.benchmarks.fleets import ENVIRONMENT, service, stocked
from tests.benchmarks.terminal import DOWN, bare, cockpit, running

SERVICES = 10
BARE = "bare Textual app"


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    with stocked(folder, SERVICES):
        rounds = [
            (_open_and_leave(cockpit(folder / "store.db")), _open_and_leave(bare(SERVICES)), python_doing_nothing())
            for _ in range(effort.rounds)
        ]
    ours, theirs, nothing = zip(*rounds, strict=True)
    readable, interactive, left = _medians(ours)
    their_readable, their_interactive, their_left = _medians(theirs)
    python = statistics.median(nothing) * 1000
    yield Figure("qd readable, warm store", readable, "ms", "python -c pass", python, times=5)
    yield Figure("qd readable, warm store", readable, "ms", BARE, their_readable)
    yield Figure("qd interactive", interactive, "ms", BARE, their_interactive, times=1.0)
    yield Figure("quit", left, "ms", BARE, their_left, times=100 / 280)


def _open_and_leave(words: Sequence[str]) -> tuple[float, float, float]:
    """Milliseconds to the first row on the screen, to the first key's effect, and from q to the end."""
    with running(words) as terminal:
        readable = terminal.shows(service(SERVICES - 1)) - terminal.began
        terminal.press(DOWN)
        interactive = terminal.shows(f"{ENVIRONMENT}/{service(1)}") - terminal.began
        terminal.settle()
        pressed = terminal.press(b"q")
        return readable * 1000, interactive * 1000, (terminal.ends() - pressed) * 1000


def _medians(rounds: Sequence[tuple[float, float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rounds, strict=True)]
