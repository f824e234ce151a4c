"""A term of duty while a release is under way: it is taken over, not left alone, and any runner may go on with it."""

from __future__ import annotations

from tests.runner.test_duty import serving
from tests.runner.timepiece import ManualClock
from tests.runner.watchpost import CHECKOUT

from quarterdeck.release.release_plan import Member, Pause, ReleasePlan, ReleaseStep, Wish
from quarterdeck.release.rollout import opening
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.duty import Outcome
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Draft
from quarterdeck.store.sqlite import SqliteStore


def begun(store: SqliteStore, guard: LeaseGuard, *, seconds: float | None = None) -> str:
    """A release that an earlier runner has left: it only waits."""
    steps = (ReleaseStep("1", CHECKOUT, Pause(seconds), "pause"),)
    plan = ReleasePlan("r1", "r1", Wish((CHECKOUT,)), (Member(CHECKOUT, "1.1", "1.0", "careful"),), steps)
    started = Draft("release.started", "ana@jump", "r1", str(CHECKOUT), opening(plan, "because", {}))
    store.record([started], guard.lease, 1_700_000_000.0)
    return "r1"


async def test_a_release_that_waits_for_somebody_keeps_the_runner(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    release = begun(store, guard)
    asker = Asker(store, "ana@jump", "test", clock, read_only=False)
    async with serving(store, guard, clock, idle_after=60) as term:
        await clock.advance(200)
        assert not term.task.done()
        asker.stop()
        await clock.advance(10)
        assert not term.task.done(), "a wish to stop waits until nothing is under way"
        asker.order(release, "promote", "done")
        await clock.advance(40)
        assert await term.outcome() == "left"
    ended = store.release(release)
    assert ended
    assert ended.ending == "succeeded"
    assert "release.adopted" in [event.kind for event in store.events(operation=release)]


async def test_one_that_needs_an_operator_keeps_nobody(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    release = begun(store, guard)
    body = {"ending": "needs_operator", "detail": "look", "choices": ["abandon"]}
    store.record([Draft("release.ended", "ana@jump", release, str(CHECKOUT), body)], guard.lease, clock.now())
    async with serving(store, guard, clock, idle_after=60) as term:
        await clock.advance(70)
        assert await term.outcome() == "left"


async def test_a_changed_configuration_is_taken_between_two_steps(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    begun(store, guard)
    said: list[Outcome] = []
    async with serving(store, guard, clock, over=lambda: said[0] if said else None) as term:
        await clock.advance(5)
        assert not term.task.done()
        said.append("outdated")
        await clock.advance(2)
        assert await term.outcome() == "outdated"
    assert store.releases(open_only=True)


async def test_told_to_stop_it_leaves_the_release_to_the_next(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    release = begun(store, guard, seconds=3600)
    async with serving(store, guard, clock) as term:
        await clock.advance(5)
        term.told.set()
        await clock.advance(2)
        assert await term.outcome() == "left"
    left = store.release(release)
    assert left
    assert (left.ending, left.standing("1").state) == (None, "running")


async def test_rules_are_published_beside_the_fleet(store: SqliteStore, guard: LeaseGuard, clock: ManualClock) -> None:
    known = Rulebook(train=("production",))
    async with serving(store, guard, clock, rules=known):
        assert store.rules() == known
