"""The lease counts as held only while both clocks say so."""

from __future__ import annotations

import pytest
from tests.runner.timepiece import ManualClock

from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.store.base import LeaseLost
from quarterdeck.store.sqlite import SqliteStore


def other(store: SqliteStore, clock: ManualClock) -> LeaseGuard:
    return LeaseGuard(store, clock, holder="two", ttl=10, info={})


def test_a_fresh_lease_is_held(guard: LeaseGuard) -> None:
    guard.require()
    assert guard.held()
    assert guard.lease.holder == "one"


def test_it_stops_counting_a_little_before_it_runs_out(guard: LeaseGuard, clock: ManualClock) -> None:
    clock.pass_unnoticed(8.9)
    assert guard.held()
    clock.pass_unnoticed(0.2)
    assert not guard.held()
    with pytest.raises(LeaseLost):
        guard.require()


def test_renewing_keeps_it(guard: LeaseGuard, clock: ManualClock) -> None:
    for _ in range(10):
        clock.pass_unnoticed(4)
        guard.renew()
    assert guard.held()


def test_a_process_that_was_stopped_too_long_does_not_renew_even_if_nobody_took_over(
    guard: LeaseGuard, clock: ManualClock
) -> None:
    clock.pass_unnoticed(11)
    with pytest.raises(LeaseLost):
        guard.renew()


def test_setting_the_wall_clock_back_does_not_prolong_it(guard: LeaseGuard, clock: ManualClock) -> None:
    clock.jump(-3600)
    clock.pass_unnoticed(9.5)
    assert not guard.held()


def test_a_machine_that_slept_has_lost_it_though_its_monotonic_clock_stood_still(
    guard: LeaseGuard, clock: ManualClock
) -> None:
    clock.jump(3600)
    assert not guard.held()


def test_taking_over_raises_the_fence_and_the_first_can_not_renew(
    guard: LeaseGuard, store: SqliteStore, clock: ManualClock
) -> None:
    second = other(store, clock)
    assert not second.take()
    assert not second.held()
    clock.pass_unnoticed(10)
    assert second.take()
    assert second.lease.fence > guard.lease.fence
    with pytest.raises(LeaseLost):
        guard.renew()


def test_giving_it_back_frees_it_at_once(guard: LeaseGuard, store: SqliteStore, clock: ManualClock) -> None:
    guard.release()
    assert not guard.held()
    with pytest.raises(LeaseLost):
        _ = guard.lease
    assert other(store, clock).take()
