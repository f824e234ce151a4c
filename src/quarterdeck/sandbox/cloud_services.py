"""Microsoft.Compute/cloudServices and Microsoft.Network/cloudServiceSlots on the wire: pairs, and the VIP swap.

Shapes are those of the published examples (2022-09-04; 2024-05-01 for the slots): a swap is a PUT of the address that a
service is to have, answered 202 with a Location to look at, or 200 if it has it already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.cloud_services import CloudService, NotSwappable, SwapUnderWay
from quarterdeck.sandbox.world.world import World

TYPE = "Microsoft.Compute/cloudServices"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Compute/cloudServices"
_SERVICE = _GROUP + "/{service}"
_SLOT = _SERVICE + "/providers/Microsoft.Network/cloudServiceSlots/swap"
_RESULT = "/subscriptions/{subscription}/providers/Microsoft.Network/locations/{location}/operationResults/{swap}"


class CloudServicesService:
    """Cloud services and their addresses."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", _GROUP, self.list_in_group)
        yield Route("GET", _SERVICE, self.get)
        yield Route("GET", f"{_SERVICE}/instanceView", self.instances)
        yield Route("GET", _SLOT, self.slot)
        yield Route("PUT", _SLOT, self.swap)
        yield Route("GET", _RESULT, self.result)

    async def list_in_group(self, request: Request) -> Response:
        """The services of a resource group."""
        require_subscription(self._world, request)
        name, _ = require_group(self._world, request)
        inside = [one for one in self._world.cloud_services if one.group.lower() == name.lower()]
        return Response(body={"value": [service_body(self._world, one) for one in inside]})

    async def get(self, request: Request) -> Response:
        """One service."""
        return Response(body=service_body(self._world, self._find(request)))

    async def instances(self, request: Request) -> Response:
        """How its role instances fare, counted."""
        found = self._find(request)
        started = found.instances - found.stopped
        counts = {
            "ProvisioningState/succeeded": found.instances,
            "PowerState/started": started,
            "PowerState/stopped": found.stopped,
            "RoleState/RoleStateStarted": started,
        }
        summary = [{"code": code, "count": count} for code, count in counts.items() if count]
        return Response(body={"roleInstance": {"statusesSummary": summary}, "statuses": []})

    async def slot(self, request: Request) -> Response:
        """Which address a service has."""
        found = self._find(request)
        kind = "Microsoft.Network/cloudServiceSlots"
        path = f"{_id(self._world, found)}/providers/{kind}/swap"
        return Response(body={"id": path, "name": "swap", "type": kind, "properties": {"slotType": found.slot}})

    async def swap(self, request: Request) -> Response:
        """Give it the address that the body wants."""
        found, body = self._find(request), request.json()
        about = body.get("properties") if isinstance(body, dict) else None
        with _refusing():
            wanted = str(about.get("slotType") or "") if isinstance(about, dict) else ""
            swap = self._world.cloud_services.swap(found, wanted)
        if swap is None:
            return Response(200)
        return Response(202, headers={"Location": self._result_url(request, found.location, swap.id)})

    async def result(self, request: Request) -> Response:
        """202 while a swap goes on; then as it ended."""
        require_subscription(self._world, request)
        swap = self._world.cloud_services.swapping(request.parameters["swap"])
        if swap is None:
            raise Refusal(404, "NotFound", f"There is no operation {request.parameters['swap']}.")
        if not swap.finished:
            url = self._result_url(request, request.parameters["location"], swap.id)
            return Response(202, headers={"Location": url, "Retry-After": "2"})
        if swap.error:
            raise Refusal(409, "VipSwapFailed", swap.error)
        return Response(200)

    def _result_url(self, request: Request, location: str, swap: str) -> str:
        where = location.replace(" ", "").lower()
        path = f"/subscriptions/{self._world.subscription}/providers/Microsoft.Network/locations/{where}"
        return f"{request.base_url}{path}/operationResults/{swap}?api-version={request.argument('api-version')}"

    def _find(self, request: Request) -> CloudService:
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        found = self._world.cloud_services.find(group, request.parameters["service"])
        if found is None:
            what = f"{TYPE}/{request.parameters['service']}"
            message = f"The Resource '{what}' under resource group '{group}' was not found."
            raise Refusal(404, "ResourceNotFound", message)
        return found


def service_body(world: World, service: CloudService) -> dict[str, Any]:
    """One service, as it is shown and as Resource Graph has it."""
    network: dict[str, Any] = {"slotType": service.slot}
    if service.partner:
        partner = f"{_id(world, service).rpartition('/')[0]}/{service.partner}"
        network["swappableCloudService"] = {"id": partner}
    return {
        "id": _id(world, service),
        "name": service.name,
        "type": TYPE,
        "location": service.location,
        "tags": {"version": service.version} if service.version else {},
        "properties": {"provisioningState": service.state, "networkProfile": network, "upgradeMode": "Auto"},
    }


def _id(world: World, service: CloudService) -> str:
    return f"/subscriptions/{world.subscription}/resourceGroups/{service.group}/providers/{TYPE}/{service.name}"


@contextmanager
def _refusing() -> Iterator[None]:
    """What the world doesn't accept, in ARM's terms."""
    try:
        yield
    except NotSwappable as error:
        raise Refusal(400, "CloudServiceNotSwappable", str(error)) from error
    except SwapUnderWay as error:
        raise Refusal(409, "OperationNotAllowed", str(error)) from error
