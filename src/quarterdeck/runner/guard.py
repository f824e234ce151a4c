"""Watches over the runner's lease: who may write, and until when that is certain."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.store.base import Lease, LeaseLost, Store, StoreError
from quarterdeck.store.lifeline import RUNNER_LEASE

MARGIN = 0.1
"""The part of a lease's life that is given away, so that what was allowed just now arrives while it still holds."""


class LeaseGuard:
    """The lease of one process, and whether it surely still has it.

    Between two renewals nobody but the clock can tell. It is asked twice: the monotonic clock doesn't run while a
    machine sleeps, and wall time may be set back; the lease counts as held only while both agree. A process that
    was stopped for longer than that finds out here, before it writes, and not when it is too late.
    """

    def __init__(self, store: Store, clock: Clock, *, holder: str, ttl: float, info: Mapping[str, Any]) -> None:
        """`ttl` in seconds; `info` is for people and other runners: where this one lives."""
        self._store = store
        self._clock = clock
        self._holder = holder
        self._ttl = ttl
        self._info = info
        self._lease: Lease | None = None
        self._sure_until = 0.0

    @property
    def lease(self) -> Lease:
        """The lease, as last renewed.

        Raises:
            LeaseLost: there is none.
        """
        if self._lease is None:
            raise LeaseLost(f"{self._holder} doesn't hold the lease {RUNNER_LEASE!r}")
        return self._lease

    def held(self) -> bool:
        """Whether the lease is surely ours."""
        if self._lease is None:
            return False
        margin = self._ttl * MARGIN
        return (
            self._clock.monotonic() < self._sure_until - margin and self._clock.now() < self._lease.expires_at - margin
        )

    def require(self) -> None:
        """Pass only while the lease is surely ours.

        Raises:
            LeaseLost: write nothing more, neither to the store nor to the world.
        """
        if not self.held():
            raise LeaseLost(f"{self._holder} can't be sure that it still holds the lease {RUNNER_LEASE!r}")

    def take(self) -> bool:
        """Take the lease if it is free; False if somebody else has it. Raises StoreError."""
        asked = self._clock.monotonic()
        self._lease = self._store.take_lease(RUNNER_LEASE, self._holder, self._clock.now(), self._ttl, self._info)
        self._sure_until = asked + self._ttl
        return self._lease is not None

    def renew(self) -> None:
        """Extend the lease.

        Raises:
            LeaseLost: somebody else has it, or too much time went by to be sure of what happened in between.
            StoreError: it couldn't be renewed now; it stays ours until it runs out.
        """
        self.require()
        asked = self._clock.monotonic()
        self._lease = self._store.renew_lease(self.lease, self._clock.now(), self._ttl)
        self._sure_until = asked + self._ttl

    def describe(self, info: Mapping[str, Any]) -> None:
        """Say something else about this process, from the next lease on."""
        self._info = info

    def release(self) -> None:
        """Let the lease go, if it is still ours. Where the store doesn't take that, it runs out by itself."""
        if self._lease is not None:
            lease, self._lease = self._lease, None
            with suppress(StoreError):
                self._store.release_lease(lease)
