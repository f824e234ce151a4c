"""The releases under way: each has a conductor, and a task in which it conducts."""

from __future__ import annotations

import logging

from quarterdeck.clock import Clock
from quarterdeck.release.rollout import Order
from quarterdeck.runner.conductor import Conductor, Instruments
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.mistakes import where, without_text
from quarterdeck.runner.release_lines import closing
from quarterdeck.runner.tasks import Tasks, seen_through
from quarterdeck.store.base import Store, StoreError

log = logging.getLogger(__name__)

AFTER_FAULT: tuple[Order, ...] = ("retry", "abort", "abandon")
"""What an operator may say when a release met a fault of our own."""


class Conductors:
    """Starts them, wakes them, and knows which conduct."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._store: Store = instruments.store
        self._journal: Journal = instruments.journal
        self._clock: Clock = instruments.clock
        self._conducting: dict[str, Conductor] = {}
        self._tasks = Tasks("release")

    def see_to(self, release_id: str) -> None:
        """See to a release, unless somebody does; then they look again. Called before the line that makes it run is
        written, as operations are."""
        if release_id in self._tasks.running:
            return self.wake()
        conductor = self._conducting[release_id] = Conductor(release_id, self._instruments)
        self._tasks.start(release_id, lambda: self._see_through(conductor))
        return None

    def wake(self) -> None:
        """Something has happened that may concern any of them."""
        for conductor in self._conducting.values():
            conductor.wake()

    def leave(self) -> None:
        """Have all of them begin nothing more."""
        for conductor in self._conducting.values():
            conductor.leave()

    @property
    def running(self) -> frozenset[str]:
        """Ids of the releases that are conducted now, waiting or not."""
        return self._tasks.running

    def programs_of(self, release_id: str) -> frozenset[str]:
        """The steps of a release whose program runs now, also when nobody conducts it."""
        return self._instruments.programs.of(release_id)

    async def idle(self) -> None:
        """Return when nobody conducts any more."""
        await self._tasks.idle()

    async def close(self) -> None:
        """Stop all where they are. Open releases stay open, for the next runner to adopt."""
        await self._tasks.close()

    async def _see_through(self, conductor: Conductor) -> None:
        name = conductor.release_id
        try:
            await seen_through(f"release {name}", lambda: self._conduct(conductor), self._clock)
        finally:
            if self._conducting.get(name) is conductor:
                del self._conducting[name]

    async def _conduct(self, conductor: Conductor) -> None:
        """Whatever goes wrong here is this release's own trouble, and is told."""
        try:
            await conductor.conduct()
        except StoreError:
            raise
        except Exception as error:
            log.error("release %s: %s", conductor.release_id, without_text(error))
            self._fail(conductor.release_id, error)

    def _fail(self, release_id: str, error: Exception) -> None:
        release = self._store.release(release_id)
        if release is None or release.ending is not None:
            return
        guards = self._store.guards()
        self._journal.write(closing(release, "needs_operator", where(error), AFTER_FAULT, guards))
