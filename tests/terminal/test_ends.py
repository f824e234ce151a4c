"""However it pauses or ends: the terminal is given back, the exit code is right, and nothing spins or hangs."""

from __future__ import annotations

import os
import re
import signal
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.terminal.cockpits import PATIENCE, PROGRAM, Terminal, cockpit

pytestmark = pytest.mark.process

GIVEN_BACK = b"\x1b[?25h\x1b[?1049l"


def wait_until(terminal: Terminal, text: bytes, since: int = 0) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in terminal.sent(since):
        assert time.monotonic() < deadline, terminal.sent(since)[-2000:]
        terminal.read(0.02)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_signal_ends_it_while_nobody_reads_the_terminal(store: Path, number: signal.Signals) -> None:
    with cockpit(store, columns=200, rows=50) as terminal:
        terminal.wait_for("contoso-shop")
        stall(terminal)
        terminal.process.send_signal(number)
        assert terminal.process.wait(PATIENCE) == 128 + number
        assert terminal.modes() == terminal.at_first
        terminal.quiet()
        assert terminal.sent().endswith(GIVEN_BACK)  # what waited was thrown away for it


def test_q_ends_it_while_nobody_reads_the_terminal(store: Path) -> None:
    with cockpit(store, columns=200, rows=50) as terminal:
        terminal.wait_for("contoso-shop")
        stall(terminal)
        terminal.press(b"q")
        assert terminal.process.wait(PATIENCE) == 0


def test_flow_control_stops_it_and_lets_it_go_on(store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        terminal.quiet()
        termios.tcflow(terminal.slave, termios.TCOOFF)
        terminal.press(b"7")
        assert terminal.read(0.4) == 0
        termios.tcflow(terminal.slave, termios.TCOON)
        terminal.wait_for("7 Log")
        terminal.press(b"q")
        assert terminal.ended() == 0


def stall(terminal: Terminal) -> None:
    """Far more is drawn than anybody reads."""
    terminal.press(b"7521" * 4)
    deadline = time.monotonic() + PATIENCE
    while terminal.works():
        assert time.monotonic() < deadline


def test_a_line_that_is_closed_ends_it_without_a_signal_too(store: Path) -> None:
    """As behind `nohup`: nobody tells it, and reading and writing fail."""
    with cockpit(store, program=("-c", IGNORING.format(str(PROGRAM)))) as terminal:
        terminal.wait_for("contoso-shop")
        spare = os.open(os.devnull, os.O_RDWR)
        os.dup2(spare, terminal.slave)
        os.dup2(spare, terminal.master)
        os.close(spare)
        assert terminal.process.wait(PATIENCE) == 129


IGNORING = """
import runpy, signal, sys
set_signal = signal.signal
signal.signal = lambda number, handler: None if number == signal.SIGHUP else set_signal(number, handler)
set_signal(signal.SIGHUP, signal.SIG_IGN)
sys.argv = ["cockpit", sys.argv[1]]
runpy.run_path({!r}, run_name="__main__")
"""


def test_a_shell_suspends_it_and_brings_it_back(store: Path) -> None:
    shell = ("-c", "import os; os.execvp('bash', ['bash', '--norc', '-i'])")
    with cockpit(store, program=shell, PS1="ready> ", HISTFILE="") as terminal:
        terminal.wait_for("ready>")
        terminal.press(f"{sys.executable} {PROGRAM} {store}\r".encode())
        terminal.wait_for("contoso-shop")
        terminal.press(b"\x1a")
        terminal.wait_for("Stopped")
        assert terminal.sent().count(GIVEN_BACK) == 1
        terminal.press(b"fg\r")
        wait_until(terminal, b"1 Bridge", terminal.sent().index(GIVEN_BACK))
        terminal.press(b"q")
        wait_until(terminal, b"goes on running", terminal.sent().index(GIVEN_BACK))
        terminal.press(b"echo code $?\r")
        terminal.wait_for("code 0")
        terminal.press(b"exit\r")
        assert terminal.ended() == 0


def test_stopped_without_being_asked_it_paints_everything_anew_when_it_goes_on(store: Path) -> None:
    with cockpit(store) as terminal:
        terminal.wait_for("contoso-shop")
        terminal.quiet()
        terminal.process.send_signal(signal.SIGSTOP)
        modes = termios.tcgetattr(terminal.slave)
        modes[3] |= termios.ICANON | termios.ECHO | termios.ISIG  # as a shell does
        termios.tcsetattr(terminal.slave, termios.TCSANOW, modes)
        terminal.screen.reset()
        terminal.process.send_signal(signal.SIGCONT)
        terminal.wait_for("LAST OPERATIONS")
        assert "contoso-shop" in terminal.text()
        terminal.press(b"q")
        assert terminal.ended() == 0


@pytest.mark.parametrize("name", ["linux", "vt100", "xterm", "xterm-256color", "screen-256color", "tmux-256color"])
def test_every_terminal_is_asked_only_what_it_knows(store: Path, name: str) -> None:
    with cockpit(store, TERM=name, COLORTERM="") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        terminal.press(b"q")
        assert terminal.ended() == 0
    sent = terminal.sent()
    if name in ("linux", "vt100"):
        assert not re.search(rb"\x1b\[[<>]|\$p|\x1b\[\?(2004|1004|2026)", sent)
        assert not re.search(rb"[34]8;[25];", sent)
        assert sent.isascii()
    if name == "vt100":
        assert not re.search(rb"\x1b\[[0-9]+[GX]", sent)
    if name.startswith("screen"):  # erases to its own background: a coloured one is written out
        assert not re.search(rb"48;5;[0-9]+m\x1b\[K", sent)


def test_colours_of_another_terminal_that_leak_through_screen_are_not_believed(store: Path) -> None:
    with cockpit(store, TERM="screen", COLORTERM="truecolor") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        assert b";2;" not in terminal.sent()


def test_no_colour_sends_no_colour_code_at_all(store: Path) -> None:
    with cockpit(store, NO_COLOR="1") as terminal:
        terminal.wait_for("LAST OPERATIONS")
        terminal.press(b"s")
        terminal.quiet()
    for codes in re.findall(rb"\x1b\[([0-9;]*)m", terminal.sent()):
        assert not [code for code in codes.split(b";") if len(code) > 1 and code[:1] in b"3491" and code != b"39"], (
            codes
        )


def test_a_terminal_without_room_gets_a_word_and_its_keys_do_nothing(store: Path) -> None:
    with cockpit(store, columns=30, rows=8) as terminal:
        terminal.wait_for("not enough room: 30x8")
        terminal.press(b"s")  # would ask for a swap that nobody sees
        terminal.quiet(0.4)
        terminal.resize(80, 24)
        terminal.wait_for("LAST OPERATIONS")
        terminal.quiet()
        assert "swap staging" not in terminal.text()
        terminal.press(b"q")
        assert terminal.ended() == 0
