"""The store as ARM sees it: clients that know only its name look up its endpoint and its keys here.

Shapes: Microsoft's published specification of Microsoft.AppConfiguration, 2024-05-01. There is one store in the
sandbox; it lies in the first of the world's resource groups.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.world import World

NAME = "sandbox"
_TYPE = "Microsoft.AppConfiguration/configurationStores"
_SUBSCRIPTION = f"/subscriptions/{{subscription}}/providers/{_TYPE}"
_GROUP = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{_TYPE}"
_STORE = _GROUP + "/{store}"


class StoresService:
    """Microsoft.AppConfiguration/configurationStores, to read."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Lists, one store, its keys."""
        yield Route("GET", _SUBSCRIPTION, self.list_all)
        yield Route("GET", _GROUP, self.list_group)
        yield Route("GET", _STORE, self.get)
        yield Route("POST", _STORE + "/listKeys", self.list_keys)

    async def list_all(self, request: Request) -> Response:
        """The one store; none in a world without resource groups."""
        require_subscription(self._world, request)
        return self._list(request, [group for group, _ in self._world.sites.groups()[:1]])

    async def list_group(self, request: Request) -> Response:
        """The one store, if it lies in the group."""
        require_subscription(self._world, request)
        name, _ = require_group(self._world, request)
        return self._list(request, [group for group, _ in self._world.sites.groups()[:1] if group == name])

    async def get(self, request: Request) -> Response:
        """The store with its endpoint."""
        return Response(body=self._shown(request, self._find(request)))

    async def list_keys(self, request: Request) -> Response:
        """The access keys, with which clients sign."""
        self._find(request)
        configuration = self._world.configuration
        keys = [
            {
                "id": name,
                "name": "Primary",
                "value": secret,
                "connectionString": configuration.connection_string(request.base_url),
                "readOnly": False,
            }
            for name, secret in configuration.credentials.items()
        ]
        return Response(body={"value": keys})

    def _list(self, request: Request, groups: Iterable[str]) -> Response:
        role = self._world.authorization.role
        readable = [group for group in groups if role(request.principal, self._id(group)).allows(f"{_TYPE}/read")]
        return Response(body={"value": [self._shown(request, group) for group in readable]})

    def _find(self, request: Request) -> str:
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        first, _ = self._world.sites.groups()[0]
        if group != first or request.parameters["store"].lower() != NAME:
            raise Refusal(
                404,
                "ResourceNotFound",
                f"The Resource '{_TYPE}/{request.parameters['store']}' under resource group '{group}' was not found.",
            )
        return group

    def _id(self, group: str) -> str:
        return f"/subscriptions/{self._world.subscription}/resourceGroups/{group}/providers/{_TYPE}/{NAME}"

    def _shown(self, request: Request, group: str) -> dict[str, Any]:
        _, location = self._world.sites.group(group) or ("", "")
        return {
            "id": self._id(group),
            "name": NAME,
            "type": _TYPE,
            "location": location.replace(" ", "").lower(),
            "tags": {},
            "sku": {"name": "standard"},
            "properties": {
                "provisioningState": "Succeeded",
                "endpoint": request.base_url,
                "publicNetworkAccess": "Enabled",
                "disableLocalAuth": False,
            },
        }
