"""The DNS of Traffic Manager: what clients are told, and what they still believe."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Protocol

from quarterdeck.sandbox.world.dns import DEFAULT_MAX_RETURN, Client, probabilities
from quarterdeck.sandbox.world.dns_cache import Answer, ShareHistory
from quarterdeck.sandbox.world.monitoring import EndpointStatus
from quarterdeck.sandbox.world.profile import Endpoint, Profile, ProfileKey

ANYONE = Client()


class Zone(Protocol):
    """The profiles a name server answers for."""

    def now(self) -> float: ...

    def named(self, dns_name: str) -> Profile | None: ...

    def child(self, endpoint: Endpoint) -> Profile | None: ...

    def parent(self, profile: Profile) -> Profile | None: ...

    def statuses(self, profile: Profile) -> dict[tuple[str, str], EndpointStatus]: ...

    def observe(self) -> None: ...


class NameServer:
    """Answers for the profiles of a zone.

    `population` is who asks, with relative numbers; shares are averages over it.
    """

    def __init__(self, zone: Zone, rng: random.Random) -> None:
        self._zone, self._rng = zone, rng
        self._history: dict[ProfileKey, tuple[ShareHistory, ShareHistory]] = {}
        self.population: Mapping[Client, float] = {ANYONE: 1.0}

    def resolve(self, dns_name: str, client: Client = ANYONE) -> Answer:
        """What a DNS query of that client gets. Nested profiles are followed with the TTL of the name asked for."""
        self._zone.observe()
        profile = self._zone.named(dns_name)
        if profile is None or not profile.enabled:
            return Answer("NXDOMAIN")
        targets = self._draw(profile, client)
        return Answer("NOERROR" if targets else "NODATA", targets, profile.ttl)

    def shares(self, profile: Profile) -> dict[str, float]:
        """Percent of answers that name each endpoint first, by endpoint name.

        They add up to 100, or to less where some clients get no answer.
        """
        return self._expected(profile, lambda endpoint, client: {endpoint.name: 1.0})

    def target_shares(self, profile: Profile) -> dict[str, float]:
        """Percent of answers by host name or address, nested profiles followed."""
        return self._expected(profile, self._reached)

    def effective_shares(self, profile: Profile, at: float | None = None) -> dict[str, float]:
        """`shares` as users really get them, now or in the past, while resolvers keep old answers."""
        self._zone.observe()
        return self._history[profile.key][0].effective(self._zone.now() if at is None else at)

    def effective_target_shares(self, profile: Profile, at: float | None = None) -> dict[str, float]:
        """`target_shares` as users really get them, now or in the past, while resolvers keep old answers."""
        self._zone.observe()
        return self._history[profile.key][1].effective(self._zone.now() if at is None else at)

    def boundaries(self, profile: Profile) -> list[float]:
        """Moments after which a profile's effective shares follow another line."""
        return self._history[profile.key][1].boundaries()

    def known_targets(self, profile: Profile) -> set[str]:
        """Every host name or address that it has answered with, as far back as is remembered."""
        return self._history[profile.key][1].names()

    def note(self, profile: Profile, at: float) -> None:
        """From `at` on this profile, and those that it is nested in, answer as they do now."""
        upwards: Profile | None = profile
        while upwards is not None:
            by_endpoint, by_target = self._history.setdefault(upwards.key, (ShareHistory(), ShareHistory()))
            by_endpoint.note(at, upwards.ttl, self.shares(upwards))
            by_target.note(at, upwards.ttl, self.target_shares(upwards))
            upwards = self._zone.parent(upwards)

    def forget(self, profile: Profile) -> None:
        """Drop its past."""
        self._history.pop(profile.key, None)

    def _expected(self, profile: Profile, reach: Callable[[Endpoint, Client], Mapping[str, float]]) -> dict[str, float]:
        people = sum(self.population.values())
        result: dict[str, float] = {}
        for client, number in self.population.items():
            for endpoint, chance in probabilities(profile, self._zone.statuses(profile), client):
                for name, part in reach(endpoint, client).items():
                    result[name] = result.get(name, 0.0) + 100.0 * chance * part * number / people
        return result

    def _reached(self, endpoint: Endpoint, client: Client) -> dict[str, float]:
        child = self._zone.child(endpoint)
        if child is None:
            return {endpoint.target: 1.0}
        result: dict[str, float] = {}
        for inner, chance in probabilities(child, self._zone.statuses(child), client):
            for name, part in self._reached(inner, client).items():
                result[name] = result.get(name, 0.0) + chance * part
        return result

    def _draw(self, profile: Profile, client: Client) -> tuple[str, ...]:
        chances = probabilities(profile, self._zone.statuses(profile), client)
        if not chances:
            return ()
        if profile.method == "MultiValue":
            count = min(profile.max_return or DEFAULT_MAX_RETURN, len(chances))
            picked = self._rng.sample([endpoint for endpoint, _ in chances], count)
        else:
            picked = self._rng.choices([e for e, _ in chances], [chance for _, chance in chances])
        targets: list[str] = []
        for endpoint in picked:
            child = self._zone.child(endpoint)
            targets += self._draw(child, client) if child else [endpoint.target]
        return tuple(targets)
