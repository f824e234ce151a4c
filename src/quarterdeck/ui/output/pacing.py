"""How much may be on its way to the terminal, so that what is typed now is soon seen. Pure: the time is given.

Between this process and a terminal behind SSH lie a pseudo terminal's buffer, sshd's and TCP's: together they hold
seconds of a slow link. So a question follows what is sent (`CSI 6 n`, the cursor's position, which terminals have
answered since the VT100), and what is not answered yet is still on its way. The most that may be is the link's rate
times (its delay + `QUEUE`), both measured by the answers, much as congestion control by rate does it
(Cardwell et al., "BBR: Congestion-Based Congestion Control", 2016).
"""

from __future__ import annotations

from collections import deque

from quarterdeck.records import dataclass

QUESTION = "\x1b[6n"
QUEUE = 0.03
"""Seconds of work that a link may have waiting."""
FIRST = 16384
"""Bytes that may be on their way before anything is known about the link: more than a first picture has."""
LEAST, MOST = 1024, 1 << 20
"""Bytes that always may be on their way, and that never more than may."""
SILENCE = 1.0
"""Seconds without a first answer after which a terminal is taken for one that gives none."""
OVERDUE = 2.0
"""Seconds after which what was sent is taken for lost with its answer: another terminal may have been attached."""


@dataclass(slots=True)
class _Sent:
    at: float
    size: int
    delivered: int
    more: bool


class Pace:
    """Counts what is on its way. All times in seconds of one monotonic clock, all sizes in bytes."""

    def __init__(self) -> None:
        self._way: deque[_Sent] = deque()
        self._delivered = 0
        self._window = FIRST
        self._rate = self._delay = 0.0
        self._answers = self._mute = False

    @property
    def window(self) -> int:
        """The most that may be on its way."""
        return self._window

    def room(self, now: float) -> int:
        """How much may be sent now; 0 or less for nothing before an answer comes."""
        if self._way and now - self._way[0].at >= (OVERDUE if self._answers else SILENCE):
            self._mute = not self._answers
            self._way.clear()
        return FIRST if self._mute else self._window - sum(one.size for one in self._way)

    def wait(self, now: float) -> float:
        """Seconds after which `room` knows better although no answer came."""
        return max(0.0, self._way[0].at + (OVERDUE if self._answers else SILENCE) - now) if self._way else 0.0

    def sent(self, size: int, now: float, *, more: bool) -> None:
        """So much was sent, and a question after it. `more`: there is more to send."""
        if not self._mute:
            self._way.append(_Sent(now, size, self._delivered, more))

    def answered(self, now: float) -> None:
        """An answer came: what was sent before its question has arrived."""
        self._answers, self._mute = True, False
        if not self._way:
            return
        sent = self._way.popleft()
        self._delivered += sent.size
        took = max(now - sent.at, 1e-6)
        # The delay is that of the quickest answer; a route that became longer is believed little by little.
        self._delay = took if not self._delay else min(took, self._delay + (took - self._delay) * 0.01)
        rate = (self._delivered - sent.delivered) / took
        queued = took > self._delay + QUEUE
        # A link passes a few bytes at once, whatever its rate: they say nothing about it.
        if rate > self._rate and self._delivered - sent.delivered >= LEAST:
            self._rate = rate
        elif queued:
            self._rate = max(rate, self._rate / 2)
        fitting = max(LEAST, int(self._rate * (self._delay + QUEUE)))
        if queued:
            self._window = fitting
        else:  # there was room, and more to send: there may be room for more
            self._window = min(MOST, max(fitting, self._window + (sent.size if sent.more else 0)))
