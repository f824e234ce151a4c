"""Which endpoint a Traffic Manager profile gives to whom, by each of the six routing methods.

Pure: statuses in, probabilities out. The rules are those of Microsoft's documentation ("Traffic-routing methods"
and "Endpoint monitoring").
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.sandbox.world.monitoring import EndpointStatus
from quarterdeck.sandbox.world.profile import Endpoint, Profile, Subnet

DEFAULT_MAX_RETURN = 2
_SERVING: tuple[EndpointStatus, ...] = ("Online", "CheckingEndpoint", "Unmonitored")


@dataclass(frozen=True, slots=True)
class Client:
    """Who asks, as far as Traffic Manager can tell from the resolver's address.

    Attributes:
        address: for Subnet routing; "" is mapped nowhere.
        region: nearest Azure region, for Performance routing; "" makes every region equally likely to be nearest.
        places: geographic codes for Geographic routing, most specific first, such as ("DE", "GEO-EU", "WORLD").
    """

    address: str = ""
    region: str = ""
    places: tuple[str, ...] = ("WORLD",)


def probabilities(
    profile: Profile, statuses: Mapping[tuple[str, str], EndpointStatus], client: Client
) -> list[tuple[Endpoint, float]]:
    """Endpoints that an answer to `client` can name first, with probabilities that add up to 1.

    Empty when nothing can be returned (no data), or the profile is disabled. Endpoints that are being checked
    are served; when all that would be eligible are degraded they are served as if they were online.
    """
    candidates = [endpoint for endpoint in profile.endpoints if endpoint.enabled]
    if profile.method == "Geographic":
        candidates = _by_place(candidates, client)
    elif profile.method == "Subnet":
        candidates = _by_address(candidates, client)
    available = _available(candidates, statuses) if profile.enabled else []
    if profile.method == "Priority":
        available = sorted(available, key=lambda endpoint: endpoint.priority)[:1]
    elif profile.method == "Performance":
        available = _nearest(available, client)
    weights = [endpoint.weight if profile.method == "Weighted" else 1 for endpoint in available]
    whole = sum(weights)
    return [(endpoint, weight / whole) for endpoint, weight in zip(available, weights, strict=True)]


def _available(endpoints: Sequence[Endpoint], statuses: Mapping[tuple[str, str], EndpointStatus]) -> list[Endpoint]:
    up = [endpoint for endpoint in endpoints if statuses[endpoint.key] in _SERVING]
    return up or [endpoint for endpoint in endpoints if statuses[endpoint.key] == "Degraded"]


def _nearest(endpoints: list[Endpoint], client: Client) -> list[Endpoint]:
    """Those in the client's own region; without one, the same for all: distances are not modelled."""
    wanted = client.region.replace(" ", "").lower()
    here = [endpoint for endpoint in endpoints if endpoint.location.replace(" ", "").lower() == wanted]
    return here if wanted and here else endpoints


def _by_place(endpoints: list[Endpoint], client: Client) -> list[Endpoint]:
    for place in client.places:
        mapped = [e for e in endpoints if place.upper() in (code.upper() for code in e.geo_mapping)]
        if mapped:
            return mapped
    return []


def _by_address(endpoints: list[Endpoint], client: Client) -> list[Endpoint]:
    """The endpoint whose ranges hold the client; else the one without ranges, which takes all others."""
    mapped = [e for e in endpoints if any(_holds(subnet, client.address) for subnet in e.subnets)]
    return mapped or [endpoint for endpoint in endpoints if not endpoint.subnets]


def _holds(subnet: Subnet, address: str) -> bool:
    if not address:
        return False
    asked, first = ipaddress.ip_address(address), ipaddress.ip_address(subnet.first)
    if asked.version != first.version:
        return False
    if subnet.scope is not None:
        return asked in ipaddress.ip_network(f"{first}/{subnet.scope}", strict=False)
    return int(first) <= int(asked) <= int(ipaddress.ip_address(subnet.last))
