"""What one site's users got, version by version: who arrived, who answered, how long it took.

Between two moments at which something begins or ends, arrivals and shares follow straight lines, so what went where is
an integral and needs no stepping.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from quarterdeck.sandbox.world.serving import Epoch, Serving


class _Shares(NamedTuple):
    """Requests per second that reached each slot during a stretch of time: three readings, a sixth, a half and five
    sixths of the way through. Arrivals and shares each follow a straight line there, so their product is exact."""

    early: Mapping[str, float]
    middle: Mapping[str, float]
    late: Mapping[str, float]

    def number(self, slot: str, part: float, seconds: float) -> float:
        """How many requests a slot got in the first `part` (0 to 1) of a stretch of so many seconds."""
        early, middle, late = (reading.get(slot, 0.0) for reading in self)
        if early == late == middle:
            return middle * part * seconds
        bend = 4.5 * (early - 2 * middle + late)
        slope = 1.5 * (late - early)
        # The integral of middle + slope * u + bend * u * u, with u from -1/2 on.
        u = part - 0.5
        whole = middle * (u + 0.5) + slope * (u * u - 0.25) / 2 + bend * (u**3 + 0.125) / 3
        return max(0.0, whole) * seconds


class Tally(NamedTuple):
    """What a version in a slot has done since monitoring began; `answered` counts by median duration (seconds)."""

    good: float = 0.0
    failed: float = 0.0
    refused: float = 0.0
    answered: Mapping[float, float] = {}

    def plus(self, serving: Serving | None, number: float) -> Tally:
        """With so many requests more."""
        if not number:
            return self
        if serving is None or serving.condition != "up":
            return self._replace(refused=self.refused + number)
        median = serving.latency_ms / 1000
        return Tally(
            self.good + number * (1 - serving.error_rate),
            self.failed + number * serving.error_rate,
            self.refused,
            {**self.answered, median: self.answered.get(median, 0.0) + number},
        )


Key = tuple[str, str]
"""Slot and version."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which nothing begins or ends at a site. `tallies` is how things stood when it began."""

    start: float
    end: float
    epoch: Epoch
    shares: _Shares
    tallies: Mapping[Key, Tally]

    def tally(self, key: Key, at: float) -> Tally:
        """What a version in a slot had done by a moment in it."""
        slot, version = key
        before = self.tallies.get(key, _NOTHING)
        serving = self.epoch.serving.get(slot)
        if (serving.version if serving else "") != version:
            return before
        # The last stretch has no end, and its shares stay as they are.
        seconds = self.end - self.start if self.end < math.inf else max(at - self.start, 1.0)
        return before.plus(serving, self.shares.number(slot, (at - self.start) / seconds, seconds))


_NOTHING = Tally()


class Flow:
    """What one site's users got, from when monitoring began."""

    def __init__(self, began: float, rates: Callable[[float], Mapping[str, float]]) -> None:
        self._began = began
        self._rates = rates
        self._marks: tuple[tuple[Epoch, ...], tuple[float, ...]] = ((), ())
        self._stretches: list[Stretch] = []

    def update(self, epochs: Sequence[Epoch], cuts: Iterable[float]) -> None:
        """Take in what happened since; `cuts` are the moments after which shares follow another line."""
        marks = (tuple(epochs), tuple(cuts))
        if marks == self._marks:
            return
        began = max(self._began, epochs[0].since)
        ordered = [*sorted({began, *(cut for cut in marks[1] if cut > began)}), math.inf]
        known = iter(self._stretches)
        self._marks, self._stretches = marks, []
        # Up to the newest epoch nothing changes any more, as long as the cuts are the same.
        settled = epochs[-1].since
        tallies: dict[Key, Tally] = {}
        for start, end in pairwise(ordered):
            old = next(known, None)
            if old is not None and (old.start, old.end) == (start, end) and end <= settled:
                stretch = old
            else:
                known = iter(())
                stretch = self._stretch(epochs, start, end, tallies)
            self._stretches.append(stretch)
            if end < math.inf:
                tallies = {**stretch.tallies, **{key: stretch.tally(key, end) for key in _keys(stretch.epoch)}}

    def stretch(self, at: float) -> Stretch:
        """The one that a moment lies in."""
        return self._stretches[max(0, bisect_right(self._stretches, at, key=lambda one: one.start) - 1)]

    def there(self, key: Key) -> list[tuple[float, float]]:
        """When that version was in that slot: from, until."""
        found: list[tuple[float, float]] = []
        for stretch in self._stretches:
            if key in _keys(stretch.epoch):
                if found and found[-1][1] == stretch.start:
                    found[-1] = (found[-1][0], stretch.end)
                else:
                    found.append((stretch.start, stretch.end))
        return found

    @property
    def versions(self) -> set[Key]:
        """Every slot and version there ever was."""
        return {key for stretch in self._stretches for key in _keys(stretch.epoch)}

    def _stretch(self, epochs: Sequence[Epoch], start: float, end: float, tallies: Mapping[Key, Tally]) -> Stretch:
        seconds = end - start if end < math.inf else 1.0
        readings = [self._rates(start + seconds * part) for part in (1 / 6, 1 / 2, 5 / 6)]
        if end == math.inf:
            readings = [readings[1]] * 3
        index = max(0, bisect_right(epochs, start, key=lambda epoch: epoch.since) - 1)
        return Stretch(start, end, epochs[index], _Shares(*readings), dict(tallies))


def _keys(epoch: Epoch) -> list[Key]:
    found = [(slot, serving.version) for slot, serving in epoch.serving.items()]
    return [*found, ("", "")] if "" in epoch.weights else found
