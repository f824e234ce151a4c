"""The operations under way: each has a task that sees it to its end."""

from __future__ import annotations

import logging
from collections.abc import Callable

from quarterdeck.clock import Clock
from quarterdeck.runner.executor import Executor
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.tasks import Tasks, seen_through
from quarterdeck.store.base import StoreError

log = logging.getLogger(__name__)


class Operations:
    """Starts them, and knows which run."""

    def __init__(self, executor: Executor, clock: Clock, ended: Callable[[], None]) -> None:
        """`ended` is told whenever one has ended, or waits for an operator."""
        self._executor = executor
        self._clock = clock
        self._tasks = Tasks("operation", ended)

    def see_to(self, operation_id: str, *, retrying: bool = False) -> None:
        """See to an operation, unless somebody does. Called before the line that makes it run is written.

        A store may report a failure for what it has written after all; the task reads what became of it, and an
        operation that doesn't run needs nobody.
        """
        again = [retrying]

        async def attempt() -> None:
            # What was chosen is done or in the journal after one attempt: from there on the journal alone decides.
            await self._carry_out(operation_id, again.pop() if again else False)

        self._tasks.start(operation_id, lambda: seen_through(f"operation {operation_id}", attempt, self._clock))

    @property
    def running(self) -> frozenset[str]:
        """Ids of the operations that have a task now."""
        return self._tasks.running

    async def idle(self) -> None:
        """Return when no operation has a task."""
        await self._tasks.idle()

    async def close(self) -> None:
        """Stop all tasks where they are. Open operations stay open, for the next runner to adopt."""
        await self._tasks.close()

    async def _carry_out(self, operation_id: str, retrying: bool) -> None:
        """Carry an operation out. Whatever goes wrong here is this operation's own trouble, and is told."""
        try:
            await self._executor.carry_out(operation_id, retrying=retrying)
        except StoreError:
            raise
        except Exception as error:
            log.error("operation %s: %s", operation_id, without_text(error))
            await self._executor.fail(operation_id, error)
