"""What a Traffic Manager profile is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Method = Literal["Performance", "Priority", "Weighted", "Geographic", "MultiValue", "Subnet"]
EndpointKind = Literal["azureEndpoints", "externalEndpoints", "nestedEndpoints"]
ProfileKey = tuple[str, str, str]
"""Subscription, resource group and name, in lower case: ARM names have no letter case."""

DNS_SUFFIX = "trafficmanager.net"


class InvalidProfile(ValueError):
    """A profile or endpoint that the service would not accept; the message says which value and why."""


class ProfileConflict(ValueError):
    """Valid by itself, but in the way of another profile."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """How endpoints are probed.

    Attributes:
        protocol: HTTP, HTTPS or TCP.
        path: "" for TCP.
        interval: seconds between probes, 10 or 30.
        timeout: seconds one probe may take.
        tolerated_failures: an endpoint is degraded by one more consecutive failure than this.
        expected_status: inclusive ranges of HTTP status that count as healthy; empty means 200 only.
    """

    protocol: str = "HTTP"
    port: int = 80
    path: str = "/"
    interval: int = 30
    timeout: int = 10
    tolerated_failures: int = 3
    custom_headers: tuple[tuple[str, str], ...] = ()
    expected_status: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Subnet:
    """Client addresses mapped to an endpoint: `first` to `last`, or `first` with a prefix length."""

    first: str
    last: str = ""
    scope: int | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to which a profile sends clients.

    Attributes:
        target: host name or address that DNS answers carry; "" when only the resource is known.
        resource_id: ARM id of the site or the child profile; "" for external endpoints.
        weight, priority: 1 to 1000.
        min_children: child endpoints that must be up for a nested endpoint to be up.
    """

    name: str
    kind: EndpointKind
    target: str = ""
    resource_id: str = ""
    enabled: bool = True
    always_serve: bool = False
    weight: int = 1
    priority: int = 1
    location: str = ""
    min_children: int = 1
    min_children_v4: int | None = None
    min_children_v6: int | None = None
    geo_mapping: tuple[str, ...] = ()
    subnets: tuple[Subnet, ...] = ()
    custom_headers: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from the other endpoints of its profile."""
        return (self.kind.lower(), self.name.lower())


@dataclass(frozen=True, slots=True)
class Profile:
    """A DNS name and the endpoints it stands for.

    Attributes:
        relative_name: first label of the DNS name.
        ttl: seconds that resolvers may keep an answer.
        max_return: how many records a MultiValue answer has at most; None for the documented default of 2.
    """

    subscription: str
    resource_group: str
    name: str
    relative_name: str
    method: Method
    location: str = "global"
    tags: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    ttl: int = 60
    monitor: Monitor = field(default_factory=Monitor)
    endpoints: tuple[Endpoint, ...] = ()
    traffic_view: bool = False
    allowed_record_types: tuple[str, ...] = ()
    max_return: int | None = None
    record_type: str = ""

    @property
    def key(self) -> ProfileKey:
        """Where it stands in the store."""
        return (self.subscription.lower(), self.resource_group.lower(), self.name.lower())

    @property
    def fqdn(self) -> str:
        """The name that clients look up."""
        return f"{self.relative_name}.{DNS_SUFFIX}"

    @property
    def id(self) -> str:
        """ARM id, in the letter case of recorded answers (`trafficManagerProfiles`)."""
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/Microsoft.Network/trafficManagerProfiles/{self.name}"
        )

    def endpoint(self, kind: str, name: str) -> Endpoint | None:
        """The endpoint of that type and name, letter case ignored."""
        wanted = (kind.lower(), name.lower())
        return next((endpoint for endpoint in self.endpoints if endpoint.key == wanted), None)
