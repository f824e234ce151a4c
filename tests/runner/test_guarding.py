"""The conn, freezes, locks, the line and debts: who may change them, what is written, what is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import pytest
from tests.runner.timepiece import ManualClock

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.guards import Debt, Guards, Hold
from quarterdeck.release.plan import Refusal
from quarterdeck.release.policy import PLAN_LIFE
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.guarding import LONGEST_HOLD, Warden
from quarterdeck.runner.journal import Journal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, LeaseLost, Request
from quarterdeck.store.sqlite import SqliteStore

CHECKOUT = TargetId("production", "checkout")
FLEET = Fleet(
    "shop",
    environments=(Environment("production", protected=True), Environment("staging")),
    services=("checkout",),
    places=(
        Place("slots", TargetId("production", "checkout", "west"), Address("az", {"name": "west"})),
        Place("slots", TargetId("staging", "checkout"), Address("az", {"name": "staging"})),
        Place("flags", TargetId("production", "flags"), Address("az", {"name": "flags"})),
    ),
)
ANA, BOB = "ana@jump-1", "bob@jump-2"


@dataclass
class Bridge:
    """A warden and those who ask him."""

    store: SqliteStore
    guard: LeaseGuard
    clock: ManualClock
    numbers: Any = field(default_factory=lambda: count(1))

    @property
    def warden(self) -> Warden:
        return Warden(FLEET, self.store, Journal(self.store, self.guard, self.clock), self.clock)

    @property
    def guards(self) -> Guards:
        return self.store.guards()

    def submit(self, actor: str, deed: str, reason: str = "", *, key: str = "", **body: Any) -> Request:
        name = f"r{next(self.numbers):04}"
        read_only = body.pop("read_only", False)
        about = {"deed": deed, **body}
        return self.store.submit(
            Request(name, key or name, "guard", about, actor, reason, at=self.clock.now(), read_only=read_only)
        )

    def ask(self, actor: str, deed: str, reason: str = "", **body: Any) -> str:
        """What is said to a deed that is done."""
        request = self.submit(actor, deed, reason, **body)
        assert self.warden.deal(request) is None
        answer = self.store.answer(request.id)
        assert isinstance(answer, Answer)
        return answer.said

    def no(self, actor: str, deed: str, reason: str = "", **body: Any) -> Refusal:
        """Why a deed isn't done; nothing is written for it."""
        before, request = self.guards, self.submit(actor, deed, reason, **body)
        refusal = self.warden.deal(request)
        assert refusal is not None
        assert self.guards == before
        assert self.store.answer(request.id) is None
        return refusal

    def write(self, kind: str, body: Any, actor: str = ANA) -> None:
        self.store.record([Draft(kind, actor, body=body)], self.guard.lease, self.clock.now())


@pytest.fixture
def bridge(store: SqliteStore, guard: LeaseGuard, clock: ManualClock) -> Bridge:
    return Bridge(store, guard, clock)


# --- the conn ---------------------------------------------------------------------------------------------------------
def test_the_conn_is_taken_given_and_taken_again(bridge: Bridge) -> None:
    assert bridge.ask(ANA, "take", scope="production") == "you have the conn of production"
    assert [(conn.scope, conn.holder) for conn in bridge.guards.conns] == [("production", ANA)]
    bridge.ask(ANA, "give", scope="production")
    assert not bridge.guards.conns
    bridge.ask(BOB, "take", scope="production")
    assert bridge.guards.conns[0].holder == BOB


def test_taking_what_one_has_changes_nothing(bridge: Bridge) -> None:
    bridge.ask(ANA, "take", scope="production")
    events = len(bridge.store.events())
    assert "you have had the conn" in bridge.ask("ana@laptop", "take", scope="production")
    assert "you have had the conn of production" in bridge.ask(ANA, "take", scope="production/checkout")
    assert len(bridge.store.events()) == events


@pytest.mark.parametrize("scope", ["*", "production", "production/checkout"])
def test_taking_the_conn_from_somebody_takes_a_reason_that_is_kept(bridge: Bridge, scope: str) -> None:
    bridge.ask(ANA, "take", scope="production")
    told = bridge.no(BOB, "take", scope=scope)
    assert told.code == "policy"
    assert "ana@jump-1 has the conn of production" in told.message
    assert "--reason" in told.hint
    said = bridge.ask(BOB, "take", "ana has left the ship", scope=scope)
    assert "taken from ana@jump-1" in said
    taken = bridge.store.events(newest_first=True)[0]
    assert taken.kind == "conn.taken"
    assert taken.body == {"scope": scope, "reason": "ana has left the ship", "from": ANA}


