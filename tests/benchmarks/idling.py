"""What a cockpit costs while nothing changes, and what one change costs the line; 200x50, beside a bare Textual app.

Nothing changes, but a runner is at work: it renews its lease, and reads everything again and finds it as it was.

CPU: 0.3 % where the bare app used 0.1 %. Memory: 1.3 times the bare app's.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure
from tests.benchmarks.fleets import LEASE_SECONDS, seen, stocked
from tests.benchmarks.terminal import Terminal, bare, cockpit, running

from quarterdeck.store.base import Lease
from quarterdeck.store.sqlite import SqliteStore

BARE = "bare Textual app"
CHANGED = 3
ROUND_SECONDS = 10.0


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    services = effort.sites
    with stocked(folder, services) as (store, lease):
        with running(cockpit(store.path), 200, 50) as terminal:
            idle_bytes, idle_cpu, memory = _idle(terminal, effort.seconds, lambda: _read_again(store, lease))
            changed = []
            for number in range(1, 6):
                store.observe([seen(CHANGED, f"9.9.{number}", time.time())], lease)
                changed.append(_bytes_for(terminal, f"9.9.{number}"))
        with running(bare(services), 200, 50) as terminal:
            _, their_cpu, their_memory = _idle(terminal, effort.seconds, lambda: None)
            theirs = []
            for number in range(1, 6):
                terminal.press(b"c")
                theirs.append(_bytes_for(terminal, f"9.9.{number}"))
    cell, their_cell = statistics.median(changed), statistics.median(theirs)
    yield Figure("one changed cell, 200x50", cell, "B", "DataTable", their_cell, most=200)
    yield Figure("idle, bytes a minute", idle_bytes, "B", most=0)
    yield Figure(f"idle CPU, {services:,} services", idle_cpu, "%", BARE, their_cpu, most=0.3)
    yield Figure(f"memory, viewer of {services:,} services", memory, "MB", BARE, their_memory, times=1.3)


def _idle(terminal: Terminal, seconds: float, round_: Callable[[], None]) -> tuple[float, float, float]:
    """Bytes a minute, percent of a processor, megabytes; with a round of the runner now and then."""
    terminal.shows("svc-00001")
    terminal.settle()
    before, received, left = terminal.cpu_seconds(), 0, seconds
    while left > 0:
        round_()
        received += terminal.watch(min(left, ROUND_SECONDS))
        left -= ROUND_SECONDS
    cpu = terminal.cpu_seconds() - before
    return received * 60 / seconds, 100 * cpu / seconds, terminal.megabytes()


def _read_again(store: SqliteStore, lease: Lease) -> None:
    now = time.time()
    store.renew_lease(lease, now, LEASE_SECONDS)
    store.observe([replace(one, observed_at=now) for one in store.observations().values()], lease)


def _bytes_for(terminal: Terminal, text: str) -> int:
    before = terminal.received
    terminal.shows(text)
    terminal.settle(0.3)
    return terminal.received - before
