"""Textual's driver for our terminals: the terminal's life, with pictures out and keys in."""

from __future__ import annotations

import os
import signal
import sys
import termios
import threading
import time
from contextlib import suppress
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from textual import constants, events, messages
from textual.driver import Driver
from textual.geometry import Size
from textual.message import Message

from quarterdeck.ui.output import modes
from quarterdeck.ui.output.cells import UNKNOWN, Grid
from quarterdeck.ui.output.handover import ENTER, Handover, raw
from quarterdeck.ui.output.keys import Keys
from quarterdeck.ui.output.line import Line
from quarterdeck.ui.output.reading import Reader
from quarterdeck.ui.output.smallness import ALLOWED
from quarterdeck.ui.output.stage import Stage

if TYPE_CHECKING:
    from textual.app import App

LAST_WORDS = 0.3
"""Seconds that a terminal has to take what restores it."""


class CellDriver(Driver):
    """Takes the terminal over and gives it back, however the cockpit ends or pauses."""

    gives_title_back: ClassVar[bool] = True
    """Whoever writes a window's title needn't mind what stood there before."""
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
        understood = modes.terminal(os.environ)
        self._stage = Stage(
            self._line, understood, self._loop, self._measure(), gone=self._hang_up, failed=self._break_down
        )
        self._keys: Keys | None = None
        self._active = self._gone = False

    @property
    def can_suspend(self) -> bool:
        return True

    # --- taking over and giving back -----------------------------------------------------------------------------
    def start_application_mode(self) -> None:
        """Take the terminal over. What a launcher painted stays, and what it read acts first."""
        launched, self._launched = self._launched, None
        if not self._set_raw():
            self._hang_up()
            return
        self._active = True
        columns, rows = self._measure()
        prologue = modes.keep(os.environ) + self._enter()
        if launched is None:
            # Not every terminal clears the other screen on entering it, or has one.
            self._stage.begin(Grid.filled(columns, rows), f"{prologue}\x1b[m\x1b[2J", hold=False)
        else:
            shown = _painted(launched).resized(columns, rows, UNKNOWN)
            # Some terminals (VTE) clear the screen that they are on when told to go there again.
            prologue = prologue.replace(ENTER, "", 1)
            self._stage.begin(shown, f"{prologue}\x1b[m", hold=bool(launched.painted))
        signal.signal(signal.SIGWINCH, self._on_resize)
        signal.signal(signal.SIGTSTP, self._on_stop)
        signal.signal(signal.SIGCONT, self._on_continue)
        typed = launched.typed if launched else b""
        self._keys = Keys(self._input, self.process_message, self._on_hang_up, typed=typed)
        self._keys.start()
        self._tell_size()

    def disable_input(self) -> None:
        """Read no more; what was typed and not read is dropped, so that no shell takes it for a command."""
        if self._keys is None:
            return
        self._keys.stop()
        self._keys = None
        for number in (signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT):
            signal.signal(number, signal.SIG_DFL)
        with suppress(termios.error):  # the terminal may be gone
            termios.tcflush(self._input, termios.TCIFLUSH)

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self.disable_input()
        if not self._active:
            return
        self._active = False
        if self._gone:
            return
        self._stage.end(modes.leave(os.environ), LAST_WORDS)
        with suppress(termios.error):  # the terminal may be gone
            termios.tcsetattr(self._input, termios.TCSANOW, self._modes)

    def _enter(self) -> str:
        return modes.enter(os.environ, mouse=self._mouse, keyboard=not constants.DISABLE_KITTY_KEY)

    def _set_raw(self) -> bool:
        try:
            termios.tcsetattr(self._input, termios.TCSANOW, raw(termios.tcgetattr(self._input)))
        except termios.error:
            return False
        return True

    # --- pictures out, keys in -----------------------------------------------------------------------------------
    def write(self, data: str) -> None:
        """Take in what Textual (or a screen of ours) writes to the terminal; it goes out as soon as there is room."""
        if threading.get_ident() == self._home:
            self._stage.paint(data)
        else:
            self._loop.call_soon_threadsafe(self._stage.paint, data)

    def process_message(self, message: Message) -> None:
        """Pass on what the terminal says. Comes on the thread that reads it."""
        match message:
            case messages.TerminalSupportsSynchronizedOutput():
                self._stage.together = True  # the stage decides where that pays, not Textual
            case messages.InBandWindowResize():
                pass  # SIGWINCH tells
            case events.CursorPosition():
                self._loop.call_soon_threadsafe(self._stage.answered, time.monotonic())
            case events.Key() if self._stage.too_small and message.key not in ALLOWED:
                pass
            case _:
                if isinstance(message, events.Key) and message.key == "ctrl+l":
                    self._loop.call_soon_threadsafe(self._stage.repaint)
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
        if self._active and self._stage.resize(*self._measure()):
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
        if self._active:
            self.stop_application_mode()
            os.kill(0, signal.SIGTSTP)
            self.start_application_mode()
            self.send_message(self.SignalResume())

    def _continue(self) -> None:
        """Somebody had stopped the process without asking (SIGSTOP): the shell may have changed everything."""
        if self._active and self._set_raw():
            self._resize()
            self._stage.repaint(self._enter())

    def _break_down(self, error: Exception) -> None:
        """End as any error in the cockpit ends it: with a word about it."""

        def fail() -> None:
            raise error

        self._app.call_later(fail)

    def _hang_up(self) -> None:
        """Nobody is there any more. What runs goes on in the runner."""
        if not self._gone:
            self._gone = True
            self._stage.stop()
            self._app.exit(return_code=128 + signal.SIGHUP)


def _painted(launched: Handover) -> Grid:
    """What stands on the terminal that a launcher hands over."""
    if launched.painted is None:
        return Grid.filled(launched.columns, launched.rows, UNKNOWN)
    reader = Reader(Grid.filled(launched.columns, launched.rows))
    reader.feed(launched.painted)
    return Grid.filled(launched.columns, launched.rows, UNKNOWN) if reader.lost else reader.grid
