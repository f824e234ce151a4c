"""Requests are dealt with at once when somebody pokes, soon when nobody does, and each one once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from tests.runner.timepiece import ManualClock, settle

from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.reception import Reception
from quarterdeck.store.answer import Answer
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import LeaseLost, Request, StoreError
from quarterdeck.store.sqlite import SqliteStore


@pytest.fixture
def asker(store: SqliteStore, clock: ManualClock) -> Asker:
    return Asker(store, "ana@jump", "test", clock, read_only=False)


class Desk:
    """Answers requests, after whatever a test puts in the way."""

    def __init__(self, store: SqliteStore, guard: LeaseGuard) -> None:
        self._store = store
        self._guard = guard
        self.seen: list[str] = []
        self.before: Callable[[Request], Awaitable[None]] | None = None

    async def answer(self, request: Request) -> None:
        self.seen.append(request.id)
        if self.before:
            await self.before(request)
        self._store.record((), self._guard.lease, 1, answer=Answer(request.id, 1))


@pytest.fixture
def desk(store: SqliteStore, guard: LeaseGuard) -> Desk:
    return Desk(store, guard)


@asynccontextmanager
async def open_for_business(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock
) -> AsyncIterator[Reception]:
    reception = Reception(store, guard, desk.answer, clock)
    task = asyncio.create_task(reception.receive())
    await settle()
    try:
        yield reception
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_what_waited_before_is_dealt_with_first(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    asked = [asker.refresh().id for _ in range(3)]
    async with open_for_business(store, guard, desk, clock):
        assert desk.seen == asked
        assert store.pending() == ()


async def test_a_poke_is_enough_and_so_is_a_second(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    async with open_for_business(store, guard, desk, clock) as reception:
        first = asker.refresh()
        await settle()
        assert desk.seen == []
        reception.wake()
        await settle()
        assert desk.seen == [first.id]
        second = asker.refresh()
        await clock.advance(1)
        assert desk.seen == [first.id, second.id]


async def test_a_slow_request_keeps_nobody_waiting_and_is_begun_once(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    release = asyncio.Event()
    slow = asker.stop()

    async def wait(request: Request) -> None:
        if request.id == slow.id:
            await release.wait()

    desk.before = wait
    async with open_for_business(store, guard, desk, clock) as reception:
        quick = asker.refresh()
        await clock.advance(5)
        assert desk.seen == [slow.id, quick.id]
        assert store.answer(quick.id)
        assert reception.busy
        release.set()
        await settle()
        assert not reception.busy


async def test_what_the_store_does_not_take_is_tried_again_after_a_while(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    async def full(request: Request) -> None:
        raise StoreError("the disk is full")

    desk.before = full
    asked = asker.refresh()
    async with open_for_business(store, guard, desk, clock):
        await clock.advance(4)
        assert desk.seen == [asked.id]
        desk.before = None
        await clock.advance(3)
        assert store.answer(asked.id)


async def test_one_request_that_nobody_can_answer_ends_neither_the_runner_nor_the_others_waiting(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    hopeless = asker.refresh()

    async def trip(request: Request) -> None:
        if request.id == hopeless.id:
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    desk.before = trip
    other = asker.refresh()
    async with open_for_business(store, guard, desk, clock) as reception:
        await clock.advance(3)
        assert desk.seen == [hopeless.id, other.id]
        assert store.answer(other.id)
        assert not reception.busy


async def test_losing_the_lease_closes_the_reception(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    clock.pass_unnoticed(10)
    assert store.take_lease("runner", "two", clock.now(), 10, {})
    asked = asker.refresh()
    with pytest.raises(ExceptionGroup) as ended:
        await Reception(store, guard, desk.answer, clock).receive()
    assert ended.group_contains(LeaseLost)
    assert [waiting.id for waiting in store.pending()] == [asked.id]


async def test_a_wish_to_stop_from_before_does_not_stop_the_next_runner(
    store: SqliteStore, guard: LeaseGuard, desk: Desk, clock: ManualClock, asker: Asker
) -> None:
    stop, refresh = asker.stop(), asker.refresh()
    Reception(store, guard, desk.answer, clock).turn_away_stale_stops()
    answer = store.answer(stop.id)
    assert answer is not None
    assert answer.refusal is not None
    assert [waiting.id for waiting in store.pending()] == [refresh.id]
