"""Tasks by the id of what they see to: one for each, stopped together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.runner.journal import LONGEST_PAUSE
from quarterdeck.runner.patience import back_off
from quarterdeck.store.base import LeaseLost, StoreError

log = logging.getLogger(__name__)


class Tasks:
    """What goes on by itself while requests are answered."""

    def __init__(self, kind: str, ended: Callable[[], None] = lambda: None) -> None:
        """`kind` names what they see to, for the log; `ended` is told whenever one of them is through."""
        self._kind = kind
        self._ended = ended
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, key: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin, unless somebody is at it."""
        seeing = self._tasks.get(key)
        if seeing and not seeing.done():
            return
        task = asyncio.create_task(work(), name=f"{self._kind} {key}")
        self._tasks[key] = task
        task.add_done_callback(lambda _: self._forget(key, task))

    @property
    def running(self) -> frozenset[str]:
        """The keys of those that aren't through."""
        return frozenset(key for key, task in self._tasks.items() if not task.done())

    async def idle(self) -> None:
        """Return when none is running."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """Stop all where they are."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        """It may have been started again since, and have another task."""
        if self._tasks.get(key) is task:
            del self._tasks[key]
        self._ended()


async def seen_through(what: str, attempt: Callable[[], Awaitable[None]], clock: Clock) -> None:
    """Attempt it until the store takes part. A lost lease ends it: whoever has the lease goes on."""
    for pause in back_off(LONGEST_PAUSE):
        try:
            return await attempt()
        except LeaseLost as error:
            log.warning("%s is left to whoever has the lease: %s", what, error)
            return None
        except StoreError as error:
            log.warning("%s waits for the store: %s", what, error)
        await clock.sleep(pause)
    return None
