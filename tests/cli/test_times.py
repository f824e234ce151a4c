"""Lengths of time and moments on the command line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.cli.times import ahead, duration, shown
from quarterdeck.release.freshness import length

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 17, 0, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45s", 45), ("10m", 600), ("1h30m", 5400), ("2d", 172800), ("1.5h", 5400), ("1w", 604800)],
)
def test_lengths_are_read(text: str, seconds: float) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "0s", "-5m", "10 m", "1h30", "ten", "99999w", "1e3s", "nan", "infs"])
def test_what_is_no_length_is_told_with_the_form_that_is_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time: 45s|no time at all|at most"):
        duration(text)


def test_a_bare_number_is_asked_for_its_unit() -> None:
    with pytest.raises(ValueError, match="10m if minutes are meant"):
        duration("10")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2h", datetime(2026, 11, 23, 19, 0, tzinfo=BERLIN)),
        ("22:00", datetime(2026, 11, 23, 22, 0, tzinfo=BERLIN)),
        ("9:30", datetime(2026, 11, 24, 9, 30, tzinfo=BERLIN)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=BERLIN)),
        ("2026-12-01T08:00", datetime(2026, 12, 1, 8, tzinfo=BERLIN)),
        ("2026-12-01T08:00Z", datetime(2026, 12, 1, 8, tzinfo=UTC)),
    ],
)
def test_moments_to_come_are_in_the_local_zone_unless_they_name_one(text: str, moment: datetime) -> None:
    assert ahead(text, NOW, BERLIN) == moment.timestamp()


def test_a_time_of_day_stays_that_time_over_a_change_of_the_clocks() -> None:
    evening = datetime(2026, 10, 24, 23, 0, tzinfo=BERLIN).timestamp()
    assert ahead("22:00", evening, BERLIN) == datetime(2026, 10, 25, 22, 0, tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize("text", ["2020-01-01", "24:00", "12:60", "tomorrow", "0001-01-01T00:00"])
def test_what_is_no_moment_to_come_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"past|no time"):
        ahead(text, NOW, BERLIN)


def test_moments_are_shown_with_their_zone() -> None:
    assert shown(NOW, BERLIN) == "Mon 2026-11-23 17:00 CET"
    assert shown(NOW).rpartition(" ")[2]


@given(st.integers(1, 10_000_000))
def test_what_is_shown_of_a_length_is_read_back(seconds: int) -> None:
    assert duration(length(seconds)) == seconds
