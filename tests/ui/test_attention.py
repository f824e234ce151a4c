"""What needs a person, in full: `!` never says less than the line above every screen."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press
from tests.ui.pipeline_scenes import piped
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene

SIZE = (80, 24)


async def test_what_waits_for_an_ordinary_answer_is_there_with_how_to_give_it(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    async with start().run_test(size=SIZE) as pilot:
        assert "1 gate needs you" in await press(pilot, "1")
        screen = await press(pilot, "exclamation_mark")
        for words in ("◆ approval checkout 2.15.0 for 20m", "23h39 left", "What to do: qd approve"):
            assert words in screen
        assert "nothing needs you" not in screen


async def test_what_a_yes_would_do_that_one_may_not_expect_is_told(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=SIZE) as pilot:
        assert "this one brings older code" in await press(pilot, "exclamation_mark")


async def test_where_nothing_is_known_nobody_is_told_that_nothing_needs_them(start: Start) -> None:
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "exclamation_mark")
        assert "waiting for a runner to read the configuration" in screen
        assert "nothing needs you" not in screen


@pytest.mark.parametrize(
    ("key", "untrue"), [("4", "nothing waits for anybody"), ("6", "no pipeline is declared"), ("3", "no release yet")]
)
async def test_an_empty_screen_of_an_unknown_fleet_claims_nothing(start: Start, key: str, untrue: str) -> None:
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, key)
        assert untrue not in screen
        assert "nothing is known yet" in screen
