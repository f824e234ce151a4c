"""Measures indicators, round after round, for as long as the runner serves.

Each connection has a budget of its own: so many questions at a time, and a round that ends before the next one begins.
A source that hangs costs its own values and nobody else's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.gate import Measurement
from quarterdeck.release.indicator import Indicator, subjects
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.measuring import Samples
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.racing import first_of
from quarterdeck.runner.sounding import WINDOW_SECONDS

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Questions that one connection is asked at the same time: nobody's monitoring is to feel that somebody looks."""

SHARE_OF_A_ROUND = 0.9
"""The part of the interval after which a round ends; who hasn't answered by then has no value in it."""

TOGETHER = 100
"""So many points are stored at once: a large fleet's take a fifth of a second, and whoever confirms something meanwhile
doesn't wait for that."""

_LATE = 0.1
"""Seconds after the beginning of an interval at which a round begins: timers are a little early at times."""

Report = Callable[[Sequence[tuple[SeriesId, Point]]], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """One series: an indicator, and what it is measured for."""

    indicator: Indicator
    target: TargetId

    @property
    def id(self) -> SeriesId:
        """Of its series."""
        return SeriesId(str(self.target), self.indicator.name)


class Gauge:
    """Asks all questions of one connection that have the same interval."""

    def __init__(
        self,
        readings: Sequence[Reading],
        samples: Samples,
        names: Callable[[TargetId], Mapping[str, str]],
        report: Report,
        turns: asyncio.Semaphore,
        clock: Clock,
    ) -> None:
        """`names` tells what the questions hold of a target; `turns` are shared by the gauges of a connection."""
        self._readings = readings
        self._interval = readings[0].indicator.question.interval
        self._samples = samples
        self._names = names
        self._report = report
        self._turns = turns
        self._clock = clock

    async def keep_measuring(self) -> None:
        """Measure for ever, at the same moments of each interval. Raises LeaseLost when the report is refused."""
        while True:
            points = await self._round()
            for begin in range(0, len(points), TOGETHER):
                self._report(points[begin : begin + TOGETHER])
                await asyncio.sleep(0)
            left = self._interval - (self._clock.now() - _LATE) % self._interval
            await self._clock.sleep(left if left > _LATE else left + self._interval)

    async def _round(self) -> list[tuple[SeriesId, Point]]:
        at = self._clock.now()
        asked = [asyncio.ensure_future(self._asked(reading)) for reading in self._readings]
        everything = asyncio.gather(*asked, return_exceptions=True)
        try:
            await first_of(self._clock, self._interval * SHARE_OF_A_ROUND, everything)
        finally:
            for one in asked:
                one.cancel()
            await asyncio.gather(everything, return_exceptions=True)
        return [
            (reading.id, self._point(reading.indicator, at, one))
            for reading, one in zip(self._readings, asked, strict=True)
        ]

    async def _asked(self, reading: Reading) -> Measurement:
        async with self._turns:
            sample = await self._samples.sample([reading.indicator.question], self._names(reading.target))
        return sample.measurements[0]

    def _point(self, indicator: Indicator, at: float, asked: asyncio.Future[Measurement]) -> Point:
        if asked.cancelled():
            return Point(at, None, f"no answer within a round of {self._interval * SHARE_OF_A_ROUND:g} s")
        if error := asked.exception():
            log.error("measuring %s failed: %s", indicator.name, without_text(error))
            return Point(at, None, f"the runner couldn't ask: {type(error).__name__}")
        said = asked.result()
        if said.verdict == "stale":
            return Point(at, None, f"the newest value is {said.detail}")
        if said.value is None:
            return Point(at, None, said.detail or "no data")
        return Point(at, said.value * indicator.times)


def gauges(
    fleet: Fleet,
    rules: Rulebook,
    samples: Samples,
    observations: Callable[[], Mapping[str, Observation]],
    report: Report,
    clock: Clock,
) -> list[Gauge]:
    """All that measures the indicators of a fleet's services."""
    together: dict[tuple[str, float], list[Reading]] = {}
    for reading in _readings(fleet, rules):
        question = reading.indicator.question
        together.setdefault((question.connection, question.interval), []).append(reading)
    turns = {connection: asyncio.Semaphore(AT_ONCE) for connection, _ in together}

    def names(target: TargetId) -> Mapping[str, str]:
        return names_of(target, fleet, observations())

    return [
        Gauge(readings, samples, names, report, turns[connection], clock)
        for (connection, _), readings in together.items()
    ]


def _readings(fleet: Fleet, rules: Rulebook) -> Iterable[Reading]:
    for route in rules.routes:
        for name in route.indicators:
            if indicator := rules.indicator(name):
                yield from (Reading(indicator, target) for target in subjects(indicator, route.target, fleet))


def names_of(target: TargetId, fleet: Fleet, observations: Mapping[str, Observation]) -> Mapping[str, str]:
    """What the names in a question stand for: the slot that users are in, as it was last observed."""
    places = fleet.places_of(target, "slots") or fleet.places_of(target.whole, "slots")
    seen = observations.get(places[0].subject) if places else None
    reading = seen.reading if seen else None
    live = reading.slots[0] if isinstance(reading, SlotsReading) and reading.slots else None
    return {
        "service": target.name,
        "environment": target.environment,
        "region": target.region,
        "slot": live.name if live else "",
        "site": places[0].address.parts.get("site", "") if places else "",
        "version": live.build.version if live and live.build else "",
        "previous": "",
        "release": "",
        "host": live.host if live else "",
        "window": f"{WINDOW_SECONDS}",
    }