def test_whoever_takes_all_has_all_and_whoever_takes_a_part_leaves_the_rest(bridge: Bridge) -> None:
    bridge.ask(ANA, "take", scope="production/checkout")
    bridge.ask(BOB, "take", "the captain now", scope="production")
    assert {conn.scope: conn.holder for conn in bridge.guards.conns} == {"production": BOB}
    bridge.ask(ANA, "take", "my service", scope="production/checkout")
    assert {c.scope: c.holder for c in bridge.guards.conns} == {"production": BOB, "production/checkout": ANA}


def test_whoever_is_offered_the_conn_takes_it_without_a_reason(bridge: Bridge) -> None:
    bridge.ask(ANA, "take", scope="production")
    bridge.ask(ANA, "offer", scope="production", to="bob")
    assert bridge.no("eve@jump-3", "take", scope="production").code == "policy"
    bridge.ask(BOB, "take", scope="production")
    assert bridge.guards.conns[0].holder == BOB
    assert bridge.guards.conns[0].offered_to == ""


def test_a_name_that_is_none_is_offered_nothing(bridge: Bridge) -> None:
    """The conn that nobody was offered isn't offered to whoever has an empty name."""
    bridge.ask(ANA, "take", scope="production")
    assert bridge.no("@jump-1", "take", scope="production").code == "policy"


def test_only_whoever_has_the_conn_offers_it_or_gives_it_up(bridge: Bridge) -> None:
    assert "nobody has" in bridge.no(BOB, "give", scope="production").message
    bridge.ask(ANA, "take", scope="production")
    assert "not you" in bridge.no(BOB, "give", scope="production").message
    assert "not you" in bridge.no(BOB, "offer", scope="production", to="eve").message
    assert "nobody" in bridge.no(ANA, "offer", scope="production", to="").message
    assert "already" in bridge.no(ANA, "offer", scope="production", to="ana").message


# --- holds ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("deed", "kind"), [("freeze", "freeze"), ("lock", "lock"), ("stop", "stop"), ("hold", "automation")]
)
def test_what_is_placed_is_kept_with_who_why_and_until(bridge: Bridge, deed: str, kind: str) -> None:
    until = bridge.clock.now() + 3600
    said = bridge.ask(ANA, deed, "the sale", scope="production/checkout", until=until)
    (hold,) = bridge.guards.holds
    assert (hold.kind, hold.scope, hold.by, hold.reason) == (kind, "production/checkout", ANA, "the sale")
    assert (hold.since, hold.until) == (bridge.clock.now(), until)
    assert hold.id in said
    assert len(hold.id) == 5


def test_a_freeze_in_force_can_be_edited(bridge: Bridge) -> None:
    bridge.ask(ANA, "freeze", "the sale", scope="production", until=None)
    (was,) = bridge.guards.holds
    bridge.clock.jump(5)
    later = bridge.clock.now() + 60
    assert "changed" in bridge.ask(BOB, "freeze", "the sale ends earlier", scope="production", until=later)
    (now,) = bridge.guards.holds
    assert (now.id, now.since) == (was.id, was.since)
    assert (now.until, now.by, now.reason) == (later, BOB, "the sale ends earlier")


def test_holds_of_different_kinds_stand_side_by_side_and_ids_differ(bridge: Bridge) -> None:
    for scope in ("*", "production", "staging"):
        bridge.ask(ANA, "freeze", "x", scope=scope, until=None)
        bridge.ask(ANA, "stop", "x", scope=scope, until=None)
    assert len({hold.id for hold in bridge.guards.holds}) == 6


def test_a_hold_needs_a_reason(bridge: Bridge) -> None:
    for deed in ("freeze", "lock", "stop", "hold"):
        assert "no reason" in bridge.no(ANA, deed, " \n", scope="production", until=None).message


def test_a_lock_belongs_to_whoever_placed_it(bridge: Bridge) -> None:
    bridge.ask(ANA, "lock", "looking into it", scope="production/checkout", until=None)
    told = bridge.no(BOB, "lock", "me too", scope="production/checkout", until=None)
    assert "looking into it" in told.message
    assert "qd unlock" in told.hint


def test_a_hold_of_automation_must_end_by_itself(bridge: Bridge) -> None:
    assert "end by itself" in bridge.no(ANA, "hold", "after the rollback", scope="production", until=None).message


@pytest.mark.parametrize("until", ["tomorrow", True, -1, 1.0, 1e300, [1]])
def test_an_end_that_is_no_time_to_come_is_refused(bridge: Bridge, until: Any) -> None:
    assert bridge.no(ANA, "freeze", "x", scope="production", until=until).code == "usage"


def test_an_end_too_far_away_is_a_slip(bridge: Bridge) -> None:
    told = bridge.no(ANA, "freeze", "x", scope="production", until=bridge.clock.now() + LONGEST_HOLD + 1)
    assert "more than a year" in told.message


