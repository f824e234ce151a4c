"""Which version users really get: requests without a cookie, each over a connection of its own, as new clients come."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet, Place, Role
from quarterdeck.providers.base import ProviderError, TrafficRouter
from quarterdeck.release.filling import fill, named
from quarterdeck.release.gate import Evidence, GateSpec
from quarterdeck.release.rules import Rulebook, Truth
from quarterdeck.release.truth import Comparison, compare
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.probing import PROBE_SECONDS, Answer, Route, bracketed, probe, resolved

if TYPE_CHECKING:
    pass

AT_ONCE = 8
"""Probes under way at the same time: a crowd of clients isn't one more load test."""

LOOK_SECONDS = 25.0
"""How long one observation takes at most; what hasn't answered until then counts as unanswered."""

HELD_PROBES = 3
"""How many probes, through each way, say where clients come that a cookie holds on a slot."""

ALL = 99.95
"""Percent from which on a share is all of it."""

_ROUTERS: tuple[Role, ...] = ("slot_traffic", "traffic")


class Truthful(Protocol):
    """Answers gates of the kind `traffic`."""

    async def off_by(self, gate: GateSpec) -> Evidence:
        """By how many percentage points observed and intended differ, beyond what chance explains. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Harbour:
    """A sandbox that answers for every public host: no probe goes anywhere else.

    Attributes:
        url: where it listens; "" if it answers for none.
        ca_file: whose certificates it shows, None without TLS.
    """

    url: str
    ca_file: str | None = None

    @classmethod
    def of(cls, announcement: Mapping[str, Any]) -> Harbour:
        """As a sandbox announces it."""
        return cls(str(announcement.get("web") or ""), announcement.get("ca_file"))


class NotAsked(Exception):
    """Nobody could be asked, and why, for people."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One observation: how many probes each destination answered, and through whom they came there."""

    comparison: Comparison
    via: str

    def sentence(self, tolerance: float = 0) -> str:
        """One line for people. Whether a difference is too large is the gate's to say, so it is told to the point."""
        return self.comparison.sentence(tolerance) + (f" ({self.via})" if self.via else "")


