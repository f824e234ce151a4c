"""Builds on their way into slots: ARM's deployment operations, and Kudu's zip deployment.

Kudu lives on a host of its own in Azure (`{site}.scm.…`); here it answers on the sandbox's port under
`/scm/{site}` and `/scm/{site}/slots/{slot}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import find, on_site_and_slot, properties_of
from quarterdeck.sandbox.web.packages import build_at, build_in
from quarterdeck.sandbox.web.refusals import not_found
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.deployments import BUILDING, Deployment
from quarterdeck.sandbox.world.sites import PRODUCTION, Site, Slot
from quarterdeck.sandbox.world.world import World

_PAGE = 100


class DeploymentsService:
    """deployments, deploymentStatus, extensions/onedeploy, and Kudu."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("GET", "/deployments", self.list_deployments)
        yield from on_site_and_slot("GET", "/deployments/{deployment}", self.get_deployment)
        yield from on_site_and_slot("GET", "/deploymentStatus", self.list_statuses)
        yield from on_site_and_slot("GET", "/deploymentStatus/{deployment}", self.get_status)
        yield from on_site_and_slot("PUT", "/extensions/onedeploy", self.one_deploy)
        yield from on_site_and_slot("POST", "/extensions/onedeploy", self.one_deploy)
        for kudu in ("/scm/{site}", "/scm/{site}/slots/{slot}"):
            yield Route("POST", kudu + "/api/zipdeploy", self.zip_deploy, "data")
            yield Route("POST", kudu + "/api/publish", self.zip_deploy, "data")
            yield Route("GET", kudu + "/api/deployments/{deployment}", self.kudu_deployment, "data")

    async def list_deployments(self, request: Request) -> Response:
        """The deployments of the content that is in the slot now, newest first."""
        site, slot = find(self._world, request)
        newest_first = list(reversed(slot.content.deployments))
        return paged(request, newest_first, lambda one: self._deployment(site, slot, one), _PAGE)

    async def get_deployment(self, request: Request) -> Response:
        """One deployment."""
        site, slot = find(self._world, request)
        return Response(body=self._deployment(site, slot, self._find(site, slot, request)))

    async def list_statuses(self, request: Request) -> Response:
        """The status of every deployment, newest first."""
        site, slot = find(self._world, request)
        newest_first = list(reversed(slot.content.deployments))
        return paged(request, newest_first, lambda one: self._status(site, slot, one), _PAGE)

    async def get_status(self, request: Request) -> Response:
        """How far a deployment and the start of its build have come: 202 until it runs or has failed to."""
        site, slot = find(self._world, request)
        body = self._status(site, slot, self._find(site, slot, request))
        ended = body["properties"]["status"] in ("RuntimeSuccessful", "RuntimeFailed")
        return Response(200 if ended else 202, body, {} if ended else {"Location": request.base_url + request.target})

    async def one_deploy(self, request: Request) -> Response:
        """Deploy what packageUri points at."""
        site, slot = find(self._world, request)
        self._world.lifecycle.require_free(site, "OneDeploy")
        address = str(properties_of(request).get("packageUri") or "")
        if not address:
            raise Refusal(400, "BadRequest", "properties.packageUri is required.")
        build = build_at(address, self._world.sites.builds)
        deployment = self._world.lifecycle.deploy(site, slot, build, deployer="OneDeploy")
        return Response(body=self._deployment(site, slot, deployment))

    async def zip_deploy(self, request: Request) -> Response:
        """Kudu: deploy the zip in the body. With isAsync=true 202 and a Location to poll, else 200."""
        site, slot = self._kudu(request)
        self._require_sign_in(request)
        build = build_in(request.body, self._world.sites.builds)
        if not slot.running:
            raise Refusal(403, "Site Disabled", "The web app is stopped.")
        deployment = self._world.lifecycle.deploy(
            site, slot, build, message=request.argument("message"), author=request.argument("author", "N/A")
        )
        if request.argument("isAsync", request.argument("async")).lower() != "true":
            return Response(200, None)
        prefix = request.path.lower().rpartition("/api/")[0]
        location = f"{request.base_url}{prefix}/api/deployments/{deployment.id}"
        return Response(202, None, {"Location": location, "SCM-DEPLOYMENT-ID": deployment.id})

    async def kudu_deployment(self, request: Request) -> Response:
        """Kudu: one deployment; 202 while it is under way. "latest" is the newest."""
        site, slot = self._kudu(request)
        self._require_sign_in(request)
        deployment = self._find(site, slot, request)
        now = self._world.clock.now()
        complete = deployment.status(now) != BUILDING
        body = {"id": deployment.id, "complete": complete, **_properties(deployment, now)}
        return Response(200 if complete else 202, body)

    def _kudu(self, request: Request) -> tuple[Site, Slot]:
        site = self._world.sites.named(request.parameters["site"])
        slot = site.slot(request.parameters.get("slot", PRODUCTION)) if site else None
        if site is None or slot is None:
            raise Refusal(404, "Site Not Found", "There is no such site.")
        return site, slot

    def _require_sign_in(self, request: Request) -> None:
        """A good bearer token; publishing passwords are not imitated."""
        if not request.principal:
            raise Refusal(401, "Unauthorized", "A bearer token is needed.", {"WWW-Authenticate": "Bearer"})

    def _find(self, site: Site, slot: Slot, request: Request) -> Deployment:
        wanted = request.parameters["deployment"]
        deployments = slot.content.deployments
        if wanted.lower() == "latest" and deployments:
            return deployments[-1]
        found = next((one for one in deployments if one.id.lower() == wanted.lower()), None)
        if found is None:
            raise not_found("Microsoft.Web/sites", f"{site.name}/deployments/{wanted}", site.group)
        return found

    def _deployment(self, site: Site, slot: Slot, deployment: Deployment) -> dict[str, Any]:
        own = render.envelope(self._world, site, slot)
        return {
            "id": f"{own['id']}/deployments/{deployment.id}",
            "name": deployment.id,
            "type": f"{own['type']}/deployments",
            "properties": _properties(deployment, self._world.clock.now()),
        }

    def _status(self, site: Site, slot: Slot, deployment: Deployment) -> dict[str, Any]:
        now = self._world.clock.now()
        status = _runtime_status(slot, deployment, now)
        own = render.envelope(self._world, site, slot)
        return {
            "id": f"{own['id']}/deploymentStatus/{deployment.id}",
            "name": deployment.id,
            "type": f"{own['type']}/deploymentStatus",
            "properties": {
                "deploymentId": deployment.id,
                "status": status,
                "numberOfInstancesInProgress": int(status in ("BuildInProgress", "RuntimeStarting")),
                "numberOfInstancesSuccessful": int(status == "RuntimeSuccessful"),
                "numberOfInstancesFailed": int(status == "RuntimeFailed"),
                "failedInstancesLogs": [],
                "errors": None,
            },
        }


def _runtime_status(slot: Slot, deployment: Deployment, now: float) -> str:
    if now < deployment.finished:
        return "BuildInProgress"
    if deployment.active and not deployment.build.starts:
        return "RuntimeFailed"
    if deployment.active and now < slot.ready_at:
        return "RuntimeStarting"
    return "RuntimeSuccessful"


def _properties(deployment: Deployment, now: float) -> dict[str, Any]:
    status = deployment.status(now)
    return {
        "status": status,
        "author_email": "N/A",
        "author": deployment.author,
        "deployer": deployment.deployer,
        "message": deployment.message,
        "start_time": utc(deployment.started),
        "end_time": utc(deployment.finished) if status != BUILDING else None,
        "active": deployment.active,
    }
