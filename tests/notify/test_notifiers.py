"""A hook is told what the journal says: once, in time, through restarts, and at nobody else's cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.notify.receiver import Receiver, http, receiving
from tests.runner.timepiece import ManualClock, settle, until

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.guards import Hold
from quarterdeck.release.hooks import Hook, Quiet
from quarterdeck.release.paint import paint
from quarterdeck.runner.courier import Courier, Delivery, Messenger
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.hook_formats import Message
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.notifier import OLDEST_SECONDS, Notifier, notifiers, subject_of
from quarterdeck.store.base import Draft, Event, LeaseLost
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

HOOK = Hook("sre", "${env:HOOK}", kinds=("freeze",))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_store(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


class Desk:
    """A runner's journal, and what reads along."""

    def __init__(self, store: SqliteStore, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.guard = LeaseGuard(store, clock, holder="one", ttl=10_000_000, info={})
        assert self.guard.take()
        self.notifiers: list[Notifier] = []
        self.journal = Journal(store, self.guard, clock, self._wake)

    def _wake(self) -> None:
        for one in self.notifiers:
            one.wake()

    def report(self, seen: Sequence[Observation]) -> None:
        self.store.observe(seen, self.guard.lease)

    def freeze(self, reason: str = "outage") -> None:
        """Something to tell."""
        hold = Hold(f"h-{reason}", "freeze", "*", "ana", reason, self.clock.now())
        self.journal.write([Draft("hold.placed", "ana", body={"hold": to_json(hold)})])

    def lines(self, hook: Hook = HOOK) -> list[Event]:
        return [one for one in self.store.events(actor=hook.actor) if one.kind != "notice.begun"]

    def trouble(self) -> str:
        seen = self.store.observations().get(subject_of("sre"))
        return seen.trouble.message if seen and seen.trouble else ""

    @asynccontextmanager
    async def telling(self, courier: Courier, *hooks: Hook) -> AsyncIterator[None]:
        """While the block runs, hooks are told."""
        self.notifiers = notifiers(
            "shop", hooks or (HOOK,), store=self.store, journal=self.journal, clock=self.clock,
            courier=courier, report=self.report,
        )  # fmt: skip
        tasks = [asyncio.create_task(one.keep_telling()) for one in self.notifiers]
        await settle()
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            self.notifiers = []


@pytest.fixture
def desk(store: SqliteStore, clock: ManualClock) -> Desk:
    return Desk(store, clock)


class Scripted:
    """Answers as told, the last one again and again; keeps what it was given."""

    def __init__(self, *answers: Delivery) -> None:
        self.answers = list(answers or (Delivery("taken"),))
        self.given: list[Message] = []

    @property
    def texts(self) -> list[str]:
        return [" ".join(message.lines) for message in self.given]

    async def deliver(self, hook: Hook, message: Message) -> Delivery:
        self.given.append(message)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def over_http(receiver: Receiver, clock: ManualClock) -> Messenger:
    return Messenger(lambda _: receiver.url, clock)


async def test_what_happens_is_told_over_http_and_stands_in_the_journal(desk: Desk, clock: ManualClock) -> None:
    desk.freeze("before anybody listened")
    async with receiving() as receiver, desk.telling(over_http(receiver, clock)):
        desk.freeze()
        await until(desk.lines)
    (line,) = desk.lines()
    (body,) = receiver.bodies
    assert (body["title"], body["text"]) == ("frozen: everything", "outage\nby ana")
    assert (line.kind, line.body["id"], line.body["title"]) == ("notice.sent", body["id"], "frozen: everything")
    assert "secret-part" not in str(desk.store.events())
    assert desk.store.verify() == ()


async def test_a_receiver_that_is_busy_is_left_alone_for_as_long_as_it_says(desk: Desk, clock: ManualClock) -> None:
    busy = http("429 Too Many Requests", "Retry-After: 40")
    async with receiving(busy, http("200 OK")) as receiver, desk.telling(over_http(receiver, clock)):
        desk.freeze()
        await until(desk.trouble)
        assert desk.trouble() == "notices aren't taken: it answered HTTP 429"
        await clock.advance(38)
        assert len(receiver.bodies) == 1
        await clock.advance(3)
        await until(desk.lines)
        assert desk.trouble() == ""
    first, second = receiver.bodies
    assert first["id"] == second["id"]
    assert desk.lines()[0].body["sends"] == 2


async def test_what_may_have_been_taken_is_sent_once_more_and_not_more_often(desk: Desk, clock: ManualClock) -> None:
    courier = Scripted(Delivery("unsure", "no answer within 10 s"))
    async with desk.telling(courier):
        desk.freeze("first")
        await settle()
        desk.freeze("second")
        await clock.advance(5)
        assert len({message.id for message in courier.given[:2]}) == 1
        assert courier.texts[:3] == ["first by ana", "first by ana", "second by ana"]
        await clock.advance(30)
    assert courier.texts == ["first by ana"] * 2 + ["second by ana"] * 2
    assert [line.kind for line in desk.lines()] == ["notice.failed"] * 2


async def test_what_may_have_been_taken_is_sent_again_as_it_was_whatever_has_come_since(
    desk: Desk, clock: ManualClock
) -> None:
    away, unsure = Delivery("later", "it can't be reached"), Delivery("unsure", "no answer within 10 s")
    courier = Scripted(*[away] * 8, unsure, Delivery("taken"))
    async with desk.telling(courier):
        desk.freeze("first")
        await clock.advance(600, step=5)
        assert len(courier.answers) == 1, "it may have been taken"
        desk.freeze("second")
        await clock.advance(310, step=5)
    assert courier.texts[8:] == ["first by ana", "first by ana", "second by ana"]
    assert len({message.id for message in courier.given[:-1]}) == 1


async def test_a_dead_hook_costs_its_own_notices_and_a_line_on_the_screen(desk: Desk, clock: ManualClock) -> None:
    well = replace(HOOK, name="boss")

    class Half(Scripted):
        async def deliver(self, hook: Hook, message: Message) -> Delivery:
            found = await super().deliver(hook, message)
            return Delivery("refused", "it answered HTTP 404: no_service") if hook is HOOK else found

    async with desk.telling(Half(), HOOK, well):
        desk.freeze()
        await clock.advance(1)
        assert [line.kind for line in desk.lines()] == ["notice.failed"]
        assert [line.kind for line in desk.lines(well)] == ["notice.sent"]
    shown = paint(Fleet("shop"), desk.store.observations(), (), clock.now()).attention
    (item,) = [one for one in shown if one.state == "trouble"]
    assert (item.where, item.text) == ("notify sre", "notices aren't taken: it answered HTTP 404: no_service")
    assert item.hint == "qd notify test sre"
    async with desk.telling(Half(), well):
        assert desk.trouble() == "", "nobody is bothered with a hook that is no more"


async def test_what_the_last_runner_could_not_tell_is_no_trouble_once_it_is_told(
    desk: Desk, clock: ManualClock
) -> None:
    async with desk.telling(Scripted(Delivery("later", "it can't be reached"))):
        desk.freeze()
        await clock.advance(1)
    assert desk.trouble()
    trouble = desk.store.observations()[subject_of("sre")]
    async with desk.telling(Scripted()):
        await clock.advance(1)
    assert desk.trouble() == ""
    desk.report([trouble])  # whoever told it died before it was shown
    async with desk.telling(Scripted()):
        assert desk.trouble() == ""


async def test_patience_with_a_receiver_that_is_away_ends_after_an_hour(desk: Desk, clock: ManualClock) -> None:
    courier = Scripted(Delivery("later", "it can't be reached"))
    async with desk.telling(courier):
        desk.freeze()
        await clock.advance(3500, step=5)
        assert desk.lines() == []
        await clock.advance(500, step=5)
    assert [line.kind for line in desk.lines()] == ["notice.failed"]
    assert len(courier.given) < 30, "ever more slowly"


async def test_whatever_comes_while_a_receiver_is_away_comes_as_one(desk: Desk, clock: ManualClock) -> None:
    courier = Scripted(Delivery("later", "it can't be reached"))
    async with desk.telling(courier):
        for name in "abc":
            desk.freeze(name)
        await clock.advance(600, step=5)
        courier.answers = [Delivery("taken")]
        await clock.advance(300, step=5)
    assert courier.given[-1].title == "3 things happened that couldn't be told before"
    (line,) = desk.lines()
    assert len(line.body["about"]) == 3


async def test_the_next_runner_goes_on_where_the_last_one_left(desk: Desk, clock: ManualClock) -> None:
    async with desk.telling(Scripted()):
        desk.freeze("told")
        await clock.advance(1)
    desk.freeze("while nobody was there")
    courier = Scripted()
    async with desk.telling(courier):
        await clock.advance(1)
    assert courier.texts == ["while nobody was there by ana"]


async def test_whoever_dies_before_writing_down_what_was_taken_tells_it_once_more(
    desk: Desk, clock: ManualClock
) -> None:
    class Dying(Scripted):
        async def deliver(self, hook: Hook, message: Message) -> Delivery:
            self.given.append(message)
            raise asyncio.CancelledError

    dying, courier = Dying(), Scripted()
    async with desk.telling(dying):
        desk.freeze()
        await settle()
    for _ in range(2):
        async with desk.telling(courier):
            await clock.advance(1)
    assert [message.id for message in courier.given] == [dying.given[0].id]


async def test_a_night_is_quiet_and_the_morning_tells_it_all_even_after_a_restart(
    desk: Desk, clock: ManualClock
) -> None:
    clock.jump(-(clock.now() % 86_400) + 23 * 3600)
    hook = replace(HOOK, kinds=("freeze", "override"), quiet=Quiet("22:00", "07:00", "UTC", ("override",)))
    courier = Scripted()
    async with desk.telling(courier, hook):
        desk.freeze("one")
        desk.journal.write([Draft("guard.overridden", "ana", body={"what": "the freeze", "reason": "urgent"})])
        desk.freeze("two")
        await clock.advance(60)
    assert [message.title for message in courier.given] == ["ana set aside: the freeze"]
    clock.pass_unnoticed(8 * 3600)
    async with desk.telling(courier, hook):
        await clock.advance(60)
    assert courier.given[1:] == [courier.given[-1]]
    assert courier.given[-1].title == "2 things happened that couldn't be told before"
    assert desk.lines(hook)[-1].body["title"] == "2 held back"


async def test_no_more_than_the_limit_goes_out_in_an_hour_even_after_a_restart(desk: Desk, clock: ManualClock) -> None:
    hook, courier = replace(HOOK, limit=2), Scripted()
    for number in range(2):
        async with desk.telling(courier, hook):
            for letter in "ab":
                desk.freeze(f"{number}{letter}")
                await clock.advance(1)
    assert courier.texts == ["0a by ana", "0b by ana"]
    clock.pass_unnoticed(3600)
    async with desk.telling(courier, hook):
        await clock.advance(1)
    assert courier.given[-1].title.startswith("2 things")


async def test_what_is_a_day_old_is_no_news(desk: Desk, clock: ManualClock) -> None:
    async with desk.telling(Scripted()):
        pass
    desk.freeze()
    clock.pass_unnoticed(OLDEST_SECONDS + 1)
    courier = Scripted()
    async with desk.telling(courier):
        await clock.advance(1)
    assert courier.given == []


async def test_a_runner_that_is_no_longer_in_charge_tells_nobody(desk: Desk, clock: ManualClock) -> None:
    courier = Scripted()
    (notifier,) = notifiers(
        "shop", (HOOK,), store=desk.store, journal=desk.journal, clock=clock, courier=courier, report=desk.report
    )
    desk.notifiers = [notifier]
    task = asyncio.create_task(notifier.keep_telling())
    await settle()
    desk.freeze()
    desk.guard.release()
    with pytest.raises(LeaseLost):
        await asyncio.wait_for(task, 5)
    assert courier.given == []


async def test_a_mistake_in_carrying_ends_neither_the_runner_nor_the_notices(desk: Desk, clock: ManualClock) -> None:
    class Clumsy(Scripted):
        async def deliver(self, hook: Hook, message: Message) -> Delivery:
            if not self.given:
                self.given.append(message)
                raise RuntimeError("https://hooks.example/secret")
            return await super().deliver(hook, message)

    courier = Clumsy()
    async with desk.telling(courier):
        desk.freeze()
        await clock.advance(31)
    assert [line.kind for line in desk.lines()] == ["notice.sent"]


async def test_a_line_that_no_version_of_ours_wrote_holds_up_nothing(desk: Desk, clock: ManualClock) -> None:
    courier = Scripted()
    async with desk.telling(courier):
        odd = {**to_json(Hold("h1", "freeze", "*", "ana", "odd", 0)), "until": "tomorrow"}
        desk.journal.write([Draft("hold.placed", "ana", body={"hold": odd})])
        desk.freeze()
        await clock.advance(1)
    assert courier.texts == ["outage by ana"]
