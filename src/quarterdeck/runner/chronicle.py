"""Writes what was measured into the store."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from quarterdeck.clock import Clock
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.indicator import OBSERVED
from quarterdeck.release.truth import Comparison
from quarterdeck.runner.ports import Guard
from quarterdeck.store.base import LeaseLost, Store, StoreError

log = logging.getLogger(__name__)


class Chronicle:
    """Adds points to series. A store that takes none at the moment costs those points and nothing else."""

    def __init__(self, store: Store, guard: Guard, clock: Clock) -> None:
        self._store = store
        self._guard = guard
        self._clock = clock

    def add(self, points: Sequence[tuple[SeriesId, Point]]) -> None:
        """Add points. Raises LeaseLost."""
        if not points:
            return
        self._guard.require()
        try:
            self._store.put_points(points, self._guard.lease)
        except LeaseLost:
            raise
        except StoreError as error:
            log.warning("what was measured can't be stored: %s", error)

    def shares(self, target: TargetId, seen: Comparison) -> None:
        """Add the shares of new clients that probes observed. Never raises: whoever sent them has other worries."""
        now = self._clock.now()
        try:
            self.add(
                [
                    (SeriesId(str(target), f"{OBSERVED}{share.name}"), Point(now, share.observed))
                    for share in seen.shares
                    if share.observed is not None
                ]
            )
        except StoreError as error:
            log.warning("what probes observed can't be stored: %s", error)
