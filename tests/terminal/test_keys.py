"""What is typed, read from a real pseudo terminal."""

from __future__ import annotations

import os
import pty
import queue
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual import events
from textual.message import Message

from quarterdeck.ui.output.keys import Keys

PATIENCE = 5.0


class Typist:
    """A terminal to type on, and what arrives of it."""

    def __init__(self, typed: bytes = b"") -> None:
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.arrived: queue.Queue[Message] = queue.Queue()
        self.gone = threading.Event()
        self.keys = Keys(self.slave, self.arrived.put, self.gone.set, typed=typed)
        self.keys.start()

    def type(self, data: bytes) -> None:
        os.write(self.master, data)

    def next(self) -> str:
        message = self.arrived.get(timeout=PATIENCE)
        assert isinstance(message, events.Key)
        return message.key


@pytest.fixture
def typist() -> Iterator[Typist]:
    typist = Typist()
    yield typist
    typist.keys.stop()
    os.close(typist.slave)
    os.close(typist.master)


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        (b"j", ["j"]),
        (b"\x1b[A", ["up"]),
        (b"\x1b", ["escape"]),
        (b"\x1b[27u", ["escape"]),
        (b"\xffj", ["replacement_character", "j"]),
    ],
    ids=["letter", "arrow", "esc", "esc in kitty", "not utf-8"],
)
def test_keys_arrive(typist: Typist, typed: bytes, keys: list[str]) -> None:
    typist.type(typed)
    assert [typist.next() for _ in keys] == keys


def test_a_sequence_that_comes_in_pieces_is_one_key(typist: Typist) -> None:
    for piece in (b"\x1b", b"[", b"A"):
        typist.type(piece)
    assert typist.next() == "up"


def test_codes_that_no_keyboard_sends_do_no_harm(typist: Typist) -> None:
    typist.type(b"\x1b[99999999999999u")
    typist.type(b"\x1b[1114112u")
    typist.type(b"j")
    keys = [typist.next()]
    while keys[-1] != "j":
        keys.append(typist.next())


def test_it_sleeps_while_nobody_types(typist: Typist) -> None:
    typist.type(b"j")
    assert typist.next() == "j"
    thread = next(one for one in threading.enumerate() if one.name == "quarterdeck-keys")
    status = Path(f"/proc/self/task/{thread.native_id}/status")
    asleep = threading.Event()
    asleep.wait(0.5)  # longer than it waits for the rest of a sequence
    before = status.read_text().split("voluntary_ctxt_switches:")[1].split()[0]
    asleep.wait(0.5)
    assert status.read_text().split("voluntary_ctxt_switches:")[1].split()[0] == before


def test_what_was_read_before_comes_first() -> None:
    typist = Typist(typed=b"q")
    assert typist.next() == "q"
    typist.keys.stop()


def test_a_terminal_that_hangs_up_is_told() -> None:
    typist = Typist()
    os.close(typist.master)
    assert typist.gone.wait(PATIENCE)
    typist.keys.stop()
