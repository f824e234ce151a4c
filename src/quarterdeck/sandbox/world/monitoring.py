"""Whether Traffic Manager thinks an endpoint is up.

The rules and the names are those of Microsoft's documentation ("Traffic Manager endpoint monitoring" and "Nested
Traffic Manager profiles"): a new endpoint is CheckingEndpoint until its first probe succeeds, an endpoint is
Degraded after one more consecutive failure than is tolerated, and one success brings it back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from quarterdeck.sandbox.world.profile import Endpoint, Profile

ProbeResult = Literal["healthy", "failing", "stopped"]
"""What a probe finds: an expected status, anything else (a redirect included), or a web app that is stopped."""

EndpointStatus = Literal["CheckingEndpoint", "Online", "Degraded", "Disabled", "Inactive", "Stopped", "Unmonitored"]
ProfileStatus = Literal["CheckingEndpoints", "Online", "Degraded", "Disabled", "Inactive"]

_CATCH_UP = 200
"""Probes done late at most, after a time in which nobody looked."""


@dataclass(slots=True)
class ProbeRecord:
    """What the probes of one endpoint have found since `since`, one every `interval` seconds."""

    since: float
    interval: int
    probes: int = 0
    failures: int = 0
    status: EndpointStatus = "CheckingEndpoint"

    @property
    def next_probe(self) -> float:
        """When the next probe falls due."""
        return self.since + (self.probes + 1) * self.interval

    def due(
        self, now: float, probe: Callable[[float], ProbeResult], tolerated: int
    ) -> Iterator[tuple[float, EndpointStatus]]:
        """Do the probes that fell due until `now`; yields when the status became what.

        After a long silence only the last probes are done: no more than that can change the outcome.
        """
        total = int((now - self.since) // self.interval)
        first = max(self.probes + 1, total - _CATCH_UP + 1)
        self.probes = max(self.probes, total)
        status = self.status
        for number in range(first, total + 1):
            moment = self.since + number * self.interval
            after = self._judge(status, probe(moment), tolerated)
            if after != status:
                status = after
                yield moment, status

    def _judge(self, status: EndpointStatus, result: ProbeResult, tolerated: int) -> EndpointStatus:
        if result == "stopped":
            self.failures = 0
            return "Stopped"
        if result == "healthy":
            self.failures = 0
            return "Online"
        self.failures += 1
        if self.failures > tolerated:
            return "Degraded"
        return "CheckingEndpoint" if status == "Stopped" else status


def configured_status(profile: Profile, endpoint: Endpoint) -> EndpointStatus | None:
    """The monitor status that settings alone decide; None when it depends on probes."""
    if not endpoint.enabled:
        return "Disabled"
    if not profile.enabled:
        return "Inactive"
    if endpoint.always_serve:
        return "Unmonitored"
    return None


def nested_status(endpoint: Endpoint, child: ProfileStatus, endpoints: Collection[EndpointStatus]) -> EndpointStatus:
    """The status of a nested endpoint, from the child profile's status and those of its endpoints."""
    if child in ("Disabled", "Inactive"):
        return "Stopped"
    up = sum(status in ("Online", "Unmonitored") for status in endpoints)
    checking = sum(status == "CheckingEndpoint" for status in endpoints)
    if up >= endpoint.min_children:
        return "Online"
    return "CheckingEndpoint" if up + checking >= endpoint.min_children else "Degraded"


def profile_status(profile: Profile, endpoints: Collection[EndpointStatus]) -> ProfileStatus:
    """The status of a profile, from those of its endpoints."""
    if not profile.enabled:
        return "Disabled"
    if "Degraded" in endpoints:
        return "Degraded"
    if "Online" in endpoints or "Unmonitored" in endpoints:
        return "Online"
    return "CheckingEndpoints" if "CheckingEndpoint" in endpoints else "Inactive"
