"""Textual's driver for our terminals: pictures out, keys in, and the terminal's life in between."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time
from asyncio import TimerHandle
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from textual import constants, events, messages
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message

from quarterdeck.ui.output import modes, scrolling
from quarterdeck.ui.output.cells import BLANK, UNKNOWN, Grid
from quarterdeck.ui.output.encoding import Encoder
from quarterdeck.ui.output.handover import ENTER, Handover, raw
from quarterdeck.ui.output.keys import Keys
from quarterdeck.ui.output.line import Line
from quarterdeck.ui.output.pacing import QUESTION, Pace
from quarterdeck.ui.output.reading import Reader

if TYPE_CHECKING:
    from textual.app import App

PORTION = 2048
"""Characters sent before the picture is looked at again: on a slow link what follows is of the newest picture."""
WORTH_TOGETHER = 1024
"""Characters from which on a terminal might show half of them first: shorter ones come in one piece."""
SETTLED = 0.25
"""Seconds after the last resize until everything is painted again: terminals don't agree on what they keep."""
PATIENCE = 2.0
"""Seconds for which what a launcher painted stays at most, until the first whole picture takes its place."""
LAST_WORDS = 0.3
"""Seconds that a terminal has to take what restores it."""

_POINTER = "\x1b]22;"


class CellDriver(Driver):
    """Keeps the picture that Textual paints, and sends what differs from the one on the terminal.

    The link decides how often: a picture is compared when the terminal can take it, so that none is more than one
    portion behind, and the event loop never waits for a terminal that takes nothing.
    """

    handover: ClassVar[Handover | None] = None
    """How a launcher left the terminal; None if nobody was there before."""

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stdin__ is not None
        assert sys.__stderr__ is not None
        self._input = sys.__stdin__.fileno()
        self._line = Line(sys.__stderr__.fileno())
        self._home = threading.get_ident()
        self._launched = self.handover
        before = self._launched.modes if self._launched else None
        self._modes: list[Any] = before or termios.tcgetattr(self._input)
        columns, rows = self._measure()
        self._reader = Reader(Grid.filled(columns, rows))
        self._encoder = Encoder(Grid.filled(columns, rows), modes.terminal(os.environ))
        self._aside = ""
        self._keys: Keys | None = None
        self._active = self._gone = self._scheduled = self._blocked = False
        self._together = False
        self._next_row = 0
        self._settling: TimerHandle | None = None
        self._holding: TimerHandle | None = None
        self._waiting: TimerHandle | None = None
        self._pace = Pace()

    @property
    def can_suspend(self) -> bool:
        return True

    # --- the terminal's life -------------------------------------------------------------------------------------
    def start_application_mode(self) -> None:
        """Take the terminal over. What a launcher painted stays, and what it read acts first."""
        launched, self._launched = self._launched, None
        try:
            termios.tcsetattr(self._input, termios.TCSANOW, raw(termios.tcgetattr(self._input)))
        except termios.error:
            self._hang_up()
            return
        self._active = True
        entering = modes.enter(os.environ, mouse=self._mouse, keyboard=not constants.DISABLE_KITTY_KEY)
        if launched is not None:
            entering = entering.removeprefix(ENTER)  # some terminals clear the other screen when told to go there again
        self._line.add(entering)
        columns, rows = self._measure()
        self._reader.resize(columns, rows)
        self._line.add("\x1b[m")
        if launched is None:
            self._line.add("\x1b[2J")  # not every terminal clears the other screen, or has one
            self._encoder.restart(Grid.filled(columns, rows))
        else:
            self._encoder.restart(_painted(launched).resized(columns, rows, UNKNOWN))
        self._reader.touched.update(range(rows))
        for number, handler in (
            (signal.SIGWINCH, self._on_resize),
            (signal.SIGTSTP, self._on_stop),
            (signal.SIGCONT, self._on_continue),
        ):
            signal.signal(number, handler)
        if launched is not None and launched.painted:
            self._holding = self._loop.call_later(PATIENCE, self._let_go)
        typed = launched.typed if launched else b""
        self._keys = Keys(self._input, self.process_message, self._on_hang_up, typed=typed)
        self._keys.start()
        self._tell_size()
        self._schedule()

    def disable_input(self) -> None:
        """Read no more; what was typed and not read is dropped, so that no shell takes it for a command."""
        if self._keys is None:
            return
        self._keys.stop()
        self._keys = None
        signal.signal(signal.SIGWINCH, signal.SIG_DFL)
        with suppress(termios.error):  # the terminal may be gone
            termios.tcflush(self._input, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self.disable_input()
        if not self._active:
            return
        self._active = False
        self._rest()
        if not self._gone:
            self._line.finish(self._aside + modes.leave(os.environ), LAST_WORDS)
            self._aside = ""
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(self._input, termios.TCSANOW, self._modes)

    def close(self) -> None:
        """Nothing is left to do: `stop_application_mode` has waited for the last words."""

    def repaint(self) -> None:
        """Paint everything again, whatever stands there."""
        if self._active:
            self._line.add("\x1b[m\x1b[?25l\x1b[?7l")
            self._encoder.forget()
            self._reader.touched.update(range(self._reader.grid.rows))
            self._schedule()

    # --- pictures out --------------------------------------------------------------------------------------------
    def write(self, data: str) -> None:
        """Take in what Textual (or a screen of ours) writes to the terminal; it goes out as soon as there is room."""
        if threading.get_ident() != self._home:
            self._loop.call_soon_threadsafe(self.write, data)
            return
        if data.startswith(_POINTER):
            return  # the shape of a mouse's pointer isn't worth bytes
        self._aside += self._reader.feed(data)
        if self._holding is not None and self._whole():
            self._let_go()
        self._schedule()

    def _whole(self) -> bool:
        """Whether the picture has a head and a foot: what Textual paints before that is on its way to it."""
        text = self._reader.grid.text
        return all(any(cell != BLANK for cell in row) for row in (text[0], text[-1]))

    def _let_go(self) -> None:
        """Let pictures take the place of what a launcher painted."""
        if self._holding is not None:
            self._holding.cancel()
            self._holding = None
            self._schedule()

    def _schedule(self) -> None:
        """Send soon: what is painted in this turn of the loop goes out together."""
        if self._active and not (self._scheduled or self._blocked or self._gone):
            self._scheduled = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        """Send until the terminal takes no more, or stands as wanted."""
        self._scheduled = False
        if not self._active or self._gone:
            return
        try:
            while self._line.push():
                if not (self._aside or self._reader.touched) or self._holding or not self._may_send():
                    self._unblock()
                    return
                self._line.add(self._portion())
        except OSError:
            self._hang_up()
            return
        if not self._blocked:
            self._blocked = True
            self._loop.add_writer(self._line.fileno(), self._send)

    def _may_send(self) -> bool:
        """Whether the link has room; where it hasn't, the next answer sends on, or the end of patience with it."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        now = time.monotonic()
        if self._pace.room(now) > 0:
            return True
        self._waiting = self._loop.call_later(self._pace.wait(now), self._schedule)
        return False

    def _answered(self, at: float) -> None:
        self._pace.answered(at)
        if self._waiting is not None:
            self._schedule()

    def _portion(self) -> str:
        """The next bytes towards the picture: whole rows, those first that weren't sent last time."""
        now = time.monotonic()
        most = min(PORTION, self._pace.room(now))
        aside, self._aside = self._aside, ""
        if self._reader.lost:
            self._reader.lost = False
            self._encoder.forget()
            self._reader.touched.update(range(self._reader.grid.rows))
            aside += "\x1b[m"
        parts, size = list[str](), 0
        if shift := scrolling.find(self._encoder.shown, self._reader.grid, self._reader.touched):
            parts.append(self._encoder.scroll(shift))
            self._reader.touched.update(range(shift.top, shift.bottom + 1))
        rows = sorted(self._reader.touched, key=lambda y: (y < self._next_row, y))
        self._next_row = 0
        for y in rows:
            self._reader.touched.discard(y)
            parts.append(self._encoder.row(self._reader.grid, y))
            size += len(parts[-1])
            if size >= most:
                self._next_row = y + 1
                break
        if size and not self._reader.touched:
            parts.append(self._encoder.park(*self._reader.cursor))
        frame = "".join(parts)
        if self._together and len(frame) >= WORTH_TOGETHER:
            frame = f"{modes.BEGIN_TOGETHER}{frame}{modes.END_TOGETHER}"
        if not frame:
            return aside
        self._pace.sent(len(frame), now, more=bool(self._reader.touched))
        return f"{aside}{frame}{QUESTION}"

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self._loop.remove_writer(self._line.fileno())

    def _rest(self) -> None:
        """Nothing more is to be sent."""
        self._unblock()
        for timer in (self._settling, self._holding, self._waiting):
            if timer is not None:
                timer.cancel()
        self._holding = self._waiting = None

    # --- keys in -------------------------------------------------------------------------------------------------
    def process_message(self, message: Message) -> None:
        """Pass on what the terminal says. Comes on the thread that reads it."""
        if isinstance(message, messages.TerminalSupportsSynchronizedOutput):
            self._together = True  # this driver decides where that pays, not Textual
        elif isinstance(message, events.CursorPosition):
            self._loop.call_soon_threadsafe(self._answered, time.monotonic())
        elif not isinstance(message, messages.InBandWindowResize):  # SIGWINCH tells
            super().process_message(message)

    # --- the size ------------------------------------------------------------------------------------------------
    def _measure(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._line.fileno())
        except OSError:
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def _tell_size(self) -> None:
        size = Size(*self._measure())
        self.send_message(events.Resize(size, size))

    def _resize(self) -> None:
        if not self._active:
            return
        columns, rows = self._measure()
        if (columns, rows) == (self._reader.grid.columns, self._reader.grid.rows):
            return
        self._reader.resize(columns, rows)
        self._encoder.resize(columns, rows)
        self._reader.touched.update(range(rows))
        if self._settling is not None:
            self._settling.cancel()
        self._settling = self._loop.call_later(SETTLED, self.repaint)
        self._tell_size()

    # --- signals: the handlers run between any two steps of the program, what they lead to runs on the loop ----------
    def _on_resize(self, _: int, __: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._resize)

    def _on_stop(self, _: int, __: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _on_continue(self, _: int, __: FrameType | None) -> None:
        self._loop.call_soon_threadsafe(self._continue)

    def _on_hang_up(self) -> None:
        self._loop.call_soon_threadsafe(self._hang_up)

    def _stop(self) -> None:
        """Suspend the whole job, as the terminal would have: a wrapper that waits for us has to stop too.

        Where no shell looks after jobs the kernel ignores SIGTSTP, and the cockpit simply comes back.
        """
        ours = self._auto_restart and self._active
        if ours:
            self.stop_application_mode()
        signal.signal(signal.SIGCONT, signal.SIG_IGN)
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._on_stop)
        signal.signal(signal.SIGCONT, self._on_continue)
        if ours:
            self.start_application_mode()
            self.send_message(self.SignalResume())

    def _continue(self) -> None:
        """Somebody had stopped the process without asking (SIGSTOP): the shell may have changed everything."""
        if self._active:
            termios.tcsetattr(self._input, termios.TCSANOW, raw(termios.tcgetattr(self._input)))
            self._line.add(modes.enter(os.environ, mouse=self._mouse, keyboard=not constants.DISABLE_KITTY_KEY))
            self._resize()
            self.repaint()

    def _hang_up(self) -> None:
        """Nobody is there any more. What runs goes on in the runner."""
        if not self._gone:
            self._gone = True
            self._rest()
            self._app.exit(return_code=128 + signal.SIGHUP)


def _painted(launched: Handover) -> Grid:
    """What stands on the terminal that a launcher hands over."""
    if launched.painted is None:
        return Grid.filled(launched.columns, launched.rows, UNKNOWN)
    reader = Reader(Grid.filled(launched.columns, launched.rows))
    reader.feed(launched.painted)
    return Grid.filled(launched.columns, launched.rows, UNKNOWN) if reader.lost else reader.grid
