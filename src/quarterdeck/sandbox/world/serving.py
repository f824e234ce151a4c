"""Who answered which part of a site's traffic, when: the record that simulated clients are computed from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Serving:
    """How a slot answers: which version, the part that fails (0 to 1), milliseconds, and its condition."""

    version: str
    error_rate: float
    latency_ms: float
    condition: Literal["up", "starting", "stopped"]


@dataclass(frozen=True, slots=True)
class Epoch:
    """From `since` on: parts (0 to 1) of new clients by slot, and how each slot answers."""

    since: float
    weights: Mapping[str, float]
    serving: Mapping[str, Serving]


class History:
    """Epochs in order of time."""

    def __init__(self) -> None:
        self._epochs: list[Epoch] = []

    def add(self, since: float, weights: Mapping[str, float], serving: Mapping[str, Serving]) -> None:
        """Begin an epoch; one that changes nothing is dropped, one of the same moment is replaced."""
        if self._epochs:
            last = self._epochs[-1]
            if last.weights == weights and last.serving == serving:
                return
            if last.since >= since:
                self._epochs.pop()
                since = last.since
        self._epochs.append(Epoch(since, dict(weights), dict(serving)))

    def at(self, moment: float) -> Epoch | None:
        """The epoch in force then; the first one for times before it; None when there is none."""
        if not self._epochs:
            return None
        return self._epochs[max(0, bisect_right(self._epochs, moment, key=lambda epoch: epoch.since) - 1)]

    def boundaries(self) -> list[float]:
        """When epochs began."""
        return [epoch.since for epoch in self._epochs]

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self._epochs)
