"""Traffic Manager profiles as JSON documents: reading, checking and writing them.

Limits are those of the published specification and of Microsoft's documentation (weight and priority 1 to 1000,
interval 10 or 30 s, 0 to 9 tolerated failures, timeout 5 to 10 s, at most 8 status ranges and headers).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, cast, get_args

from quarterdeck.sandbox.world.profile import (
    Endpoint,
    EndpointKind,
    InvalidProfile,
    Method,
    Monitor,
    Profile,
    Subnet,
)
from quarterdeck.sandbox.world.profile_fields import (
    choice_at,
    integer_at,
    list_at,
    object_at,
    objects_at,
    optional_integer_at,
    strings_at,
    text_at,
    toggle_at,
)

_TYPE = "Microsoft.Network/trafficManagerProfiles"
_KINDS = {kind.lower(): kind for kind in get_args(EndpointKind)}
_MAX_LIST = 8


def endpoint_kind(text: str) -> EndpointKind:
    """The endpoint type that a path segment or the end of a `type` names.

    Raises:
        InvalidProfile: for any other text.
    """
    kind = _KINDS.get(text.rsplit("/", 1)[-1].lower())
    if kind is None:
        raise InvalidProfile(f"The endpoint type '{text}' is not one of {', '.join(_KINDS.values())}.")
    return cast(EndpointKind, kind)


def merged(document: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """`document` with `patch` laid over it: objects merge, null removes, anything else replaces."""
    result = dict(document)
    for name, value in patch.items():
        current = result.get(name)
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping) and isinstance(current, Mapping):
            result[name] = merged(current, value)
        else:
            result[name] = value
    return result


def read_profile(document: Mapping[str, Any], subscription: str, resource_group: str, name: str) -> Profile:
    """A profile from the body of a PUT.

    Raises:
        InvalidProfile: when a value is missing, of the wrong type or out of range.
    """
    properties = object_at(document, "properties")
    dns = object_at(properties, "dnsConfig")
    relative_name = text_at(dns, "relativeName").lower()
    if not relative_name or any(not _is_label(label) for label in relative_name.split(".")):
        raise InvalidProfile(
            f"The dnsConfig.relativeName '{relative_name}' is not a DNS name: letters, digits and hyphens."
        )
    tags = object_at(document, "tags")
    method = choice_at(properties, "trafficRoutingMethod", get_args(Method))
    max_return = optional_integer_at(properties, "maxReturn", 1, 8)
    return Profile(
        subscription=subscription,
        resource_group=resource_group,
        name=name,
        relative_name=relative_name,
        method=cast(Method, method),
        location=text_at(document, "location", "global"),
        tags={key: text_at(tags, key) for key in tags},
        enabled=toggle_at(properties, "profileStatus", True),
        ttl=integer_at(dns, "ttl", 0, 2_147_483_647, 60),
        monitor=_read_monitor(object_at(properties, "monitorConfig")),
        endpoints=_read_endpoints(list_at(properties, "endpoints")),
        traffic_view=toggle_at(properties, "trafficViewEnrollmentStatus", False),
        allowed_record_types=tuple(strings_at(properties, "allowedEndpointRecordTypes")),
        max_return=max_return,
        record_type=choice_at(properties, "recordType", ("A", "AAAA", "CNAME"), ""),
    )


def read_endpoint(document: Mapping[str, Any], kind: EndpointKind, name: str, priority: int = 1) -> Endpoint:
    """An endpoint from the body of a PUT; `priority` is used when the document has none.

    Raises:
        InvalidProfile: when a value is missing, of the wrong type or out of range.
    """
    properties = object_at(document, "properties")
    endpoint = Endpoint(
        name=name,
        kind=kind,
        target=text_at(properties, "target"),
        resource_id="" if kind == "externalEndpoints" else text_at(properties, "targetResourceId"),
        enabled=toggle_at(properties, "endpointStatus", True),
        always_serve=toggle_at(properties, "alwaysServe", False),
        weight=integer_at(properties, "weight", 1, 1000, 1),
        priority=integer_at(properties, "priority", 1, 1000, priority),
        location=text_at(properties, "endpointLocation"),
        min_children=integer_at(properties, "minChildEndpoints", 1, 1000, 1),
        min_children_v4=optional_integer_at(properties, "minChildEndpointsIPv4", 0, 1000),
        min_children_v6=optional_integer_at(properties, "minChildEndpointsIPv6", 0, 1000),
        geo_mapping=tuple(strings_at(properties, "geoMapping")),
        subnets=tuple(_read_subnet(item) for item in objects_at(properties, "subnets")),
        custom_headers=_headers(properties),
    )
    if kind == "externalEndpoints" and not endpoint.target:
        raise InvalidProfile(f"The external endpoint '{name}' needs a 'target': a host name or an address.")
    if kind == "azureEndpoints" and not endpoint.resource_id:
        raise InvalidProfile(f"The Azure endpoint '{name}' needs a 'targetResourceId'.")
    if kind == "nestedEndpoints" and not (endpoint.resource_id or endpoint.target):
        raise InvalidProfile(f"The nested endpoint '{name}' needs the 'targetResourceId' of a profile.")
    return endpoint


def check_endpoints(profile: Profile) -> None:
    """The rules that bind the endpoints of a profile to each other and to its routing method.

    Raises:
        InvalidProfile: naming the endpoint that breaks one.
    """
    priorities: dict[int, str] = {}
    places: dict[str, str] = {}
    names: set[str] = set()
    for endpoint in profile.endpoints:
        if endpoint.name.lower() in names:
            raise InvalidProfile(f"Two endpoints are called '{endpoint.name}'.")
        names.add(endpoint.name.lower())
        other = priorities.setdefault(endpoint.priority, endpoint.name)
        if other != endpoint.name:
            raise InvalidProfile(
                f"The endpoints '{other}' and '{endpoint.name}' share priority {endpoint.priority};"
                " no two endpoints of a profile can."
            )
        for place in endpoint.geo_mapping if profile.method == "Geographic" else ():
            other = places.setdefault(place.upper(), endpoint.name)
            if other != endpoint.name:
                raise InvalidProfile(f"'{place}' is mapped to both '{other}' and '{endpoint.name}'.")
        if profile.method == "MultiValue" and endpoint.kind != "nestedEndpoints":
            _check_address(endpoint)


def write_endpoint(profile: Profile, endpoint: Endpoint, status: str = "") -> dict[str, Any]:
    """An endpoint as an answer shows it; `status` is its monitor status, left out when empty."""
    properties: dict[str, Any] = {
        "endpointStatus": _written(endpoint.enabled),
        "endpointMonitorStatus": status,
        "targetResourceId": endpoint.resource_id,
        "target": endpoint.target,
        "weight": endpoint.weight,
        "priority": endpoint.priority,
        "endpointLocation": endpoint.location,
        "alwaysServe": "Enabled" if endpoint.always_serve else "",
        "geoMapping": list(endpoint.geo_mapping),
        "subnets": [_write_subnet(subnet) for subnet in endpoint.subnets],
        "customHeaders": _write_headers(endpoint.custom_headers),
    }
    if endpoint.kind == "nestedEndpoints":
        properties |= {
            "minChildEndpoints": endpoint.min_children,
            "minChildEndpointsIPv4": endpoint.min_children_v4,
            "minChildEndpointsIPv6": endpoint.min_children_v6,
        }
    return {
        "id": f"{profile.id}/{endpoint.kind}/{endpoint.name}",
        "name": endpoint.name,
        "type": f"{_TYPE}/{endpoint.kind}",
        "properties": _present(properties),
    }


def write_profile(
    profile: Profile, status: str = "", endpoint_statuses: Mapping[tuple[str, str], str] | None = None
) -> dict[str, Any]:
    """A profile as an answer shows it; monitor statuses are left out when not given."""
    statuses = endpoint_statuses or {}
    monitor = profile.monitor
    return {
        "id": profile.id,
        "name": profile.name,
        "type": _TYPE,
        "location": profile.location,
        "tags": dict(profile.tags),
        "properties": {
            "profileStatus": _written(profile.enabled),
            "trafficRoutingMethod": profile.method,
            "dnsConfig": {"relativeName": profile.relative_name, "fqdn": profile.fqdn, "ttl": profile.ttl},
            "monitorConfig": _present(
                {
                    "profileMonitorStatus": status,
                    "protocol": monitor.protocol,
                    "port": monitor.port,
                    "path": monitor.path,
                    "intervalInSeconds": monitor.interval,
                    "timeoutInSeconds": monitor.timeout,
                    "toleratedNumberOfFailures": monitor.tolerated_failures,
                    "customHeaders": _write_headers(monitor.custom_headers),
                    "expectedStatusCodeRanges": [{"min": low, "max": high} for low, high in monitor.expected_status],
                }
            ),
            "endpoints": [
                write_endpoint(profile, endpoint, statuses.get(endpoint.key, "")) for endpoint in profile.endpoints
            ],
            "trafficViewEnrollmentStatus": _written(profile.traffic_view),
        }
        | _present(
            {
                "allowedEndpointRecordTypes": list(profile.allowed_record_types),
                "maxReturn": profile.max_return,
                "recordType": profile.record_type,
            }
        ),
    }


def _read_endpoints(documents: Iterable[Any]) -> tuple[Endpoint, ...]:
    endpoints: list[Endpoint] = []
    without_priority: list[str] = []
    for document in documents:
        if not isinstance(document, Mapping):
            raise InvalidProfile("Each of 'endpoints' must be an object.")
        name = text_at(document, "name")
        if not name:
            raise InvalidProfile("Each endpoint needs a 'name'.")
        if object_at(document, "properties").get("priority") is None:
            without_priority.append(name)
        kind = endpoint_kind(text_at(document, "type"))
        endpoints.append(read_endpoint(document, kind, name))
    if without_priority and len(without_priority) < len(endpoints):
        raise InvalidProfile(
            f"A priority must be given for all endpoints or for none; these have none: {', '.join(without_priority)}."
        )
    if without_priority:
        return tuple(replace(endpoint, priority=n) for n, endpoint in enumerate(endpoints, start=1))
    return tuple(endpoints)


def _read_monitor(config: Mapping[str, Any]) -> Monitor:
    protocol = choice_at(config, "protocol", ("HTTP", "HTTPS", "TCP"), "HTTP")
    interval = integer_at(config, "intervalInSeconds", 10, 30, 30)
    if interval not in (10, 30):
        raise InvalidProfile(f"monitorConfig.intervalInSeconds is {interval}; it must be 10 or 30.")
    path = text_at(config, "path", "" if protocol == "TCP" else "/")
    if protocol == "TCP" and path:
        raise InvalidProfile("monitorConfig.path cannot be given when the protocol is TCP.")
    if protocol != "TCP" and not path.startswith("/"):
        raise InvalidProfile(f"monitorConfig.path '{path}' must begin with '/'.")
    ranges = [
        (integer_at(item, "min", 100, 999, 200), integer_at(item, "max", 100, 999, 200))
        for item in objects_at(config, "expectedStatusCodeRanges")
    ]
    if len(ranges) > _MAX_LIST or any(low > high for low, high in ranges):
        raise InvalidProfile(f"monitorConfig.expectedStatusCodeRanges: at most {_MAX_LIST}, each min <= max.")
    slowest = 9 if interval == 10 else 10
    return Monitor(
        protocol=protocol,
        port=integer_at(config, "port", 1, 65535, 80),
        path=path,
        interval=interval,
        timeout=integer_at(config, "timeoutInSeconds", 5, slowest, slowest),
        tolerated_failures=integer_at(config, "toleratedNumberOfFailures", 0, 9, 3),
        custom_headers=_headers(config),
        expected_status=tuple(ranges),
    )


def _read_subnet(item: Mapping[str, Any]) -> Subnet:
    subnet = Subnet(text_at(item, "first"), text_at(item, "last"), optional_integer_at(item, "scope", 0, 128))
    try:
        ipaddress.ip_address(subnet.first)
        if subnet.last:
            ipaddress.ip_address(subnet.last)
    except ValueError as error:
        raise InvalidProfile(f"In 'subnets': {error}.") from error
    if bool(subnet.last) == (subnet.scope is not None):
        raise InvalidProfile(f"The subnet at '{subnet.first}' needs either 'last' or 'scope'.")
    return subnet


def _write_subnet(subnet: Subnet) -> dict[str, Any]:
    return _present({"first": subnet.first, "last": subnet.last, "scope": subnet.scope})


def _headers(holder: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    headers = tuple((text_at(item, "name"), text_at(item, "value")) for item in objects_at(holder, "customHeaders"))
    if len(headers) > _MAX_LIST:
        raise InvalidProfile(f"At most {_MAX_LIST} customHeaders are allowed.")
    return headers


def _write_headers(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _check_address(endpoint: Endpoint) -> None:
    try:
        ipaddress.ip_address(endpoint.target)
    except ValueError as error:
        raise InvalidProfile(
            f"MultiValue profiles take endpoints with an IPv4 or IPv6 address; '{endpoint.name}' has"
            f" '{endpoint.target}'."
        ) from error


def _is_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label.replace("-", "a").isalnum() and label.isascii()


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", None, [])}


def _written(on: bool) -> str:
    return "Enabled" if on else "Disabled"
