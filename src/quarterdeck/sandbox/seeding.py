"""A world for any fleet: what its configuration points at exists, in the middle of an ordinary week.

Protected environments (the last one, if none is) run the older build and hold the next one in the slot that is
swapped in; the others already run the next one. One waiting build is bad: that of the last service, if there is more
than one service. The same fleet always gives the same world. Places of systems that the sandbox doesn't imitate are
left out, as is a site whose name another resource group has already (Azure's site names are unique as well).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.sandbox.world.sites import PRODUCTION

_REGISTRY = "registry.example"
_LOCATION = "westeurope"
_FLAG_TYPE = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"
_SERVICES_WITH_FLAGS = 12


def world_for(fleet: Fleet) -> dict[str, Any]:
    """A world document (see `quarterdeck.sandbox.world.document`) in which every place of the fleet exists."""
    sites = {place.address.parts["site"].lower(): place for place in reversed(_slots(fleet))}
    kept = [place for place in _slots(fleet) if sites[place.address.parts["site"].lower()] is place]
    routed = {place.target.whole for place in _profiles(fleet)}
    profiles = {place.address.key: place for place in reversed(_profiles(fleet))}
    return {
        "builds": [*_builds(fleet)],
        "sites": [_site(fleet, place, direct=place.target.whole not in routed) for place in kept],
        "profiles": [_profile(fleet, place, kept) for place in reversed(profiles.values())],
        "traffic": {_dns_name(place): _rate(place.target.name) for place in reversed(profiles.values())},
        "configuration": [*_configuration(fleet)],
    }


def _slots(fleet: Fleet) -> list[Place]:
    return [place for place in fleet.places if place.role == "slots" and "site" in place.address.parts]


def _profiles(fleet: Fleet) -> list[Place]:
    return [place for place in fleet.places if place.role == "traffic" and "profile" in place.address.parts]


def _live(fleet: Fleet, environment: str) -> bool:
    """Whether users are served there: protected, or the last one of a fleet that protects none."""
    protected = [stage.name for stage in fleet.environments if stage.protected]
    return environment in (protected or [stage.name for stage in fleet.environments[-1:]])


def _number(text: str) -> int:
    return zlib.crc32(text.encode())


def _rate(service: str) -> float:
    """Requests per second."""
    return 10.0 + _number(service) % 50


def _version(service: str, step: int) -> str:
    """What the service is at: 0 is what users have, 1 what comes next, 2 what is still being tried."""
    number = _number(service)
    return f"{1 + number % 4}.{number // 4 % 20 + step}.{number // 80 % 10 if step == 0 else 0}"


def _bad(fleet: Fleet, service: str, step: int) -> bool:
    return step == 1 and len(fleet.services) > 1 and service == fleet.services[-1]


def _image(service: str, version: str) -> str:
    return f"{_REGISTRY}/{service.lower()}:{version}"


def _builds(fleet: Fleet) -> Iterator[dict[str, Any]]:
    for service in fleet.services:
        for step in range(3):
            version = _version(service, step)
            build = {"version": version, "image": _image(service, version), "error_rate": 0.002, "latency_ms": 45.0}
            if _bad(fleet, service, step):
                build |= {"error_rate": 0.2, "latency_ms": 900.0}
            yield build


def _site(fleet: Fleet, place: Place, *, direct: bool) -> dict[str, Any]:
    """A site with the slots that swaps need; `direct` if no traffic profile stands in front of it."""
    parts, target = place.address.parts, place.target
    now = 0 if _live(fleet, target.environment) else 1
    live = {PRODUCTION, fleet.swap_destination.lower()} - {fleet.swap_source.lower()}
    names = {PRODUCTION: now, fleet.swap_destination.lower(): now, fleet.swap_source.lower(): now + 1}
    return {
        "group": parts.get("resource_group", "sandbox"),
        "name": parts["site"],
        "location": target.region or _LOCATION,
        "rate": _rate(target.name) if direct else 0.0,
        "sticky": {"app_settings": ["ENVIRONMENT", "LOG_LEVEL"], "connection_strings": ["Orders"]},
        "slots": {
            slot: _slot(target, slot in live, _version(target.name, step), parts.get("version", "auto"))
            for slot, step in names.items()
        },
    }


def _slot(target: TargetId, live: bool, version: str, source: str) -> dict[str, Any]:
    """A slot; `source` says where the provider looks for the version: image, deployment or `setting:NAME`."""
    settings = {
        "ENVIRONMENT": target.environment if live else f"{target.environment}-waiting",
        "LOG_LEVEL": "Warning" if live else "Debug",
        "CACHE_SECONDS": "60" if live else "120",
        "WEBSITE_SWAP_WARMUP_PING_PATH": "/healthz",
        "WEBSITE_SWAP_WARMUP_PING_STATUSES": "200",
    }
    if source.startswith("setting:"):
        settings[source.removeprefix("setting:")] = version
    database = f"{target.name}-{target.environment}" + ("" if live else "-waiting")
    slot: dict[str, Any] = {
        "tags": {"service": target.name, "environment": target.environment},
        "app_settings": settings,
        "connection_strings": {"Orders": {"value": f"Server=db;Database={database}", "type": "SQLAzure"}},
        "config": {"alwaysOn": True, "healthCheckPath": "/healthz"},
    }
    return slot | ({"build": version} if source == "deployment" else {"image": _image(target.name, version)})


def _profile(fleet: Fleet, place: Place, sites: Iterable[Place]) -> dict[str, Any]:
    parts = place.address.parts
    group = parts.get("resource_group", "sandbox")
    return {
        "id": f"{_group_id(group)}/providers/Microsoft.Network/trafficManagerProfiles/{parts['profile']}",
        "location": "global",
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": _dns_name(place), "ttl": 60},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/healthz"},
            "endpoints": [*_endpoints(fleet, place, [site for site in sites if _behind(place, site)])],
        },
    }


def _behind(profile: Place, site: Place) -> bool:
    return site.target == profile.target or (not profile.target.region and site.target.whole == profile.target)


def _endpoints(fleet: Fleet, profile: Place, sites: list[Place]) -> Iterator[dict[str, Any]]:
    """One endpoint for each site; for both slots of a site that is alone; two strangers where there is no site."""
    if len(sites) > 1:
        for site in sites:
            name = site.target.region or site.address.parts["site"]
            yield _endpoint(name, "azureEndpoints", {"targetResourceId": _site_id(site), "weight": 100})
    elif sites:
        waiting = f"{_site_id(sites[0])}/slots/{fleet.swap_source}"
        yield _endpoint(PRODUCTION, "azureEndpoints", {"targetResourceId": _site_id(sites[0]), "weight": 100})
        off = {"targetResourceId": waiting, "weight": 100, "endpointStatus": "Disabled"}
        yield _endpoint(fleet.swap_source, "azureEndpoints", off)
    else:
        for colour in ("blue", "green"):
            host = f"{_dns_name(profile)}-{colour}.example.com"
            yield _endpoint(colour, "externalEndpoints", {"target": host, "weight": 100})


def _endpoint(name: str, kind: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "type": f"Microsoft.Network/trafficManagerProfiles/{kind}",
        "properties": {"endpointStatus": "Enabled", **properties},
    }


def _site_id(site: Place) -> str:
    parts = site.address.parts
    return f"{_group_id(parts.get('resource_group', 'sandbox'))}/providers/Microsoft.Web/sites/{parts['site']}"


def _group_id(group: str) -> str:
    return f"/subscriptions/{{subscription}}/resourceGroups/{group}"


def _dns_name(place: Place) -> str:
    """The name under trafficmanager.net; the same name in two resource groups needs two of them."""
    name = re.sub(r"[^a-z0-9-]+", "-", place.address.parts["profile"].lower()).strip("-")[:50] or "profile"
    return f"{name}-{_number(place.address.key) % 10_000:04d}"


def _configuration(fleet: Fleet) -> Iterator[dict[str, Any]]:
    """Feature flags under the label of each environment."""
    seen: set[tuple[str, str]] = set()
    for place in fleet.places:
        if place.role != "flags":
            continue
        label, prefix = place.address.parts.get("label", ""), place.address.parts.get("prefix", "")
        for flag in _flags(fleet, _live(fleet, place.target.environment)):
            name = prefix + flag["id"]
            if (name, label) in seen:
                continue
            seen.add((name, label))
            yield {
                "key": f".appconfig.featureflag/{name}",
                "label": label or None,
                "value": json.dumps(flag | {"id": name}),
                "content_type": _FLAG_TYPE,
            }


def _flags(fleet: Fleet, live: bool) -> Iterator[dict[str, Any]]:
    groups = [
        {"Name": ring.name, "RolloutPercentage": 100 if not live or index == 0 else 0}
        for index, ring in enumerate(fleet.rings)
    ]
    for service in fleet.services[:_SERVICES_WITH_FLAGS]:
        audience = {"Users": [], "Groups": groups, "DefaultRolloutPercentage": 25 if live else 100}
        targeting = {"name": "Microsoft.Targeting", "parameters": {"Audience": audience}}
        yield _flag(f"{service}-redesign", f"The new face of {service}", True, [targeting])
    yield _flag("express-lane", "The short way through", True, [_percentage(10 if live else 50)])
    yield _flag("recommendations", "Others also liked", True, [])
    yield _flag("maintenance-banner", "Tell users that we are at work", False, [])


def _percentage(value: int) -> dict[str, Any]:
    return {"name": "Microsoft.Percentage", "parameters": {"Value": value}}


def _flag(name: str, description: str, enabled: bool, filters: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": name, "description": description, "enabled": enabled, "conditions": {"client_filters": filters}}
