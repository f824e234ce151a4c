"""Screen 2: how a service does, who says what about its traffic, what concerns it, and what happened."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.release_scenes import owe, rolled_back, sail
from tests.ui.scenes import CHECKOUT, FLEET, NOW, Scene, shift_plan, swap_plan
from tests.ui.series_scenes import ERRORS, measured, measured_rules, observe, say, since
from tests.ui.test_watching import Counting

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.release.concerning import carries, set_by
from quarterdeck.release.guards import Debt
from quarterdeck.release.indicator import Indicator, Measured, Scale
from quarterdeck.release.rules import Route
from quarterdeck.release.strategy import FlagStep, Strategy
from quarterdeck.ui.pages.indicators import Event, indicator_lines, number
from quarterdeck.ui.pages.traffic import observed_of
from quarterdeck.ui.spans import plain
from quarterdeck.ui.watching import Watch

TALL = (110, 90)


def rows_of(text: str, *words: str) -> list[str]:
    return [row for row in text.splitlines() if all(word in row for word in words)]


def told(*points: Point, indicator: Any = ERRORS, events: Any = (), cells: int = 90) -> list[str]:
    return [plain(row) for row in indicator_lines([Measured(indicator, CHECKOUT, points)], events, NOW, cells)]


# --- what is measured ---------------------------------------------------------------------------------------------
def test_a_number_stands_with_its_unit_judgement_limit_age_and_source() -> None:
    _, head, picture, *_ = told(*since(60, [0.2, 0.3, 0.421]))
    assert head.split() == [
        "errors", "0.421%", "●", "good", "▄", "at", "most", "2%", "share", "of", "failed", "requests", "just", "now,",
        "metrics",
    ]  # fmt: skip
    assert picture.split() == ["0%", "▁▁▁", "5%"]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        (since(0, [2.4]), ("2.4%", "✗ too high")),
        (since(0, [None]), ("?", "no data")),
        (since(300, [1.5]), ("was 1.5%", "○ old", "5m ago")),
        ([], ("○ not measured yet",)),
    ],
)
def test_what_is_bad_missing_or_old_says_so_in_words(points: list[Point], words: tuple[str, ...]) -> None:
    head = told(*points)[1]
    assert all(word in head for word in words), head


def test_a_long_number_doesnt_run_into_what_is_said_of_it() -> None:
    rate = Indicator("rate", ERRORS.question, Scale(0, 500), "req/s")
    assert told(*since(0, [90.75]), indicator=rate)[1].split()[1:4] == ["90.8", "req/s", "·"]


def test_why_there_is_no_data_stands_below() -> None:
    assert "the query matches nothing" in told(*since(0, [None]))[2]


def test_nothing_is_said_of_a_service_that_nobody_measures() -> None:
    assert list(indicator_lines([], (), NOW, 80)) == []


def test_what_was_done_stands_below_the_moment_it_was_done_with_a_legend() -> None:
    events = (Event(NOW - 60, "swap", "heading"), Event(NOW, "shift", "heading"), Event(NOW - 9e5, "deploy", "heading"))
    *_, picture, letters, legend = told(*since(90, [1, 1, 1, 1]), events=events)
    assert letters.rstrip().endswith("S T")
    assert len(letters.rstrip()) == len(picture.removesuffix(" 5%").rstrip())
    assert "S swap, T traffic" in legend
    assert "deploy" not in legend


@pytest.mark.parametrize("cells", [60, 80, 200])
def test_no_line_is_wider_than_the_screen(cells: int) -> None:
    rows = told(*since(3000, [1.0] * 100), events=(Event(NOW, "swap", "ok"),), cells=cells)
    assert max(map(len, rows)) <= cells


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.2, "%", "0.2%"), (0.11403, "s", "0.114 s"), (1234.5, "", "1234"), (0, "", "0"), (99.95, "%", "100%")],
)
def test_numbers_have_three_digits_that_count(value: float, unit: str, text: str) -> None:
    assert number(value, unit) == text


async def test_the_screen_follows_what_is_measured(scene: Scene, start: Start) -> None:
    measured(scene)
    async with start().run_test(size=TALL) as pilot:
        text = await press(pilot, "2")
        assert rows_of(text, "errors", "✗ too high")
        assert rows_of(text, "latency", "● good")
        assert rows_of(text, "rabbit.internal doesn't answer")
        scene.clock.at += 30
        say(scene, "errors", [Point(scene.clock.at, 0.3)])
        text = await see(pilot)
        assert rows_of(text, "errors", "0.3%", "● good")


def test_series_are_read_for_the_screen_that_shows_them_and_again_only_after_a_write(scene: Scene) -> None:
    measured(scene)
    counting = Counting(scene.viewer())
    watch = Watch(counting, scene.clock)
    watch.look()
    assert "series" not in counting.calls
    for _ in range(3):
        watch.series(CHECKOUT)
    assert counting.calls["series"] == 1
    say(scene, "errors", [Point(NOW + 30, 9)])
    watch.look()
    found = watch.series(CHECKOUT)
    assert counting.calls["series"] == 2
    assert found[SeriesId(str(CHECKOUT), "errors")][-1] == Point(NOW + 30, 9)


# --- traffic: set, reported, observed -----------------------------------------------------------------------------
async def screen(scene: Scene, start: Start) -> str:
    async with start().run_test(size=TALL) as pilot:
        return await press(pilot, "2")


def shifted(scene: Scene, ago: float = 300, **shares: float) -> None:
    operation = scene.start(shift_plan(**shares), ago=ago)
    scene.step(operation, "done", ago=ago)
    scene.end(operation, "succeeded", ago=ago)


async def test_set_reported_and_observed_stand_side_by_side(scene: Scene, start: Start) -> None:
    measured(scene)
    scene.store.put_rules(measured_rules(ERRORS), scene.lease)
    shifted(scene, westeurope=75, northeurope=25)
    text = await screen(scene, start)
    assert rows_of(text, "set  reported  observed")
    assert rows_of(text, "westeurope")[-1]
    assert any(row.split()[:4] == ["westeurope", "75%", "75%", "74%"] for row in text.splitlines())
    assert "▲" not in "".join(rows_of(text, "westeurope: "))


async def test_who_says_something_else_is_told_in_words(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.store.put_rules(measured_rules(), scene.lease)
    shifted(scene, westeurope=60, northeurope=40)
    observe(scene, str(CHECKOUT), ago=100, westeurope=90, northeurope=10)
    text = await screen(scene, start)
    assert rows_of(text, "▲ westeurope: set to 60% 5m ago, but 75% is reported")
    assert rows_of(text, "▲ westeurope: 90% of 120 probes came here 1m ago, 60% is set")


async def test_what_was_observed_before_the_shares_were_set_is_not_shown(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.store.put_rules(measured_rules(), scene.lease)
    observe(scene, str(CHECKOUT), ago=900, westeurope=90, northeurope=10)
    shifted(scene, westeurope=75, northeurope=25)
    text = await screen(scene, start)
    assert not rows_of(text, "observed")
    assert not rows_of(text, "▲ westeurope:")


async def test_what_was_observed_before_a_swap_is_not_held_against_what_is_reported_now(
    scene: Scene, start: Start
) -> None:
    scene.publish()
    scene.store.put_rules(measured_rules(), scene.lease)
    observe(scene, str(CHECKOUT), ago=900, westeurope=10, northeurope=90)
    swapped = scene.start(replace(swap_plan(), id="p9"), ago=400)
    scene.end(swapped, "succeeded", ago=300)
    text = await screen(scene, start)
    assert not rows_of(text, "observed")
    assert not rows_of(text, "▲ westeurope:")


async def test_what_was_set_before_a_swap_is_not_held_against_anybody(scene: Scene, start: Start) -> None:
    scene.publish()
    shifted(scene, ago=900, westeurope=60, northeurope=40)
    swapped = scene.start(replace(swap_plan(), id="p9"), ago=400)
    scene.end(swapped, "succeeded", ago=300)
    assert not rows_of(await screen(scene, start), "is reported")


def test_a_share_is_that_of_the_router_or_else_of_the_whole_service() -> None:
    west = replace(CHECKOUT, region="weu")
    series = {
        SeriesId(str(CHECKOUT), "observed/staging"): [Point(1, 10)],
        SeriesId(str(west), "observed/Staging"): [Point(1, 20), Point(2, 30)],
        SeriesId(str(CHECKOUT), "errors"): [Point(1, 10)],
    }
    assert observed_of(series, west, 5).shares == {"staging": Point(2, 30)}
    assert observed_of(series, replace(CHECKOUT, region="neu"), 5).shares == {"staging": Point(1, 10)}


# --- what concerns it ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("flag", "service", "concerns"),
    [
        ("new-checkout", "checkout", True),
        ("NewCheckout", "checkout", True),
        ("checkout.beta", "checkout", True),
        ("checkouts", "checkout", False),
        ("kill-search", "checkout", False),
        ("ShopApiV2", "shop-api", True),
        ("shop-web", "shop-api", False),
        ("x", "", False),
    ],
)
def test_a_flag_concerns_the_service_whose_name_it_carries(flag: str, service: str, concerns: bool) -> None:
    assert carries(flag, service) is concerns


def test_a_flag_that_a_services_strategy_sets_concerns_it() -> None:
    rules = measured_rules()
    strategy = Strategy("careful", (FlagStep("basket", enabled=True),))
    rules = replace(rules, strategies=(strategy,), routes=(Route(CHECKOUT, "careful"),))
    assert set_by(rules, FLEET, CHECKOUT) == {"basket"}


async def test_flags_and_what_waits_stand_on_the_page(scene: Scene, start: Start) -> None:
    scene.publish()
    owe(scene, Debt("d1", "merge_back", CHECKOUT, "merge 77ab12 back into main", "h4", "ana@jump1", NOW - 90_000))
    text = await screen(scene, start)
    assert rows_of(text, "debt", "merge 77ab12 back into main")
    assert rows_of(text, "new-checkout", "on")
    assert not rows_of(text, "kill-search")


# --- what happened, and the way back ------------------------------------------------------------------------------
async def test_after_everything_was_taken_back_nothing_reads_like_an_alarm(scene: Scene, start: Start) -> None:
    scene.publish()
    first = scene.start(swap_plan(), ago=900)
    for step in ("1", "2"):
        scene.step(first, "done", step, ago=800)
    scene.end(first, "rolled_back", ago=700)
    text = await screen(scene, start)
    assert rows_of(text, "○ nothing to take back: all changes in the journal have been taken back")
    assert "no way back" not in text


async def test_a_service_that_was_never_changed_has_nothing_to_take_back(scene: Scene, start: Start) -> None:
    scene.publish()
    assert rows_of(
        await screen(scene, start), "nothing to take back: the journal knows no change of production/checkout"
    )


async def test_while_an_operation_runs_the_way_back_is_not_lost_but_not_known_yet(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.start(swap_plan())
    text = await screen(scene, start)
    assert rows_of(text, "◆ not now: operation op1 on production/checkout still runs")
    assert "no way back" not in text


async def test_a_wide_terminal_has_two_columns_and_loses_nothing(scene: Scene, start: Start) -> None:
    measured(scene)
    narrow = await screen(scene, start)
    async with start().run_test(size=(200, 90)) as pilot:
        wide = await press(pilot, "2")
    assert rows_of(wide, "SLOTS", "│ MEASURED")
    headings = ("SLOTS", "TRAFFIC", "MEASURED", "WAY BACK", "FLAGS", "LAST OPERATIONS")
    assert all(heading in narrow and heading in wide for heading in headings)


async def test_a_release_that_went_back_shows_how_far_its_share_had_come(scene: Scene, start: Start) -> None:
    scene.publish()
    rolled_back(scene)
    async with start().run_test(size=TALL) as pilot:
        text = await press(pilot, "3")
    (row,) = rows_of(text, "SHARE")
    assert "most 25%" in row


async def test_one_clock_runs_in_the_line_above_and_on_the_page(scene: Scene, start: Start) -> None:
    """Between two pictures only clocks are judged again: all that is told of a release must be of the same moment."""
    sail(scene, "baking")
    async with start().run_test(size=(80, 40)) as pilot:
        await press(pilot, "2")
        scene.clock.at += 3
        clocks = re.findall(r"(?:bake |for )(\d+:\d\d)\b", await see(pilot))
        assert len(clocks) > 2
        assert len(set(clocks)) == 1
