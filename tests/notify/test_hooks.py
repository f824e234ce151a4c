"""Whom notices go to, and when: quiet hours, limits, what goes together."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from quarterdeck.release.hooks import HOUR, Hook, Post, Quiet, next_post
from quarterdeck.release.notices import Notice, NoticeKind

BERLIN = "Europe/Berlin"
NIGHT = Quiet("22:00", "07:00", BERLIN)
NOW = 1_700_000_000.0


def berlin(*parts: int, fold: int = 0) -> float:
    return datetime(*parts, tzinfo=ZoneInfo(BERLIN), fold=fold).timestamp()  # type: ignore[arg-type,misc]


def notice(seq: int, at: float = NOW, kind: NoticeKind = "failed", environment: str = "production") -> Notice:
    return Notice(seq, at, str(seq), kind, environment, f"notice {seq}")


# --- quiet hours ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("at", "until"),
    [
        ((2026, 11, 23, 21, 59), None),
        ((2026, 11, 23, 22, 0), (2026, 11, 24, 7, 0)),
        ((2026, 11, 24, 0, 0), (2026, 11, 24, 7, 0)),
        ((2026, 11, 24, 6, 59), (2026, 11, 24, 7, 0)),
        ((2026, 11, 24, 7, 0), None),
    ],
)
def test_a_night_goes_over_midnight(at: tuple[int, ...], until: tuple[int, ...] | None) -> None:
    assert NIGHT.until(berlin(*at)) == (berlin(*until) if until else None)


def test_a_quiet_time_within_a_day() -> None:
    lunch = Quiet("12:00", "13:30", BERLIN)
    assert lunch.until(berlin(2026, 11, 23, 12, 30)) == berlin(2026, 11, 23, 13, 30)
    assert lunch.until(berlin(2026, 11, 23, 22, 0)) is None


def test_the_night_in_which_the_clocks_change_is_as_long_as_people_have_it() -> None:
    spring, autumn = berlin(2026, 3, 28, 23, 0), berlin(2026, 10, 24, 23, 0)
    assert NIGHT.until(spring) == spring + 7 * HOUR
    assert NIGHT.until(autumn) == autumn + 9 * HOUR


def test_a_quiet_time_that_ends_in_the_hour_that_comes_twice_ends_twice() -> None:
    early = Quiet("01:00", "02:30", BERLIN)
    first, second = berlin(2026, 10, 25, 2, 10), berlin(2026, 10, 25, 2, 10, fold=1)
    assert early.until(first) == berlin(2026, 10, 25, 2, 30)
    assert early.until(second) == berlin(2026, 10, 25, 2, 30, fold=1)


def test_a_quiet_time_that_ends_in_the_hour_that_is_left_out_ends_all_the_same() -> None:
    early = Quiet("01:00", "02:30", BERLIN)
    begun = berlin(2026, 3, 29, 1, 30)
    end = early.until(begun)
    assert end is not None
    assert begun < end <= begun + 2 * HOUR


# --- what goes out ----------------------------------------------------------------------------------------------------
def test_what_nobody_wants_to_hear_of_is_known_by_kind_and_place() -> None:
    hook = Hook("sre", "${env:HOOK}", kinds=("failed",), environments=("production",))
    assert hook.wants(notice(1))
    assert hook.wants(notice(1, environment="")), "what concerns the whole fleet concerns each environment"
    assert not hook.wants(notice(1, environment="staging"))
    assert not hook.wants(notice(1, kind="gate"))


def test_notices_go_out_one_by_one_as_they_come() -> None:
    hook = Hook("sre", "${env:HOOK}")
    assert next_post(hook, [], [], NOW) is None
    assert next_post(hook, [notice(1), notice(2)], [], NOW) == Post((notice(1),))


def test_at_night_only_what_cannot_wait_goes_out_and_the_rest_comes_as_one_in_the_morning() -> None:
    hook = Hook("sre", "${env:HOOK}", quiet=NIGHT)
    at, morning = berlin(2026, 11, 23, 23, 0), berlin(2026, 11, 24, 7, 0)
    urgent, others = notice(3, at, "needs_operator"), [notice(n, at) for n in (1, 2)]
    assert next_post(hook, others, [], at) == morning
    assert next_post(hook, [*others, urgent], [], at) == Post((urgent,))
    assert next_post(hook, others, [], morning) == Post(tuple(others))


def test_more_than_an_hour_takes_waits_for_the_next_and_comes_as_one() -> None:
    hook = Hook("sre", "${env:HOOK}", limit=2)
    sent, waiting = [NOW - 3000, NOW - 10], [notice(1, NOW), notice(2, NOW)]
    assert next_post(hook, waiting, sent, NOW) == NOW - 3000 + HOUR
    assert next_post(hook, waiting, sent, NOW + 600) == Post(tuple(waiting))
    assert next_post(hook, waiting, [NOW - HOUR, NOW - 10], NOW) == Post((waiting[0],))
