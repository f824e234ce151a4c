"""Every dialog, and every screen that has no such picture elsewhere, as they look without colours and in ASCII.

Accept a change by `--snapshot-update`.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import see
from tests.ui.release_scenes import govern, release_plan, sail
from tests.ui.scenes import Scene, played, swap_plan
from tests.ui.test_snapshots import Compare, after
from textual.pilot import Pilot

from quarterdeck.ui.screens import catalogue

SIZE = (80, 24)


def plain(start: Start) -> Any:
    return start("quarterdeck-mono", ascii=True)


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("5",), id="flags"),
        pytest.param(("7",), id="log"),
        pytest.param(("7", "g", "D", "G", "D"), id="compared"),
        pytest.param(("enter",), id="progress"),
        pytest.param(("s",), id="swap-menu"),
        pytest.param(("t",), id="shares"),
        pytest.param(("v",), id="view"),
        pytest.param(("ctrl+p",), id="palette"),
    ],
)
def test_of_the_fleet(scene: Scene, start: Start, snap_compare: Compare, keys: tuple[str, ...]) -> None:
    played(scene)
    assert snap_compare(plain(start), terminal_size=SIZE, run_before=after(*keys))


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        pytest.param("recovering", ("3", "enter", "down", "down", "down", "enter"), id="evidence"),
        pytest.param("baking", ("A",), id="abort"),
    ],
)
def test_of_releases(scene: Scene, start: Start, snap_compare: Compare, state: str, keys: tuple[str, ...]) -> None:
    sail(scene, state)
    assert snap_compare(plain(start), terminal_size=SIZE, run_before=after(*keys))


def test_plan(scene: Scene, start: Start, snap_compare: Compare) -> None:
    scene.publish()
    before = after("u", then=lambda: scene.answer(scene.asked("plan"), plan=swap_plan()))
    assert snap_compare(plain(start), terminal_size=SIZE, run_before=before)


def test_plan_of_a_release(scene: Scene, start: Start, snap_compare: Compare) -> None:
    scene.publish()
    govern(scene)
    before = after("p", "enter", then=lambda: scene.answer(scene.asked("propose"), proposal=release_plan()))
    assert snap_compare(plain(start), terminal_size=SIZE, run_before=before)


def test_plain_text(scene: Scene, start: Start, snap_compare: Compare) -> None:
    scene.publish()

    async def show(pilot: Pilot[Any]) -> None:
        await pilot.app.push_screen(catalogue.plain_text("qd swap production/checkout --from staging"))
        assert await see(pilot)

    assert snap_compare(plain(start), terminal_size=SIZE, run_before=show)
