"""Microsoft.Cdn/profiles on the wire, as far as origins go: list, read, and change one at a time.

Shapes are those of the published examples (2026-10-01): a PATCH answers 202 with the origin as it is wished,
`provisioningState` Updating, and `Azure-AsyncOperation`; `deploymentStatus` tells of the edges.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.front_door import InvalidOrigin, Origin, OriginBusy, OriginGroup
from quarterdeck.sandbox.world.world import World

_GROUP = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn/profiles/{profile}"
    "/originGroups/{origins}"
)
_ORIGIN = _GROUP + "/origins/{origin}"
_RESULTS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Cdn/operationresults/{change}"


class FrontDoorService:
    """Origin groups and origins."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", _GROUP, self.group)
        yield Route("GET", f"{_GROUP}/origins", self.origins)
        yield Route("GET", _ORIGIN, self.origin)
        yield Route("PATCH", _ORIGIN, self.patch)
        yield Route("GET", _RESULTS, self.status)

    async def group(self, request: Request) -> Response:
        """One origin group with how it balances."""
        found = self._find(request)
        about: dict[str, Any] = {
            "deploymentStatus": "NotStarted",
            "provisioningState": "Succeeded",
            "loadBalancingSettings": {
                "additionalLatencyInMilliseconds": found.latency,
                "sampleSize": 4,
                "successfulSamplesRequired": 3,
            },
            "sessionAffinityState": "Enabled" if found.affinity else "Disabled",
        }
        if found.probed:
            about["healthProbeSettings"] = {
                "probeIntervalInSeconds": 30,
                "probePath": "/healthz",
                "probeProtocol": "Https",
                "probeRequestType": "HEAD",
            }
        body = {"id": self._id(found), "name": found.name, "type": "Microsoft.Cdn/profiles/origingroups"}
        return Response(body={**body, "properties": about})

    async def origins(self, request: Request) -> Response:
        """The origins of a group."""
        found = self._find(request)
        return Response(body={"value": [self._shown(found, one) for one in found.origins.values()]})

    async def origin(self, request: Request) -> Response:
        """One origin."""
        return Response(body=self._shown(*self._find_origin(request)))

    async def patch(self, request: Request) -> Response:
        """Change weight, priority or state of one origin."""
        found, origin = self._find_origin(request)
        body = request.json()
        about = body.get("properties") if isinstance(body, Mapping) else None
        if not isinstance(about, Mapping):
            raise Refusal(400, "InvalidRequestContent", "The body needs 'properties'.")
        with _refusing():
            change = self._world.front_doors.set(
                origin, about.get("weight"), about.get("priority"), about.get("enabledState")
            )
        path = f"/subscriptions/{self._world.subscription}/resourceGroups/{found.group}/providers/Microsoft.Cdn"
        url = f"{request.base_url}{path}/operationresults/{change.id}?api-version={request.argument('api-version')}"
        return Response(202, self._shown(found, origin), {"Azure-AsyncOperation": url})

    async def status(self, request: Request) -> Response:
        """How far a change is: always 200."""
        require_subscription(self._world, request)
        change = self._world.front_doors.change(request.parameters["change"])
        if change is None:
            raise Refusal(404, "NotFound", f"There is no operation {request.parameters['change']}.")
        error = {"error": {"code": "OperationFailed", "message": change.error}} if change.error else {}
        return Response(body={"status": change.status, **error})

    def _find(self, request: Request) -> OriginGroup:
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        profile, name = request.parameters["profile"], request.parameters["origins"]
        found = self._world.front_doors.find(group, profile, name)
        if found is None:
            what = f"Microsoft.Cdn/profiles/{profile}/originGroups/{name}"
            message = f"The Resource '{what}' under resource group '{group}' was not found."
            raise Refusal(404, "ResourceNotFound", message)
        return found

    def _find_origin(self, request: Request) -> tuple[OriginGroup, Origin]:
        found, name = self._find(request), request.parameters["origin"]
        origin = next((one for one in found.origins.values() if one.name.lower() == name.lower()), None)
        if origin is None:
            raise Refusal(404, "NotFound", f"The origin '{name}' was not found in the group '{found.name}'.")
        return found, origin

    def _shown(self, found: OriginGroup, origin: Origin) -> dict[str, Any]:
        return {
            "id": f"{self._id(found)}/origins/{origin.name}",
            "name": origin.name,
            "type": "Microsoft.Cdn/profiles/origingroups/origins",
            "properties": {
                "originGroupName": found.name,
                "hostName": origin.host,
                "httpPort": 80,
                "httpsPort": 443,
                "originHostHeader": origin.host,
                "priority": origin.priority,
                "weight": origin.weight,
                "enabledState": "Enabled" if origin.enabled else "Disabled",
                "enforceCertificateNameCheck": True,
                "provisioningState": origin.state,
                "deploymentStatus": origin.rollout,
            },
        }

    def _id(self, found: OriginGroup) -> str:
        return (
            f"/subscriptions/{self._world.subscription}/resourcegroups/{found.group}/providers/Microsoft.Cdn"
            f"/profiles/{found.profile}/origingroups/{found.name}"
        )


@contextmanager
def _refusing() -> Iterator[None]:
    """What the world doesn't accept, in ARM's terms."""
    try:
        yield
    except InvalidOrigin as error:
        raise Refusal(400, "BadRequest", str(error)) from error
    except OriginBusy as error:
        raise Refusal(409, "Conflict", str(error)) from error
