"""The projects of Azure DevOps that a fleet's pipelines speak of, in the middle of an ordinary week.

A pipeline has a stage for each environment; before the protected ones somebody has to say yes, and one run at a time
may change them. A release definition has the same stages, the classic way.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.sandbox.world.repositories import PUSHES, REVIEWERS, past_runs, theirs

_EVERY = 540.0
_VARIABLES = {"LOG_LEVEL": "warning", "API_URL": "https://api.contoso.com", "API_KEY": None}


def projects(fleet: Fleet) -> list[dict[str, Any]]:
    """A document for each project that pipelines of a fleet are in, or releases."""
    return [
        _project(fleet, name, [place for place in places if "pipeline" in place.address.parts])
        for name, places in _named(fleet).items()
    ]


def release_definitions(fleet: Fleet) -> list[dict[str, Any]]:
    """A document for each classic release definition of a fleet."""
    return [
        {
            "project": name,
            "name": place.address.parts["release_definition"],
            "stages": [
                {
                    "name": theirs(fleet, place, environment.name),
                    "seconds": 45,
                    "before": REVIEWERS[:1] if environment.protected else (),
                }
                for environment in fleet.environments
            ],
            "past": past_runs(_protected(fleet, place)),
        }
        for name, places in _named(fleet).items()
        for place in places
        if "release_definition" in place.address.parts
    ]


def _named(fleet: Fleet) -> dict[str, list[Place]]:
    """The places in each project, by ORGANIZATION/PROJECT."""
    found: dict[str, list[Place]] = {}
    urls = {connection.name: connection.options.get("url", "") for connection in fleet.connections}
    for place in fleet.places:
        if place.role == "pipelines" and place.address.parts.keys() & {"pipeline", "release_definition"}:
            organization = _organization(urls.get(place.address.connection, ""))
            found.setdefault(f"{organization}/{place.address.parts['project']}", []).append(place)
    return found


def _project(fleet: Fleet, name: str, places: list[Place]) -> dict[str, Any]:
    asks = {"reviewers": REVIEWERS, "lock": True, "instructions": "Look at the error rate before you say yes."}
    environments = {
        theirs(fleet, place, environment.name): asks if environment.protected else {}
        for place in places
        for environment in fleet.environments
    }
    pipelines = {place.address.parts["pipeline"]: place for place in places}
    protected = [name for name in environments if environments[name]]
    return {
        "repository": name,
        "branch": next((place.address.parts["branch"] for place in places if "branch" in place.address.parts), "main"),
        "environments": environments,
        "workflows": [_pipeline(fleet, name, place) for name, place in pipelines.items()],
        "variables": {group: _VARIABLES for place in places for group in _groups(place)},
        "runs": [{"workflow": f"{name}.yml", **run} for name in pipelines for run in past_runs(protected)],
    }


def _pipeline(fleet: Fleet, name: str, place: Place) -> dict[str, Any]:
    stages = [theirs(fleet, place, environment.name) for environment in fleet.environments]
    mark = place.address.parts.get("correlation_parameter", "")
    return {
        "file": f"{name}.yml",
        "name": name,
        "jobs": [
            {"name": "Build", "seconds": 60},
            *({"name": stage, "seconds": 45, "environment": stage} for stage in stages),
        ],
        "inputs": [*([mark] if mark else []), "version"],
        "every": _EVERY,
        "pushes": PUSHES,
    }


def _protected(fleet: Fleet, place: Place) -> list[str]:
    return [theirs(fleet, place, environment.name) for environment in fleet.environments if environment.protected]


def _groups(place: Place) -> list[str]:
    """The variable groups that a pipeline names: a JSON list in its address."""
    return list(json.loads(place.address.parts.get("variable_groups", "[]")))


def _organization(url: str) -> str:
    """The organization or collection that a connection's URL names: the end of its path, or the first part of its
    host."""
    parts = urlsplit(url)
    return parts.path.strip("/").rpartition("/")[2] or (parts.hostname or "").partition(".")[0]
