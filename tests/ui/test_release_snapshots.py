"""Releases and gates as they look, in every state, at the design size and on a bigger terminal."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.release_scenes import SCENES, govern, release_plan, sail
from tests.ui.scenes import Scene
from tests.ui.test_snapshots import SIZES, Compare, after

STATES = pytest.mark.parametrize("state", sorted(SCENES))


@SIZES
@STATES
@pytest.mark.parametrize("keys", [pytest.param((), id="bridge"), pytest.param(("3",), id="releases")])
def test_state(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], state: str, keys: tuple[str, ...]
) -> None:
    sail(scene, state)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@SIZES
@pytest.mark.parametrize("state", ["waiting", "hotfix", "frozen", "confirming", "stuck"])
def test_inbox(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], state: str) -> None:
    sail(scene, state)
    assert snap_compare(start(), terminal_size=size, run_before=after("4"))


@SIZES
@pytest.mark.parametrize(
    ("state", "keys"),
    [
        pytest.param("baking", ("3", "enter"), id="steps"),
        pytest.param("recovering", ("3", "enter", "down", "down", "down", "enter"), id="evidence"),
        pytest.param("baking", ("2",), id="service"),
        pytest.param("baking", ("A",), id="abort"),
        pytest.param("waiting", ("a",), id="approve"),
        pytest.param("baking", ("3", "o"), id="orders"),
        pytest.param("frozen", ("c",), id="conn"),
        pytest.param("frozen", ("z",), id="guard"),
        pytest.param("baking", ("3", "question_mark"), id="help"),
    ],
)
def test_release_screen(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], state: str, keys: tuple[str, ...]
) -> None:
    sail(scene, state)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@SIZES
def test_plan_of_a_release(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    scene.publish()
    govern(scene)
    before = after("p", "enter", then=lambda: scene.answer(scene.asked("propose"), proposal=release_plan()))
    assert snap_compare(start(), terminal_size=size, run_before=before)


@SIZES
@pytest.mark.parametrize("key", ["3", "4"])
def test_nothing_there_yet(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], key: str) -> None:
    scene.publish()
    assert snap_compare(start(), terminal_size=size, run_before=after(key))


@pytest.mark.parametrize("keys", [pytest.param((), id="bridge"), pytest.param(("3",), id="releases")])
def test_state_without_colour_and_in_ascii(
    scene: Scene, start: Start, snap_compare: Compare, keys: tuple[str, ...]
) -> None:
    sail(scene, "recovering")
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))


def test_release_for_the_readme(scene: Scene, start: Start, snap_compare: Compare) -> None:
    sail(scene, "baking")
    assert snap_compare(start(), terminal_size=(100, 28), run_before=after("3"))
