"""A real cockpit on a real (pseudo) terminal: how it starts, how it ends, what it leaves behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.terminal.cockpits import PATIENCE, PROGRAM, Terminal, cockpit
from tests.ui.scenes import FrozenClock, Scene, played, slots

pytestmark = pytest.mark.process


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A store with a fleet, as of now: the process has the machine's clock."""
    return played(Scene(tmp_path / "state" / "store.db", FrozenClock(time.time())))


@pytest.fixture
def store(scene: Scene) -> Path:
    """Where that store lies."""
    return scene.path


LEFT = (b"\x1b[?1049l", b"\x1b[?25h")
"""Off the alternate screen, cursor shown."""


@pytest.mark.parametrize(
    ("keys", "code"), [(b"q", 0), (b"\x03", 0)], ids=["q", "ctrl+c"]
)  # fmt: skip
def test_leaving_restores_the_terminal_and_says_what_goes_on(store: Path, keys: bytes, code: int) -> None:
    with cockpit(store) as terminal:
        before = terminal.modes()
        terminal.wait_for("contoso-shop")
        assert terminal.modes() != before
        terminal.press(keys)
        assert terminal.ended() == code
        assert terminal.modes() == before
        assert all(mode in terminal.received for mode in LEFT)
        assert "goes on running: swap production/checkout 1/2" in terminal.text()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_ends_it_with_a_clean_terminal(store: Path, number: signal.Signals) -> None:
    with cockpit(store) as terminal:
        before = terminal.modes()
        terminal.wait_for("contoso-shop")
        terminal.process.send_signal(number)
        assert terminal.ended() == 128 + number
        assert terminal.modes() == before
        assert all(mode in terminal.received for mode in LEFT)


