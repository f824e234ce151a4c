"""Microsoft.App/containerApps on the wire: the app with its ingress, its revisions, and changes that go on.

Shapes are those of the published examples (2026-07-01) and of the documentation: a PATCH answers 202 with
`Azure-AsyncOperation` and no body, a list in it replaces the old one, and a change while another one is under way is a
409 ContainerAppOperationInProgress.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.container_apps import AppBusy, ContainerApp, InvalidChange, Line, Operation, Revision
from quarterdeck.sandbox.world.world import World

TYPE = "Microsoft.App/containerApps"
_SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.App"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.App/containerApps"
_APP = _GROUP + "/{app}"
_OPERATION = _SUBSCRIPTION + "/locations/{location}/containerappOperationStatuses/{operation}"
_REVISION = _APP + "/revisions/{revision}"


class ContainerAppsService:
    """Apps and their revisions."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", f"{_SUBSCRIPTION}/containerApps", self.list_in_subscription)
        yield Route("GET", _GROUP, self.list_in_group)
        yield Route("GET", _APP, self.get)
        yield Route("PATCH", _APP, self.patch)
        yield Route("GET", f"{_APP}/revisions", self.revisions)
        yield Route("POST", f"{_REVISION}/activate", self.activate)
        yield Route("POST", f"{_REVISION}/deactivate", self.deactivate)
        yield Route(
            "GET", _SUBSCRIPTION + "/locations/{location}/containerappOperationStatuses/{operation}", self.status
        )

    async def list_in_subscription(self, request: Request) -> Response:
        """Every app."""
        require_subscription(self._world, request)
        return self._list(self._world.container_apps)

    async def list_in_group(self, request: Request) -> Response:
        """The apps of a resource group."""
        require_subscription(self._world, request)
        name, _ = require_group(self._world, request)
        return self._list(app for app in self._world.container_apps if app.group.lower() == name.lower())

    async def get(self, request: Request) -> Response:
        """One app."""
        return Response(body=app_body(self._world, self._find(request)))

    async def patch(self, request: Request) -> Response:
        """Change the split, or whether several revisions may be active; what else a body says is let be."""
        app, body = self._find(request), request.json()
        configuration = _inner(_inner(body, "properties"), "configuration")
        traffic = _inner(configuration, "ingress").get("traffic")
        with _refusing():
            if isinstance(traffic, Sequence) and not isinstance(traffic, str):
                return self._accepted(request, app, self._world.container_apps.set_lines(app, [*map(_line, traffic)]))
            if "activeRevisionsMode" in configuration:
                multiple = str(configuration["activeRevisionsMode"]).lower() == "multiple"
                return self._accepted(request, app, self._world.container_apps.set_mode(app, multiple))
        return Response(body=app_body(self._world, app))

    async def revisions(self, request: Request) -> Response:
        """The revisions of an app, newest first."""
        app = self._find(request)
        newest = sorted(app.revisions.values(), key=lambda one: -one.created)
        return Response(body={"value": [revision_body(self._world, app, one) for one in newest], "nextLink": None})

    async def activate(self, request: Request) -> Response:
        """Start a revision."""
        return self._activated(request, True)

    async def deactivate(self, request: Request) -> Response:
        """Stop a revision."""
        return self._activated(request, False)

    async def status(self, request: Request) -> Response:
        """How far an operation is: always 200."""
        require_subscription(self._world, request)
        operation = self._world.container_apps.operation(request.parameters["operation"])
        if operation is None:
            raise Refusal(404, "NotFound", f"There is no operation {request.parameters['operation']}.")
        body: dict[str, Any] = {"id": request.path, "name": operation.id, "status": operation.status}
        if operation.error:
            body["error"] = {"code": "ContainerAppOperationError", "message": operation.error}
        return Response(body=body)

    def _activated(self, request: Request, active: bool) -> Response:
        app = self._find(request)
        revision = app.revisions.get(request.parameters["revision"])
        if revision is None:
            raise Refusal(404, "RevisionNotFound", f"There is no revision {request.parameters['revision']}.")
        self._world.container_apps.activate(app, revision, active)
        return Response(200)

    def _accepted(self, request: Request, app: ContainerApp, operation: Operation) -> Response:
        where = app.location.replace(" ", "").lower()
        path = f"/subscriptions/{self._world.subscription}/providers/Microsoft.App/locations/{where}"
        version = request.argument("api-version")
        url = f"{request.base_url}{path}/containerappOperationStatuses/{operation.id}?api-version={version}"
        return Response(202, headers={"Azure-AsyncOperation": url, "Retry-After": "1"})

    def _list(self, apps: Iterable[ContainerApp]) -> Response:
        return Response(body={"value": [app_body(self._world, app) for app in apps]})

    def _find(self, request: Request) -> ContainerApp:
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        app = self._world.container_apps.find(group, request.parameters["app"])
        if app is None:
            raise Refusal(
                404,
                "ResourceNotFound",
                f"The Resource '{TYPE}/{request.parameters['app']}' under resource group '{group}' was not found.",
            )
        return app


