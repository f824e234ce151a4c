"""A Traffic Manager profile as a split of traffic. Pure.

Rules of the service (Microsoft's documentation): only endpoints that are enabled and not known to be down are
answered with; CheckingEndpoint counts as up; if every enabled one is Degraded, all of them are; a disabled profile
answers nothing; Priority answers with the first that is up; Weighted draws by weight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import Limits

Document = Mapping[str, Any]

WEIGHTED, PRIORITY = "Weighted", "Priority"

_HEALTH: Mapping[str, Health] = {"Online": "healthy", "Degraded": "unhealthy", "Stopped": "unhealthy"}
_DOWN = frozenset({"Degraded", "Stopped", "Disabled", "Inactive"})


def traffic_reading(profile: Document) -> TrafficReading:
    """The split of new DNS answers. Where it depends on where the client is, shares are 0 and the status says so."""
    about = _properties(profile)
    endpoints, method = ordered(about), str(about.get("trafficRoutingMethod") or "")
    shares = _shares(about, endpoints, method)
    destinations = tuple(_destination(endpoint, shares.get(_name(endpoint), 0.0)) for endpoint in endpoints)
    return TrafficReading(method, destinations, ttl(about), _status(about, method))


def limits(profile: Document) -> Limits | None:
    """What can be asked of this profile; None if its method doesn't divide by share."""
    about = _properties(profile)
    method = about.get("trafficRoutingMethod")
    if method not in (WEIGHTED, PRIORITY):
        return None
    return Limits(units=1000, smallest=1, largest=1000, atomic=False, ordered=method == PRIORITY, lag=ttl(about))


def endpoint_named(profile: Document, name: str) -> Document | None:
    """The endpoint of that name, letter case ignored."""
    return next((e for e in ordered(_properties(profile)) if _name(e).lower() == name.lower()), None)


def endpoint_type(endpoint: Document) -> str:
    """`ExternalEndpoints`, `AzureEndpoints` or `NestedEndpoints`, as the paths of the service have it."""
    return str(endpoint.get("type") or "").rpartition("/")[2]


def difference(endpoint: Document, weight: float, enabled: bool) -> dict[str, Any]:
    """What has to be written to give an endpoint this weight and status; a weight of less than 1 isn't written."""
    about = _properties(endpoint)
    change: dict[str, Any] = {}
    if round(weight) >= 1 and round(weight) != about.get("weight"):
        change["weight"] = round(weight)
    if enabled != _is_enabled(endpoint):
        change["endpoint_status"] = "Enabled" if enabled else "Disabled"
    return change


def risks(profile: Document, family: Sequence[Document]) -> Iterator[Risk]:
    """What is dangerous about changing this profile. `family`: all profiles that may be its parents or children."""
    about = _properties(profile)
    endpoints = ordered(about)
    if about.get("profileStatus") == "Disabled":
        yield Risk("danger", "profile-disabled", "the profile is disabled: its name has no address at all")
    enabled = [e for e in endpoints if _is_enabled(e)]
    up = [e for e in enabled if _monitor(e) not in _DOWN]
    if enabled and not up:
        yield Risk(
            "danger",
            "all-degraded",
            "no endpoint is up: Traffic Manager answers with all of them, whatever their weights",
            "mend an endpoint, or its probe, first",
        )
    elif len(up) == 1 and len(endpoints) > 1:
        yield Risk("warning", "last-endpoint", f"{clean(_name(up[0]))} is the only endpoint that is up")
    yield from _as_child(profile, len(up), family)
    yield from _children(endpoints, family)


def _as_child(profile: Document, up: int, family: Sequence[Document]) -> Iterator[Risk]:
    """Disabling an endpoint of a child can take the whole child out of its parent; changing weights can't."""
    own = str(profile.get("id") or "").lower()
    for parent in family:
        for endpoint in ordered(_properties(parent)):
            about = _properties(endpoint)
            if own and str(about.get("targetResourceId") or "").lower() == own:
                least = int(about.get("minChildEndpoints") or 1)
                if up <= least:
                    yield Risk(
                        "warning",
                        "child-at-minimum",
                        f"{clean(str(parent.get('name')))} drops this profile when fewer than {least} of its "
                        f"endpoints are up, and {up} are: don't disable one",
                        "shift by weight instead of disabling",
                    )


