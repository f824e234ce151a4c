"""The repositories that a fleet's pipelines speak of, in the middle of an ordinary week: runs that went well, one that
failed, one under way, and one that waits for somebody to let it into the last environment."""

from __future__ import annotations

from typing import Any

from quarterdeck.fleet.topology import Fleet, Place

REVIEWERS = ("quarterdeck", "team:sre")
"""Who may let runs into a protected environment; the first is whoever asks a sandbox."""

_EVERY = 420.0
PUSHES = (
    "Show the delivery date before payment",
    "Round taxes per line, not per basket",
    "Update dependencies",
    "Ask the bank only once",
    "Keep the basket when the session ends",
)


def repositories(fleet: Fleet) -> list[dict[str, Any]]:
    """A document for each repository that places of a fleet name; places of other systems are none of ours."""
    named: dict[str, list[Place]] = {}
    for place in fleet.places:
        if place.role == "pipelines" and "repository" in place.address.parts:
            named.setdefault(place.address.parts["repository"], []).append(place)
    return [_repository(fleet, name, places) for name, places in named.items()]


def _repository(fleet: Fleet, name: str, places: list[Place]) -> dict[str, Any]:
    environments = {
        theirs(fleet, place, environment.name): {"reviewers": REVIEWERS} if environment.protected else {}
        for place in places
        for environment in fleet.environments
    }
    protected = [name for name in environments if environments[name]]
    files = {place.address.parts.get("workflow") or "deploy.yml": place for place in places}
    return {
        "repository": name,
        "branch": places[0].address.parts.get("branch", "") or "main",
        "environments": environments,
        "workflows": [_workflow(fleet, file, place) for file, place in files.items()],
        "runs": [{"workflow": file, **run} for file in files for run in past_runs(protected)],
    }


def _workflow(fleet: Fleet, file: str, place: Place) -> dict[str, Any]:
    deploys = [
        {"name": f"deploy to {environment.name}", "seconds": 45, "environment": theirs(fleet, place, environment.name)}
        for environment in fleet.environments
    ]
    mark = place.address.parts.get("correlation_input", "")
    return {
        "file": file,
        "name": place.target.name,
        "jobs": [{"name": "build", "seconds": 40}, {"name": "test", "seconds": 75}, *deploys],
        "inputs": [*([mark] if mark else []), "version", "note"],
        "run_name": f"By hand {{{mark}}}" if mark else "",
        "every": _EVERY,
        "pushes": PUSHES,
    }


def past_runs(protected: list[str]) -> list[dict[str, Any]]:
    """From long ago to just now. One that isn't approved waits, if anything is protected."""
    told = (
        (5 * 3600, "Show prices with the tax of the country", "ana", True),
        (3 * 3600, "Retry the warehouse once", "ben", True),
        (1500, "Say why a voucher isn't taken", "chen", False),
        (70, "Log less while probing", "ben", False),
    )
    return [
        {"ago": ago, "title": title, "actor": actor, "approve": protected if approved else []}
        for ago, title, actor, approved in told
    ]


def theirs(fleet: Fleet, place: Place, ours: str) -> str:
    """What the host calls an environment of ours."""
    declared = next((one for one in fleet.pipelines if one.name == place.target.name), None)
    mapped = {value: key for key, value in declared.environments.items()} if declared else {}
    return mapped.get(ours, ours)
