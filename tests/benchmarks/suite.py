"""Which benchmarks there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tests.benchmarks import asking, commands, engine, idling, journal, keys, links, reading, sending, start
from tests.benchmarks.figures import Effort, Figure

Benchmark = Callable[[Path, Effort], Iterator[Figure]]
"""Yields figures; the folder is empty, private, and the state folder of all processes."""

BENCHMARKS: dict[str, Benchmark] = {
    "start": start.measure,
    "commands": commands.measure,
    "keys": keys.measure,
    "links": links.measure,
    "sending": sending.measure,
    "idling": idling.measure,
    "journal": journal.measure,
    "engine": engine.measure,
    "reading": reading.measure,
    "asking": asking.measure,
}
