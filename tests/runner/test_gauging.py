"""Measuring indicators against a real server: each answer by itself, each connection with a budget of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.providers.loopback import Asked, Loopback, listening, says
from tests.runner.timepiece import ManualClock, settle, until

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Place
from quarterdeck.providers import registry
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.indicator import Indicator
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.truth import compare
from quarterdeck.runner.chronicle import Chronicle
from quarterdeck.runner.configuration import quickened
from quarterdeck.runner.gauging import AT_ONCE, gauges
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.sampling import Sampler
from quarterdeck.runner.sessions import Sessions
from quarterdeck.store.base import LeaseLost
from quarterdeck.store.sqlite import SqliteStore

CHECKOUT = TargetId("production", "checkout")
WEST, NORTH = replace(CHECKOUT, region="weu"), replace(CHECKOUT, region="neu")
PLACES = (
    Place("slots", WEST, Address("azure", {"site": "shop-weu"})),
    Place("slots", NORTH, Address("azure", {"site": "shop-neu"})),
)
SEEN = {
    "slots/production/checkout@weu": Observation(
        "slots/production/checkout@weu", SlotsReading((SlotReading("production", Build("2.15.0"), host="weu.example"),))
    )
}


def indicator(query: str, name: str = "", connection: str = "metrics", **more: Any) -> Indicator:
    question = GateSpec(name or query, "metric", connection, {"query": query}, "result == result", interval=30)
    return Indicator(name or query, question, **more)


@dataclass
class Measured:
    """What is measured, and the server that is asked."""

    store: SqliteStore
    server: Loopback
    tasks: Sequence[asyncio.Task[None]]

    def points(self, name: str, target: TargetId = CHECKOUT) -> list[Point]:
        return list(self.store.series(str(target)).get(SeriesId(str(target), name), ()))

    @property
    def queries(self) -> list[str]:
        return [one.form["query"][0] for one in self.server.asked]


@pytest.fixture
def guard(store: SqliteStore, clock: ManualClock) -> LeaseGuard:
    """Nobody renews it here."""
    made = LeaseGuard(store, clock, holder="one", ttl=10_000, info={})
    assert made.take()
    return made


@pytest.fixture
def answers(clock: ManualClock) -> Callable[[Asked], bytes]:
    """Answers by what is asked for: a number as that number, and several kinds of trouble."""

    def vector(*values: str, at: float = 0) -> bytes:
        result = [{"metric": {}, "value": [at or clock.now(), value]} for value in values]
        return says({"status": "success", "data": {"resultType": "vector", "result": result}})

    def say(asked: Asked) -> bytes:
        match asked.form["query"][0]:
            case "hangs" | "hangs1" | "hangs2" | "hangs3" | "hangs4" | "hangs5":
                return b"..."
            case "nothing":
                return vector()
            case "old":
                return vector("1", at=clock.now() - 500)
            case "html":
                return says("<html>sign in</html>", kind="text/html")
            case "wrong":
                return says({"status": "error", "errorType": "bad_data", "error": "parse error"}, status=400)
            case number:
                return vector(number)

    return say


@asynccontextmanager
async def measuring(
    store: SqliteStore,
    guard: LeaseGuard,
    clock: ManualClock,
    answers: Callable[[Asked], bytes],
    *indicators: Indicator,
    seen: Mapping[str, Observation] = SEEN,
) -> AsyncIterator[Measured]:
    async with AsyncExitStack() as servers:
        names = dict.fromkeys(one.question.connection for one in indicators)
        found = {name: await servers.enter_async_context(listening(answers)) for name in names}
        connections = tuple(Connection(name, "prometheus", {"url": one.url}) for name, one in found.items())
        fleet = Fleet("shop", (Environment("production"),), ("checkout",), PLACES, connections)
        rules = Rulebook(
            routes=(Route(CHECKOUT, indicators=tuple(one.name for one in indicators)),), indicators=indicators
        )
        sessions = Sessions(fleet, registry.load, clock)
        sampler = Sampler(sessions, lambda: rules, None, clock)
        report = Chronicle(store, guard, clock).add
        made = gauges(fleet, rules, sampler, lambda: seen, report, clock)
        tasks = [asyncio.create_task(one.keep_measuring()) for one in made]
        try:
            yield Measured(store, found["metrics"], tasks)
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError, LeaseLost):
                    await task
            await sessions.close()


async def test_an_answer_is_kept_in_the_indicators_unit_with_the_moment_of_asking(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    began = clock.now()
    async with measuring(store, guard, clock, answers, indicator("0.25", "errors", times=100)) as seen:
        await until(lambda: seen.points("errors"))
        assert seen.points("errors") == [Point(began, 25.0)]


async def test_rounds_begin_at_the_same_moments_of_each_interval(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    clock.pass_unnoticed(12)
    async with measuring(store, guard, clock, answers, indicator("1")) as seen:
        for count in (1, 2, 3):
            await until(lambda count=count: len(seen.points("1")) == count)  # type: ignore[misc]
            await clock.advance(30, step=0.1)
        times = [point.at for point in seen.points("1")]
    assert [int(at // 30) for at in times] == list(range(int(times[0] // 30), int(times[0] // 30) + len(times)))
    assert all(at % 30 < 1 for at in times[1:])


async def test_no_answer_is_kept_as_none_with_the_reason_and_costs_only_its_own_value(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    asked = [indicator(query) for query in ("nothing", "old", "html", "wrong", "NaN", "$nobody", "0.5", "hangs")]
    async with measuring(store, guard, clock, answers, *asked) as seen:
        await until(lambda: len(seen.queries) >= 7)
        await settle(100)
        await clock.advance(28)
        await until(lambda: seen.points("0.5"))
        told = {one.name: seen.points(one.name)[0] for one in asked}
    assert told.pop("0.5").value == 0.5
    assert all(point.value is None for point in told.values())
    expected = {
        "nothing": "matches nothing", "old": "the newest value is 500 s old", "html": "127.0.0.1",
        "wrong": "parse error", "NaN": "NaN", "$nobody": "isn't known", "hangs": "no answer within a round of 27 s",
    }  # fmt: skip
    assert {name: text in told[name].trouble for name, text in expected.items()} == dict.fromkeys(expected, True), told


async def test_a_source_that_hangs_has_a_budget_and_keeps_nobody_else_waiting(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    hanging = [indicator(f"hangs{number}") for number in range(1, 6)]
    other = indicator("7", connection="other")
    async with measuring(store, guard, clock, answers, *hanging, indicator("hangs"), other) as seen:
        await until(lambda: seen.points("7"))
        await until(lambda: len(seen.queries) >= AT_ONCE)
        await settle(100)
        assert len(seen.queries) == AT_ONCE
        assert seen.points("hangs1") == []
        await clock.advance(28)
        await until(lambda: seen.points("hangs1"))
        assert {one.name: seen.points(one.name)[0].value for one in hanging} == dict.fromkeys(
            one.name for one in hanging
        )


async def test_a_question_that_names_the_region_is_asked_for_each_of_them(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    by_region = indicator("$region $site $version", "load")
    async with measuring(store, guard, clock, answers, by_region, indicator("$service", "all")) as seen:
        await until(lambda: len(seen.queries) == 3)
        assert sorted(seen.queries) == ["checkout", "neu shop-neu ", "weu shop-weu 2.15.0"]
        await until(lambda: seen.points("load", WEST) and seen.points("load", NORTH))
        assert seen.points("load") == []


async def test_who_lost_the_lease_stops_measuring(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock, answers: Callable[[Asked], bytes]
) -> None:
    async with measuring(store, guard, clock, answers, indicator("1")) as seen:
        await until(lambda: seen.points("1"))
        guard.release()
        await clock.advance(31)
        await until(lambda: seen.tasks[0].done())
        assert isinstance(seen.tasks[0].exception(), LeaseLost)
        assert len(seen.points("1")) == 1


def test_shares_that_probes_observed_are_kept_under_the_name_of_their_destination(
    store: SqliteStore, guard: LeaseGuard, clock: ManualClock
) -> None:
    seen = compare({"staging": 25, "production": 75}, {}, {"staging": 11, "production": 89})
    Chronicle(store, guard, clock).shares(CHECKOUT, seen)
    found = store.series(str(CHECKOUT))
    assert list(found[SeriesId(str(CHECKOUT), "observed/staging")]) == [Point(clock.now(), 11.0)]
    guard.release()
    Chronicle(store, guard, clock).shares(CHECKOUT, seen)
    assert len(store.series(str(CHECKOUT))[SeriesId(str(CHECKOUT), "observed/staging")]) == 1


def test_a_sandbox_is_measured_more_often_and_never_less() -> None:
    slow, quick = indicator("a"), indicator("b")
    quick = replace(quick, question=replace(quick.question, interval=2))
    found = quickened(Rulebook(indicators=(slow, quick))).indicators
    assert [one.question.interval for one in found] == [5, 2]
