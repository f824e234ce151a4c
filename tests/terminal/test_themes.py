"""Themes on a real terminal: what is sent of them."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from tests.terminal.cockpits import PATIENCE, cockpit
from tests.ui.scenes import FrozenClock, Scene, played

pytestmark = pytest.mark.process

CODE = re.compile(rb"\x1b\[([0-9;:]*)m")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store with a fleet lies."""
    return played(Scene(tmp_path / "state" / "store.db", FrozenClock(time.time()))).path


@pytest.fixture(autouse=True)
def themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user's own themes lie; none does, and none was ever chosen."""
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "kept"))
    return tmp_path / "config" / "themes"


def colours_in(received: bytes) -> set[bytes]:
    """The codes that name a colour. 39 and 49 are the terminal's own."""
    numbers = {number for codes in CODE.findall(received) for number in re.split(rb"[;:]", codes) if number}
    return {number for number in numbers if int(number) in (*range(30, 39), *range(40, 49), *range(90, 108))}


@pytest.mark.parametrize("theme", ["", "quarterdeck-light"], ids=["fitting", "asked for"])
def test_no_color_means_no_code_of_a_colour_whatever_theme_is_asked_for(store: Path, theme: str) -> None:
    with cockpit(store, NO_COLOR="", QUARTERDECK_THEME=theme) as terminal:
        terminal.wait_for("LAST OPERATIONS")
        terminal.press(b":")
        terminal.read(0.3)
        terminal.press(b"theme quarterdeck-contrast\r")
        terminal.wait_for("this cockpit wears quarterdeck-contrast")
        terminal.press(b"?")
        terminal.wait_for("Keys on 1 Bridge")
        assert colours_in(bytes(terminal.received)) == set()


def test_sixteen_colours_are_the_terminals_own(store: Path) -> None:
    with cockpit(store, TERM="xterm", COLORTERM="") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        assert colours_in(bytes(terminal.received)) <= {b"3%d" % number for number in range(1, 7)}


def test_a_theme_that_is_written_is_seen_on_the_terminal(store: Path, themes: Path) -> None:
    path = themes / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text('extends = "quarterdeck-dark"\n')
    with cockpit(store, QUARTERDECK_THEME="mine") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        terminal.read(0.5)
        path.write_text('extends = "quarterdeck-dark"\n[words]\nok = "#010203"\n')
        deadline = time.monotonic() + PATIENCE
        while b"38;2;1;2;3" not in terminal.received:
            assert time.monotonic() < deadline
            terminal.read(0.1)
