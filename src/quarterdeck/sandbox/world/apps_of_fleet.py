"""Parts of a world made to order that are no sites: container apps with two revisions and a label at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.sandbox.world.furniture import Versions, image

HOME = "westeurope"
"""Where something lies whose place names no region."""


def container_apps(
    fleet: Fleet, versions: Mapping[str, Versions], rate: Callable[[str], float]
) -> list[dict[str, Any]]:
    """The container apps that a fleet speaks of: the current build with all of the traffic at the label that swaps go
    to, the next one waiting at the label that they come from; earlier environments are one build ahead."""
    found: dict[tuple[str, str], Place] = {}
    for place in fleet.places:
        if place.role in ("slots", "traffic") and "container_app" in place.address.parts:
            parts = place.address.parts
            found.setdefault((parts["resource_group"].lower(), parts["container_app"].lower()), place)
    return [_container_app(fleet, place, versions[place.target.name], rate) for place in found.values()]


def _container_app(fleet: Fleet, place: Place, versions: Versions, rate: Callable[[str], float]) -> dict[str, Any]:
    target, name = place.target, place.address.parts["container_app"]
    last = target.environment == fleet.environments[-1].name
    live, waiting = (versions.live, versions.next) if last else (versions.next, versions.after)
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


def _revision(app: str, version: str) -> str:
    """The name of a revision with a suffix of its own, as `--revision-suffix` gives it."""
    return f"{app}--{version.replace('.', '-')}".lower()
