"""Screen 5: what may be known of a flag before it is changed; marks, finding, hiding."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.release_scenes import Voyage, release_plan
from tests.ui.scenes import FLAGS_PRODUCTION, FLEET, NOW, READINGS, Scene, flag_plan, played

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag_use import of_flag
from quarterdeck.release.release_plan import ReleaseStep, Write
from quarterdeck.release.rules import Rulebook
from quarterdeck.store.base import Request

SIZE = (100, 30)


def asked(scene: Scene) -> list[Request]:
    return [request for request in scene.store.pending() if request.kind == "plan"]


async def test_the_flag_under_the_cursor_is_told_in_full(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5", "left")
        for words in (
            "SEEN BY    on for 50% of everybody",
            "IF OFF     about 50% of the users no longer see it",
            "READ BY    any of checkout, cart",
            "ben@jump2 (qd flag off staging/beta-basket)",
            "SOURCE     read just now, app configuration",
        ):
            assert words in screen


async def test_the_same_flag_under_another_label_is_a_danger(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5", "G")
        assert "▲ the same flag without a label exists" in screen
        assert "ALSO       no label: off for everybody" in screen


async def test_a_flag_that_a_release_has_for_itself_says_whose(scene: Scene, start: Start) -> None:
    scene.publish()
    change = FlagChange(TargetId("production", "kill-search", flag=True), enabled=False)
    steps = (ReleaseStep("1", change.target, Write(change), "switch kill-search off"),)
    Voyage(scene, release_plan(steps=steps)).begun("1")
    async with start().run_test(size=SIZE) as pilot:
        assert "● on ◆ held by checkout 2.15.0" in await press(pilot, "5")
        assert "held by checkout 2.15.0 (flag): it sets this flag itself" in await press(pilot, "down")


async def test_marked_flags_are_planned_together(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5", "m", "left", "m")
        assert "■ 2 marked: f u act on all" in screen
        assert "■ ● on 50%" in screen
        assert "Flags: 2 marked" in await press(pilot, "f")
        await press(pilot, "enter")
        await see(pilot)
    assert {str(one.body["action"]["target"]["name"]) for one in asked(scene)} == {"beta-basket"}
    assert len(asked(scene)) == 2


async def test_esc_lets_go_of_what_is_marked(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "1 marked" in await press(pilot, "5", "m")
        assert "marked" not in await press(pilot, "escape")
        assert "1 marked" in await press(pilot, "m")
        assert "marked" not in await press(pilot, "m")
        assert "doesn't exist in that environment" in await press(pilot, "left", "down", "m")


@pytest.mark.parametrize(
    ("typed", "shown", "hidden"),
    [
        ("on:staging", ("beta-basket", "new-checkout"), "kill-search"),
        ("off:production", ("beta-basket", "new-checkout"), "kill-search"),
        ("label:eu", ("new-checkout",), "beta-basket"),
        ("!label:eu locked", ("kill-search",), "beta-basket"),
    ],
)
async def test_flags_are_found_by_where_they_are_on(
    scene: Scene, start: Start, typed: str, shown: tuple[str, ...], hidden: str
) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "5", "slash")
        await type_in(pilot, typed)
        screen = await press(pilot, "enter")
        assert "hidden" in screen
        rows = [row.split()[0] for row in screen.splitlines() if row.split()[:1] and row[0] != " "]
        assert set(shown) <= set(rows)
        assert hidden not in rows


@pytest.mark.parametrize(
    ("downs", "shown"),
    [(1, ["beta-basket", "kill-search", "new-checkout"]), (2, ["beta-basket", "new-checkout"]), (3, ["old-banner"])],
)
async def test_the_view_chooses_which_flags_are_shown(scene: Scene, start: Start, downs: int, shown: list[str]) -> None:
    old = FlagReading("old-banner", False, modified_at=NOW - 90 * 86_400)
    flags = FlagsReading((*FLAGS_PRODUCTION.flags, old))
    scene.publish(readings={**READINGS, "flags/production/flags": flags})
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5", "v", *["down"] * downs, "enter")
        names = ("beta-basket", "kill-search", "new-checkout", "old-banner")
        assert [name for name in names if f"\n{name} " in screen] == shown
        assert "v shows others" in screen
        assert "v shows others" not in await press(pilot, "v", "enter")


async def test_what_changed_last_can_come_first(scene: Scene, start: Start) -> None:
    played(scene)
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5", "v", *["down"] * 6, "enter")
        assert "last changed first" in screen
        assert screen.index("\nnew-checkout") < screen.index("\nbeta-basket")


async def test_old_and_failing_readings_say_so_in_words(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.fail("flags/production/flags", Trouble("unauthenticated", "the sign-in has expired"))
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "5")
        assert "✗ trouble 10m" in screen
        assert "the sign-in has expired" in screen


async def test_a_plan_of_a_flag_says_what_may_read_it(scene: Scene, start: Start) -> None:
    scene.publish()
    plan = flag_plan()
    risks = tuple(of_flag(plan.action.target, [], FLEET, Rulebook(), NOW))
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "5", "left", "f", "enter")
        scene.answer(scene.asked("plan"), plan=replace(plan, risks=risks))
        assert "may be read by any of checkout, cart" in await see(pilot)