class Observer:
    """Sends the probes."""

    def __init__(
        self,
        fleet: Fleet,
        rules: Callable[[], Rulebook],
        observations: Callable[[], Mapping[str, Observation]],
        harbour: Harbour | None = None,
        connections: Connections | None = None,
        told: Callable[[TargetId, Comparison], None] = lambda *_: None,
    ) -> None:
        """`harbour` is the sandbox, None for the real world. `connections` are asked what the provider reports at the
        same moment; without them it is what was last observed, which may be older than the shift. `told` hears of what
        gates observed."""
        self._fleet = fleet
        self._rules = rules
        self._observations = observations
        self._harbour = harbour
        self._connections = connections
        self._told = told

    async def off_by(self, gate: GateSpec) -> Evidence:
        """See `Truthful`."""
        try:
            target = TargetId.parse(gate.options.get("target", ""))
            shares = {str(k): float(v) for k, v in json.loads(gate.options.get("shares", "{}")).items()}
        except (ValueError, AttributeError, TypeError):
            return Evidence(None, detail="the gate names no target and shares that could be observed")
        try:
            ground = await self._ground(target, shares)
            sight, held = await asyncio.gather(self._seen(ground, shares), self._held(ground, shares))
        except NotAsked as error:
            return Evidence(None, detail=clean(str(error)))
        self._told(target, sight.comparison)
        told = "; ".join(part for part in (sight.sentence(), *held) if part)
        return Evidence(sight.comparison.off_by, detail=clean(told, 500))

    async def observe(self, target: TargetId, intended: Mapping[str, float], *, pinned: str = "") -> Sight:
        """Ask as often as the target's rules say (for pinned clients a few times), and count who answers.

        Args:
            intended: percent by destination.
            pinned: probes carry the cookie that holds them on this slot; "" for new clients.

        Raises:
            NotAsked: nothing says how, or nobody could be asked.
        """
        return await self._seen(await self._ground(target, intended), intended, pinned)

    async def _ground(self, target: TargetId, intended: Mapping[str, float]) -> _Ground:
        truth = self._truth(target)
        sides = _Sides.of(self._fleet, self._observations(), target)
        reported = await self._reported(target, intended)
        found = await asyncio.gather(*(self._routes(truth, url) for url in self._urls(truth, target)))
        routes = tuple(route for several in found for route in several)
        return _Ground(truth, sides, reported, routes, self._by_dns(target, intended))

    async def _seen(self, ground: _Ground, intended: Mapping[str, float], pinned: str = "") -> Sight:
        truth, routes, reported = ground.truth, ground.routes, ground.reported
        if pinned:
            truth = replace(truth, probes=min(truth.probes, HELD_PROBES * len(routes)))
        answers = await self._asked(truth, routes, pinned)
        who = [ground.sides.name(answer, reported) if answer else "" for answer in answers]
        if ground.by_dns and self._harbour is None:
            # Probes through one resolver share the answer that it remembers: only resolvers are independent draws.
            who = [next(filter(None, who[index :: len(routes)]), "") for index in range(len(routes))]
        counts = Counter(filter(None, who))
        strange = _elsewhere(counts, {**reported, **intended}) if reported else ()
        told = [f"{counts.pop(name)} said {name}, which is none of {', '.join(reported)}" for name in strange]
        comparison = compare(ground.sides.whole(intended), reported, counts, len(who) - counts.total())
        return Sight(comparison, "; ".join(dict.fromkeys([*told, *(route.told for route in routes if route.told)])))

    async def _held(self, ground: _Ground, intended: Mapping[str, float]) -> Sequence[str]:
        """Where clients come that a cookie holds on a slot from earlier, whatever share of new ones it gets now."""
        # An answer to somebody who has the cookie need not set it again: only what it says of itself tells.
        if ground.by_dns or not (ground.truth.header or ground.truth.json):
            return ()
        others = [slot for slot in intended if slot.lower() != ground.sides.live.lower()]
        return await asyncio.gather(*(self._held_on(ground, slot) for slot in others))

    async def _held_on(self, ground: _Ground, slot: str) -> str:
        sight = await self._seen(ground, {slot: 100.0}, slot)
        came = {share.name: share.seen for share in sight.comparison.shares if share.seen}
        where = ", ".join(f"{name} {seen} of {sum(came.values())}" for name, seen in came.items())
        return f"held on {slot} by a cookie: {where}" if where else ""

    # --- what to ask -------------------------------------------------------------------------------------------------
    def _truth(self, target: TargetId) -> Truth:
        truth = self._rules().route(target).truth
        if truth is None:
            raise NotAsked(f"nothing says how to observe the traffic of {target.whole} (truth of its route)")
        return truth

    def _urls(self, truth: Truth, target: TargetId) -> Sequence[str]:
        """What to ask: one URL, or, where it names the host, one for each region's public host."""
        names = {"service": target.name, "environment": target.environment, "region": target.region}
        hosts = self._public_hosts(target) if "host" in named(truth.url) else ()
        try:
            urls = [fill(truth.url, {**names, "host": host}) for host in hosts] or [fill(truth.url, names)]
        except ValueError as error:
            raise NotAsked(f"{target}: {error}") from None
        for url in urls:
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise NotAsked(f"{target}: {clean(url)} is not a URL to ask")
        return urls

    def _public_hosts(self, target: TargetId) -> Sequence[str]:
        """The hosts that users reach, as they were observed: those of the live slots."""
        seen = (self._observations().get(place.subject) for place in self._fleet.places_of(target, "slots"))
        readings = (one.reading for one in seen if one is not None)
        return [
            one.slots[0].host for one in readings if isinstance(one, SlotsReading) and one.slots and one.slots[0].host
        ]

    async def _reported(self, target: TargetId, intended: Mapping[str, float]) -> dict[str, float]:
        """What the provider says, from the router that knows the names; nothing if it doesn't tell."""
        wanted = {name.lower() for name in intended}
        for role in _ROUTERS:
            for place in self._fleet.places_of(target, role):
                reading = await self._split(place)
                shares = {one.name: one.share for one in reading.destinations} if reading else {}
                if shares and wanted <= {name.lower() for name in shares}:
                    return shares
        return {}

    async def _split(self, place: Place) -> TrafficReading | None:
        if self._connections is None:
            known = self._observations().get(place.subject)
            return known.reading if known and isinstance(known.reading, TrafficReading) else None
        try:
            router = self._connections.capability(place.address.connection, place.role)
            if not isinstance(router, TrafficRouter):
                return None
            async with asyncio.timeout(PROBE_SECONDS):
                return (await router.survey_traffic(place.address)).reading
        except (ProviderError, TimeoutError):
            return None

    def _by_dns(self, target: TargetId, intended: Mapping[str, float]) -> bool:
        """Whether it is names that are divided, not requests: slots are divided by the site itself."""
        slots = {place.subject for place in self._fleet.places_of(target, "slot_traffic")}
        known = (self._observations().get(subject) for subject in slots)
        names = {
            one.name.lower()
            for o in known
            if o and isinstance(o.reading, TrafficReading)
            for one in o.reading.destinations
        }
        return not {name.lower() for name in intended} <= names

    # --- whom to ask -------------------------------------------------------------------------------------------------
    async def _routes(self, truth: Truth, url: str) -> Sequence[Route]:
        parts = urlsplit(url)
        host = parts.hostname or ""
        if self._harbour is not None:
            if not self._harbour.url:
                raise NotAsked("this sandbox answers no requests of users")
            base = urlsplit(self._harbour.url)
            inside = urlunsplit((base.scheme, base.netloc, parts.path or "/", parts.query, ""))
            return (Route(inside, parts.netloc, ""),)
        if not truth.resolvers:
            return (Route(url, parts.netloc, host),)
        found = await asyncio.gather(*(resolved(resolver, host) for resolver in truth.resolvers))
        port = f":{parts.port}" if parts.port else ""
        routes = [
            Route(
                urlunsplit((parts.scheme, f"{bracketed(one.address)}{port}", parts.path or "/", parts.query, "")),
                parts.netloc,
                host,
                f"{one.resolver} says {one.name} for {one.ttl} s",
            )
            for one in found
            if one is not None
        ]
        if not routes:
            raise NotAsked(f"none of the resolvers {', '.join(truth.resolvers)} has an address of {host}")
        return routes

    async def _asked(self, truth: Truth, routes: Sequence[Route], pinned: str) -> Sequence[Answer | None]:
        import httpx

        turns = asyncio.Semaphore(AT_ONCE)
        jar = CookieJar(policy=DefaultCookiePolicy(allowed_domains=[]))  # A new client each time: nothing is kept.
        limits = httpx.Limits(max_keepalive_connections=0)
        by_proxy = self._harbour is None and not truth.resolvers
        async with httpx.AsyncClient(
            cookies=jar, limits=limits, timeout=PROBE_SECONDS, trust_env=by_proxy, verify=self._trusted()
        ) as client:

            async def one(route: Route) -> Answer | None:
                async with turns:
                    return await probe(client, route, truth, pinned)

            tasks = [asyncio.create_task(one(routes[n % len(routes)])) for n in range(max(truth.probes, 1))]
            try:
                await asyncio.wait(tasks, timeout=LOOK_SECONDS)
                return [task.result() if task.done() else None for task in tasks]
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    def _trusted(self) -> Any:
        if self._harbour is None or not self._harbour.ca_file:
            return True
        import ssl

        return ssl.create_default_context(cafile=self._harbour.ca_file)


