"""Snapshots of a slot's content, and going back to one.

The service takes them by the hour; here there is one for each deployment, from the moment it was in place.
Restoring is a deployment of the same build, on whose status the answer's Location reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import find, on_site_and_slot, properties_of
from quarterdeck.sandbox.web.refusals import app_service
from quarterdeck.sandbox.wire import Request, Response, Route
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.deployments import SUCCEEDED, Deployment
from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.world import World

_PAGE = 100


class SnapshotsService:
    """snapshots and restoreSnapshot."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("GET", "/snapshots", self.list_snapshots)
        yield from on_site_and_slot("POST", "/restoreSnapshot", self.restore)

    async def list_snapshots(self, request: Request) -> Response:
        """The snapshots of the content that is in the slot now, newest first."""
        site, slot = find(self._world, request)
        return paged(request, self._taken(slot), lambda one: self._shown(site, slot, one), _PAGE)

    async def restore(self, request: Request) -> Response:
        """Put the content of a moment back: 202, and where to ask how far it is."""
        site, slot = find(self._world, request)
        self._world.lifecycle.require_free(site, "RestoreSnapshot")
        self._world.lifecycle.require_unprepared(site, slot)
        wanted = properties_of(request)
        moment = _moment(wanted.get("snapshotTime"))
        source = wanted.get("recoverySource")
        if isinstance(source, dict) and str(source.get("id", "")).lower() not in ("", self._id(site, slot).lower()):
            raise app_service(400, "BadRequest", "In this sandbox a slot is restored from its own snapshots only.")
        if wanted.get("overwrite") is not True:
            raise app_service(400, "BadRequest", "A restore in place needs overwrite to be true.")
        snapshot = next((one for one in self._taken(slot) if int(one.finished) <= moment), None)
        if snapshot is None:
            raise app_service(404, "NotFound", f"There is no snapshot of {wanted['snapshotTime']} or before.")
        deployment = self._world.lifecycle.deploy(
            site, slot, snapshot.build, message=f"Restore snapshot of {utc(snapshot.finished)}", deployer="Snapshot"
        )
        status = f"{self._id(site, slot)}/deploymentStatus/{deployment.id}"
        version = request.argument("api-version")
        return Response(202, None, {"Location": f"{request.base_url}{status}?api-version={version}"})

    def _taken(self, slot: Slot) -> list[Deployment]:
        now = self._world.clock.now()
        return [one for one in reversed(slot.content.deployments) if one.status(now) == SUCCEEDED]

    def _id(self, site: Site, slot: Slot) -> str:
        return render.slot_id(self._world, site, slot)

    def _shown(self, site: Site, slot: Slot, snapshot: Deployment) -> dict[str, Any]:
        own = render.envelope(self._world, site, slot)
        return {
            "id": f"{own['id']}/snapshots/{snapshot.id}",
            "name": snapshot.id,
            "type": f"{own['type']}/snapshots",
            "properties": {"time": utc(snapshot.finished)},
        }


def _moment(text: object) -> float:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise app_service(400, "BadRequest", f"The parameter snapshotTime has an invalid value: {error}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
