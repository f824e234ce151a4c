"""The tour: it goes on when its user has done the thing, blocks no key, and doesn't come twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.release_scenes import baking
from tests.ui.scenes import Scene

from quarterdeck.ui.keymap import STANDARD, Keymap
from quarterdeck.ui.pages.tour import STEPS, tour_lines
from quarterdeck.ui.spans import plain, width

SIZES = pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 36)], ids=["80x24", "60x20", "120x36"])


@pytest.fixture
def tour(scene: Scene, start: Start, tmp_path: Path) -> Any:
    """Starts a cockpit with the tour."""
    scene.publish()
    return lambda **more: start(**{"tour": "once", "state": tmp_path / "own", **more})


@SIZES
async def test_it_greets_at_the_bottom_of_the_bridge_and_leaves_the_rest_in_sight(
    tour: Any, size: tuple[int, int]
) -> None:
    async with tour().run_test(size=size) as pilot:
        text = await see(pilot)
    assert "TOUR 1 of 3  This is the Bridge" in text
    assert "● well" in text
    assert "checkout" in text
    assert "A screen's number, or Esc on the Bridge, ends the tour" in text


@pytest.mark.parametrize("keys", [(), ("down",), ("down", "s", "enter", "escape")], ids=["look", "plan", "canary"])
@pytest.mark.parametrize("size", [(80, 24), (60, 20)], ids=["80x24", "60x20"])
def test_each_step(tour: Any, snap_compare: Any, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async def walk(pilot: Any) -> None:
        await press(pilot, *keys)
        assert "TOUR" in await see(pilot)

    assert snap_compare(tour(), terminal_size=size, run_before=walk)


async def test_moving_the_cursor_is_the_first_step(tour: Any) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        assert "TOUR 2 of 3  Press s" in await press(pilot, "down")


async def test_a_plan_that_was_seen_is_the_second_step(tour: Any, scene: Scene) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        await press(pilot, "down", "s", "enter")
        assert scene.asked("plan")
        assert "TOUR 3 of 3  Press p" in await press(pilot, "escape")


async def test_a_release_under_way_and_then_taken_back_is_the_third(tour: Any, scene: Scene) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        await press(pilot, "down", "s", "enter", "escape")
        release = baking(scene)
        assert "TOUR 3 of 3  It goes on by itself" in await see(pilot)
        release.note("ended", ending="rolled_back", detail="abort by ana", choices=[])
        assert "That was it." in await see(pilot)
        assert "TOUR" not in await press(pilot, "exclamation_mark", "escape")
    async with tour().run_test(size=(80, 24)) as pilot:
        assert "TOUR" not in await see(pilot)


@pytest.mark.parametrize("key", ["escape", "3", "5", "7"])
async def test_it_is_skipped_by_escape_or_the_number_of_a_screen_and_does_not_come_again(tour: Any, key: str) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        assert "TOUR" in await see(pilot)
        await press(pilot, key)
        assert "TOUR" not in await press(pilot, "1")
    async with tour().run_test(size=(80, 24)) as pilot:
        assert "TOUR" not in await see(pilot)


async def test_it_can_be_asked_for_again(tour: Any) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        await press(pilot, "escape")
    async with tour(tour="again").run_test(size=(80, 24)) as pilot:
        assert "TOUR 1 of 3" in await see(pilot)


async def test_escape_still_lets_go_of_what_was_found_first(tour: Any) -> None:
    async with tour().run_test(size=(80, 24)) as pilot:
        await press(pilot, "slash", "c", "a", "enter")
        assert "TOUR" in await press(pilot, "escape")
        assert "TOUR" not in await press(pilot, "escape")


async def test_a_cockpit_that_may_change_nothing_promises_nothing(tour: Any) -> None:
    async with tour(read_only=True).run_test(size=(80, 24)) as pilot:
        assert "TOUR" not in await see(pilot)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("cells", [60, 80])
def test_no_step_takes_more_than_five_lines_or_is_cut(step: Any, cells: int) -> None:
    lines = tour_lines(step, STANDARD, cells)
    assert len(lines) <= 5
    assert all(width(one) <= cells for one in lines)


def test_it_names_the_keys_that_this_user_has() -> None:
    keys = Keymap({"swap": "w"})
    assert "Press w on a service" in " ".join(plain(one) for one in tour_lines("plan", keys, 200))
