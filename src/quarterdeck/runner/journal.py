"""Writes the journal of operations, under the lease, and takes no failure of the store for an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.release.operation import EventKind, Operation
from quarterdeck.runner.patience import back_off
from quarterdeck.runner.ports import Guard
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, LeaseLost, Lock, Store, StoreError

LONGEST_PAUSE = 15.0
"""Seconds between attempts to write down what has already happened."""


class Journal:
    """Every write goes through here, so every write asks the guard first."""

    def __init__(self, store: Store, guard: Guard, clock: Clock, written: Callable[[], None] = lambda: None) -> None:
        """`written` is called after every write, for those who read along."""
        self._written = written
        self._store = store
        self._guard = guard
        self._clock = clock

    def require(self) -> None:
        """Pass only while this process may write. Raises LeaseLost."""
        self._guard.require()

    def write(
        self,
        drafts: Sequence[Draft],
        *,
        answer: Answer | None = None,
        lock: Sequence[Lock] = (),
        unlock: str = "",
    ) -> None:
        """Write once; durable on return.

        Raises:
            LeaseLost, Locked, StoreError: nothing was written.
        """
        self.require()
        self._store.record(drafts, self._guard.lease, self._clock.now(), answer=answer, lock=lock, unlock=unlock)
        self._written()

    async def insist(self, drafts: Sequence[Draft], *, unlock: str = "") -> None:
        """Write down what has happened in the world, again and again until the store takes it.

        Raises:
            LeaseLost: somebody else is in charge now, and will find out by reading the world.
        """
        for pause in back_off(LONGEST_PAUSE):
            try:
                self.write(drafts, unlock=unlock)
            except LeaseLost:
                raise
            except StoreError:
                await self._clock.sleep(pause)
            else:
                return

    def event(self, operation: Operation, kind: EventKind, body: Mapping[str, Any]) -> Draft:
        """One line about an operation."""
        return Draft(kind, operation.actor, operation.id, str(operation.plan.action.target), body)
