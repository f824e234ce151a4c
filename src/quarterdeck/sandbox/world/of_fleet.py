"""A world made to order: everything that a fleet's declaration speaks of exists, in the middle of an ordinary week.

The last environment runs the current builds with the next ones waiting in the other slot; earlier environments are
one build ahead. The next build of one service is bad and should not go live.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.topology import Fleet, Place, Role
from quarterdeck.sandbox.world.apps_of_fleet import HOME, cloud_services, container_apps, front_doors
from quarterdeck.sandbox.world.furniture import (
    SitePlan,
    Versions,
    build_documents,
    flag_documents,
    profile_document,
    site_document,
)
from quarterdeck.sandbox.world.projects import projects, release_definitions
from quarterdeck.sandbox.world.repositories import repositories
from quarterdeck.sandbox.world.sites import PRODUCTION

_KNOWN = {
    "checkout": Versions("2.14.3", "2.15.0", "2.16.0"),
    "cart": Versions("1.9.1", "1.9.2", "1.10.0"),
    "payments": Versions("3.9.8", "4.0.0", "4.0.1"),
}
_BAD = "payments"

_NAMED_BY: Mapping[Role, tuple[str, ...]] = {
    "slots": ("resource_group", "site"),
    "traffic": ("resource_group", "profile"),
}
"""The parts of an address that a resource of Azure has; places of other systems are none of ours."""


def world_of(fleet: Fleet) -> dict[str, Any]:
    """The world document for a fleet on Azure."""
    versions = {service: _KNOWN.get(service) or _invented(service) for service in fleet.services}
    bad = _BAD if _BAD in versions else next(reversed(versions), "")
    last = fleet.environments[-1].name if fleet.environments else ""
    slots, profiles, flags = (_places(fleet, role) for role in ("slots", "traffic", "flags"))
    behind_profiles = {place.target.whole for place in profiles}
    return {
        "builds": build_documents(versions, bad),
        "groups": [
            {"name": place.address.parts["resource_group"], "location": place.target.region or HOME}
            for place in (*slots, *profiles)
        ],
        "sites": [
            site_document(_site(fleet, place, versions[place.target.name], last, place.target.whole in behind_profiles))
            for place in slots
        ],
        "profiles": [
            profile_document(
                place.address.parts["resource_group"], place.address.parts["profile"], _hosts(place, slots)
            )
            for place in profiles
        ],
        "container_apps": container_apps(fleet, versions, _rate),
        "cloud_services": cloud_services(fleet, versions),
        "front_doors": front_doors(fleet),
        "traffic": {place.address.parts["profile"].lower(): _rate(place.target.name) for place in profiles},
        "configuration": [
            document
            for place in flags
            for document in flag_documents(
                place.address.parts.get("label", ""),
                place.address.parts.get("prefix", ""),
                rollout=25 if place.target.environment == last else 100,
            )
        ],
        "pipelines": [*repositories(fleet), *projects(fleet)],
        "releases": release_definitions(fleet),
    }


def _places(fleet: Fleet, role: Role) -> list[Place]:
    """The places of a role that are Azure's, each resource once. Names of sites and profiles are unique in Azure."""
    found: dict[str, Place] = {}
    for place in fleet.places:
        parts = place.address.parts
        named = [parts.get(part, "") for part in _NAMED_BY.get(role, ())]
        if place.role == role and all(named):
            found.setdefault(named[-1].lower() if named else place.address.key, place)
    return list(found.values())


def _site(fleet: Fleet, place: Place, versions: Versions, last: str, behind_profile: bool) -> SitePlan:
    target, parts = place.target, place.address.parts
    live, waiting = versions.live, versions.next
    if target.environment != last:
        live, waiting = versions.next, versions.after
    others = (fleet.swap_source, fleet.swap_destination)
    return SitePlan(
        group=parts["resource_group"],
        name=parts["site"],
        location=target.region or HOME,
        service=target.name,
        region=target.region,
        environment=target.environment,
        live=live,
        waiting=waiting,
        waiting_in=tuple(slot for slot in others if slot.lower() != PRODUCTION),
        rate=0.0 if behind_profile else _rate(target.name),
        version_setting=parts.get("version", "").partition("setting:")[2] or "RELEASE",
    )


def _hosts(profile: Place, slots: list[Place]) -> list[tuple[str, str]]:
    """Location and ARM id of the sites that a profile stands in front of: those of its target."""
    return [
        (
            place.target.region or HOME,
            f"/subscriptions/{{subscription}}/resourceGroups/{place.address.parts['resource_group']}"
            f"/providers/Microsoft.Web/sites/{place.address.parts['site']}",
        )
        for place in slots
        if place.target.whole == profile.target.whole and profile.target.region in ("", place.target.region)
    ]


def _invented(service: str) -> Versions:
    """Versions for a service we never heard of, the same ones every time."""
    number = zlib.crc32(service.encode())
    major, minor, patch = number % 5 + 1, number // 7 % 20, number // 11 % 10
    return Versions(f"{major}.{minor}.{patch}", f"{major}.{minor + 1}.0", f"{major}.{minor + 2}.0")


def _rate(service: str) -> float:
    """Requests per second of a service's users."""
    return 10.0 + zlib.crc32(service.encode()) % 50
