"""A service that is measured, and a release with its pictures, as they look at every size. See `test_snapshots`."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene
from tests.ui.series_scenes import measured
from tests.ui.test_snapshots import Compare, after

SIZES = pytest.mark.parametrize(
    "size", [(60, 20), (80, 24), (120, 36), (200, 50)], ids=["60x20", "80x24", "120x36", "200x50"]
)


@SIZES
def test_a_measured_service(scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int]) -> None:
    measured(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after("2"))


def test_a_measured_service_without_colour_and_in_ascii(scene: Scene, start: Start, snap_compare: Compare) -> None:
    measured(scene)
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=(80, 48), run_before=after("2"))


@pytest.mark.parametrize("keys", [pytest.param(("3",), id="releases"), pytest.param(("3", "enter"), id="release")])
@pytest.mark.parametrize("size", [(60, 20), (200, 50)], ids=["60x20", "200x50"])
def test_a_release_on_the_smallest_and_on_a_wall_screen(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    sail(scene, "baking")
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


def test_a_release_without_colour_and_in_ascii(scene: Scene, start: Start, snap_compare: Compare) -> None:
    sail(scene, "baking")
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("3", "enter"))