def app_body(world: World, app: ContainerApp) -> dict[str, Any]:
    """One app, as it is shown and as Resource Graph has it."""
    return {
        "id": _id(world, app),
        "name": app.name,
        "type": TYPE,
        "location": app.location,
        "systemData": {"lastModifiedAt": utc(app.modified), "lastModifiedByType": "Application"},
        "properties": {
            "provisioningState": app.state,
            "runningStatus": "Running",
            "latestRevisionName": app.latest.name,
            "latestReadyRevisionName": app.latest_ready.name,
            "latestRevisionFqdn": _fqdn(app, app.latest),
            "configuration": {
                "activeRevisionsMode": "Multiple" if app.multiple else "Single",
                "ingress": {
                    "fqdn": app.host,
                    "external": True,
                    "targetPort": 8080,
                    "transport": "auto",
                    "traffic": [*map(_written, app.lines)],
                },
            },
            "template": _template(app, app.latest),
        },
    }


def revision_body(world: World, app: ContainerApp, revision: Revision) -> dict[str, Any]:
    """One revision."""
    broken = revision.broken or not revision.build.starts
    weight = sum(line.weight for line in app.lines if app.led_to(line) is revision)
    return {
        "id": f"{_id(world, app)}/revisions/{revision.name}",
        "name": revision.name,
        "type": f"{TYPE}/revisions",
        "properties": {
            "active": revision.active,
            "createdTime": utc(revision.created),
            "fqdn": _fqdn(app, revision),
            "template": _template(app, revision),
            "replicas": 1 if revision.active and not broken else 0,
            "trafficWeight": weight,
            "healthState": ("Unhealthy" if broken else "Healthy") if revision.active else "None",
            "provisioningState": "Failed" if broken else "Provisioned",
            "runningState": ("Failed" if broken else "Running") if revision.active else "Stopped",
        },
    }


def _template(app: ContainerApp, revision: Revision) -> dict[str, Any]:
    image = revision.build.image or f"contoso.azurecr.io/{app.name}:{revision.build.version}"
    return {"containers": [{"name": app.name, "image": image}]}


def _written(line: Line) -> dict[str, Any]:
    aim: dict[str, Any] = {"revisionName": line.revision} if line.revision else {"latestRevision": True}
    return {**aim, "weight": line.weight, **({"label": line.label} if line.label else {})}


def _line(given: Any) -> Line:
    if not isinstance(given, Mapping) or not isinstance(given.get("weight", 0), int):
        raise Refusal(400, "InvalidRequestContent", "A traffic weight is an object with a whole number.")
    latest = bool(given.get("latestRevision"))
    return Line(
        "" if latest else str(given.get("revisionName") or ""), given.get("weight", 0), given.get("label") or ""
    )


def _id(world: World, app: ContainerApp) -> str:
    return f"/subscriptions/{world.subscription}/resourceGroups/{app.group}/providers/{TYPE}/{app.name}"


def _fqdn(app: ContainerApp, revision: Revision) -> str:
    return f"{revision.name}.{app.host.partition('.')[2]}"


def _inner(holder: Any, name: str) -> Mapping[str, Any]:
    inner = holder.get(name) if isinstance(holder, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


@contextmanager
def _refusing() -> Iterator[None]:
    """What the world doesn't accept, in ARM's terms."""
    try:
        yield
    except InvalidChange as error:
        raise Refusal(400, "ContainerAppInvalidTraffic", str(error)) from error
    except AppBusy as error:
        raise Refusal(409, "ContainerAppOperationInProgress", str(error)) from error