def test_a_signal_ends_it_from_within_a_dialog_too(store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        terminal.press(b"?")
        terminal.wait_for("Keys on 1 Bridge")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 128 + signal.SIGTERM


def test_a_line_that_hangs_up_ends_it_soon(store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        hang_up(terminal)
        terminal.process.wait(PATIENCE)
        assert terminal.process.returncode != 0


def test_a_line_that_hangs_up_in_the_middle_of_a_repaint_ends_it_too(store: Path) -> None:
    with stalled(store) as terminal:
        hang_up(terminal)
        terminal.process.wait(PATIENCE)
        assert terminal.process.returncode != 0


def test_a_signal_ends_it_while_nobody_reads_the_terminal(store: Path) -> None:
    with stalled(store) as terminal:
        before = termios.tcgetattr(terminal.slave)[:4]
        terminal.process.send_signal(signal.SIGTERM)
        terminal.process.wait(PATIENCE)
        assert terminal.process.returncode == 128 + signal.SIGTERM
        assert termios.tcgetattr(terminal.slave)[:4] != before  # no longer raw


@contextmanager
def stalled(store: Path) -> Iterator[Terminal]:
    """A cockpit that has far more to draw than anybody reads, and writes as Textual does: for ever waiting."""
    with cockpit(store, columns=200, rows=50, QUARTERDECK_OUTPUT="stock") as terminal:
        terminal.wait_for("contoso-shop")
        deadline = time.monotonic() + PATIENCE
        while _draws(terminal):
            assert time.monotonic() < deadline, "it never stalled"
        yield terminal


def _draws(terminal: Terminal) -> bool:
    """Whether the cockpit still does anything about keys; four screens cost it many ticks of 10 ms."""
    before = _ticks(terminal.process.pid)
    for key in (b"7", b"5", b"2", b"1"):
        terminal.press(key)
        time.sleep(0.15)  # a person's pace: keys that come at once are drawn at once
    return _ticks(terminal.process.pid) - before > 1


def _ticks(pid: int) -> int:
    """CPU time of the main thread so far."""
    fields = Path(f"/proc/{pid}/task/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def hang_up(terminal: Terminal) -> None:
    """Nobody holds the terminal any more."""
    spare = os.open(os.devnull, os.O_RDWR)
    os.dup2(spare, terminal.slave)
    os.dup2(spare, terminal.master)
    os.close(spare)


def test_nothing_is_sent_while_nothing_changes(store: Path) -> None:
    with cockpit(store, QUARTERDECK_THEME="quarterdeck-dark") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        terminal.read(1.0)
        quiet = [terminal.read(0.5) for _ in range(6)]
        # Within three seconds one age may reach its next step; a cursor, a spinner or a clock of seconds would not
        # leave any half second untouched.
        assert quiet.count(0) >= 5, quiet


def test_a_change_repaints_only_the_rows_that_show_it(scene: Scene) -> None:
    """Three tries: the minute in the head line, or an age, may happen to change in the same moment."""
    with cockpit(scene.path, columns=200, rows=50) as terminal:
        terminal.wait_for("LAST OPERATIONS")
        tries = [_sent_for(terminal, scene, version) for version in ("1.9.7", "1.9.8", "1.9.9")]
    rows = [set(re.findall(rb"\x1b\[(\d+);\d+H\x1b", sent)) for sent in tries]
    assert {b"5", b"15"} in rows, rows
    # Textual 8.2 sends a row from its start to the end of what changed; a whole screen would be 10 kB and more.
    assert min(len(sent) for sent in tries) < 800, tries


def _sent_for(terminal: Terminal, scene: Scene, version: str) -> bytes:
    """What goes to the terminal when cart's version changes."""
    terminal.read(0.5)
    before = len(terminal.received)
    scene.clock.at = time.time()
    scene.see({"slots/production/cart": slots(version, "1.9.2")}, ago=0)
    deadline = time.monotonic() + PATIENCE
    while terminal.text().count(version) < 2:  # in the grid, and under PLACES
        assert time.monotonic() < deadline, terminal.text()
        terminal.read(0.05)
    return bytes(terminal.received[before:])


def test_it_can_be_suspended_and_brought_back(store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        terminal.press(b"\x1a")
        deadline = time.monotonic() + PATIENCE
        while b"\x1b[?1049l" not in terminal.received and time.monotonic() < deadline:
            terminal.read(0.05)
        assert b"\x1b[?1049l" in terminal.received
        terminal.process.send_signal(signal.SIGCONT)
        terminal.screen.reset()
        terminal.wait_for("contoso-shop")
        terminal.press(b"q")
        assert terminal.ended() == 0


def test_no_colour_means_no_colour(store: Path) -> None:
    with cockpit(store, NO_COLOR="1") as terminal:
        terminal.wait_for("contoso-shop")
        terminal.press(b"q")
        terminal.ended()
        assert b"38;2;" not in terminal.received
        assert b"48;2;" not in terminal.received
        assert b"38;5;" not in terminal.received


def test_ascii_means_ascii(store: Path) -> None:
    with cockpit(store, QUARTERDECK_ASCII="1") as terminal:
        terminal.wait_for("contoso-shop")
        terminal.press(b"s")
        terminal.wait_for("swap staging in all regions")
        assert terminal.text().isascii()


def test_over_ssh_the_mouse_is_left_alone(store: Path) -> None:
    with cockpit(store, SSH_CONNECTION="192.0.2.1 5022 192.0.2.2 22") as terminal:
        terminal.wait_for("contoso-shop")
        assert b"\x1b[?1003h" not in terminal.received
    with cockpit(store, SSH_CONNECTION="192.0.2.1 5022 192.0.2.2 22", QUARTERDECK_MOUSE="1") as terminal:
        terminal.wait_for("contoso-shop")
        assert b"\x1b[?1003h" in terminal.received


@pytest.mark.parametrize("name", ["dumb", ""])
def test_a_dumb_terminal_gets_words_and_the_way_round(store: Path, name: str) -> None:
    with cockpit(store, TERM=name) as terminal:
        assert terminal.ended() == 2
        assert "can't move its cursor" in terminal.text()
        assert "qd status" in terminal.text()
        assert b"\x1b" not in terminal.received


def test_without_a_terminal_it_says_so(store: Path) -> None:
    done = subprocess.run([sys.executable, str(PROGRAM), str(store)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "this is not a terminal" in done.stderr
    assert "qd status" in done.stderr


def test_an_error_of_our_own_prints_no_local_variable(store: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import quarterdeck.ui.screens.bridge as bridge\n"
        "def broken(self):\n"
        "    token = 'eyJ-a-secret'\n"
        "    raise RuntimeError('boom')\n"
        "bridge.Bridge.paint_body = broken\n"
    )
    with cockpit(store, rows=60, PYTHONPATH=str(tmp_path)) as terminal:
        before = terminal.modes()
        assert terminal.ended() == 1
        assert terminal.modes() == before
        assert "RuntimeError: boom" in terminal.text()
        assert "This is a bug in the cockpit" in terminal.text()
        assert "eyJ-a-secret" not in terminal.received.decode()
