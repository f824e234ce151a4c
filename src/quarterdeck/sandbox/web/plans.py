"""App Service plans, to read: clients look at a site's plan before they add a site or slot to it.

The world keeps no plans of their own; a plan is what its sites say of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import GROUP, SUBSCRIPTION, readable
from quarterdeck.sandbox.web.refusals import not_found
from quarterdeck.sandbox.wire import Request, Response, Route
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

_PAGE = 100
_SIZES = {"free": "F1", "shared": "D1", "basic": "B1", "standard": "S1", "premiumv2": "P1v2", "premiumv3": "P1v3"}
"""The smallest size of each tier."""


class PlansService:
    """Microsoft.Web/serverfarms."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Lists, and one plan."""
        yield Route("GET", SUBSCRIPTION + "/serverfarms", self.list_all)
        yield Route("GET", GROUP + "/serverfarms", self.list_group)
        yield Route("GET", GROUP + "/serverfarms/{plan}", self.get)

    async def list_all(self, request: Request) -> Response:
        """Every plan that has a site."""
        require_subscription(self._world, request)
        return self._list(request, self._world.sites)

    async def list_group(self, request: Request) -> Response:
        """The plans of a resource group."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        return self._list(request, self._world.sites.in_group(group))

    async def get(self, request: Request) -> Response:
        """One plan."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        wanted = request.parameters["plan"]
        sites = [site for site in self._world.sites.in_group(group) if site.plan.lower() == wanted.lower()]
        if not sites:
            raise not_found("Microsoft.Web/serverfarms", wanted, group)
        return Response(body=self._shown(sites))

    def _list(self, request: Request, sites: Iterable[Site]) -> Response:
        ordered = sorted(readable(self._world, request, sites), key=_place)
        plans = [list(members) for _, members in groupby(ordered, key=_place)]
        return paged(request, plans, self._shown, _PAGE)

    def _shown(self, sites: list[Site]) -> dict[str, Any]:
        first = sites[0]
        location = render.LOCATIONS.get(first.location.replace(" ", "").lower(), first.location)
        size = _SIZES.get(first.sku.lower(), first.sku)
        return {
            "id": render.plan_id(self._world, first),
            "name": first.plan,
            "type": "Microsoft.Web/serverfarms",
            "kind": "linux" if first.linux else "app",
            "location": location,
            "tags": {},
            "properties": {
                "status": "Ready",
                "geoRegion": location,
                "resourceGroup": first.group,
                "subscription": self._world.subscription,
                "numberOfSites": sum(len(site.slots) for site in sites),
                "reserved": first.linux,
                "isXenon": False,
                "hyperV": False,
                "perSiteScaling": False,
                "provisioningState": "Succeeded",
            },
            "sku": {"name": size, "tier": first.sku, "size": size, "family": size[:1], "capacity": 1},
        }


def _place(site: Site) -> tuple[str, str]:
    return site.group.lower(), site.plan.lower()
