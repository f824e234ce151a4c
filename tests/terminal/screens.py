"""Terminal emulators to compare: what a person would see, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pyte


class Seen(NamedTuple):
    """A cell as it looks. On a blank only what shows on blanks counts."""

    text: str
    background: str
    looks: tuple[object, ...]


class _Screen(pyte.Screen):
    reply: Callable[[bytes], None] | None = None

    def write_process_input(self, data: str) -> None:
        if self.reply is not None:
            self.reply(data.encode())


class Emulator:
    """A terminal of that size; `feed` it bytes or text."""

    def __init__(self, columns: int, rows: int) -> None:
        self.screen = _Screen(columns, rows)
        self.screen.set_mode(pyte.modes.LNM)  # the line translates \n to \r\n
        self._stream = pyte.ByteStream(self.screen)

    def feed(self, data: str | bytes) -> None:
        self._stream.feed(data.encode() if isinstance(data, str) else data)

    def answer(self, reply: Callable[[bytes], None]) -> None:
        """Reply to questions (where the cursor is, what terminal this is) from now on."""
        self.screen.reply = reply

    def rows(self) -> list[list[Seen]]:
        """Every cell, as seen."""
        return [
            [_seen(self.screen.buffer[y][x]) for x in range(self.screen.columns)] for y in range(self.screen.lines)
        ]  # fmt: skip

    def text(self) -> str:
        return "\n".join(self.screen.display)


def _seen(cell: pyte.screens.Char) -> Seen:
    lines = (cell.underscore, cell.strikethrough, cell.reverse)
    if cell.data == " " and not any(lines):
        return Seen(" ", cell.bg, ())
    return Seen(cell.data, cell.bg, (cell.fg, cell.bold, cell.italics, cell.blink, *lines))
