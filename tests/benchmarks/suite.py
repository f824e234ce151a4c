"""Which benchmarks there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import commands, engine, idling, journal, keys, links, reading, sending, start
from tests.benchmarks.figures import Effort, Figure

BENCHMARKS: dict[str, Callable[[Path, Effort], Iterator[Figure]]] = {
    "start": start.measure,
    "commands": commands.measure,
    "keys": keys.measure,
    "links": links.measure,
    "sending": sending.measure,
    "idling": idling.measure,
    "journal": journal.measure,
    "engine": engine.measure,
    "reading": reading.measure,
}


def measured(name: str, folder: Path, effort: Effort) -> Iterator[Figure]:
    """The figures of one benchmark; `folder` is empty, private, and the state folder of all processes."""
    return BENCHMARKS[name](folder, effort)