def test_ones_own_hold_is_lifted_at_once_somebody_elses_with_a_reason(bridge: Bridge) -> None:
    bridge.ask(ANA, "freeze", "the sale", scope="production", until=None)
    (hold,) = bridge.guards.holds
    told = bridge.no(BOB, "lift", id=hold.id)
    assert "ana@jump-1 placed it" in told.message
    bridge.ask(BOB, "lift", "the sale is over", id=hold.id)
    assert not bridge.guards.holds
    assert bridge.store.events(newest_first=True)[0].body == {"id": hold.id, "reason": "the sale is over"}
    bridge.ask(ANA, "stop", "smoke", scope="*", until=None)
    bridge.ask(ANA, "lift", id=bridge.guards.holds[0].id)
    assert not bridge.guards.holds
    assert "there is no hold" in bridge.no(ANA, "lift", id="nope").message


def test_a_hotfixs_hold_is_lifted_with_a_reason_only(bridge: Bridge) -> None:
    held = Hold("fix", "hotfix", "production/checkout", ANA, "hotfix", bridge.clock.now(), None, "r1")
    bridge.write("hold.placed", {"hold": to_json(held)})
    assert bridge.no(ANA, "lift", id="fix").code == "policy"
    bridge.ask(ANA, "lift", "merged back", id="fix")


# --- debts ------------------------------------------------------------------------------------------------------------
def test_a_debt_is_paid_once_with_evidence(bridge: Bridge) -> None:
    debt = Debt("d1", "merge_back", CHECKOUT, "merge fix-42 into main", "r1", ANA, bridge.clock.now())
    bridge.write("debt.owed", {"debt": to_json(debt)})
    assert "merge fix-42" in bridge.no(BOB, "pay", id="d1").message
    assert "there is no debt" in bridge.no(BOB, "pay", "x", id="d2").message
    assert bridge.ask(BOB, "pay", "commit 1234", id="d1") == "paid: merge fix-42 into main"
    assert bridge.guards.owed == ()
    assert bridge.guards.debts[0].evidence == "commit 1234"
    assert "bob@jump-2 paid it" in bridge.ask(ANA, "pay", "again", id="d1")
    assert bridge.guards.debts[0].evidence == "commit 1234"


# --- who may ask, and once ------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("scope", "words"),
    [
        ("prod", "there is no"),
        ("", "there is no"),
        ("production/cart", "knows no production/cart"),
        ("production/flags", "knows no"),
        ("production/checkout@west", "its service can: production/checkout"),
        ("flag:production/banner", "its environment can: production"),
        ("\x1b[31mproduction", "there is no"),
    ],
)
def test_a_scope_must_be_one_of_this_fleet(bridge: Bridge, scope: str, words: str) -> None:
    told = bridge.no(ANA, "take", scope=scope)
    assert words in told.message + told.hint
    assert "\x1b" not in told.message + told.hint


def test_the_same_request_twice_is_one_deed(bridge: Bridge) -> None:
    until = bridge.clock.now() + 60
    first = bridge.submit(ANA, "freeze", "x", key="k", scope="production", until=until)
    assert bridge.warden.deal(first) is None
    again = bridge.submit(ANA, "freeze", "x", key="k", scope="production", until=until)
    assert again == first
    assert len(bridge.guards.holds) == 1


def test_a_read_only_viewer_changes_nothing(bridge: Bridge) -> None:
    assert "read-only" in bridge.no(ANA, "take", scope="production", read_only=True).message


def test_what_was_asked_long_ago_is_not_done(bridge: Bridge) -> None:
    request = bridge.submit(ANA, "take", scope="production")
    refusal = bridge.warden.deal(replace(request, at=request.at - PLAN_LIFE))
    assert refusal
    assert refusal.code == "stale"


def test_an_unknown_deed_is_refused(bridge: Bridge) -> None:
    assert "take, offer" in bridge.no(ANA, "sink", scope="production").hint


def test_a_runner_without_the_lease_writes_nothing(bridge: Bridge) -> None:
    request = bridge.submit(ANA, "take", scope="production")
    bridge.store.release_lease(bridge.guard.lease)
    assert bridge.store.take_lease(bridge.guard.lease.name, "two", bridge.clock.now(), 10, {})
    with pytest.raises(LeaseLost):
        bridge.warden.deal(request)
    assert bridge.guards == Guards()


def test_reasons_are_kept_without_control_sequences(bridge: Bridge) -> None:
    bridge.ask(ANA, "freeze", "the\x1b[31m sale\nof the year", scope="production", until=None)
    assert bridge.guards.holds[0].reason == "the sale of the year"
