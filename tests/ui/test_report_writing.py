"""The report of a release on a key: a file that only its owner can read, and its path on the screen."""

from __future__ import annotations

import asyncio
import stat
from typing import Any

from tests.ui.conftest import Start
from tests.ui.driving import press, shown
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene
from textual.pilot import Pilot

PATIENCE = 30.0


async def said(pilot: Pilot[Any], words: str) -> str:
    """Wait until the screen says so: the report is written beside the cockpit."""
    async with asyncio.timeout(PATIENCE):
        while words not in shown(pilot.app):
            await pilot.pause(0.02)
    return shown(pilot.app)


async def test_a_key_writes_the_report_of_a_running_release_and_says_where(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start(store_path=scene.path).run_test(size=(120, 36)) as pilot:
        await press(pilot, "3", "enter", "E")
        told = await said(pilot, "written: ")
        (path,) = (scene.path.parent / "reports").iterdir()
        assert path.name in told
        assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
        assert "Still running: at step 4" in path.read_text(encoding="utf-8")


async def test_a_release_that_has_ended_is_told_too_and_what_was_written_stays(scene: Scene, start: Start) -> None:
    sail(scene, "rolled-back")
    async with start(store_path=scene.path).run_test(size=(120, 36)) as pilot:
        await press(pilot, "3", "enter", "E")
        await said(pilot, "written: ")
        await press(pilot, "down", "E")
        await said(pilot, "-2.html")
        assert len(list((scene.path.parent / "reports").iterdir())) == 2


async def test_a_folder_that_cannot_be_written_is_told(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    (scene.path.parent / "reports").write_text("in the way")
    async with start(store_path=scene.path).run_test(size=(120, 36)) as pilot:
        await press(pilot, "3", "enter", "E")
        assert "the report can't be written" in await said(pilot, "can't be written")


async def test_the_list_of_releases_writes_the_report_of_the_one_under_the_cursor(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start(store_path=scene.path).run_test(size=(120, 36)) as pilot:
        await press(pilot, "3", "E")
        assert "checkout" in await said(pilot, "written: ")


async def test_without_a_release_under_the_cursor_no_report_is_promised(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(store_path=scene.path).run_test(size=(120, 36)) as pilot:
        assert "there is no release under the cursor" in await press(pilot, "3", "E")
