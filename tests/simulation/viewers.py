"""Viewers: each has a connection to the store of its own, hands in requests, waits for answers, and may be killed.

Killed means: between any two of its callbacks, whatever it waits for. Nothing that was asked becomes undone by that,
and nothing that wasn't asked happens.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request, StoreError

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation


class Viewer:
    """One terminal of one person."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self.name = name
        self.dead = False
        self._simulation = simulation
        self._store = simulation.open_store()
        weather, random = simulation.weather, simulation.random
        self._life = random.randint(1, 2 * weather.terminals) if weather.terminals else 0
        self._tasks: list[asyncio.Task[Any]] = []

    def close(self) -> None:
        self._store.close()

    async def ask(self, request: Request, seconds: float) -> Answer | None:
        """Hand it in and wait so long; None if there is no answer by then, or if the viewer dies meanwhile."""
        # Imported late: runners know of the simulation's parts, and this is one of them.
        from tests.simulation.runners import ABOARD

        context = copy_context()
        context.run(ABOARD.set, self)
        task = self._simulation.loop.create_task(self._submit(request, seconds), context=context)
        await asyncio.wait([task])
        return None if self.dead or task.cancelled() else task.result()

    async def _submit(self, request: Request, seconds: float) -> Answer | None:
        await asyncio.sleep(0)
        simulation = self._simulation
        try:
            if simulation.trouble in ("full", "locked"):
                raise StoreError("the disk is full", "make room")
            stored = self._store.submit(request)
        except StoreError:
            return None
        simulation.submitted(stored)
        if not await simulation.is_answered(stored.id, seconds):
            return None
        with suppress(StoreError):
            return self._store.answer(stored.id)
        return None

    # --- what the loop asks ------------------------------------------------------------------------------------------
    def born(self, task: asyncio.Task[Any]) -> None:
        """A task of this process."""
        self._tasks.append(task)

    def may_go_on(self) -> bool:
        """Asked before each callback: it may be the last."""
        if self._life and not self.dead and not self._simulation.calm:
            self._life -= 1
            if not self._life:
                self._die()
        return True

    def _die(self) -> None:
        self._simulation.tell(f"the viewer of {self.name} is killed")
        self.dead = True
        for task in self._tasks:
            task.cancel()
