"""What a cockpit costs while nothing changes, beside a bare Textual app that does nothing at the same time; 200x50.

Nothing changes, but a runner is at work: it renews its lease, and reads everything again and finds it as it was.

CPU: 0.3 % where the bare app used 0.1 %. Memory: 1.3 times the bare app's.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure
from tests.benchmarks.fleets import LEASE_SECONDS, stocked
from tests.benchmarks.opening import stands
from tests.benchmarks.programs import bare, cockpit, stock
from tests.benchmarks.start import BARE
from tests.benchmarks.terminal import Terminal, running

from quarterdeck.store.base import Lease
from quarterdeck.store.sqlite import SqliteStore

ROUND_SECONDS = 10.0
SCREENFUL = 60


@dataclass(frozen=True, slots=True)
class Rest:
    """What a program did while it had nothing to do: per minute, in percent of a processor, per second, in MB."""

    sent: float
    cpu: float
    wake_ups: float
    memory: float


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    services = max(effort.sites, SCREENFUL)
    with stocked(folder, services) as (store, lease), ExitStack() as running_:
        programs = (cockpit(store.path), stock(store.path), bare(services))
        terminals = [running_.enter_context(running(program, 200, 50)) for program in programs]
        for terminal in terminals:
            stands(terminal, effort.quiet)
        ours, unstaged, theirs = _rest(terminals, effort.seconds, store, lease)
    idle, fleet = "idle", f"{services:,} services"
    yield Figure(f"{idle}, bytes a minute", ours.sent, "B", BARE, theirs.sent, most=0)
    yield Figure(f"{idle}, bytes a minute, output stock", unstaged.sent, "B", BARE, theirs.sent)
    yield Figure(f"{idle} CPU, {fleet}", ours.cpu, "%", BARE, theirs.cpu, times=3)
    yield Figure(f"{idle} CPU, {fleet}, output stock", unstaged.cpu, "%", BARE, theirs.cpu)
    yield Figure(f"{idle}, wake-ups a second", ours.wake_ups, "", BARE, theirs.wake_ups)
    yield Figure(f"memory, viewer of {fleet}", ours.memory, "MB", BARE, theirs.memory, times=1.3)
    yield Figure(f"memory, viewer of {fleet}, output stock", unstaged.memory, "MB", BARE, theirs.memory)


def _rest(terminals: list[Terminal], seconds: float, store: SqliteStore, lease: Lease) -> list[Rest]:
    """What each did in the same so many seconds, with a round of the runner now and then."""
    before = [(one.received, one.cpu_seconds(), one.wake_ups()) for one in terminals]
    began = now = time.perf_counter()
    while (left := began + seconds - now) > 0:
        _read_again(store, lease)
        time.sleep(min(left, ROUND_SECONDS))  # what they send waits in the line
        now = time.perf_counter()
    after = [(one.received + one.watch(0.01), one.cpu_seconds(), one.wake_ups()) for one in terminals]
    return [
        Rest(
            sent=(sent - sent_before) * 60 / seconds,
            cpu=100 * (cpu - cpu_before) / (now - began),
            wake_ups=(woken - woken_before) / (now - began),
            memory=terminal.megabytes(),
        )
        for terminal, (sent, cpu, woken), (sent_before, cpu_before, woken_before) in zip(
            terminals, after, before, strict=True
        )
    ]


def _read_again(store: SqliteStore, lease: Lease) -> None:
    now = time.time()
    store.renew_lease(lease, now, LEASE_SECONDS)
    store.observe([replace(one, observed_at=now) for one in store.observations().values()], lease)
