"""Between Textual's compositor and the terminal: keeps the picture that is painted, and sends what differs from the one
that stands there, as soon as the link has room."""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, TimerHandle
from collections.abc import Callable

from quarterdeck.ui.output import modes, scrolling
from quarterdeck.ui.output.cells import BLANK, Grid
from quarterdeck.ui.output.encoding import Encoder, Terminal
from quarterdeck.ui.output.line import Line
from quarterdeck.ui.output.pacing import QUESTION, Pace
from quarterdeck.ui.output.reading import Reader
from quarterdeck.ui.output.smallness import LEAST, notice

PORTION = 2048
"""Characters sent before the picture is looked at again: on a slow link what follows is of the newest picture."""
WORTH_TOGETHER = 1024
"""Characters from which on a terminal might show half of them first: shorter ones come in one piece."""
SETTLED = 0.25
"""Seconds after the last resize until everything is painted again: terminals don't agree on what they keep."""
PATIENCE = 2.0
"""Seconds for which what a launcher painted stays at most, until the first whole picture takes its place."""

_POINTER = "\x1b]22;"


class Stage:
    """Sends pictures. Everything happens on the loop's thread, and nothing ever waits for the terminal.

    Attributes:
        together: the terminal shows bytes between two marks at once (synchronized output).
    """

    def __init__(
        self,
        line: Line,
        terminal: Terminal,
        loop: AbstractEventLoop,
        size: tuple[int, int],
        *,
        gone: Callable[[], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """`gone` is called when the terminal is closed, `failed` when a picture can't be sent for a fault of ours."""
        self._line, self._loop, self._gone, self._failed = line, loop, gone, failed
        self._reader = Reader(Grid.filled(*size))
        self._encoder = Encoder(Grid.filled(*size), terminal)
        self._pace = Pace()
        self._aside = ""
        self._next_row = 0
        self._active = self._scheduled = self._blocked = self.together = False
        self._settling: TimerHandle | None = None
        self._holding: TimerHandle | None = None
        self._waiting: TimerHandle | None = None

    @property
    def too_small(self) -> bool:
        """Whether the terminal has no room for a cockpit; it shows a word about that instead."""
        grid = self._reader.grid
        return grid.columns < LEAST[0] or grid.rows < LEAST[1]

    def begin(self, shown: Grid, prologue: str, *, hold: bool) -> None:
        """Send from now on; `shown` stands on the terminal. `hold`: it is a picture to keep until there is a whole one
        to take its place."""
        self._active = True
        self._line.add(prologue)
        self._encoder.restart(shown)
        self._reader.resize(shown.columns, shown.rows)
        self._touch_all()
        if hold:
            self._holding = self._loop.call_later(PATIENCE, self._let_go)
        self._schedule()

    def end(self, epilogue: str, seconds: float) -> None:
        """Send this last, and nothing more; a terminal has so many seconds to take it."""
        self.stop()
        self._line.finish(self._aside + epilogue, seconds)
        self._aside = ""

    def stop(self) -> None:
        """Send nothing more."""
        self._active = False
        self._unblock()
        for timer in (self._settling, self._holding, self._waiting):
            if timer is not None:
                timer.cancel()
        self._holding = self._waiting = None

    def paint(self, data: str) -> None:
        """Take in what is written to the terminal."""
        if data.startswith(_POINTER):
            return  # the shape of a mouse's pointer isn't worth bytes
        self._aside += self._reader.feed(data)
        if self._holding is not None and self._whole():
            self._let_go()
        self._schedule()

    def repaint(self, prologue: str = "") -> None:
        """Paint everything again, whatever stands there."""
        if self._active:
            self._line.add(f"{prologue}\x1b[m\x1b[?25l\x1b[?7l")
            self._encoder.forget()
            self._touch_all()
            self._schedule()

    def resize(self, columns: int, rows: int) -> bool:
        """The terminal has this size; whether that is news. What it shows is taken for kept until it settles.

        Everything is painted again where it is none, too: it may have had another one in between, and lost rows.
        """
        if self._settling is not None:
            self._settling.cancel()
        self._settling = self._loop.call_later(SETTLED, self.repaint)
        if (columns, rows) == (self._reader.grid.columns, self._reader.grid.rows):
            return False
        self._reader.resize(columns, rows)
        self._encoder.resize(columns, rows)
        self._touch_all()
        return True

    def answered(self, at: float) -> None:
        """The terminal has answered, at that time (monotonic): what was sent before has arrived."""
        self._pace.answered(at)
        if self._waiting is not None:
            self._schedule()

    def _touch_all(self) -> None:
        self._reader.touched.update(range(self._reader.grid.rows))

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
        if self._active and not (self._scheduled or self._blocked):
            self._scheduled = True
            self._loop.call_soon(self._send)

    def _send(self) -> None:
        """Send until the terminal takes no more, or stands as wanted."""
        self._scheduled = False
        if not self._active:
            return
        try:
            while self._line.push():
                if not (self._aside or self._reader.touched) or self._holding or not self._may_send():
                    self._unblock()
                    return
                self._line.add(self._portion())
        except OSError:
            self.stop()
            self._gone()
            return
        except Exception as error:  # on the loop nobody would hear of it, and the screen would stand still
            self.stop()
            self._failed(error)
            return
        if not self._blocked:
            self._blocked = True
            self._loop.add_writer(self._line.fileno(), self._send)

    def _unblock(self) -> None:
        if self._blocked:
            self._blocked = False
            self._loop.remove_writer(self._line.fileno())

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

    def _portion(self) -> str:
        """The next bytes towards the picture: whole rows, those first that weren't sent last time."""
        now = time.monotonic()
        most = min(PORTION, self._pace.room(now))
        aside, self._aside = self._aside, ""
        if self._reader.lost:
            self._reader.lost = False
            self._encoder.forget()
            self._touch_all()
            aside += "\x1b[m"
        picture, touched = self._picture(), self._reader.touched
        parts, size = list[str](), 0
        if shift := scrolling.find(self._encoder.shown, picture, touched):
            parts.append(self._encoder.scroll(shift))
            touched.update(range(shift.top, shift.bottom + 1))
        rows = sorted(touched, key=lambda y: (y < self._next_row, y))
        self._next_row = 0
        for y in rows:
            touched.discard(y)
            parts.append(self._encoder.row(picture, y))
            size += len(parts[-1])
            if size >= most:
                self._next_row = y + 1
                break
        if size and not touched:
            parts.append(self._encoder.park(*self._reader.cursor))
        frame = "".join(parts)
        if self.together and len(frame) >= WORTH_TOGETHER:
            frame = f"{modes.BEGIN_TOGETHER}{frame}{modes.END_TOGETHER}"
        if not frame:
            return aside
        self._pace.sent(len(frame), now, more=bool(touched))
        return f"{aside}{frame}{QUESTION}"

    def _picture(self) -> Grid:
        grid = self._reader.grid
        return notice(grid.columns, grid.rows) if self.too_small else grid
