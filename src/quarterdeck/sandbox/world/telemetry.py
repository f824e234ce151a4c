"""What the world's monitoring has scraped: counters of what its users really got, as series.

Nothing is kept and nothing runs in the background: who got what follows from the history of the sites and of DNS,
so any sample since shortly before the world began can be computed when somebody asks for it. The counting is done
where the platform's front end stands, so a counter never begins again, and also counts what no build could answer:

    http_requests_total{service,environment,region,site,slot,version,code}
        code 200; 500 for what the build fails; 503 for what a slot couldn't answer, or a rule sent nowhere
    http_request_duration_seconds_bucket{..., le}, _sum, _count     of the requests that a build answered
    up{service,environment,region,site,slot}                        1 while the slot's build answers, else 0

A container app counts as a site, its labels (or revisions without one) as slots; nothing pins its clients.

A series is there while its version is in its slot, whether or not it gets traffic; at the first scrape after that
it has ended. Requests for which DNS named nobody reach nothing that could count them.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.prometheus.series import LOOKBACK, NAME, Labels, Matcher, Point, Series, Span, fits, span_of
from quarterdeck.sandbox.world.container_apps import ContainerApp
from quarterdeck.sandbox.world.flow import Flow, Key, Tally
from quarterdeck.sandbox.world.silence import Silence
from quarterdeck.sandbox.world.sites import PRODUCTION, Site

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
        self._flows: dict[tuple[type, str], tuple[Site | ContainerApp, Flow]] = {}
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
        for site in (*self.world.sites, *self.world.container_apps) if metrics else ():
            labels = site_labels(site)
            if fits(of_sites, labels):
                flow = self._flow(site)
                for metric in metrics:
                    yield from self._of_site(site, flow, metric, labels, others)

    def _of_site(
        self, site: Site | ContainerApp, flow: Flow, metric: str, labels: Labels, matchers: Sequence[Matcher]
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

    def _flow(self, site: Site | ContainerApp) -> Flow:
        key = (type(site), site.name.lower())
        known, flow = self._flows.get(key, (None, None))
        if flow is None or known is not site:
            flow = Flow(self.began, self._rates_of(site) if isinstance(site, Site) else site.rates)
            self._flows[key] = (site, flow)
        flow.update(list(site.history), self._cuts(site) if isinstance(site, Site) else site.history.boundaries())
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


def site_labels(site: Site | ContainerApp) -> dict[str, str]:
    """What every series of a site says about it; a label without value is left out."""
    known = {
        "service": site.service,
        "environment": site.environment,
        "region": site.region,
        "site": site.name,
    }
    return {name: value for name, value in known.items() if value}


def _counter(flow: Flow, key: Key, read: Callable[[Tally], float]) -> Callable[[float], float]:
    return lambda at: read(flow.stretch(at).tally(key, at))


def _up(flow: Flow, slot: str) -> Callable[[float], float]:
    def read(at: float) -> float:
        serving = flow.stretch(at).epoch.serving.get(slot)
        return 1.0 if serving and serving.condition == "up" else 0.0

    return read
