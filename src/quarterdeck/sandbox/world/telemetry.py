"""What the world's monitoring has scraped: counters of what its users really got, as series.

Nothing is kept and nothing runs in the background: who got what follows from the history of the sites and of DNS,
so any sample since shortly before the world began can be computed when somebody asks for it. The counting is done
where the platform's front end stands, so a counter never begins again, and also counts what no build could answer:

    http_requests_total{service,environment,region,site,slot,version,code}
        code 200; 500 for what the build fails; 503 for what a slot couldn't answer, or a rule sent nowhere
    http_request_duration_seconds_bucket{..., le}, _sum, _count     of the requests that a build answered
    up{service,environment,region,site,slot}                        1 while the slot's build answers, else 0

A series is there while its version is in its slot, whether or not it gets traffic; at the first scrape after that
it has ended. Requests for which DNS named nobody reach nothing that could count them.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from quarterdeck.sandbox.prometheus.series import LOOKBACK, NAME, Labels, Matcher, Point, Series, Span, fits, span_of
from quarterdeck.sandbox.world.serving import Epoch, Serving
from quarterdeck.sandbox.world.sites import PRODUCTION, Site
from quarterdeck.sandbox.world.strictness import check_pattern

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

INTERVAL = 5.0
"""World seconds between two scrapes."""

BEFORE = 3600.0
"""Seconds before the world began at which its monitoring began."""

REQUESTS = "http_requests_total"
DURATION = "http_request_duration_seconds"
UP = "up"

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, math.inf)
"""Of the histogram's buckets, in seconds: the default ones of Prometheus's client libraries."""

_SPREAD = 0.5
"""How far durations lie from their median: the sigma of a log-normal distribution."""

_CODES = ("200", "500", "503")


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


_Key = tuple[str, str]
"""Slot and version."""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A time in which nothing begins or ends at a site. `tallies` is how things stood when it began."""

    start: float
    end: float
    epoch: Epoch
    shares: _Shares
    tallies: Mapping[_Key, Tally]

    def tally(self, key: _Key, at: float) -> Tally:
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
        self._stretches: list[_Stretch] = []

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
        tallies: dict[_Key, Tally] = {}
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

    def stretch(self, at: float) -> _Stretch:
        """The one that a moment lies in."""
        return self._stretches[max(0, bisect_right(self._stretches, at, key=lambda one: one.start) - 1)]

    def there(self, key: _Key) -> list[tuple[float, float]]:
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
    def versions(self) -> set[_Key]:
        """Every slot and version there ever was."""
        return {key for stretch in self._stretches for key in _keys(stretch.epoch)}

    def _stretch(self, epochs: Sequence[Epoch], start: float, end: float, tallies: Mapping[_Key, Tally]) -> _Stretch:
        seconds = end - start if end < math.inf else 1.0
        readings = [self._rates(start + seconds * part) for part in (1 / 6, 1 / 2, 5 / 6)]
        if end == math.inf:
            readings = [readings[1]] * 3
        index = max(0, bisect_right(epochs, start, key=lambda epoch: epoch.since) - 1)
        return _Stretch(start, end, epochs[index], _Shares(*readings), dict(tallies))


def _keys(epoch: Epoch) -> list[_Key]:
    found = [(slot, serving.version) for slot, serving in epoch.serving.items()]
    return [*found, ("", "")] if "" in epoch.weights else found


@dataclass(frozen=True, slots=True)
class Silence:
    """A fault of kind `silence`: metrics and sites (regular expressions; all when empty) of which no sample comes in
    for a time. Nothing says that their series have ended: their last values stay for as long as Prometheus looks
    back."""

    metric: str
    site: str
    since: float
    until: float = math.inf

    @classmethod
    def from_json(cls, document: Mapping[str, Any], now: float) -> Silence:
        """Read a fault that is put in force now.

        Raises:
            ValueError: naming what is wrong with it.
        """
        unknown = sorted(set(document) - {"kind", "metric", "site", "start", "stop"})
        if unknown:
            raise ValueError(f"a silence has no {', '.join(unknown)}; it has kind, metric, site, start, stop")
        for name in ("metric", "site"):
            check_pattern(document, name, "a silence")
        start, stop = document.get("start", 0.0), document.get("stop", math.inf)
        if not all(isinstance(moment, int | float) and moment >= 0 for moment in (start, stop)):
            raise ValueError("a silence's start and stop are seconds from now")
        return cls(document.get("metric", ""), document.get("site", ""), now + start, now + stop)

    def as_json(self) -> dict[str, Any]:
        """For the control interface; times are UNIX seconds."""
        until = None if self.until == math.inf else self.until
        return {"kind": "silence", "metric": self.metric, "site": self.site, "since": self.since, "until": until}

    def covers(self, metric: str, site: str) -> bool:
        """Whether it is about such a series at all."""
        return bool(re.search(self.metric, metric)) and bool(re.search(self.site, site, re.IGNORECASE))


