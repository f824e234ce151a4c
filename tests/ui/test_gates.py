"""Screen 4: everything that waits, how urgent it is, and finding in it."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, type_in
from tests.ui.pipeline_scenes import piped
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene

SIZE = (80, 24)


async def test_an_approval_is_told_with_everything_one_must_know_to_give_it(scene: Scene, start: Start) -> None:
    sail(scene, "waiting")
    async with start().run_test(size=SIZE) as pilot:
        screen = await press(pilot, "4")
        for words in (
            "1 waits for people",
            "checkout 2.15.0 runs out first, in 23h39",
            "SO FAR     1 of 2 said yes",
            "for 20m, 23h39 left",
            "BLOCKS     step 6",
            "WHO MAY    sre (ana, ben, cem), not ana@jump1",
            "ben@jump2 approved",
            "error-rate 0.0041: pass",
        ):
            assert words in screen


@pytest.mark.parametrize(
    ("typed", "shown", "hidden"),
    [
        ("kind:debt", "○ debt", "▸ gate"),
        ("!kind:debt", "▸ gate", "○ debt"),
        ("release:payments", "▸ gate", "○ debt"),
        ("env:production merge", "merge back", "▸ gate"),
        ("who:promoting", "▸ gate", "○ debt"),
    ],
)
async def test_what_waits_is_found_by_kind_place_release_and_people(
    scene: Scene, start: Start, typed: str, shown: str, hidden: str
) -> None:
    sail(scene, "hotfix")
    async with start().run_test(size=SIZE) as pilot:
        await press(pilot, "4", "slash")
        await type_in(pilot, typed)
        screen = await press(pilot, "enter")
        assert shown in screen
        assert hidden not in screen.split("ON GUARD")[0]
        assert "hidden; Esc shows all" in screen
        assert "hidden; Esc" not in await press(pilot, "escape")


async def test_approvals_of_pipelines_stand_among_ours(scene: Scene, start: Start) -> None:
    piped(scene)
    async with start().run_test(size=(120, 36)) as pilot:
        screen = await press(pilot, "4", "slash")
        screen = await type_in(pilot, "kind:app")
        assert "kind:approval" in screen
        assert "◆ approval" in screen


async def test_an_empty_inbox_says_so_and_a_filter_that_finds_nothing_too(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "nothing waits for anybody" in await press(pilot, "4", "slash")
        assert "nothing is like that" in await type_in(pilot, "kind:x")
