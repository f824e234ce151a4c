"""Takes requests out of the store and has each dealt with, several at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from quarterdeck.clock import Clock
from quarterdeck.release.plan import Refusal
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.racing import first_of
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import LeaseLost, Request, Store, StoreError

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How long a request waits at most if nobody pokes."""

RETRY_SECONDS = 5.0
"""When to try again to answer what the store didn't take."""


class Reception:
    """Looks for requests whenever it is woken, and now and then by itself."""

    def __init__(
        self, store: Store, guard: LeaseGuard, answer: Callable[[Request], Awaitable[None]], clock: Clock
    ) -> None:
        """`answer` deals with a request and stores its answer (`Engine.answer`)."""
        self._store = store
        self._guard = guard
        self._answer = answer
        self._clock = clock
        self._woken = asyncio.Event()
        self._busy: set[str] = set()
        self._hopeless: set[str] = set()

    @property
    def busy(self) -> bool:
        """Whether a request is being dealt with."""
        return bool(self._busy)

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def turn_away_stale_stops(self) -> None:
        """A wish to stop was meant for the runner of that time, not for the next one. Raises StoreError, LeaseLost."""
        for request in self._store.pending():
            if request.kind == "stop":
                now = self._clock.now()
                gone = Answer(request.id, now, refusal=Refusal("stale", "that runner had already left"))
                self._store.record((), self._guard.lease, now, answer=gone)

    async def receive(self) -> None:
        """Receive for ever. Raises LeaseLost."""
        async with asyncio.TaskGroup() as deeds:
            while True:
                self._woken.clear()
                for request in self._waiting():
                    self._busy.add(request.id)
                    deeds.create_task(self._deal_with(request))
                await first_of(self._clock, LOOK_SECONDS, self._woken)

    def _waiting(self) -> list[Request]:
        try:
            return [one for one in self._store.pending() if one.id not in self._busy | self._hopeless]
        except StoreError as error:
            log.warning("requests can't be read: %s", error)
            return []

    async def _deal_with(self, request: Request) -> None:
        try:
            await self._answer(request)
        except LeaseLost:
            raise
        except StoreError as error:
            log.warning("request %s can't be answered yet: %s", request.id, error)
            await self._clock.sleep(RETRY_SECONDS)
        except Exception as error:
            # No single request may end the runner, for it would end the next one too.
            log.error("request %s can't be answered: %s", request.id, without_text(error))
            self._hopeless.add(request.id)
        finally:
            self._busy.discard(request.id)