@dataclass(frozen=True)
class _Scraped:
    """A series computed when it is asked for."""

    labels: Labels
    there: Sequence[tuple[float, float]]
    silences: Sequence[Silence]
    read: Callable[[float], float]
    now: float

    def window(self, since: float, until: float) -> list[Point]:
        # A year before there was anything is not looked through scrape by scrape.
        began = min((start for start, _ in self.there), default=until) - INTERVAL
        scrapes = _scrapes(max(since, began), min(until, self.now))
        return [Point(at, self.read(at)) for at in scrapes if self._has(at)]

    def span(self, since: float, until: float) -> Span | None:
        first, last, count = _ends(since, min(until, self.now))
        if count < 2:
            return None
        if any(start <= first and last < end for start, end in self.there) and not any(
            silence.since <= last and silence.until > first for silence in self.silences
        ):
            # There all the time, and it never begins again: two readings say it all.
            return Span(Point(first, self.read(first)), Point(last, self.read(last)), count, 0.0)
        return span_of(self.window(since, until))

    def latest(self, at: float) -> Point | None:
        moment = math.floor(min(at, self.now) / INTERVAL) * INTERVAL
        while moment > at - LOOKBACK:
            if not self._silent(moment):
                return Point(moment, self.read(moment)) if self._present(moment) else None
            moment -= INTERVAL
        return None

    def _has(self, at: float) -> bool:
        return self._present(at) and not self._silent(at)

    def _present(self, at: float) -> bool:
        return any(start <= at < end for start, end in self.there)

    def _silent(self, at: float) -> bool:
        return any(silence.since <= at < silence.until for silence in self.silences)


def _ends(since: float, until: float) -> tuple[float, float, int]:
    first, last = math.floor(since / INTERVAL) + 1, math.floor(until / INTERVAL)
    return first * INTERVAL, last * INTERVAL, last - first + 1


def _scrapes(since: float, until: float) -> Iterator[float]:
    first, _, count = _ends(since, until)
    for number in range(count):
        yield first + number * INTERVAL


@dataclass(frozen=True, slots=True)
class _Family:
    """One metric: its name, and what sets its series of one slot and version apart, each with how to read it."""

    name: str
    kinds: Sequence[tuple[Mapping[str, str], Callable[[Tally], float]]]


def _bucket(bound: float) -> Callable[[Tally], float]:
    return lambda tally: sum(number * _part_within(bound, median) for median, number in tally.answered.items())


def _part_within(bound: float, median: float) -> float:
    if median <= 0 or bound == math.inf:
        return 1.0
    return 0.5 * (1 + math.erf(math.log(bound / median) / (_SPREAD * math.sqrt(2))))


def _seconds(tally: Tally) -> float:
    return sum(number * median * math.exp(_SPREAD**2 / 2) for median, number in tally.answered.items())


_COUNTERS: tuple[_Family, ...] = (
    _Family(
        REQUESTS,
        [
            ({"code": "200"}, lambda tally: tally.good),
            ({"code": "500"}, lambda tally: tally.failed),
            ({"code": "503"}, lambda tally: tally.refused),
        ],
    ),
    _Family(
        f"{DURATION}_bucket",
        [({"le": "+Inf" if bound == math.inf else f"{bound:g}"}, _bucket(bound)) for bound in BOUNDS],
    ),
    _Family(f"{DURATION}_sum", [({}, _seconds)]),
    _Family(f"{DURATION}_count", [({}, _bucket(math.inf))]),
)

METRICS = (*(family.name for family in _COUNTERS), UP)
"""The name of every metric there is."""

_OF_SITES = ("service", "environment", "region", "site")
_OF_SLOTS = ("slot", "version")


