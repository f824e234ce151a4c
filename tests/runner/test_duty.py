"""A term of duty: it begins by publishing, goes on while it is needed, and ends in order or at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.engine.ship import NOBODY
from tests.runner.timepiece import ManualClock, settle, until
from tests.runner.watchpost import CART, CHECKOUT, Post, PostProvider, fleet, place, reading, sees

from quarterdeck.release.gate import GateSpec
from quarterdeck.release.hooks import Hook
from quarterdeck.release.indicator import Indicator
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.runner.courier import Courier, Delivery
from quarterdeck.runner.duty import Duty, Outcome, batches
from quarterdeck.runner.engine import NO_RULES
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.hook_formats import Message
from quarterdeck.runner.seal import FileSeal
from quarterdeck.runner.sessions import Sessions
from quarterdeck.runner.settings import RunnerSettings
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import StoreError
from quarterdeck.store.presence import watching
from quarterdeck.store.sqlite import SqliteStore

FLEET = fleet(place(CHECKOUT), place(CART), place(CART, "second"))


@dataclass
class Term:
    """A duty that is being served, and what a test may do to it."""

    duty: Duty
    told: asyncio.Event
    task: asyncio.Task[Outcome]
    posts: dict[str, Post]

    async def outcome(self) -> Outcome:
        return await asyncio.wait_for(self.task, 5)


@pytest.fixture
def asker(store: SqliteStore, clock: ManualClock) -> Asker:
    return Asker(store, "ana@jump", "test", clock, read_only=False)


@asynccontextmanager
async def serving(
    store: SqliteStore,
    guard: LeaseGuard,
    clock: ManualClock,
    over: Callable[[], Outcome | None] = lambda: None,
    idle_after: float = 60,
    rules: Rulebook = NO_RULES,
    hooks: Sequence[Hook] = (),
    courier: Courier | None = None,
) -> AsyncIterator[Term]:
    posts = {"azure": Post(sees()), "second": Post(sees("2.0"))}
    provider = PostProvider(posts)
    settings = RunnerSettings(store.path, Path("/nowhere.yaml"), idle_after=idle_after)
    duty = Duty(
        settings,
        store=store,
        guard=guard,
        fleet=FLEET,
        rules=rules,
        sessions=Sessions(FLEET, lambda _: provider, clock),
        samples=NOBODY,
        seal=FileSeal(store.path.with_name("seal.key")),
        clock=clock,
        over=over,
        hooks=hooks,
        courier=courier,
    )
    told = asyncio.Event()
    task = asyncio.create_task(duty.serve(told))
    await settle()
    try:
        yield Term(duty, told, task, posts)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task


def kinds(store: SqliteStore) -> list[str]:
    return [event.kind for event in store.events()]


def test_places_are_read_together_by_connection_and_role() -> None:
    places = (place(CHECKOUT), place(CART, "second"), place(CART), place(CART, role="slot_traffic"))
    assert batches(places) == [[places[0], places[2]], [places[1]], [places[3]]]


async def test_it_begins_by_publishing_the_fleet_and_what_it_sees(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    async with serving(store, guard, clock):
        assert store.fleet() == FLEET
        assert kinds(store) == ["runner.started"]
        assert store.observations()["slots/production/checkout"].reading == reading("1.0")


async def test_it_measures_the_indicators_of_its_services_while_it_serves(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    question = GateSpec("errors", "metric", "azure", {"query": "e"}, "result == result", interval=30)
    rules = Rulebook(routes=(Route(CHECKOUT, indicators=("errors",)),), indicators=(Indicator("errors", question),))
    async with serving(store, guard, clock, rules=rules, idle_after=300):
        await clock.advance(65)
        (points,) = store.series(str(CHECKOUT)).values()
        assert len(points) == 3
        assert {point.value for point in points} == {None}, "there is nobody to ask here"
        assert store.rules() == rules


async def test_the_lease_is_renewed_for_as_long_as_it_takes(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    async with serving(store, guard, clock) as term:
        await clock.advance(50)
        assert not term.task.done()
        lease = store.lease("runner")
        assert lease is not None
        assert lease.expires_at > clock.now() + 5


async def test_it_leaves_when_nobody_watches_for_a_while(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    async with serving(store, guard, clock) as term:
        await clock.advance(58)
        assert not term.task.done()
        await clock.advance(5)
        assert await term.outcome() == "left"
        assert kinds(store)[-1] == "runner.stopped"


async def test_it_stays_while_somebody_watches(store: SqliteStore, guard: LeaseGuard, clock: ManualClock) -> None:
    async with serving(store, guard, clock) as term:
        with watching(store.path):
            await clock.advance(300)
            assert not term.task.done()
        await clock.advance(65)
        assert await term.outcome() == "left"


async def test_a_request_is_answered_as_soon_as_it_is_handed_in(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, asker: Asker
) -> None:
    async with serving(store, guard, clock) as term:
        before = term.posts["azure"].looks
        asked = asker.refresh(CHECKOUT)
        await until(lambda: store.answer(asked.id))
        await settle()
        assert term.posts["azure"].looks == before + 1
        assert term.posts["second"].looks == 1


async def test_asked_to_stop_it_answers_and_leaves(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, asker: Asker
) -> None:
    async with serving(store, guard, clock) as term:
        asked = asker.stop()
        await clock.advance(3)
        assert await term.outcome() == "left"
        assert store.answer(asked.id)


async def test_told_to_stop_it_takes_no_more_requests_and_leaves(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, asker: Asker
) -> None:
    async with serving(store, guard, clock) as term:
        term.told.set()
        assert await term.outcome() == "left"
        asked = asker.refresh()
        assert [waiting.id for waiting in store.pending()] == [asked.id]


@pytest.mark.parametrize("ending", ["outdated", "left"])
async def test_something_outside_can_end_it(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, ending: Outcome
) -> None:
    async with serving(store, guard, clock, over=lambda: ending) as term:
        await clock.advance(2)
        assert await term.outcome() == ending


async def test_stopped_past_its_lease_it_writes_nothing_more(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    async with serving(store, guard, clock) as term:
        clock.pass_unnoticed(20)
        successor = store.take_lease("runner", "two", clock.now(), 10, {})
        assert successor
        before = (kinds(store), store.observations())
        await clock.advance(15)
        assert await term.outcome() == "lost"
        assert (kinds(store), store.observations()) == before
        assert store.lease("runner") == successor


async def test_a_store_that_takes_nothing_for_a_while_is_survived(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(store, guard, clock) as term:
        with watching(store.path):
            await clock.advance(1)

            def full(*_: object) -> None:
                raise StoreError("the disk is full")

            with monkeypatch.context() as broken:
                broken.setattr(store, "observe", full)
                broken.setattr(store, "renew_lease", full)
                await clock.advance(5)
            await clock.advance(30)
            assert not term.task.done()
            seen = store.observations()["slots/production/checkout"].observed_at
            assert seen is not None
            assert seen > clock.now() - 15


async def test_a_store_that_takes_nothing_from_the_beginning_is_an_error(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "put_fleet", full)
    async with serving(store, guard, clock) as term:
        with pytest.raises(StoreError, match="disk is full"):
            await term.outcome()


async def test_hooks_are_told_what_the_journal_says_and_a_dead_one_keeps_nobody_from_stopping_the_runner(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, asker: Asker
) -> None:
    class Dead:
        given: tuple[str, ...] = ()

        async def deliver(self, hook: Hook, message: Message) -> Delivery:
            self.given += (message.title,)
            return Delivery("later", "it can't be reached")

    courier = Dead()
    hook = Hook("sre", "${env:HOOK}", kinds=("freeze",))
    async with serving(store, guard, clock, idle_after=5, hooks=(hook,), courier=courier) as term:
        asker.guard("freeze", "outage", scope="*", until=None)
        await clock.advance(3)
        assert courier.given[0] == "frozen: everything"
        await clock.advance(20)
        assert not term.task.done(), "something waits to be told"
        assert "notify sre" in store.observations()
        asker.stop()
        await clock.advance(3)
        assert await term.outcome() == "left"
    assert "notice.sent" not in kinds(store)
