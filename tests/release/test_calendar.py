"""The freeze calculus: against known dates, and against a walk through every minute."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quarterdeck.release.calendar import HORIZON, check_cron, closures, next_open, upcoming, within
from quarterdeck.release.rules import Window

BERLIN = "Europe/Berlin"
WEEKEND = Window("weekend", cron="0 17 * * FRI", seconds=63 * 3600, tz=BERLIN, reason="nobody is here")
OFFICE = Window("office", kind="open", cron="0 9 * * MON-FRI", seconds=8 * 3600, tz=BERLIN)


def at(text: str, tz: str = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz)).timestamp()


def clock(moment: float | None, tz: str = BERLIN) -> str:
    assert moment is not None
    return datetime.fromtimestamp(moment, ZoneInfo(tz)).strftime("%a %d %b %H:%M")


def test_a_weekly_freeze_says_since_when_until_when_and_why() -> None:
    assert closures([WEEKEND], "production", at("2026-06-12T16:59")) == ()
    (closure,) = closures([WEEKEND], "production", at("2026-06-13T12:00"))
    assert (closure.window, closure.reason, closure.rollback_too) == ("weekend", "nobody is here", False)
    assert clock(closure.since) == "Fri 12 Jun 17:00"
    assert clock(closure.until) == "Mon 15 Jun 08:00"
    assert closures([WEEKEND], "production", at("2026-06-15T08:00")) == ()


def test_a_window_holds_from_its_first_second_to_before_its_last() -> None:
    begin = at("2026-06-12T17:00")
    assert not within(WEEKEND, begin - 0.001)
    assert within(WEEKEND, begin)
    assert within(WEEKEND, begin + 63 * 3600 - 0.001)
    assert not within(WEEKEND, begin + 63 * 3600)


def test_an_hour_is_an_hour_when_the_clocks_are_set() -> None:
    back = closures([WEEKEND], "production", at("2026-10-24T12:00"))
    forward = closures([WEEKEND], "production", at("2026-03-28T12:00"))
    assert clock(back[0].until) == "Mon 26 Oct 07:00"
    assert clock(forward[0].until) == "Mon 30 Mar 09:00"


def test_a_beginning_that_the_gap_swallows_comes_right_after_it() -> None:
    nightly = Window("nightly", cron="30 2 * * *", seconds=600, tz=BERLIN)
    after = datetime(2026, 3, 29, 1, 0, tzinfo=UTC).timestamp()  # 03:00 in Berlin; 02:00 to 03:00 doesn't exist
    assert not within(nightly, after - 1)
    assert within(nightly, after)
    assert within(nightly, after + 599)
    assert not within(nightly, after + 600)


def test_a_beginning_that_comes_twice_begins_the_first_time() -> None:
    nightly = Window("nightly", cron="30 2 * * *", seconds=600, tz=BERLIN)
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC).timestamp()  # 02:30 for the first time
    assert within(nightly, first)
    assert not within(nightly, first + 3600)
    long = replace(nightly, seconds=7200)
    assert within(long, datetime(2026, 10, 25, 1, 10, tzinfo=UTC).timestamp())  # 02:10 for the second time


def test_a_freeze_that_happens_once_is_named_with_its_end() -> None:
    year_end = Window("year-end", since=at("2026-12-20T00:00"), until=at("2027-01-03T00:00"), tz=BERLIN)
    assert closures([year_end], "production", at("2026-12-19T23:59")) == ()
    (closure,) = closures([year_end], "production", at("2026-12-24T12:00"))
    assert clock(closure.until) == "Sun 03 Jan 00:00"
    assert next_open([year_end], "production", at("2026-12-24T12:00")) == year_end.until


def test_a_freeze_without_an_end_never_opens() -> None:
    for_ever = Window("migration", since=at("2026-01-01T00:00"))
    assert closures([for_ever], "production", at("2026-06-01T00:00"))[0].until is None
    assert next_open([for_ever], "production", at("2026-06-01T00:00")) is None


def test_outside_of_business_hours_nothing_is_released() -> None:
    assert closures([OFFICE], "production", at("2026-06-10T12:00")) == ()
    (closure,) = closures([OFFICE], "production", at("2026-06-12T17:30"))
    assert closure.window == "office"
    assert clock(closure.until) == "Mon 15 Jun 09:00"
    (told,) = closures([replace(OFFICE, reason="somebody is there")], "production", at("2026-06-12T17:30"))
    assert told.reason == "open only while somebody is there", "it isn't closed because somebody is there"


def test_open_windows_add_up_and_freezes_take_away() -> None:
    late = Window("late", kind="open", cron="0 16 * * WED", seconds=4 * 3600, tz=BERLIN)
    assert clock(next_open([OFFICE, late], "production", at("2026-06-10T18:00"))) == "Wed 10 Jun 18:00"
    assert clock(next_open([OFFICE, late], "production", at("2026-06-10T20:00"))) == "Thu 11 Jun 09:00"
    freeze = Window("audit", since=at("2026-06-11T00:00"), until=at("2026-06-12T10:00"))
    assert clock(next_open([OFFICE, late, freeze], "production", at("2026-06-10T20:00"))) == "Fri 12 Jun 10:00"


def test_the_next_legal_moment_after_windows_that_hand_over_to_each_other() -> None:
    odd = Window("odd", cron="0 0-22/2 * * *", seconds=3600)
    even = Window("even", cron="0 1-23/2 * * *", seconds=3600, until=at("2026-06-12T06:00", "UTC"))
    assert clock(next_open([odd, even], "production", at("2026-06-10T00:30", "UTC")), "UTC") == "Fri 12 Jun 07:00"


def test_a_calendar_that_is_always_closed_has_no_next_legal_moment() -> None:
    always = Window("always", cron="0 0 * * *", seconds=86400)
    assert next_open([always], "production", at("2026-06-10T00:30")) is None
    assert closures([always], "production", at("2026-06-10T00:30"))[0].until is None
    never = Window("never", kind="open", since=1, until=2)
    assert next_open([never], "production", at("2026-06-10T00:30")) is None
    tangled = Window("every minute", cron="* * * * *", seconds=60)
    assert next_open([tangled], "production", at("2026-06-10T00:30")) is None


def test_windows_of_other_environments_and_named_ones_forbid_nothing() -> None:
    elsewhere = replace(WEEKEND, environments=("production",))
    named = replace(WEEKEND, kind="named")
    saturday = at("2026-06-13T12:00")
    assert closures([elsewhere, named], "staging", saturday) == ()
    assert len(closures([elsewhere, named], "production", saturday)) == 1
    assert next_open([elsewhere], "staging", saturday) == saturday


def test_the_next_freeze_is_known_before_it_begins() -> None:
    friday = at("2026-06-12T14:46")
    coming = upcoming([WEEKEND], "production", friday)
    assert coming is not None
    assert coming.at - friday == 2 * 3600 + 14 * 60
    assert clock(coming.closure.until) == "Mon 15 Jun 08:00"
    inside = upcoming([WEEKEND], "production", at("2026-06-13T00:00"))
    assert inside is not None
    assert clock(inside.at) == "Fri 19 Jun 17:00"
    closing = upcoming([OFFICE], "production", at("2026-06-12T10:00"))
    assert closing is not None
    assert clock(closing.at) == "Fri 12 Jun 17:00"
    assert clock(closing.closure.until) == "Mon 15 Jun 09:00"
    assert upcoming([OFFICE], "production", at("2026-06-13T10:00")) is None
    assert upcoming([], "production", friday) is None


def test_limits_cut_a_window_that_comes_again() -> None:
    summer = replace(WEEKEND, since=at("2026-06-13T12:00"), until=at("2026-06-20T12:00"))
    assert closures([summer], "production", at("2026-06-13T11:59")) == ()
    coming = upcoming([summer], "production", at("2026-06-10T00:00"))
    assert coming is not None
    assert clock(coming.at) == "Sat 13 Jun 12:00"
    assert clock(closures([summer], "production", at("2026-06-20T11:00"))[0].until) == "Sat 20 Jun 12:00"
    assert upcoming([summer], "production", at("2026-06-20T13:00")) is None


@pytest.mark.parametrize(
    ("cron", "tz", "said"),
    [
        ("0 9 * *", "UTC", "has 4 fields"),
        ("0 0 9 * * *", "UTC", "has 6 fields"),
        ("0 25 * * *", "UTC", "bad hour"),
        ("0 0 30 2 *", "UTC", "bad day-of-month"),
        ("0 9 * * MON", "Mars/Base", "isn't a time zone"),
        ("0 9 * * MON", "../etc/passwd", "isn't a time zone"),
        ("0 9 * * MON", "", "isn't a time zone"),
    ],
)
def test_what_is_no_beginning_says_why(cron: str, tz: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_cron(cron, tz)


def test_beginnings_that_people_write_are_fine() -> None:
    for cron in ("0 17 * * FRI", "*/15 9-17 * * MON-FRI", "0 0 L * *", "0 9 * * MON#1", "0 0 1 1 *"):
        check_cron(cron, BERLIN)


# --- against a walk through every minute ------------------------------------------------------------------------------
DAYS = 4
FIXED_HOURS = st.sets(st.integers(0, 23), min_size=1, max_size=4)
FIXED_MINUTES = st.sets(st.sampled_from([0, 7, 15, 30, 45, 59]), min_size=1, max_size=3)
WEEKDAYS = st.sets(st.integers(0, 6), min_size=1, max_size=7)
ZONES = st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])
STARTS = st.sampled_from(
    [
        datetime(2026, 3, 27, tzinfo=UTC),  # Berlin sets its clocks on the 29th
        datetime(2026, 10, 23, tzinfo=UTC),  # and on the 25th
        datetime(2026, 3, 6, tzinfo=UTC),  # New York on the 8th
        datetime(2026, 10, 30, tzinfo=UTC),  # and on 1 November
        datetime(2026, 4, 3, tzinfo=UTC),  # Lord Howe, by half an hour, on the 5th
        datetime(2026, 10, 2, tzinfo=UTC),  # and on the 4th
        datetime(2026, 6, 12, tzinfo=UTC),
    ]
)


@st.composite
def recurring(draw: st.DrawFn, kind: str = "freeze") -> tuple[Window, frozenset[int], frozenset[int], frozenset[int]]:
    """A window with fixed times, and its minutes, hours and days of the week (0 is Monday)."""
    minutes, hours, days = draw(FIXED_MINUTES), draw(FIXED_HOURS), draw(WEEKDAYS)
    cron = f"{_list(minutes)} {_list(hours)} * * {_list({(day + 1) % 7 for day in days})}"
    seconds = 60.0 * draw(st.integers(1, 40 * 60))
    window = Window(f"{kind} {cron}", kind=kind, cron=cron, seconds=seconds, tz=draw(ZONES))  # type: ignore[arg-type]
    return window, frozenset(minutes), frozenset(hours), frozenset(days)


def _list(numbers: set[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


def beginnings(
    window: Window, minutes: frozenset[int], hours: frozenset[int], days: frozenset[int], first: datetime
) -> set[float]:
    """Every beginning around the days, found on the wall clock minute by minute."""
    zone, found = ZoneInfo(window.tz), set()
    start = (first - timedelta(days=3)).replace(tzinfo=None)
    for step in range((DAYS + 6) * 1440):
        wall = start + timedelta(minutes=step)
        if wall.minute in minutes and wall.hour in hours and wall.weekday() in days:
            moment = wall.replace(tzinfo=zone)
            while moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment.replace(tzinfo=None):
                moment += timedelta(minutes=1)  # this minute doesn't exist on the wall clock
            found.add(moment.timestamp())
    return found


@settings(deadline=None, max_examples=40)
@given(recurring(), STARTS, st.integers(0, 59))
@example((Window("x", cron="30 2 * * 0", seconds=7200, tz=BERLIN), frozenset({30}), frozenset({2}), frozenset({6})),
         datetime(2026, 10, 23, tzinfo=UTC), 0)  # fmt: skip
def test_it_holds_in_the_minutes_in_which_a_walk_says_so(
    drawn: tuple[Window, frozenset[int], frozenset[int], frozenset[int]], first: datetime, second: int
) -> None:
    window = drawn[0]
    known = sorted(beginnings(*drawn, first))
    for step in range(0, DAYS * 1440, 13):
        moment = first.timestamp() + step * 60 + second
        wanted = any(begin <= moment < begin + window.seconds for begin in known)
        assert within(window, moment) is wanted, datetime.fromtimestamp(moment, ZoneInfo(window.tz))


@settings(deadline=None, max_examples=40)
@given(st.lists(recurring(), max_size=3), st.lists(recurring("open"), max_size=2), STARTS, st.integers(0, 1439))
def test_the_next_legal_moment_is_the_first_that_a_walk_finds(
    freezes: list[tuple[Window, frozenset[int], frozenset[int], frozenset[int]]],
    opens: list[tuple[Window, frozenset[int], frozenset[int], frozenset[int]]],
    first: datetime,
    minute: int,
) -> None:
    windows = [drawn[0] for drawn in (*freezes, *opens)]

    def forbidden(moment: float) -> bool:
        frozen = any(within(drawn[0], moment) for drawn in freezes)
        return frozen or (bool(opens) and not any(within(drawn[0], moment) for drawn in opens))

    now = first.timestamp() + minute * 60
    found = next_open(windows, "production", now)
    end = first.timestamp() + DAYS * 86400 if found is None else min(found, first.timestamp() + DAYS * 86400)
    moment = now
    while moment < end:
        assert forbidden(moment), datetime.fromtimestamp(moment, UTC)
        moment += 11 * 60
    assert end == now or forbidden(end - 1)
    if found is not None:
        assert found >= now
        assert not forbidden(found)
        assert closures(windows, "production", found) == ()
        assert found <= now + HORIZON


@settings(deadline=None, max_examples=40)
@given(st.lists(recurring(), max_size=2), st.lists(recurring("open"), max_size=2), STARTS, st.integers(0, 1439))
def test_what_comes_next_was_not_there_the_minute_before(
    freezes: list[tuple[Window, frozenset[int], frozenset[int], frozenset[int]]],
    opens: list[tuple[Window, frozenset[int], frozenset[int], frozenset[int]]],
    first: datetime,
    minute: int,
) -> None:
    windows = [drawn[0] for drawn in (*freezes, *opens)]
    now = first.timestamp() + minute * 60
    coming = upcoming(windows, "production", now)
    if coming is None:
        return
    assert coming.at > now
    before = {one.window for one in closures(windows, "production", coming.at - 1)}
    after = {one.window for one in closures(windows, "production", coming.at)}
    assert coming.closure.window in after
    assert coming.closure.window not in before
