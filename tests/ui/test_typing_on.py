"""Keys that come around the one that leaves: people type on, and a slow link brings it all in one burst."""

from __future__ import annotations

import asyncio

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import NAMED, see
from tests.ui.scenes import Scene, played
from textual.app import App
from textual.events import Key
from textual.pilot import Pilot

WRITTEN = {name: letter for letter, name in NAMED.items()}
TYPED = ["s", "enter", "2", "t", "escape", "slash", "u", "7", "colon", "p", "question_mark", "ctrl+p", "1", "q"]


def burst(app: App[None], *keys: str) -> None:
    """Keys that have all come before the first is dealt with."""
    for key in keys:
        app.post_message(Key(key, key if len(key) == 1 else WRITTEN.get(key)))


@pytest.mark.parametrize("turns", [0, 4])
async def test_keys_that_come_while_screens_are_taken_down_are_for_nobody(
    scene: Scene, start: Start, turns: int
) -> None:
    played(scene)
    app = start()
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot)
        burst(app, *"jkGg" * 6)
        for _ in range(turns):
            await asyncio.sleep(0)


@pytest.mark.parametrize("key", ["ctrl+p", "question_mark", "s", "t", "v", "3", "7", "enter", "colon", "slash"])
async def test_leaving_while_something_opens_leaves_no_traceback(scene: Scene, start: Start, key: str) -> None:
    played(scene)
    app = start()

    async def leave_at_once(pilot: Pilot[object]) -> None:
        await pilot.pause()
        burst(app, key, "ctrl+c", *TYPED)

    await app.run_async(headless=True, size=(80, 24), auto_pilot=leave_at_once)
    assert app.return_code == 0


async def test_who_leaves_before_the_first_frame_has_settled_leaves_in_order(scene: Scene, start: Start) -> None:
    """What waits for the first frame comes when the cockpit is gone already, and asks for nothing of it."""
    cockpit = start()
    async with cockpit.run_test():
        pass
    cockpit._settle_in()
