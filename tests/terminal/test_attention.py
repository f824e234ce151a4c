"""A real cockpit calls for a person through a real (pseudo) terminal, and gives the window's title back."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.terminal.cockpits import cockpit
from tests.ui.release_scenes import waiting
from tests.ui.scenes import Scene

from quarterdeck.ui.output.modes import RESTORE_TITLE, SAVE_TITLE

pytestmark = pytest.mark.process


def test_an_approval_rings_and_the_title_of_before_comes_back_at_the_end(scene: Scene, store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        terminal.quiet()
        before = terminal.sent()
        assert before.count(SAVE_TITLE.encode()) == 1
        assert b"\x1b]2;" in before
        assert b"\x07" not in before, "what was there already calls for nobody"
        waiting(scene)
        terminal.wait_for("waits for approval sre")
        terminal.quiet()
        assert b"\x07\x1b]9;Quarterdeck contoso-shop: " in terminal.sent()
        terminal.press(b"q")
        assert terminal.ended() == 0
        sent = terminal.sent()
    assert sent.count(RESTORE_TITLE.encode()) == 1
    assert sent.rindex(b"\x1b]2;") < sent.rindex(RESTORE_TITLE.encode())
