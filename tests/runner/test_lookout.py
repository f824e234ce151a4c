"""A lookout keeps looking whatever a provider does, and costs nobody else anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from tests.runner.timepiece import ManualClock, settle
from tests.runner.watchpost import CART, CHECKOUT, Post, PostProvider, fails, fleet, place, reading, sees

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import Observed, ProviderError
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.lookout import Lookout, Pace
from quarterdeck.runner.sessions import Sessions
from quarterdeck.store.base import LeaseLost
from quarterdeck.store.sqlite import SqliteStore

PLACES = (place(CHECKOUT), place(CART))
SUBJECT = PLACES[0].subject
PACE = Pace(interval=10, timeout=5, longest=120)


class Logbook:
    """What was reported last, and how often anything was."""

    def __init__(self) -> None:
        self.known: dict[str, Observation] = {}
        self.reports = 0

    def report(self, observations: Sequence[Observation]) -> None:
        self.reports += 1
        self.known.update({one.subject: one for one in observations})

    def trouble(self) -> Trouble | None:
        return self.known[SUBJECT].trouble


@asynccontextmanager
async def looking(
    clock: ManualClock,
    provider: PostProvider,
    report: Callable[[Sequence[Observation]], None],
    known: dict[str, Observation] | None = None,
) -> AsyncIterator[Lookout]:
    sessions = Sessions(fleet(*PLACES), lambda _: provider, clock)
    lookout = Lookout(PLACES, sessions, known or {}, report, clock, PACE)
    task = asyncio.create_task(lookout.keep_looking())
    await _opened()
    try:
        yield lookout
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, LeaseLost):
            await task


async def _opened() -> None:
    """Secrets are looked up in threads, even when there are none: give the loop real turns."""
    await settle()


async def test_every_place_is_read_in_one_look_and_again_after_the_interval(clock: ManualClock) -> None:
    post, log = Post(sees()), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        assert post.looks == 1
        assert log.known[SUBJECT] == Observation(SUBJECT, reading(), "watchpost", clock.now(), clock.now())
        assert set(log.known) == {one.subject for one in PLACES}
        await clock.advance(12)
        assert post.looks == 2
        assert log.reports == 2


async def test_what_an_earlier_runner_saw_is_kept_through_a_trouble(clock: ManualClock) -> None:
    before = Observation(SUBJECT, reading(), "graph", 5, 5)
    post, log = Post(fails(ProviderError("unreachable", "no route"))), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report, {SUBJECT: before}):
        seen = log.known[SUBJECT]
        assert (seen.reading, seen.observed_at, seen.trouble_since) == (reading(), 5, clock.now())
        assert seen.trouble == Trouble("unreachable", "no route")


async def test_a_place_that_a_round_leaves_out_keeps_what_is_known_of_it_and_its_age(clock: ManualClock) -> None:
    async def half(places: Sequence[Place]) -> Observed:
        return {SUBJECT: reading("2.0")}

    post, log = Post(sees()), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        post.look = half
        other = log.known[PLACES[1].subject]
        await clock.advance(12)
        assert post.looks == 2
        assert log.known[SUBJECT].reading == reading("2.0")
        assert log.known[PLACES[1].subject] == other


async def test_a_round_in_which_nothing_is_read_is_no_failure(clock: ManualClock) -> None:
    async def nothing(places: Sequence[Place]) -> Observed:
        return {}

    post = Post(nothing)
    async with looking(clock, PostProvider({"azure": post}), Logbook().report):
        await clock.advance(100)
        assert post.looks >= 8


async def test_a_provider_that_raises_anything_is_told_without_its_words(clock: ManualClock) -> None:
    post, log = Post(fails(ZeroDivisionError("token=secret"))), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        trouble = log.trouble()
        assert trouble is not None
        assert trouble.code == "provider_error"
        assert "ZeroDivisionError" in trouble.message
        assert "secret" not in trouble.message
        await clock.advance(25)
        assert post.looks == 2


@pytest.mark.parametrize("said", [None, 7, ["slots/production/checkout"]])
async def test_an_answer_of_the_wrong_shape_costs_its_own_rows_only(clock: ManualClock, said: Any) -> None:
    async def nonsense(places: Sequence[Place]) -> Observed:
        observed: Observed = said
        return observed

    post, log = Post(nonsense), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        trouble = log.trouble()
        assert trouble is not None
        assert trouble.code == "provider_error"
        post.look = sees()
        await clock.advance(25)
        assert log.trouble() is None


async def test_what_can_not_be_stored_is_garbage_and_the_last_good_reading_stays(
    clock: ManualClock, store: SqliteStore, guard: LeaseGuard
) -> None:
    async def not_a_number(places: Sequence[Place]) -> Observed:
        return {SUBJECT: TrafficReading("weighted", (), lag=float("nan"))}

    post = Post(sees())
    async with looking(clock, PostProvider({"azure": post}), lambda seen: store.observe(seen, guard.lease)):
        post.look = not_a_number
        await clock.advance(8)
        guard.renew()
        await clock.advance(4)
        seen = store.observations()[SUBJECT]
        assert seen.reading == reading()
        assert seen.trouble is not None
        assert seen.trouble.code == "garbage"


async def test_a_look_that_hangs_is_given_up_and_tried_again(clock: ManualClock) -> None:
    async def hang(places: Sequence[Place]) -> Observed:
        await asyncio.Event().wait()
        raise AssertionError

    post, log = Post(hang), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        assert log.reports == 0
        await clock.advance(6)
        assert log.trouble() == Trouble("timeout", "no answer within 5 s")
        post.look = sees()
        await clock.advance(25)
        assert log.trouble() is None


async def test_a_look_that_can_not_even_be_cancelled_is_not_begun_twice(clock: ManualClock) -> None:
    release = asyncio.Event()

    async def stubborn(places: Sequence[Place]) -> Observed:
        while not release.is_set():
            with suppress(asyncio.CancelledError):
                await release.wait()
        return {}

    post, log = Post(stubborn), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        await clock.advance(300)
        assert post.looks == 1
        assert log.reports > 1
        assert log.known[SUBJECT].trouble_since is not None
        post.look = sees()
        release.set()
        await clock.advance(150)
        assert log.trouble() is None


async def test_a_system_that_is_down_is_asked_less_and_less_but_never_forgotten(clock: ManualClock) -> None:
    post, log = Post(fails(ProviderError("unreachable", "no route"))), Logbook()
    async with looking(clock, PostProvider({"azure": post}), log.report):
        await clock.advance(1200)
        while_down = post.looks
        assert 9 <= while_down <= 15
        post.look = sees()
        await clock.advance(140)
        assert log.trouble() is None
        back = post.looks
        await clock.advance(60)
        assert post.looks - back >= 4


async def test_one_bad_place_does_not_slow_the_others_down(clock: ManualClock) -> None:
    async def mixed(places: Sequence[Place]) -> Observed:
        return {SUBJECT: reading(), PLACES[1].subject: Trouble("not_found", "no such site")}

    post = Post(mixed)
    async with looking(clock, PostProvider({"azure": post}), Logbook().report):
        await clock.advance(60)
        assert post.looks >= 5


async def test_being_asked_to_look_does_not_wait_for_the_interval_not_even_in_trouble(clock: ManualClock) -> None:
    post = Post(fails(ProviderError("unreachable", "no route")))
    async with looking(clock, PostProvider({"azure": post}), Logbook().report) as lookout:
        await clock.advance(500)
        before = post.looks
        lookout.look_soon()
        await settle()
        assert post.looks == before + 1


async def test_who_must_sign_in_is_told_how_and_is_not_hurried(clock: ManualClock) -> None:
    signed_in = asyncio.Event()
    provider = PostProvider({})

    async def wait_for_person(places: Sequence[Place]) -> Observed:
        provider.opened[0].context.tell("To sign in, enter the code ABC.")
        await signed_in.wait()
        return await sees()(places)

    post, log = Post(wait_for_person), Logbook()
    provider.posts = {"azure": post}
    async with looking(clock, provider, log.report):
        await clock.advance(2)
        assert log.trouble() == Trouble("unauthenticated", "To sign in, enter the code ABC.")
        await clock.advance(300)
        assert post.looks == 1
        signed_in.set()
        await clock.advance(3)
        assert log.trouble() is None


async def test_losing_the_lease_ends_the_looking(clock: ManualClock) -> None:
    def refuse(observations: Sequence[Observation]) -> None:
        raise LeaseLost("gone")

    provider = PostProvider({"azure": Post(sees())})
    sessions = Sessions(fleet(*PLACES), lambda _: provider, clock)
    lookout = Lookout(PLACES, sessions, {}, refuse, clock, PACE)
    with pytest.raises(LeaseLost):
        await lookout.keep_looking()
