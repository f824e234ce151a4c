"""What goes over the line, and when: little, and nothing for nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.terminal.cockpits import PATIENCE, Terminal, cockpit
from tests.ui.scenes import Scene, slots

pytestmark = pytest.mark.process

LAUNCHED = Path(__file__).with_name("launched_process.py")


def test_a_changed_version_costs_a_few_cells(scene: Scene) -> None:
    """The least of three tries: an age or the minute may change in the same moment."""
    with cockpit(scene.path, columns=200, rows=50) as terminal:
        terminal.answer()
        terminal.wait_for("LAST OPERATIONS")
        assert min(sent_for(terminal, scene, version) for version in ("1.9.7", "1.9.8", "1.9.9")) <= 200


def sent_for(terminal: Terminal, scene: Scene, version: str) -> int:
    """Bytes that go to the terminal when the version of a service changes, in the grid and under PLACES."""
    terminal.quiet(0.4)
    before = len(terminal.received)
    scene.clock.at = time.time()
    scene.see({"slots/production/cart": slots(version, "1.9.2")}, ago=0)
    deadline = time.monotonic() + PATIENCE
    while terminal.text().count(version) < 2:
        assert time.monotonic() < deadline, terminal.text()
        terminal.read(0.05)
    terminal.quiet()
    return len(terminal.received) - before


def test_a_first_picture_is_a_tenth_of_what_textual_sends(store: Path) -> None:
    sizes = {}
    for output in ("cells", "stock"):
        with cockpit(store, columns=120, rows=40, QUARTERDECK_OUTPUT=output) as terminal:
            terminal.answer()
            terminal.wait_for("LAST OPERATIONS")
            terminal.quiet()
            sizes[output] = len(terminal.received)
    assert sizes["cells"] * 10 < sizes["stock"]


def test_many_resizes_cost_less_than_two_pictures_each(store: Path) -> None:
    with cockpit(store, columns=120, rows=40) as terminal:
        terminal.answer()
        terminal.wait_for("LAST OPERATIONS")
        terminal.quiet()
        before = len(terminal.received)
        for i in range(60):
            terminal.resize(120 - i % 7, 40 - i % 5)
            terminal.read(0.02)
        terminal.resize(120, 40)
        terminal.quiet(0.4)
        assert len(terminal.received) - before < 150_000
        assert "LAST OPERATIONS" in terminal.text()


def test_a_launchers_picture_stays_and_what_was_typed_meanwhile_acts(store: Path) -> None:
    with cockpit(store, program=(str(LAUNCHED),)) as terminal:
        terminal.wait_for("keys: x")
        assert "last known" not in terminal.text()
        assert terminal.sent().count(b"contoso-shop") == 1  # the launcher's: it stood where it is wanted
        assert b"\x1b[2J" not in terminal.sent()
        terminal.press(b"q")
        assert terminal.ended() == 0
        assert terminal.modes() == terminal.at_first
