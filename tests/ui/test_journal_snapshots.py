"""The Log, the past, two moments compared, and flags in full as they look. Accept a change by `--snapshot-update`."""

from __future__ import annotations

import pytest
from tests.ui.conftest import Start
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene, played
from tests.ui.test_snapshots import SIZES, Compare, after

LOOKS = pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("7", "up", "D"), id="log-held"),
        pytest.param(("7", "slash", *"kind:step"), id="log-finding"),
        pytest.param(("7", "up", "less_than_sign"), id="past"),
        pytest.param(("7", "g", "D", "G", "D"), id="compared"),
        pytest.param(("5", "left", "m"), id="flags-marked"),
        pytest.param(("5", "G"), id="flag-labels"),
        pytest.param(("5", "v"), id="flags-view"),
    ],
)


def named(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Textual's names of the keys."""
    return tuple("colon" if key == ":" else key for key in keys)


@SIZES
@LOOKS
def test_journal(
    scene: Scene, start: Start, snap_compare: Compare, size: tuple[int, int], keys: tuple[str, ...]
) -> None:
    played(scene)
    assert snap_compare(start(), terminal_size=size, run_before=after(*named(keys)))


@pytest.mark.parametrize("keys", [pytest.param(("7", "less_than_sign"), id="past"), pytest.param(("4",), id="inbox")])
def test_in_ascii(scene: Scene, start: Start, snap_compare: Compare, keys: tuple[str, ...]) -> None:
    sail(scene, "waiting")
    app = start("quarterdeck-mono", ascii=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))


def test_the_past_on_a_narrow_terminal(scene: Scene, start: Start, snap_compare: Compare) -> None:
    played(scene)
    assert snap_compare(start(), terminal_size=(60, 20), run_before=after("7", "up", "less_than_sign"))
