"""Opening and leaving the cockpit, against a bare Textual app with Header, DataTable, Footer, and `python -c pass`.

Readable is when the last row of the fleet stands on the screen: painted by the launcher from what the last cockpit
knew. Interactive is when a key that was pressed then has moved the cursor of the cockpit itself.
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
PYTHON = "python -c pass"
_DETAIL = " · "
"""Stands behind a name in the cockpit's line of detail, and nowhere in what the launcher paints."""


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    store = folder / "store.db"
    with stocked(folder, SERVICES):
        first = _open_and_leave(cockpit(store), _DETAIL)  # nobody has looked yet: there is no last known state
        rounds = [
            (
                _open_and_leave(cockpit(store), _DETAIL),
                _open_and_leave(bare(SERVICES), ""),
                (python_doing_nothing() * 1000,),
            )
            for _ in range(effort.rounds)
        ]
    ours, theirs, nothing = zip(*rounds, strict=True)
    readable, interactive, left = _medians(ours)
    their_readable, their_interactive, their_left = _medians(theirs)
    (python,) = _medians(nothing)
    yield Figure("qd readable, warm store", readable, "ms", PYTHON, python, times=5)
    yield Figure("qd readable, warm store", readable, "ms", BARE, their_readable)
    yield Figure("qd readable, never opened before", first[0], "ms", BARE, their_readable)
    yield Figure("qd interactive", interactive, "ms", BARE, their_interactive, times=1.0)
    yield Figure("quit", left, "ms", BARE, their_left, times=100 / 280)


def _open_and_leave(words: Sequence[str], after: str) -> tuple[float, float, float]:
    """Milliseconds to the last row on the screen, to the first key's effect, and from q to the end.

    The row under the cursor is named with `after` behind it.
    """
    with running(words) as terminal:
        readable = terminal.shows(service(SERVICES - 1)) - terminal.began
        terminal.press(DOWN)
        interactive = terminal.shows(f"{ENVIRONMENT}/{service(1)}{after}") - terminal.began
        terminal.settle()
        pressed = terminal.press(b"q")
        return readable * 1000, interactive * 1000, (terminal.ends() - pressed) * 1000


def _medians(rounds: Sequence[tuple[float, float, float]]) -> list[float]:
    return [statistics.median(column) for column in zip(*rounds, strict=True)]
