"""Watching less and less often what fails, by itself or with all its system, up to a minute between two looks.

One page that a server can't make says little about the others, if those were answered: it is left alone by itself.
Where nothing else is answered any more, all of the system is. A gap is by chance a little shorter than it may be, so
that many runners don't come back together.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.providers.base import ProviderError

FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two looks at what fails; they double."""

MOST_PAGES = 500
"""Failing pages that are remembered; of more, those that failed first are looked at as if nothing had been."""


@dataclass(slots=True)
class _Gap:
    """`until` is monotonic."""

    seconds: float
    until: float
    error: ProviderError


class BackingOff:
    """What isn't watched for now."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._whole: _Gap | None = None
        self._pages: OrderedDict[str, _Gap] = OrderedDict()
        self._answered_at = float("-inf")

    def require_leave(self, page: str) -> None:
        """Raises ProviderError, with what went wrong last, while a page has to be left alone."""
        for gap in (self._whole, self._pages.get(page)):
            if gap is not None and self._clock.monotonic() < gap.until:
                trouble = gap.error.trouble
                raise ProviderError(trouble.code, trouble.message, trouble.hint)

    def answered(self, page: str) -> None:
        """It works again."""
        self._answered_at = self._clock.monotonic()
        self._whole = None
        self._pages.pop(page, None)

    def failed(self, page: str, error: ProviderError, *, asked_at: float, broke: bool) -> None:
        """Take in that a page, asked for at that time (monotonic), didn't come.

        Args:
            broke: the server answered, that it is at fault with this one. Otherwise nobody answered.
        """
        now = self._clock.monotonic()
        others_work = self._answered_at > (now - LONGEST_PAUSE if broke else asked_at)
        if not others_work:
            self._whole = self._longer(self._whole, error, now)
            return
        self._pages[page] = self._longer(self._pages.pop(page, None), error, now)
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)

    def _longer(self, gap: _Gap | None, error: ProviderError, now: float) -> _Gap:
        seconds = min(max(2 * gap.seconds if gap else 0.0, FIRST_PAUSE), LONGEST_PAUSE)
        apart = random.uniform(0.5, 1.0)  # noqa: S311 - nothing secret hangs on it
        return _Gap(seconds, now + apart * seconds, error)
