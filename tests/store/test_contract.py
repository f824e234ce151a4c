"""What every store promises, whatever database is behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.store.samples import ended, plan, request, started, step_event

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.fleet.topology import Environment, Fleet
from quarterdeck.release.plan import Refusal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Lease, LeaseLost, Lock, Locked, Store, StoreError


def lock(resource: str, operation: str, actor: str = "ana") -> Lock:
    return Lock(resource, operation, actor, "swap", 5)


# --- requests -----------------------------------------------------------------------------------------------------
def test_a_request_waits_until_it_is_answered(store: Store, lease: Lease) -> None:
    asked = request("a1")
    assert store.submit(asked) == asked
    assert store.pending() == (asked,)
    assert store.answer("a1") is None

    given = Answer("a1", 7, refusal=Refusal("policy", "a freeze is on", "wait"))
    store.record((), lease, 7, answer=given)

    assert store.pending() == ()
    assert store.answer("a1") == given


def test_an_answer_carries_the_whole_plan(store: Store, lease: Lease) -> None:
    store.submit(request("a1", kind="plan"))
    made = plan()
    store.record((), lease, 7, answer=Answer("a1", 7, plan=made))
    answer = store.answer("a1")
    assert answer is not None
    assert answer.plan == made
    assert answer.plan.digest == made.digest


def test_a_second_request_with_the_same_key_is_the_first_one(store: Store) -> None:
    first = store.submit(request("a1", key="k"))
    assert store.submit(request("a2", key="k")) == first
    assert [waiting.id for waiting in store.pending()] == ["a1"]


def test_requests_wait_in_the_order_of_their_arrival_even_if_a_viewers_clock_is_wrong(store: Store) -> None:
    for request_id in ("b", "a", "c"):
        store.submit(request(request_id))
    assert [waiting.id for waiting in store.pending()] == ["b", "a", "c"]


def test_an_answer_to_nothing_is_an_error(store: Store, lease: Lease) -> None:
    with pytest.raises(StoreError, match="no request"):
        store.record([Draft("x")], lease, 1, answer=Answer("never", 1))
    assert store.events() == ()


# --- fleet and observations ---------------------------------------------------------------------------------------
def test_the_fleet_is_what_was_published_last(store: Store, lease: Lease) -> None:
    assert store.fleet() is None
    store.put_fleet(Fleet("one"), lease)
    fleet = Fleet("two", (Environment("production", protected=True),), ("checkout", "cart"))
    store.put_fleet(fleet, lease)
    assert store.fleet() == fleet


def test_observations_are_replaced_one_subject_at_a_time(store: Store, lease: Lease) -> None:
    reading = SlotsReading((SlotReading("production", Build("1.0", "id1")),))
    good = Observation("slots/a/b", reading, "graph", 10, 10)
    other = Observation("flags/a/flags", None, "", trouble=Trouble("tls", "no"), trouble_since=3)
    store.observe([good, other], lease)
    later = replace(good, observed_at=20, trouble=Trouble("timeout", "slow"), trouble_since=20)
    store.observe([later], lease)
    assert store.observations() == {"slots/a/b": later, "flags/a/flags": other}


def test_an_observation_that_only_aged_is_told_with_its_new_age(store: Store, lease: Lease) -> None:
    seen = Observation("slots/a/b", SlotsReading(()), "graph", 10, 10)
    store.observe([seen], lease)
    first = store.observations()["slots/a/b"]
    assert store.observations()["slots/a/b"] is first
    store.observe([replace(seen, observed_at=11)], lease)
    assert store.observations()["slots/a/b"] == replace(seen, observed_at=11)


# --- journal and operations ---------------------------------------------------------------------------------------
def test_an_operation_is_folded_from_its_events(store: Store, lease: Lease) -> None:
    store.record([started("o1")], lease, 5)
    store.record([step_event("intended", "o1")], lease, 6)
    store.record([step_event("accepted", "o1", reference="ref-1")], lease, 7)
    running = store.operation("o1")
    assert running is not None
    assert running.plan == plan()
    assert (running.actor, running.reason, running.started_at) == ("ana", "why not", 5)
    assert (running.step("1").state, running.step("1").reference) == ("accepted", "ref-1")
    assert [operation.id for operation in store.operations(open_only=True)] == ["o1"]

    store.record([step_event("done", "o1"), ended("o1")], lease, 8)

    finished = store.operation("o1")
    assert finished is not None
    assert (finished.ending, finished.ended_at) == ("succeeded", 8)
    assert store.operations(open_only=True) == ()
    assert store.operations() == (finished,)


def test_an_operation_that_needs_an_operator_is_open(store: Store, lease: Lease) -> None:
    store.record([started("o1"), ended("o1", "needs_operator", ("retry", "undo"))], lease, 5)
    (waiting,) = store.operations(open_only=True)
    assert waiting.choices == ("retry", "undo")


def test_operations_come_newest_first_and_by_target_with_its_regions(store: Store, lease: Lease) -> None:
    for number, target in enumerate(("a/shop", "a/shop@west", "a/shop-2", "a/shopping", "flag:a/shop")):
        store.record([started(f"o{number}", plan(target=target))], lease, number)
    assert [o.id for o in store.operations()] == ["o4", "o3", "o2", "o1", "o0"]
    assert [o.id for o in store.operations(limit=2)] == ["o4", "o3"]
    assert [o.id for o in store.operations(target="a/shop")] == ["o1", "o0"]
    assert [o.id for o in store.operations(target="a/shop@west")] == ["o1"]
    assert [o.id for o in store.operations(target="flag:a/shop")] == ["o4"]


def test_an_at_sign_in_a_flags_name_is_no_region(store: Store, lease: Lease) -> None:
    store.record([Draft("x", target="flag:a/new"), Draft("x", target="flag:a/new@home")], lease, 1)
    assert [event.target for event in store.events(target="flag:a/new")] == ["flag:a/new"]
    assert [event.target for event in store.events(target="flag:a/new@home")] == ["flag:a/new@home"]


def test_events_are_filtered_and_ordered(store: Store, lease: Lease) -> None:
    drafts = [Draft("k", actor, operation, "a/b") for actor in ("ana", "bo") for operation in ("o1", "o2")]
    store.record(drafts, lease, 1)
    assert [event.seq for event in store.events()] == [1, 2, 3, 4]
    assert [event.seq for event in store.events(after=2)] == [3, 4]
    assert [event.seq for event in store.events(actor="bo")] == [3, 4]
    assert [event.seq for event in store.events(operation="o1")] == [1, 3]
    assert [event.seq for event in store.events(newest_first=True, limit=2)] == [4, 3]
    assert [event.seq for event in store.events(actor="ana", operation="o2", target="a/b")] == [2]
    assert [event.seq for event in store.events(before=3)] == [1, 2]
    assert [event.seq for event in store.events(before=4, limit=1, newest_first=True)] == [3]


def test_events_are_found_by_their_time_and_by_how_their_kinds_begin(store: Store, lease: Lease) -> None:
    for at, kind in enumerate(("step.done", "step.intended", "release.ended", "plan.made"), 1):
        store.record([Draft(kind)], lease, at)
    assert [event.seq for event in store.events(kinds=("step.", "plan."))] == [1, 2, 4]
    assert [event.seq for event in store.events(kinds=("release.ended",))] == [3]
    assert [event.seq for event in store.events(since=2, until=3)] == [2, 3]
    assert store.events(until=0) == ()


def test_a_body_comes_back_as_it_was_written_and_in_its_order(store: Store, lease: Lease) -> None:
    body = {"shares": {"west": 60.5, "east": 39.5}, "text": "ünï \x1b[31m \ud800", "none": None, "big": 2**60}
    (written,) = store.record([Draft("k", body=body)], lease, 1.5)
    (read,) = store.events()
    assert read == written
    assert read.body == body
    assert list(read.body["shares"]) == ["west", "east"]
    assert store.verify() == ()


def test_an_actor_that_is_not_utf8_is_kept_as_well_as_it_can_be(store: Store, lease: Lease) -> None:
    store.record([Draft("k", actor="j\udcf6rg")], lease, 1)
    assert [event.actor for event in store.events()] == ["j?rg"]
    assert store.verify() == ()


def test_typed_text_that_is_not_utf8_is_stored_as_well_as_it_can_be(store: Store, lease: Lease) -> None:
    asked = request("a1", key="typed \udcf6")
    assert store.submit(asked) == asked
    assert store.submit(asked) == asked
    store.record((), lease, 1, lock=[Lock("site", "o1", "j\udcf6rg", "\udcff", 1)])
    assert [(held.actor, held.reason) for held in store.locks()] == [("j?rg", "?")]


def test_a_name_that_is_not_utf8_can_be_asked_for_and_written_down(store: Store, lease: Lease) -> None:
    assert store.operation("\ud800") is None
    assert store.answer("\ud800") is None
    assert store.operations(target="\ud800") == ()
    assert store.events(operation="\ud800", target="\ud800", actor="\ud800") == ()
    store.record([Draft("k", operation="\ud800")], lease, 1)
    assert [event.operation for event in store.events()] == ["?"]
    assert store.verify() == ()


def test_a_number_that_json_does_not_have_is_refused_and_leaves_no_trace(store: Store, lease: Lease) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.record([Draft("k"), Draft("k", body={"x": float("nan")})], lease, 1)
    assert store.events() == ()


# --- leases and locks ---------------------------------------------------------------------------------------------
def test_a_held_lease_is_refused_to_others_until_it_expires(store: Store) -> None:
    first = store.take_lease("runner", "one", now=0, ttl=10, info={"host": "a"})
    assert first == Lease("runner", "one", 1, 10, {"host": "a"})
    assert store.take_lease("runner", "two", now=9.9, ttl=10, info={}) is None
    second = store.take_lease("runner", "two", now=10, ttl=10, info={})
    assert second is not None
    assert second.fence > first.fence
    assert store.lease("runner") == second


def test_renewing_extends_and_keeps_the_fence(store: Store, lease: Lease) -> None:
    renewed = store.renew_lease(lease, now=5, ttl=10)
    assert (renewed.expires_at, renewed.fence) == (15, lease.fence)
    assert store.take_lease("runner", "two", now=12, ttl=10, info={}) is None


def test_a_released_lease_is_free_and_the_fence_still_grows(store: Store, lease: Lease) -> None:
    store.release_lease(lease)
    assert store.lease("runner") is None
    taken = store.take_lease("runner", "two", now=1, ttl=10, info={})
    assert taken is not None
    assert taken.fence > lease.fence
    store.release_lease(lease)
    assert store.lease("runner") == taken


def test_the_same_holder_gets_a_new_fence(store: Store, lease: Lease) -> None:
    again = store.take_lease("runner", "one", now=1, ttl=10, info={})
    assert again is not None
    assert again.fence > lease.fence
    with pytest.raises(LeaseLost):
        store.renew_lease(lease, now=2, ttl=10)


def test_whoever_lost_the_lease_writes_nothing(store: Store, lease: Lease) -> None:
    store.submit(request("a1"))
    assert store.take_lease("runner", "two", now=11, ttl=10, info={}) is not None
    attempts: list[Callable[[], object]] = [
        lambda: store.renew_lease(lease, now=12, ttl=10),
        lambda: store.put_fleet(Fleet("mine"), lease),
        lambda: store.observe([Observation("slots/a/b")], lease),
        lambda: store.record([Draft("k")], lease, 12, answer=Answer("a1", 12), lock=[lock("r", "o1")]),
    ]
    for attempt in attempts:
        with pytest.raises(LeaseLost, match="two has it"):
            attempt()
    assert (store.fleet(), dict(store.observations()), store.events(), store.locks()) == (None, {}, (), ())
    assert [waiting.id for waiting in store.pending()] == ["a1"]


def test_a_lock_keeps_other_operations_out_and_leaves_no_half_of_a_record(store: Store, lease: Lease) -> None:
    store.submit(request("a1"))
    store.record([started("o1")], lease, 5, lock=[lock("site", "o1")])
    with pytest.raises(Locked) as refused:
        store.record(
            [started("o2")], lease, 6, answer=Answer("a1", 6), lock=[lock("free", "o2"), lock("site", "o2", "bo")]
        )
    assert refused.value.lock == lock("site", "o1")
    assert store.operation("o2") is None
    assert store.answer("a1") is None
    assert store.locks() == (lock("site", "o1"),)


def test_an_operation_may_take_its_own_lock_again_and_gives_all_back_at_once(store: Store, lease: Lease) -> None:
    store.record((), lease, 5, lock=[lock("a", "o1"), lock("b", "o1"), lock("c", "o2")])
    store.record((), lease, 6, lock=[lock("a", "o1")])
    assert len(store.locks()) == 3
    store.record((), lease, 7, unlock="o1")
    assert store.locks() == (lock("c", "o2"),)


# --- change counter -----------------------------------------------------------------------------------------------
def test_the_version_changes_with_each_write_and_only_then(store: Store, lease: Lease) -> None:
    seen = [store.version()]
    store.record([Draft("k")], lease, 1)
    seen.append(store.version())
    store.submit(request("a1"))
    seen.append(store.version())
    assert len(set(seen)) == 3
    assert store.version() == seen[-1]
