"""Parts of a world made to order that are no sites: container apps with two revisions and a label at each, pairs of
cloud services, and origin groups of Front Door in front of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.sandbox.world.furniture import Versions, image

HOME = "westeurope"
"""Where something lies whose place names no region."""

Rate = Callable[[str], float]
"""Requests per second of a service's users."""


def container_apps(fleet: Fleet, versions: Mapping[str, Versions], rate: Rate) -> list[dict[str, Any]]:
    """The container apps that a fleet speaks of: the current build with all of the traffic at the label that swaps go
    to, the next one waiting at the label that they come from; earlier environments are one build ahead."""
    found: dict[tuple[str, str], Place] = {}
    for place in fleet.places:
        if place.role in ("slots", "traffic") and "container_app" in place.address.parts:
            parts = place.address.parts
            found.setdefault((parts["resource_group"].lower(), parts["container_app"].lower()), place)
    return [_container_app(fleet, place, versions[place.target.name], rate) for place in found.values()]


def cloud_services(fleet: Fleet, versions: Mapping[str, Versions]) -> list[dict[str, Any]]:
    """The cloud services that a fleet speaks of, each with a partner that has the next build."""
    found: list[dict[str, Any]] = []
    for place in fleet.places:
        name = place.address.parts.get("cloud_service")
        if name is None:
            continue
        live, waiting = _builds(fleet, place, versions[place.target.name])
        given = {"group": place.address.parts["resource_group"], "location": place.target.region or HOME}
        found.append({**given, "name": name, "slot": "Production", "partner": f"{name}-next", "version": live})
        found.append({**given, "name": f"{name}-next", "slot": "Staging", "partner": name, "version": waiting})
    return found


def front_doors(fleet: Fleet) -> list[dict[str, Any]]:
    """The origin groups that a fleet speaks of, with an origin for each region of the target."""
    found: list[dict[str, Any]] = []
    for place in fleet.places:
        parts = place.address.parts
        if "front_door" not in parts:
            continue
        behind = [one.target for one in fleet.places if one.role == "slots" and one.target.whole == place.target.whole]
        regions = [target.region or HOME for target in behind] or [HOME]
        origins = {name: {"host": f"{place.target.name}-{name}.example", "weight": 500} for name in regions}
        where = {"group": parts["resource_group"], "profile": parts["front_door"], "name": parts["origin_group"]}
        found.append({**where, "origins": origins})
    return found


def _container_app(fleet: Fleet, place: Place, versions: Versions, rate: Rate) -> dict[str, Any]:
    target, name = place.target, place.address.parts["container_app"]
    live, waiting = _builds(fleet, place, versions)
    revisions = {_revision(name, version): {"image": image(target.name, version)} for version in (live, waiting)}
    return {
        "group": place.address.parts["resource_group"],
        "name": name,
        "location": target.region or HOME,
        "rate": rate(target.name),
        "service": target.name,
        "environment": target.environment,
        "region": target.region,
        "revisions": revisions,
        "traffic": [
            {"revision": _revision(name, live), "weight": 100, "label": fleet.swap_destination},
            {"revision": _revision(name, waiting), "weight": 0, "label": fleet.swap_source},
        ],
    }


def _builds(fleet: Fleet, place: Place, versions: Versions) -> tuple[str, str]:
    """What is live and what waits."""
    last = place.target.environment == fleet.environments[-1].name
    return (versions.live, versions.next) if last else (versions.next, versions.after)


def _revision(app: str, version: str) -> str:
    """The name of a revision with a suffix of its own, as `--revision-suffix` gives it."""
    return f"{app}--{version.replace('.', '-')}".lower()
