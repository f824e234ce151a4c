"""A system that hangs costs its own rows only, over the same HTTP as ever; after a pause nobody is asked by a crowd."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest
from tests.providers.circleci.server import Server, sample, serving
from tests.providers.loopback import Loopback, listening
from tests.runner.timepiece import ManualClock, until

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Fleet, Place
from quarterdeck.providers import registry
from quarterdeck.runner.lookout import Lookout, Pace
from quarterdeck.runner.sessions import Sessions

PACE = Pace(interval=10, timeout=5, longest=120)
TOKEN = "${env:QD_TEST_TOKEN}"


def place(connection: str) -> Place:
    target = TargetId("", f"deploy-{connection}", pipeline=True)
    return Place("pipelines", target, Address(connection, {"project": "gh/contoso/shop"}))


GOOD, BAD = place("good"), place("bad")


@dataclass
class Watch:
    """Two CircleCIs: one that answers, one that takes every question and says nothing."""

    good: Server
    bad: Loopback
    known: dict[str, Observation] = field(default_factory=dict)
    reports: list[str] = field(default_factory=list)

    def report(self, seen: Sequence[Observation]) -> None:
        self.known.update({one.subject: one for one in seen})
        self.reports.extend(one.subject for one in seen)

    def told(self, of: Place) -> int:
        return self.reports.count(of.subject)


@pytest.fixture
async def watch(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    async with serving(sample(clock.now)) as good, listening(lambda _: b"...") as bad:
        monkeypatch.setenv("QD_TEST_TOKEN", good.world.users["ben"])
        found = Watch(good, bad)
        async with watched(found, clock):
            yield found


@asynccontextmanager
async def watched(found: Watch, clock: ManualClock) -> AsyncIterator[None]:
    urls = {"good": found.good.url, "bad": f"{found.bad.url}/api/v2"}
    connections = tuple(Connection(name, "circleci", {"url": url, "token": TOKEN}) for name, url in urls.items())
    sessions = Sessions(Fleet("shop", places=(GOOD, BAD), connections=connections), registry.load, clock)
    lookouts = [Lookout([one], sessions, {}, found.report, clock, PACE) for one in (GOOD, BAD)]
    tasks = [asyncio.create_task(one.keep_looking()) for one in lookouts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await sessions.close()


async def rounds(watch: Watch, clock: ManualClock, count: int) -> None:
    """So many looks at the good one, as fast as it answers; the clock passes by itself."""
    for _ in range(count):
        before = watch.told(GOOD)
        await clock.advance(PACE.interval * 1.1)
        await until(lambda before=before: watch.told(GOOD) > before)  # type: ignore[misc]


async def test_a_system_that_hangs_costs_its_own_rows_only_and_is_asked_less_and_less(
    watch: Watch, clock: ManualClock
) -> None:
    await until(lambda: watch.told(GOOD) and watch.bad.asked)
    await rounds(watch, clock, 60)
    good, bad = watch.known[GOOD.subject], watch.known[BAD.subject]
    assert isinstance(good.reading, RunsReading)
    assert good.trouble is None
    assert good.observed_at is not None
    assert clock.now() - good.observed_at < 2 * PACE.interval
    assert (bad.reading, bad.trouble and bad.trouble.code) == (None, "timeout")
    assert 3 <= len(watch.bad.asked) <= 15, "in eleven minutes"


async def test_after_a_pause_each_system_is_asked_once_and_not_for_every_look_that_was_missed(
    watch: Watch, clock: ManualClock
) -> None:
    await until(lambda: watch.told(GOOD) and watch.bad.asked)
    await rounds(watch, clock, 12)
    before = len(watch.good.asked)
    await rounds(watch, clock, 1)
    asked, looks, hung = len(watch.good.asked), watch.told(GOOD), len(watch.bad.asked)
    a_round = asked - before
    clock.pass_unnoticed(6 * 3600)  # stopped, and let go on
    clock.jump(-3 * 3600)  # and meanwhile somebody set the machine's clock
    await clock.advance(1)
    await until(lambda: watch.told(GOOD) > looks)
    await until(lambda: len(watch.bad.asked) > hung)
    await clock.advance(3)
    assert watch.told(GOOD) == looks + 1
    assert len(watch.good.asked) - asked <= a_round
    assert len(watch.bad.asked) <= hung + 2