def _children(endpoints: Sequence[Document], family: Sequence[Document]) -> Iterator[Risk]:
    by_id = {str(profile.get("id") or "").lower(): profile for profile in family}
    for endpoint in endpoints:
        about = _properties(endpoint)
        child = by_id.get(str(about.get("targetResourceId") or "").lower())
        if child is None or endpoint_type(endpoint).lower() != "nestedendpoints":
            continue
        inner = _properties(child)
        up = sum(_is_enabled(e) and _monitor(e) not in _DOWN for e in ordered(inner))
        least = int(about.get("minChildEndpoints") or 1)
        if up <= least:
            yield Risk(
                "warning",
                "child-at-minimum",
                f"{clean(_name(endpoint))} is a profile with {up} endpoints up of the {least} it needs: one less and "
                "it is out",
            )


def ordered(about: Mapping[str, Any]) -> list[Document]:
    """The endpoints of a profile's properties, by priority, then as the service lists them."""
    endpoints = [endpoint for endpoint in about.get("endpoints") or [] if isinstance(endpoint, Mapping)]
    if about.get("trafficRoutingMethod") != PRIORITY:
        return endpoints
    return sorted(endpoints, key=lambda endpoint: int(_properties(endpoint).get("priority") or 0))


def ttl(about: Mapping[str, Any]) -> float:
    """Seconds that resolvers may keep an answer."""
    dns = about.get("dnsConfig")
    return float(dns.get("ttl") or 0) if isinstance(dns, Mapping) else 0.0


def _shares(about: Mapping[str, Any], endpoints: Sequence[Document], method: str) -> dict[str, float]:
    if about.get("profileStatus") == "Disabled":
        return {}
    enabled = [endpoint for endpoint in endpoints if _is_enabled(endpoint)]
    answering = [e for e in enabled if _monitor(e) not in _DOWN] or [e for e in enabled if _monitor(e) == "Degraded"]
    if method == PRIORITY:
        return {_name(answering[0]): 100.0} if answering else {}
    if method != WEIGHTED:
        return {}
    total = sum(_weight(endpoint) for endpoint in answering)
    return {_name(e): 100.0 * _weight(e) / total for e in answering} if total else {}


def _destination(endpoint: Document, share: float) -> Destination:
    status = _monitor(endpoint)
    nested = " (nested profile)" if endpoint_type(endpoint).lower() == "nestedendpoints" else ""
    return Destination(
        name=_name(endpoint),
        share=share,
        weight=_weight(endpoint),
        enabled=_is_enabled(endpoint),
        health=_HEALTH.get(status, "unknown"),
        status=clean(status) + nested,
        host=clean(str(_properties(endpoint).get("target") or "")),
    )


def _status(about: Mapping[str, Any], method: str) -> str:
    if about.get("profileStatus") == "Disabled":
        return "profile disabled"
    if method not in (WEIGHTED, PRIORITY):
        return "shares depend on who asks"
    monitor = about.get("monitorConfig")
    return clean(str(monitor.get("profileMonitorStatus") or "")) if isinstance(monitor, Mapping) else ""


def _properties(document: Document) -> Mapping[str, Any]:
    inner = document.get("properties")
    return inner if isinstance(inner, Mapping) else {}


def _name(endpoint: Document) -> str:
    return str(endpoint.get("name") or "")


def _weight(endpoint: Document) -> float:
    return float(_properties(endpoint).get("weight") or 1)


def _is_enabled(endpoint: Document) -> bool:
    return _properties(endpoint).get("endpointStatus") != "Disabled"


def _monitor(endpoint: Document) -> str:
    return str(_properties(endpoint).get("endpointMonitorStatus") or "")
