"""Freezes, times of release and schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from quarterdeck.release.calendar import closures
from quarterdeck.release.rules import Window

BERLIN = ZoneInfo("Europe/Berlin")


def berlin(*parts: int) -> float:
    return datetime(*parts, tzinfo=BERLIN).timestamp()  # type: ignore[arg-type,misc]


def windows(folder: Any, minimal: Any, environment: str = "{}", more: str = "") -> tuple[Window, ...]:
    text = minimal(more).replace("production: {}", f"production: {environment}")
    found = folder.load(text).rules.windows
    assert isinstance(found, tuple)
    return found


def test_a_freeze_that_comes_again(folder: Any, minimal: Any) -> None:
    freeze = '{freezes: [{name: weekend, cron: "0 17 * * FRI", for: 63h, tz: Europe/Berlin, reason: rest}]}'
    assert windows(folder, minimal, freeze) == (
        Window("weekend", "freeze", ("production",), "0 17 * * FRI", 63 * 3600, tz="Europe/Berlin", reason="rest"),
    )


def test_a_freeze_over_days_holds_from_the_first_ones_begin_to_the_last_ones_end(folder: Any, minimal: Any) -> None:
    (freeze,) = windows(
        folder, minimal, more="freezes: [{from: 2026-12-20, until: 2027-01-03, tz: Europe/Berlin, rollback_too: yes}]\n"
    )
    assert (freeze.since, freeze.until) == (berlin(2026, 12, 20), berlin(2027, 1, 4))
    assert (freeze.name, freeze.environments, freeze.rollback_too) == ("freeze-1", (), True)


@pytest.mark.parametrize(
    ("span", "since", "until"),
    [
        ("from: 2026-12-20T17:00, until: 2026-12-21T08:30", (2026, 12, 20, 17), (2026, 12, 21, 8, 30)),
        ("from: 2026-12-20 17:00, until: 2026-12-21 08:30:00", (2026, 12, 20, 17), (2026, 12, 21, 8, 30)),
        ("from: 2026-12-20T16:00Z, for: 2h", (2026, 12, 20, 17), (2026, 12, 20, 19)),
        ("from: '2026-12-20T18:00+02:00', for: 1d", (2026, 12, 20, 17), (2026, 12, 21, 17)),
    ],
)
def test_moments_are_in_the_windows_zone_unless_they_say_another(
    folder: Any, minimal: Any, span: str, since: tuple[int, ...], until: tuple[int, ...]
) -> None:
    (freeze,) = windows(folder, minimal, more=f"freezes: [{{{span}, tz: Europe/Berlin}}]\n")
    assert (freeze.since, freeze.until) == (berlin(*since), berlin(*until))


def test_a_freeze_of_the_fleet_may_be_for_some_environments(folder: Any, minimal: Any) -> None:
    (freeze,) = windows(
        folder, minimal, more="freezes: [{from: 2026-12-20, for: 1d, environments: production, name: fair}]\n"
    )
    assert freeze.environments == ("production",)
    assert closures((freeze,), "production", freeze.since + 1)
    assert not closures((freeze,), "staging", freeze.since + 1)


def test_schedules_are_windows_that_forbid_nothing_by_themselves(folder: Any, minimal: Any) -> None:
    loaded = folder.load(minimal('schedules: {day: {cron: "0 9 * * MON-FRI", for: 8h}}\n'))
    assert loaded.rules.windows == (Window("day", "named", cron="0 9 * * MON-FRI", seconds=8 * 3600),)
    assert [one.message for one in loaded.warnings] == ["nothing uses this schedule"]


def test_releases_only_within_a_schedule_or_a_window_of_its_own(folder: Any, minimal: Any) -> None:
    day, only, own = windows(
        folder,
        minimal,
        '{releases_only: [day, {cron: "0 9 * * SAT", for: 2h}]}',
        'schedules: {day: {cron: "0 9 * * MON-FRI", for: 8h, tz: Europe/Berlin}}\n',
    )
    assert (day.kind, only.kind, own.kind) == ("named", "open", "open")
    assert (only.name, only.cron, only.tz, only.environments) == (
        "production day",
        "0 9 * * MON-FRI",
        "Europe/Berlin",
        ("production",),
    )
    assert (own.name, own.environments) == ("production-2", ("production",))
    sunday, monday = berlin(2026, 11, 22, 12), berlin(2026, 11, 23, 12)
    assert closures((day, only, own), "production", sunday)
    assert not closures((day, only, own), "production", monday)


def test_names_of_windows_are_unique(folder: Any, minimal: Any) -> None:
    freeze = "{name: fair, from: 2026-12-20, for: 1d}"
    (told,) = folder.told(minimal(f"freezes: [{freeze}, {freeze}]\n"))
    assert told.startswith("quarterdeck.yaml:9:52 freezes[1]: the name fair is already given in ")


@pytest.mark.parametrize(
    ("window", "told"),
    [
        ("{}", ": needs `cron` and `for`, or `from` and `until`"),
        ('{cron: "0 9 * * *"}', ": `cron` says when it begins; add `for`"),
        ("{from: 2026-12-20}", ": needs `cron` and `for`, or"),
        ("{from: 2026-12-20, until: 2026-12-21, for: 1h}", ": needs `cron` and `for`, or"),
        ("{from: 2026-12-20, until: 2026-12-19}", ": ends before it begins"),
        ("{until: 2026-12-20}", ": needs `cron` and `for`, or"),
        ("{from: 20.12.2026, for: 1d}", ".from: must be a date, perhaps with a time"),
        ("{from: 2026-13-01, for: 1d}", ".from: is not a date: month must be in 1..12"),
        ("{from: 2026-12-20, until: 9999-12-31}", ".until: 9999 is not a year"),
        ("{from: 0001-01-01, until: 2026-12-31}", ".from: 1 is not a year"),
        ('{cron: "0 9 * * MON-FRIX", for: 1h}', ".cron: '0 9 * * MON-FRIX' isn't a cron"),
        ('{cron: "9 * *", for: 1h}', ".cron: '9 * *' has 3 fields"),
        ('{cron: "0 9 31 2 *", for: 1h}', ".cron: '0 9 31 2 *'"),
        ('{cron: "0 9 * * *", for: 8}', ".for: must be a length of time"),
        ('{cron: "0 9 * * *", for: 8h, tz: Europe/Berin}', ".tz: there is no time zone Europe/Berin"),
        ('{cron: "0 9 * * *", for: 8h, tz: ../etc}', ".tz: there is no time zone ../etc"),
        ('{cron: "0 9 * * *", for: 8h, environments: [prod]}', ".environments[0]: there is no environment prod"),
        ("weekend", ": there is no schedule weekend"),
        ("[]", ": must hold keys with values"),
    ],
)
def test_a_window_that_cant_be_is_refused(folder: Any, minimal: Any, window: str, told: str) -> None:
    lines = folder.told(minimal(f"freezes: [{window}]\n"))
    assert any(f"freezes[0]{told}" in line for line in lines), lines


def test_a_freeze_within_an_environment_is_for_that_one(folder: Any, minimal: Any) -> None:
    text = minimal("").replace(
        "production: {}", "production: {freezes: [{from: 2026-12-20, for: 1d, environments: []}]}"
    )
    (problem,) = folder.problems(text)
    assert (problem.path, problem.message) == ("environments.production.freezes[0].environments", "unknown key")
