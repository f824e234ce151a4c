"""What is typed: a thread that sleeps until there is something to read."""

from __future__ import annotations

import os
import select
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable

from textual import constants
from textual._xterm_parser import XTermParser
from textual.message import Message

_READ = 4096
_AFTER = 0.005
"""Seconds by which a sleep must outlast the delay that it waits for."""


class Keys:
    """Reads a terminal, and delivers what its bytes mean.

    A pipe wakes it when it shall end. It sleeps with a time limit only after input, once: that may have been the
    beginning of a sequence, or the Esc key.
    """

    def __init__(
        self, terminal: int, deliver: Callable[[Message], None], gone: Callable[[], None], *, typed: bytes = b""
    ) -> None:
        """`gone` is called when the terminal hangs up. `typed` was read before. Both calls come on the thread."""
        self._terminal, self._deliver, self._gone, self._typed = terminal, deliver, gone, typed
        self._woken, self._wake = os.pipe()
        self._parser = XTermParser()
        self._decode = getincrementaldecoder("utf-8")("replace").decode
        self._thread = threading.Thread(target=self._run, name="quarterdeck-keys", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for that."""
        os.write(self._wake, b".")
        self._thread.join()
        os.close(self._wake)
        os.close(self._woken)

    def _run(self) -> None:
        waiting = select.poll()
        for descriptor in (self._terminal, self._woken):
            waiting.register(descriptor, select.POLLIN)
        open_ended = bool(self._typed)
        self._take(self._typed)
        while True:
            limit = (constants.ESCAPE_DELAY + _AFTER) * 1000 if open_ended else None
            ready = [descriptor for descriptor, _ in waiting.poll(limit)]
            if self._woken in ready:
                return
            if not ready:
                open_ended = False
                self._tick()
                continue
            data = self._read()
            if not data:
                self._gone()
                return
            open_ended = True
            self._take(data)

    def _read(self) -> bytes:
        try:
            return os.read(self._terminal, _READ)
        except OSError:  # EIO: the other end was closed
            return b""

    def _take(self, data: bytes) -> None:
        for character in self._decode(data):
            try:
                for message in self._parser.feed(character):
                    self._deliver(message)
            except (ValueError, OverflowError, LookupError, RuntimeError, StopIteration):
                # Textual's parser fails on some codes that no keyboard sends; one such must not end the cockpit.
                self._parser = XTermParser()

    def _tick(self) -> None:
        for message in self._parser.tick():
            self._deliver(message)
