"""A lookout reads the places of one connection and one role, round after round.

Each has its own pace: a system that is slow, hangs or is down costs its own rows and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import Observed, ProviderError
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.racing import first_of
from quarterdeck.runner.sessions import Sessions
from quarterdeck.runner.sighting import sighting

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look. All in seconds.

    Attributes:
        interval: between the end of one look and the next.
        timeout: how long a look may take.
        longest: between looks at a system that is down.
    """

    interval: float = 10
    timeout: float = 30
    longest: float = 120

    def pause(self, failures: int) -> float:
        """How long to wait after so many failed looks in a row; a little by chance, so that runners don't march."""
        return min(self.interval * 2.0**failures, max(self.longest, self.interval)) * random.uniform(0.9, 1.1)  # noqa: S311


class Lookout:
    """Looks, and reports what it saw."""

    def __init__(
        self,
        places: Sequence[Place],
        sessions: Sessions,
        known: Mapping[str, Observation],
        report: Callable[[Sequence[Observation]], None],
        clock: Clock,
        pace: Pace,
    ) -> None:
        """`places` share one connection and one role; `known` is what was seen of them before."""
        self._places = {place.subject: place for place in places}
        self._role = places[0].role
        self._connection = places[0].address.connection
        self._sessions = sessions
        self._known = {subject: known.get(subject, Observation(subject)) for subject in self._places}
        self._report = report
        self._clock = clock
        self._pace = pace
        self._asked = asyncio.Event()
        self._look: asyncio.Task[tuple[str, Observed]] | None = None

    def watches(self, place: Place) -> bool:
        """Whether it is this lookout that reads a place."""
        return place.subject in self._places

    def look_soon(self) -> None:
        """Look again without waiting; after the look that is going on, if one is."""
        self._asked.set()

    async def keep_looking(self) -> None:
        """Look for ever. Raises LeaseLost when the report is refused."""
        failures = 0
        try:
            while True:
                self._asked.clear()
                source, seen = await self._look_once()
                self._note(source, seen)
                failed = bool(seen) and all(isinstance(one, Trouble) for one in seen.values())
                failures = failures + 1 if failed else 0
                await first_of(self._clock, self._pause(failures), self._asked)
        finally:
            if self._look:
                self._look.cancel()

    def _pause(self, failures: int) -> float:
        # Somebody is signing in at this moment: they shouldn't wait for the pause after a failure.
        return 1.0 if self._sessions.prompt(self._connection) else self._pace.pause(failures)

    async def _look_once(self) -> tuple[str, Observed]:
        if self._look is None or (self._look.done() and self._look.cancelling()):
            self._look = asyncio.create_task(self._observe())
        look = self._look
        deadline = self._clock.monotonic() + self._pace.timeout
        while not look.done() and (left := deadline - self._clock.monotonic()) > 0:
            await first_of(self._clock, min(left, 1.0), look)
            if (prompt := self._sessions.prompt(self._connection)) and not look.done():
                return "", self._all(Trouble("unauthenticated", prompt))
        if not look.done():
            look.cancel()
            return "", self._all(Trouble("timeout", f"no answer within {self._pace.timeout:g} s"))
        self._look = None
        return self._outcome(look)

    async def _observe(self) -> tuple[str, Observed]:
        await self._sessions.open(self._connection)
        capability = self._sessions.capability(self._connection, self._role)
        seen = await capability.observe(list(self._places.values()))
        # A provider may leave places out of a round: what is known of them stays, and its age tells.
        return capability.source, {subject: one for subject, one in seen.items() if subject in self._places}

    def _outcome(self, look: asyncio.Task[tuple[str, Observed]]) -> tuple[str, Observed]:
        self._sessions.settled(self._connection)
        try:
            return look.result()
        except ProviderError as error:
            return "", self._all(error.trouble)
        except (Exception, asyncio.CancelledError) as error:  # a provider from elsewhere may raise anything
            log.error("looking at %s of %s failed: %s", self._role, self._connection, without_text(error))
            return "", self._all(Trouble("provider_error", f"the provider failed: {type(error).__name__}"))

    def _all(self, trouble: Trouble) -> dict[str, Reading | Trouble]:
        return dict.fromkeys(self._places, trouble)

    def _note(self, source: str, seen: Observed) -> None:
        try:
            self._tell(source, seen)
        except (TypeError, ValueError) as error:
            what = without_text(error)
            log.error("what %s said of %s can't be stored: %s", self._connection, self._role, what)
            told = Trouble("garbage", f"the provider said what can't be stored: {type(error).__name__}")
            self._tell("", dict.fromkeys(seen, told))

    def _tell(self, source: str, seen: Observed) -> None:
        now = self._clock.now()
        news = {subject: sighting(self._known[subject], one, source, now) for subject, one in seen.items()}
        self._report(list(news.values()))
        self._known.update(news)