def _elsewhere(counts: Mapping[str, int], divided: Mapping[str, float]) -> tuple[str, ...]:
    """Destinations that answered but aren't among those that clients are divided between: a version tells a slot, and
    nothing about which region answered. They are no evidence, neither for nor against."""
    names = {name.lower() for name in divided}
    return tuple(name for name in counts if name.lower() not in names)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What an observation stands on: how to ask, who may answer, what the provider reports, and the ways there."""

    truth: Truth
    sides: _Sides
    reported: dict[str, float]
    routes: Sequence[Route]
    by_dns: bool


@dataclass(frozen=True, slots=True)
class _Sides:
    """How an answer is known to come from a destination."""

    live: str
    slots: Mapping[str, str]
    versions: Mapping[str, tuple[str, ...]]
    hosts: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, fleet: Fleet, observations: Mapping[str, Observation], target: TargetId) -> _Sides:
        """From what was last observed at a target."""
        live = ""
        slots: dict[str, str] = {}
        versions: dict[str, tuple[str, ...]] = {}
        hosts: dict[str, tuple[str, ...]] = {}
        for place in fleet.places_of(target):
            known = observations.get(place.subject)
            match known.reading if known else None:
                case SlotsReading(found) if found and not live:
                    live = found[0].name
                    slots = {slot.name.lower(): slot.name for slot in found}
                    for slot in found:
                        if slot.build and slot.build.version:
                            has = versions.get(slot.build.version.lower(), ())
                            versions[slot.build.version.lower()] = (*has, slot.name)
                case TrafficReading() as reading:
                    for one in reading.destinations:
                        # App Service tells a program its host (WEBSITE_HOSTNAME) and its name (WEBSITE_SITE_NAME).
                        for called in {one.host.lower(), one.host.lower().partition(".")[0]} - {""}:
                            hosts[called] = (*hosts.get(called, ()), one.name)
        return cls(live, slots, versions, hosts)

    def whole(self, intended: Mapping[str, float]) -> Mapping[str, float]:
        """With the share of the live slot, if only those of others were said: it gets what they leave."""
        named = {name.lower() for name in intended}
        if not self.live or self.live.lower() in named or not named <= set(self.slots):
            return intended
        return {self.live: max(100 - sum(intended.values()), 0.0), **intended}

    def name(self, answer: Answer, destinations: Mapping[str, float]) -> str:
        """The destination that answered; "" if what it said names none, or more than one."""
        if answer.slot:
            return self.live if answer.slot.lower() == "self" else self.slots.get(answer.slot.lower(), answer.slot)
        if not answer.said:
            # App Service sets the cookie only while a rule divides the traffic: without one all is the live slot's.
            undivided = destinations.get(self.live, 0.0) > ALL
            return self.live if undivided else ""
        said = answer.said.lower()
        by_name = {name.lower(): name for name in destinations} | dict(self.slots)
        if said in by_name:
            return by_name[said]
        if called := self.hosts.get(said):
            # A site is the live slot where slots are divided, and a region where regions are.
            divided = {name.lower() for name in destinations}
            return next((name for name in called if name.lower() in divided), called[0])
        holding = self.versions.get(said, ())
        return holding[0] if len(holding) == 1 else ""
