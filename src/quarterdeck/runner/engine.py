"""Turns requests into plans and operations, and sees every operation to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.topology import Fleet
from quarterdeck.runner.ports import Connections, Guard, Seal
from quarterdeck.store.base import Request, Store


@dataclass(frozen=True, slots=True)
class Household:
    """What requests may ask of the process around the engine.

    Attributes:
        refresh: observe a target soon ("" for all).
        leave: end the process as soon as nothing runs.
    """

    refresh: Callable[[str], None]
    leave: Callable[[], None]


class Engine:
    """One per runner. It writes nothing, neither to the store nor to the world, unless its guard holds the lease."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        store: Store,
        guard: Guard,
        connections: Connections,
        seal: Seal,
        clock: Clock,
        household: Household,
    ) -> None:
        raise NotImplementedError

    def adopt(self) -> None:
        """Take over the operations that an earlier runner left running; each gets a task. Call once, with the lease."""
        raise NotImplementedError

    async def answer(self, request: Request) -> None:
        """Deal with one request and record its answer. May be called for several requests at once.

        Raises:
            LeaseLost: nothing was answered.
            StoreError: the answer couldn't be stored.
        """
        raise NotImplementedError

    @property
    def running(self) -> frozenset[str]:
        """Ids of the operations that have a task now."""
        raise NotImplementedError

    async def idle(self) -> None:
        """Return when no operation has a task."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop all tasks where they are. Open operations stay open, for the next runner to adopt."""
        raise NotImplementedError
