"""Whatever happens, the terminal shows what Textual painted: compared cell by cell, over long random walks."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.terminal.cockpits import PATIENCE, Terminal, cockpit
from tests.terminal.screens import Emulator, Seen

pytestmark = pytest.mark.process

CHECKED = Path(__file__).with_name("checked_process.py")
KEYS = [
    *"12345678jkhl/:?gGnvxdstfpauryHwmz[] .-+", "\r", "\t", "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D", "\x1b[B", "\x1b[B",
    "\x1b[5~", "\x1b[6~", "\x1b[H", "\x1b[F", "\x1b", "\x1b", "\x1b", "\x7f", "\x0c", "漢", "é",
]  # fmt: skip
"""All but those that leave or suspend."""
SIZES = [(80, 24), (60, 20), (120, 40), (200, 50), (80, 24), (100, 30), (47, 11), (30, 8)]


@dataclass
class Walk:
    """A cockpit that can be asked what should stand on its terminal."""

    terminal: Terminal
    told: Path

    def right(self) -> None:
        """Fails if the terminal doesn't show it. Ages may step on while we look: then it is asked again."""
        for attempt in range(6):
            self.terminal.quiet(0.1)
            wanted = self._wanted()
            self.terminal.quiet(0.03)
            got = self.terminal.emulator.rows()
            if got == wanted:
                return
            time.sleep(0.1 * attempt)  # what is shown ages by the machine's clock
        different = [y for y, (one, other) in enumerate(zip(got, wanted, strict=True)) if one != other]
        words = ["".join(cell.text for cell in wanted[y]) for y in different]
        raise AssertionError(f"rows {different} should be {words}:\n{self.terminal.text()}")

    def _wanted(self) -> list[list[Seen]]:
        self.told.unlink(missing_ok=True)
        self.terminal.process.send_signal(signal.SIGUSR1)
        deadline = time.monotonic() + PATIENCE
        while not self.told.exists():
            assert self.terminal.process.poll() is None, f"the cockpit has ended:\n{self.terminal.text()}"
            assert time.monotonic() < deadline, "the cockpit doesn't answer"
            self.terminal.read(0.02)
        emulator = Emulator(self.terminal.screen.columns, self.terminal.screen.lines)
        emulator.feed(self.told.read_text(encoding="utf-8"))
        return emulator.rows()


@contextmanager
def walking(
    store: Path,
    tmp_path: Path,
    name: str = "xterm-256color",
    colours: str = "truecolor",
) -> Iterator[Walk]:
    told = tmp_path / "told"
    own = str(tmp_path / "own")
    with cockpit(
        store, program=(str(CHECKED), str(told)), QUARTERDECK_STATE=own, TERM=name, COLORTERM=colours
    ) as terminal:
        terminal.answer()
        terminal.wait_for("contoso-shop")
        yield Walk(terminal, told)


def wander(walk: Walk, seed: int, keys: int) -> None:
    """Random keys in random bursts, resizes among them; compared after each burst."""
    random_ = random.Random(seed)
    for _ in range(keys // 25):
        walk.terminal.press("".join(random_.choices(KEYS, k=25)).encode())
        if random_.random() < 0.3:
            walk.terminal.read(random_.random() / 20)
            walk.terminal.resize(*random_.choice(SIZES))
        if walk.terminal.screen.columns >= 47:  # smaller ones show a word instead
            walk.right()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_over_five_hundred_random_keys_and_resizes_every_cell_is_as_painted(
    store: Path, tmp_path: Path, seed: int
) -> None:
    name = {1: "xterm-256color", 2: "screen-256color", 3: "vt100"}[seed]
    with walking(store, tmp_path, name, colours="") as walk:
        wander(walk, seed, 500)


@pytest.mark.skipif("QUARTERDECK_LONG_WALK" not in os.environ, reason="takes minutes: set QUARTERDECK_LONG_WALK=1")
@pytest.mark.parametrize("seed", range(100, 104))
def test_over_ten_thousand_random_keys_it_stays_alive_and_right(store: Path, tmp_path: Path, seed: int) -> None:
    with walking(store, tmp_path) as walk:
        wander(walk, seed, 2500)


def test_after_a_minute_that_nobody_read_the_screen_is_right_again(store: Path, tmp_path: Path) -> None:
    """Not a minute by the clock: as many changes as a minute brings, with a terminal that takes none of them."""
    with walking(store, tmp_path) as walk:
        terminal = walk.terminal
        terminal.resize(200, 50)
        walk.right()
        before = len(terminal.received)
        terminal.press(b"".join([b"7", b"5", b"2", b"1", b"\x1b[B"] * 20))
        deadline = time.monotonic() + PATIENCE
        while terminal.works():  # it goes on although its terminal doesn't
            assert time.monotonic() < deadline
        walk.right()
        # What waited: what the terminal itself holds, one portion, and then the newest picture only.
        assert len(terminal.received) - before < 30_000


def test_what_another_program_wrote_over_it_is_gone_after_ctrl_l(store: Path, tmp_path: Path) -> None:
    with walking(store, tmp_path) as walk:
        walk.right()
        walk.terminal.emulator.feed(b"\x1b[3;10H\x1b[41mbroadcast message\x1b[m" * 3)
        walk.terminal.press(b"\x0c")
        walk.right()


def test_a_size_that_came_back_before_anybody_looked_is_painted_anew(store: Path, tmp_path: Path) -> None:
    """Terminals drop what lies outside of the smaller size, and the signals for both may come as one."""
    with walking(store, tmp_path) as walk:
        walk.right()
        for rows, columns in ((8, 30), (24, 80)):
            walk.terminal.screen.resize(rows, columns)
        walk.terminal.process.send_signal(signal.SIGWINCH)
        walk.right()
