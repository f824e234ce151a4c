"""The Traffic Manager profiles of the world: kept, checked against each other, and probed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Protocol

from quarterdeck.sandbox.world import monitoring
from quarterdeck.sandbox.world.monitoring import EndpointStatus, ProbeRecord, ProbeResult, ProfileStatus
from quarterdeck.sandbox.world.nameserver import NameServer
from quarterdeck.sandbox.world.profile import (
    DNS_SUFFIX,
    Endpoint,
    InvalidProfile,
    Monitor,
    Profile,
    ProfileConflict,
    ProfileKey,
)
from quarterdeck.sandbox.world.profile_document import check_endpoints, read_profile, write_profile

MAX_DEPTH = 10
_LONG_AGO = 3600.0


class Clock(Protocol):
    """The world's time."""

    def now(self) -> float:
        """UNIX seconds."""
        ...


class Log(Protocol):
    """Where effects are noted; see `world.log.WorldLog`."""

    def add(self, kind: str, subject: str, /, *, at: float | None = None, **details: Any) -> None:
        """Note an effect."""
        ...


Probe = Callable[[str, Monitor, float], ProbeResult]
"""What a probe of a host name, with these settings, finds at that world time."""


class Profiles:
    """All profiles of a world. `dns` answers for them.

    Args:
        clock: the world's.
        rng: draws DNS answers.
        log: notes each effect as `profile.created|changed|deleted` and `endpoint.<monitor status>`.
        probe: the health of a host, now or in the past; all are healthy when not given.
        host_of: the host name of a site's ARM id, None when there is no such site.
    """

    def __init__(
        self,
        clock: Clock,
        rng: random.Random,
        log: Log,
        probe: Probe = lambda target, monitor, at: "healthy",
        host_of: Callable[[str], str | None] = lambda resource_id: None,
    ) -> None:
        self._clock, self._log = clock, log
        self._probe, self._host_of = probe, host_of
        self._profiles: dict[ProfileKey, Profile] = {}
        self._parents: dict[ProfileKey, ProfileKey] = {}
        self._quiet_until = 0.0
        self._records: dict[tuple[ProfileKey, tuple[str, str]], ProbeRecord] = {}
        self.dns = NameServer(self, rng)

    def __iter__(self) -> Iterator[Profile]:
        return iter(sorted(self._profiles.values(), key=lambda profile: profile.key))

    def now(self) -> float:
        """World time."""
        return self._clock.now()

    def get(self, subscription: str, resource_group: str, name: str) -> Profile | None:
        """The profile, or None."""
        return self._profiles.get((subscription.lower(), resource_group.lower(), name.lower()))

    def named(self, dns_name: str) -> Profile | None:
        """The profile that answers for a DNS name (with or without the suffix)."""
        relative = dns_name.lower().rstrip(".").removesuffix(f".{DNS_SUFFIX}")
        return next((p for p in self._profiles.values() if p.relative_name == relative), None)

    def child(self, endpoint: Endpoint) -> Profile | None:
        """The profile that a nested endpoint leads to."""
        if endpoint.kind != "nestedEndpoints":
            return None
        if endpoint.resource_id:
            return self._profiles.get(_key_of(endpoint.resource_id))
        return self.named(endpoint.target)

    def parent(self, profile: Profile) -> Profile | None:
        """The profile in which this one is nested; there is one at most."""
        key = self._parents.get(profile.key)
        return None if key is None else self._profiles[key]

    def put(self, profile: Profile) -> Profile:
        """Create or replace; returns it with the hosts of its Azure and nested endpoints filled in.

        Raises:
            InvalidProfile: endpoints contradict each other, an id leads nowhere, or profiles nest in a circle.
            ProfileConflict: the DNS name is taken, or a child is nested elsewhere.
        """
        self.observe()
        placed = self._place(profile)
        self.dns.note(placed, self.now())
        return placed

    def delete(self, profile: Profile) -> None:
        """Remove it.

        Raises:
            ProfileConflict: while it is nested in another profile.
        """
        parent = self.parent(profile)
        if parent is not None:
            raise ProfileConflict(f"The profile '{profile.name}' is nested in '{parent.name}'; remove it there first.")
        del self._profiles[profile.key]
        self._adopt(profile.key, ())
        self._records = {key: record for key, record in self._records.items() if key[0] != profile.key}
        self.dns.forget(profile)
        self._log.add("profile.deleted", profile.id)

    def load(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Replace everything by profiles as the ARM interface shows them; they count as in force for long.

        Raises:
            InvalidProfile: for a document that could not be put.
            ProfileConflict: likewise.
        """
        for profile in list(self._profiles.values()):
            self.dns.forget(profile)
        self._profiles, self._parents, self._records = {}, {}, {}
        for profile in _children_first([_from_document(document) for document in documents]):
            self._place(profile)
        for record in self._records.values():
            record.since -= _LONG_AGO
        self.observe()
        for profile in self._profiles.values():
            self.dns.forget(profile)
            self.dns.note(profile, self.now())

    def dump(self) -> list[dict[str, Any]]:
        """Every profile, as `load` takes it."""
        return [write_profile(profile) for profile in self]

    def observe(self) -> None:
        """Do the probes that fell due, and let DNS answer by what they found when they found it."""
        if self.now() < self._quiet_until:
            return
        changes: list[tuple[float, Profile, str, ProbeRecord, EndpointStatus]] = []
        for profile in self._profiles.values():
            for endpoint in profile.endpoints:
                record = self._records.get((profile.key, endpoint.key))
                if record is not None:
                    subject = f"{profile.id}/{endpoint.kind}/{endpoint.name}"
                    found = record.due(self.now(), self._looker(profile, endpoint), profile.monitor.tolerated_failures)
                    changes += [(at, profile, subject, record, status) for at, status in found]
        for at, profile, subject, record, status in sorted(changes, key=lambda change: change[0]):
            record.status = status
            self._log.add(f"endpoint.{status.lower()}", subject, at=at)
            self.dns.note(profile, at)
        self._quiet_until = min((record.next_probe for record in self._records.values()), default=math.inf)

    def statuses(self, profile: Profile) -> dict[tuple[str, str], EndpointStatus]:
        """The monitor status of each endpoint, by endpoint key, as of the last `observe`."""
        return {endpoint.key: self._status(profile, endpoint) for endpoint in profile.endpoints}

    def status(self, profile: Profile) -> ProfileStatus:
        """The monitor status of the profile, as of the last `observe`."""
        return monitoring.profile_status(profile, self.statuses(profile).values())

    def _place(self, profile: Profile) -> Profile:
        """Check a profile against the others and let it take its place among them."""
        old = self._profiles.get(profile.key)
        if old is not None:
            profile = replace(profile, resource_group=old.resource_group, name=old.name)
        profile = replace(profile, endpoints=tuple(self._located(endpoint) for endpoint in profile.endpoints))
        check_endpoints(profile)
        self._check_name(profile)
        self._check_nesting(profile)
        self._profiles[profile.key] = profile
        self._adopt(profile.key, profile.endpoints)
        self._start_probing(profile, old)
        self._log.add("profile.changed" if old else "profile.created", profile.id, **_facts(profile))
        return profile

    def _status(self, profile: Profile, endpoint: Endpoint) -> EndpointStatus:
        configured = monitoring.configured_status(profile, endpoint)
        if configured is not None:
            return configured
        if endpoint.kind == "nestedEndpoints":
            child = self.child(endpoint)
            if child is None:
                return "Stopped"
            return monitoring.nested_status(endpoint, self.status(child), self.statuses(child).values())
        return self._records[(profile.key, endpoint.key)].status

    def _looker(self, profile: Profile, endpoint: Endpoint) -> Callable[[float], ProbeResult]:
        return lambda at: self._probe(endpoint.target, profile.monitor, at)

    def _located(self, endpoint: Endpoint) -> Endpoint:
        if endpoint.kind == "azureEndpoints":
            host = self._host_of(endpoint.resource_id)
            if host is None:
                raise InvalidProfile(
                    f"The targetResourceId of endpoint '{endpoint.name}' leads to no site: {endpoint.resource_id}"
                )
            return replace(endpoint, target=host)
        if endpoint.kind == "nestedEndpoints":
            child = self.child(endpoint)
            if child is None:
                raise InvalidProfile(
                    f"The nested endpoint '{endpoint.name}' leads to no profile:"
                    f" {endpoint.resource_id or endpoint.target}"
                )
            return replace(endpoint, target=child.fqdn, resource_id=child.id)
        return endpoint

    def _adopt(self, key: ProfileKey, endpoints: Iterable[Endpoint]) -> None:
        """Be the parent of exactly the profiles that these endpoints lead to."""
        self._parents = {child: parent for child, parent in self._parents.items() if parent != key}
        for child in filter(None, map(self.child, endpoints)):
            self._parents[child.key] = key

    def _check_name(self, profile: Profile) -> None:
        other = self.named(profile.relative_name)
        if other is not None and other.key != profile.key:
            raise ProfileConflict(f"Domain name {profile.fqdn} already exists. Please choose a different DNS prefix.")

    def _check_nesting(self, profile: Profile) -> None:
        for endpoint in profile.endpoints:
            child = self.child(endpoint)
            parent = self.parent(child) if child else None
            if child and parent and parent.key != profile.key:
                raise ProfileConflict(f"The profile '{child.name}' is already nested in '{parent.name}'.")
        if self._depth(profile, profile.key) > MAX_DEPTH:
            raise InvalidProfile(f"Profiles nest in a circle or more than {MAX_DEPTH} levels deep.")

    def _depth(self, profile: Profile, root: ProfileKey) -> float:
        depth = 1.0
        for child in filter(None, (self.child(endpoint) for endpoint in profile.endpoints)):
            depth = max(depth, math.inf if child.key == root else 1 + self._depth(child, root))
        return depth

    def _start_probing(self, profile: Profile, old: Profile | None) -> None:
        """A fresh record for each endpoint that was not probed like this until now; none for the rest."""
        records: dict[tuple[ProfileKey, tuple[str, str]], ProbeRecord] = {}
        for endpoint in profile.endpoints:
            if endpoint.kind == "nestedEndpoints" or monitoring.configured_status(profile, endpoint):
                continue
            key = (profile.key, endpoint.key)
            before = old.endpoint(*endpoint.key) if old and old.monitor == profile.monitor else None
            same = before is not None and before.target == endpoint.target
            kept = self._records.get(key) if same else None
            records[key] = kept or ProbeRecord(self.now(), profile.monitor.interval)
        self._records = {key: r for key, r in self._records.items() if key[0] != profile.key} | records
        self._quiet_until = 0.0


def _facts(profile: Profile) -> dict[str, Any]:
    return {
        "enabled": profile.enabled,
        "method": profile.method,
        "ttl": profile.ttl,
        "endpoints": {
            endpoint.name: {
                "enabled": endpoint.enabled,
                "weight": endpoint.weight,
                "priority": endpoint.priority,
                "target": endpoint.target,
            }
            for endpoint in profile.endpoints
        },
    }


def _key_of(resource_id: str) -> ProfileKey:
    """Subscription, group and name from an ARM id; empty strings where it is too short."""
    parts = resource_id.lower().strip("/").split("/") + [""] * 8
    return (parts[1], parts[3], parts[7])


def _from_document(document: Mapping[str, Any]) -> Profile:
    parts = str(document.get("id", "")).strip("/").split("/")
    if len(parts) != 8:
        raise InvalidProfile("A stored profile needs its ARM 'id'.")
    return read_profile(document, parts[1], parts[3], parts[7])


def _children_first(profiles: list[Profile]) -> Iterator[Profile]:
    """A parent can only be put after its children; a circle comes last and is refused there."""
    waiting = list(profiles)
    while waiting:
        missing = {key for profile in waiting for key in (profile.key, profile.fqdn)}
        ready = [p for p in waiting if not any(_leads_to(endpoint) & missing for endpoint in p.endpoints)]
        yield from ready or waiting
        waiting = [profile for profile in waiting if profile not in ready] if ready else []


def _leads_to(endpoint: Endpoint) -> set[ProfileKey | str]:
    if endpoint.kind != "nestedEndpoints":
        return set()
    return {_key_of(endpoint.resource_id), endpoint.target.lower()}
