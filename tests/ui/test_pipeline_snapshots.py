"""Screen 6 as it looks. Accept a change by `--snapshot-update`."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.pipeline_scenes import mixed, piped
from tests.ui.scenes import Scene
from tests.ui.test_snapshots import Compare, after

from quarterdeck.fleet.observation import Trouble

SIZES = pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)], ids=["60x20", "80x24", "120x36"])


@SIZES
@pytest.mark.parametrize("keys", [pytest.param(("6",), id="pipelines"), pytest.param(("4",), id="inbox")])
def test_screen(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    piped(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
@pytest.mark.parametrize("keys", [pytest.param(("4", "down"), id="first"), pytest.param(("4", "G"), id="last")])
def test_inbox_of_five_hosts(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    mixed(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after(*keys))


def test_ascii(scene: Scene, start: Start, snap_compare: Compare) -> None:
    piped(scene)
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("6"))


def test_trouble(scene: Scene, start: Start, snap_compare: Compare) -> None:
    piped(scene)
    scene.fail("pipelines/pipeline:deploy", Trouble("unauthenticated", "the token has expired", "make another one"))
    assert snap_compare(start(), terminal_size=(80, 24), run_before=after("6"))