@dataclass
class Telemetry:
    """The world's monitoring, as Prometheus's storage."""

    world: World
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.world.clock.now() - BEFORE
        self._flows: dict[str, tuple[Site, Flow]] = {}
        self._names: Mapping[str, Sequence[str]] = {}
        self._silences: list[Silence] = []

    def silence(self, silence: Silence) -> None:
        """Let samples go missing."""
        self._silences.append(silence)

    def silences_as_json(self) -> list[dict[str, Any]]:
        """Those that are in force or to come."""
        return [one.as_json() for one in self._silences if one.until > self.world.clock.now()]

    def end_silences(self) -> None:
        """From now on every sample comes in again; those that are missing stay missing."""
        now = self.world.clock.now()
        self._silences = [
            Silence(one.metric, one.site, one.since, min(one.until, now)) for one in self._silences if one.since < now
        ]

    def select(self, alternatives: Sequence[Sequence[Matcher]]) -> list[Series]:
        """The series that fit."""
        found: dict[tuple[tuple[str, str], ...], Series] = {}
        # What DNS probes found since somebody last looked belongs to the past that samples are computed from.
        self.world.profiles.observe()
        self._names = self._names_by_host()
        for matchers in alternatives:
            for series in self._select(matchers):
                found.setdefault(tuple(sorted(series.labels.items())), series)
        return list(found.values())

    def _select(self, matchers: Sequence[Matcher]) -> Iterator[Series]:
        of_name = [one for one in matchers if one.label == NAME]
        metrics = [name for name in METRICS if fits(of_name, {NAME: name})]
        of_sites = [one for one in matchers if one.label in _OF_SITES]
        others = [one for one in matchers if one.label not in (NAME, *_OF_SITES)]
        for site in self.world.sites if metrics else ():
            labels = site_labels(site)
            if fits(of_sites, labels):
                flow = self._flow(site)
                for metric in metrics:
                    yield from self._of_site(site, flow, metric, labels, others)

    def _of_site(
        self, site: Site, flow: Flow, metric: str, labels: Labels, matchers: Sequence[Matcher]
    ) -> Iterator[Series]:
        silences = [one for one in self._silences if one.covers(metric, site.name)]
        now = self.world.clock.now()
        if metric == UP:
            for slot in sorted({slot for slot, _ in flow.versions if slot}):
                own = {**labels, NAME: UP, "slot": slot}
                if fits(matchers, own):
                    versions = [key for key in flow.versions if key[0] == slot]
                    there = sorted(period for key in versions for period in flow.there(key))
                    yield _Scraped(own, there, silences, _up(flow, slot), now)
            return
        family = next(family for family in _COUNTERS if family.name == metric)
        for key in sorted(flow.versions):
            own = {name: value for name, value in zip(_OF_SLOTS, key, strict=True) if value}
            fixed = {**labels, NAME: metric, **own}
            if not fits([one for one in matchers if one.label in _OF_SLOTS], fixed):
                continue
            there = flow.there(key)
            for apart, read in family.kinds:
                whole = {**fixed, **apart}
                if fits(matchers, whole):
                    yield _Scraped(whole, there, silences, _counter(flow, key, read), now)

    def _flow(self, site: Site) -> Flow:
        known, flow = self._flows.get(site.name.lower(), (None, None))
        if flow is None or known is not site:
            flow = Flow(self.began, self._rates_of(site))
            self._flows[site.name.lower()] = (site, flow)
        flow.update(list(site.history), self._cuts(site))
        return flow

    def _cuts(self, site: Site) -> Iterator[float]:
        cookie = self.world.physics.cookie
        for moment in site.history.boundaries():
            yield from (moment, moment + cookie)
        for name in sorted({name for slot in site.slots.values() for name in self._names.get(slot.host.lower(), ())}):
            profile = self.world.profiles.named(name)
            yield from self.world.profiles.dns.boundaries(profile) if profile else ()

    def _rates_of(self, site: Site) -> Callable[[float], Mapping[str, float]]:
        """Requests per second by slot, at a time; "" where a rule led nowhere."""
        clients = self.world.clients

        def rates(at: float) -> Mapping[str, float]:
            arriving = clients.arriving(site, self._names, at)
            result: dict[str, float] = defaultdict(float)
            for slot, rate in arriving.items():
                if slot != PRODUCTION:
                    result[slot] += rate
            if arriving.get(PRODUCTION):
                for slot, part in clients.shares(site, at).items():
                    result[slot] += arriving[PRODUCTION] * part
            return result

        return rates

    def _names_by_host(self) -> Mapping[str, Sequence[str]]:
        """Which Traffic Manager names have ever led users to a host."""
        result: dict[str, list[str]] = defaultdict(list)
        profiles = {profile.relative_name: profile for profile in self.world.profiles}
        for name in self.world.traffic:
            profile = profiles.get(name.lower())
            for host in self.world.profiles.dns.known_targets(profile) if profile else ():
                result[host.lower()].append(name)
        return result


def site_labels(site: Site) -> dict[str, str]:
    """What every series of a site says about it; a label without value is left out."""
    known = {
        "service": site.service,
        "environment": site.environment,
        "region": site.region,
        "site": site.name,
    }
    return {name: value for name, value in known.items() if value}


def _counter(flow: Flow, key: _Key, read: Callable[[Tally], float]) -> Callable[[float], float]:
    return lambda at: read(flow.stretch(at).tally(key, at))


def _up(flow: Flow, slot: str) -> Callable[[float], float]:
    def read(at: float) -> float:
        serving = flow.stretch(at).epoch.serving.get(slot)
        return 1.0 if serving and serving.condition == "up" else 0.0

    return read
