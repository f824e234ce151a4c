"""The terminal between the first frame and the cockpit: who paints, restores, and hands over.

Standard library only, and as little of it as can be: what is loaded here is what an operator waits for.
"""

from __future__ import annotations

import os
import sys

from quarterdeck.ui import colours
from quarterdeck.ui.output.handover import ENTER, LEAVE, Handover, raw

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

    from quarterdeck.ui.glance.keeping import Glance

_INPUT, _SCREEN = 0, 2
"""The cockpit reads keys from standard input, and draws on standard error."""

_PATIENCE = 0.02
"""Seconds to wait for a store that somebody has locked."""
_FILLS = ("xterm", "tmux")
"""Terminals that certainly fill what they erase with the background in force."""


class Stage:
    """What stands on the terminal until the cockpit comes. One for the process: there is one terminal."""

    def __init__(self) -> None:
        self.standing: Handover | None = None
        """What was painted and not cleared again, for the cockpit's driver; None if nothing was."""
        self._ours = False

    def paint(self, store: str, *, read_only: bool) -> None:
        """Show the last known state of a store, if there is one and a terminal for it. Never raises.

        From here on the terminal is ours, until `leave_to_cockpit` or `clear`. Keys wait in the kernel.
        """
        try:
            if not _fit():
                return
            told = _told(store, read_only=read_only)
            if told is not None:
                self._take(*told)
        except Exception:  # whatever it is: no start may fail for a picture that is old anyway
            self.clear()

    def leave_to_cockpit(self) -> None:
        """From now on the cockpit's driver restores the terminal."""
        self._ours = False

    def give_back_modes(self) -> None:
        """Set the terminal line as it was, for a driver that knows nothing of us."""
        if self.standing is not None and self.standing.modes is not None:
            import termios

            termios.tcsetattr(_INPUT, termios.TCSANOW, self.standing.modes)

    def clear(self) -> None:
        """Give the terminal back as it was: something has to be said on it."""
        standing, self.standing = self.standing, None
        if standing is not None and self._ours:
            restore(standing)
        self._ours = False

    def _take(self, size: os.terminal_size, text: str) -> None:
        import termios

        before: list[Any] = termios.tcgetattr(_INPUT)
        self.standing = Handover(size.columns, size.lines, text, before)
        self._ours = True
        termios.tcsetattr(_INPUT, termios.TCSANOW, raw(before))
        _write(ENTER + text)
        _end_cleanly(self.standing)
        self._stop_cleanly()

    def _stop_cleanly(self) -> None:
        """Whoever stops the job in this phase gets the terminal as it was, and the picture when it goes on."""
        import signal

        def stop(number: int, _: FrameType | None) -> None:
            standing = self.standing if self._ours else None
            if standing is not None:
                restore(standing)
            signal.signal(number, signal.SIG_DFL)
            os.kill(0, number)  # the whole job: a wrapper that waits for us has to stop too
            signal.signal(number, stop)
            if standing is not None:
                _show_again(standing)

        signal.signal(signal.SIGTSTP, stop)


STAGE = Stage()


def restore(standing: Handover) -> None:
    """Off the alternate screen, and the line as it was. Never raises: the terminal may be gone."""
    import termios

    try:
        _write(LEAVE)
        if standing.modes is not None:
            termios.tcsetattr(_INPUT, termios.TCSANOW, standing.modes)
    except (OSError, termios.error):
        pass


def _show_again(standing: Handover) -> None:
    """What stood there before, after somebody else had the terminal. Never raises."""
    import termios

    try:
        if standing.modes is not None:
            termios.tcsetattr(_INPUT, termios.TCSANOW, raw(standing.modes))
        _write(ENTER + (standing.painted or ""))
    except (OSError, termios.error):
        pass


def _end_cleanly(standing: Handover) -> None:
    """A signal in this phase ends the process with the terminal as it was; the cockpit takes signals over later."""
    import signal  # after the first frame: it isn't quick to load

    def end(number: int, _: FrameType | None) -> None:
        restore(standing)
        os._exit(128 + number)

    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, end)


def _fit() -> bool:
    terminals = all(os.isatty(handle) for handle in (_INPUT, 1, _SCREEN))
    return terminals and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")


def _told(store: str, *, read_only: bool) -> tuple[os.terminal_size, str] | None:
    """The size of the terminal and what to write; None where there is nothing true to show."""
    import time

    from quarterdeck.ui.glance import keeping, painting

    size = os.get_terminal_size(_SCREEN)
    if size.columns < painting.LEAST_COLUMNS or size.lines < painting.LEAST_ROWS:
        return None
    glance = keeping.read(store)
    if glance is None:
        return None
    new_lines = _new_lines(store, glance)
    if new_lines is None:
        return None
    text = painting.painted(
        glance,
        columns=size.columns,
        rows=size.lines,
        now=time.time(),
        new_lines=new_lines,
        read_only=read_only,
        ascii=_ascii(glance),
        theme=_theme(glance.theme),
        depth=colours.depth(),
        erases=os.environ.get("TERM", "").startswith(_FILLS),
    )
    return size, text


def _new_lines(store: str, glance: Glance) -> int | None:
    """How many lines the journal has grown by since the glance; None if it isn't of this store, or can't be read."""
    import sqlite3

    from quarterdeck.store.schema import APPLICATION_ID, MIGRATIONS

    database = None
    try:
        database = sqlite3.connect(f"file:{_quoted(os.path.abspath(store))}?mode=ro", uri=True, timeout=_PATIENCE)
        (application,) = database.execute("PRAGMA application_id").fetchone()
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if (application, version) != (APPLICATION_ID, len(MIGRATIONS)):
            return None
        (head,) = database.execute("SELECT seq FROM head").fetchone() or (0,)
        (known,) = database.execute("SELECT hash FROM events WHERE seq = ?", (glance.seq,)).fetchone() or ("",)
        return int(head) - glance.seq if known == glance.hash and head >= glance.seq else None
    except sqlite3.Error:
        return None
    finally:
        if database is not None:
            database.close()


def _quoted(path: str) -> str:
    """A path inside a `file:` URI."""
    return "".join(
        chr(byte) if (chr(byte).isalnum() and byte < 128) or chr(byte) in "/._-~" else f"%{byte:02X}"
        for byte in os.fsencode(path)
    )


def _ascii(glance: Glance) -> bool:
    asked = os.environ.get("QUARTERDECK_ASCII", "")
    if asked:
        return asked.lower() not in ("0", "no", "off", "false")
    if glance.ascii is not None:
        return glance.ascii
    unicode = sys.getfilesystemencoding().lower().replace("-", "") == "utf8"
    return not unicode or os.environ.get("TERM") in ("linux", "vt100", "vt220")


def _theme(wanted: str) -> str:
    """As `ui.app` chooses it; what `cockpit.toml` wants is known from the last cockpit."""
    if asked := os.environ.get("QUARTERDECK_THEME") or wanted:
        return asked
    from quarterdeck.locating import state_dir
    from quarterdeck.ui import theme_choice

    kind = colours.fitting_theme()
    return theme_choice.chosen(state_dir(), kind) or kind


def _write(text: str) -> None:
    data = text.encode("utf-8", "replace")
    while data:
        data = data[os.write(_SCREEN, data) :]
