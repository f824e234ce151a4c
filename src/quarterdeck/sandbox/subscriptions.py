"""Microsoft.Resources and Microsoft.Authorization: the subscription, its groups, one's own permissions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.world import World

_PERMISSIONS = "/providers/Microsoft.Authorization/permissions"
_SUBSCRIPTION = "/subscriptions/{subscription}"
_GROUP = "/subscriptions/{subscription}/resourceGroups/{group}"
_RESOURCE = _GROUP + "/providers/{namespace}/{type}/{name}"


class SubscriptionsService:
    """Who and where one is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Tenants, subscriptions, locations, resource groups, permissions at each scope."""
        yield Route("GET", "/tenants", self.tenants)
        yield Route("GET", "/subscriptions", self.subscriptions)
        yield Route("GET", _SUBSCRIPTION, self.subscription)
        yield Route("GET", _SUBSCRIPTION + "/locations", self.locations)
        yield Route("GET", _SUBSCRIPTION + "/resourceGroups", self.groups)
        yield Route("GET", _GROUP, self.group)
        yield Route("HEAD", _GROUP, self.group_exists)
        for scope in (_SUBSCRIPTION, _GROUP, _RESOURCE, _RESOURCE + "/{child}/{childName}"):
            yield Route("GET", scope + _PERMISSIONS, self.permissions)

    async def tenants(self, request: Request) -> Response:
        """The one tenant."""
        tenant = self._world.tenant
        value = {"id": f"/tenants/{tenant}", "tenantId": tenant, "displayName": "Contoso", "countryCode": "DE"}
        return Response(body={"value": [value]})

    async def subscriptions(self, request: Request) -> Response:
        """The one subscription."""
        return Response(body={"value": [self._subscription()], "nextLink": ""})

    async def subscription(self, request: Request) -> Response:
        """The subscription by id."""
        self._check(request)
        return Response(body=self._subscription())

    async def locations(self, request: Request) -> Response:
        """The regions that something lies in."""
        self._check(request)
        names = sorted({_normal(location) for _, location in self._world.sites.groups()})
        value = [
            {"id": f"{self._id()}/locations/{name}", "name": name, "displayName": name, "type": "Region"}
            for name in names
        ]
        return Response(body={"value": value})

    async def groups(self, request: Request) -> Response:
        """Every resource group that the caller may read."""
        self._check(request)
        access = self._world.authorization
        value = [
            self._group(name, location)
            for name, location in self._world.sites.groups()
            if access.role(request.principal, f"{self._id()}/resourceGroups/{name}").allows(
                "Microsoft.Resources/resourceGroups/read"
            )
        ]
        return Response(body={"value": value})

    async def group(self, request: Request) -> Response:
        """One resource group."""
        self._check(request)
        return Response(body=self._group(*self._find(request)))

    async def group_exists(self, request: Request) -> Response:
        """204 when the group exists."""
        self._check(request)
        self._find(request)
        return Response(204)

    async def permissions(self, request: Request) -> Response:
        """What the caller may do on the scope in the path."""
        self._check(request)
        scope = request.path[: request.path.lower().rindex(_PERMISSIONS.lower())]
        role = self._world.authorization.role(request.principal, scope)
        return Response(body={"value": [role.as_json()] if role.actions else []})

    def _check(self, request: Request) -> None:
        require_subscription(self._world, request)

    def _find(self, request: Request) -> tuple[str, str]:
        return require_group(self._world, request)

    def _id(self) -> str:
        return f"/subscriptions/{self._world.subscription}"

    def _subscription(self) -> dict[str, Any]:
        return {
            "id": self._id(),
            "authorizationSource": "RoleBased",
            "managedByTenants": [],
            "subscriptionId": self._world.subscription,
            "tenantId": self._world.tenant,
            "displayName": "Quarterdeck sandbox",
            "state": "Enabled",
            "subscriptionPolicies": {
                "locationPlacementId": "Public_2014-09-01",
                "quotaId": "PayAsYouGo_2014-09-01",
                "spendingLimit": "Off",
            },
        }

    def _group(self, name: str, location: str) -> dict[str, Any]:
        return {
            "id": f"{self._id()}/resourceGroups/{name}",
            "name": name,
            "type": "Microsoft.Resources/resourceGroups",
            "location": _normal(location),
            "tags": {},
            "properties": {"provisioningState": "Succeeded"},
        }


def require_subscription(world: World, request: Request) -> None:
    """Let a request for the world's subscription pass.

    Raises:
        Refusal: 404 SubscriptionNotFound.
    """
    named = request.parameters.get("subscription", "")
    if named.lower() != world.subscription.lower():
        raise Refusal(404, "SubscriptionNotFound", f"The subscription '{named}' could not be found.")


def require_group(world: World, request: Request) -> tuple[str, str]:
    """Name and location of the resource group in the path.

    Raises:
        Refusal: 404 ResourceGroupNotFound.
    """
    named = request.parameters.get("group", "")
    group = world.sites.group(named)
    if group is None:
        raise Refusal(404, "ResourceGroupNotFound", f"Resource group '{named}' could not be found.")
    return group


def _normal(location: str) -> str:
    return location.replace(" ", "").lower()
