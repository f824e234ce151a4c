"""Moments that have been, as people type them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from quarterdeck.release.moments import past_moment

NOW = datetime(2026, 11, 23, 14, 2, 11, tzinfo=UTC).timestamp()


def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> float:
    return datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("10m", NOW - 600),
        ("1h30m", NOW - 5400),
        ("14:02", at(2026, 11, 23, 14, 2)),
        ("14:02:11", NOW),
        ("14:02:12", NOW + 1 - 86_400),
        ("23:59Z", at(2026, 11, 22, 23, 59)),
        ("2026-11-23", at(2026, 11, 23)),
        ("2026-11-23 05:48", at(2026, 11, 23, 5, 48)),
        ("2026-11-23T05:48+01:00", at(2026, 11, 23, 4, 48)),
    ],
)
def test_a_moment_is_read_as_people_mean_it(text: str, moment: float) -> None:
    assert past_moment(text, NOW) == moment


def test_a_moment_without_a_zone_is_in_the_readers_own() -> None:
    assert past_moment("2026-11-23 05:48", NOW, timezone(timedelta(hours=2))) == at(2026, 11, 23, 3, 48)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "14:99", "10", "2026-13-01", "0"])
def test_what_is_no_moment_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ValueError, match="write 10m, 2h"):
        past_moment(text, NOW)
