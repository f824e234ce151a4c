"""Sites and slots: list, read, create, change, delete, start, stop, restart."""

from __future__ import annotations

from collections.abc import Iterable

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import (
    GROUP,
    SITE,
    SLOT,
    SUBSCRIPTION,
    find,
    find_site,
    on_site_and_slot,
    properties_of,
    readable,
)
from quarterdeck.sandbox.web.configuration import change_config
from quarterdeck.sandbox.web.refusals import app_service, conflicts_told
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.sites import PRODUCTION, Site, Slot
from quarterdeck.sandbox.world.world import World

PAGE = 100
"""Sites on one page of a list."""


class SitesService:
    """Microsoft.Web/sites and Microsoft.Web/sites/slots."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", SUBSCRIPTION + "/sites", self.list_all)
        yield Route("GET", GROUP + "/sites", self.list_group)
        yield Route("POST", SUBSCRIPTION + "/checknameavailability", self.check_name)
        yield Route("GET", SITE + "/slots", self.list_slots)
        yield from on_site_and_slot("GET", "", self.get)
        yield from on_site_and_slot("PATCH", "", self.update)
        yield Route("PUT", SITE, conflicts_told(self.put_site))
        yield Route("PUT", SLOT, conflicts_told(self.put_slot))
        yield Route("DELETE", SITE, conflicts_told(self.delete_site))
        yield Route("DELETE", SLOT, conflicts_told(self.delete_slot))
        yield from on_site_and_slot("POST", "/start", self.start)
        yield from on_site_and_slot("POST", "/stop", self.stop)
        yield from on_site_and_slot("POST", "/restart", self.restart)

    async def list_all(self, request: Request) -> Response:
        """Every site of the subscription, without slots."""
        require_subscription(self._world, request)
        return self._list(request, [(site, site.production) for site in self._world.sites])

    async def list_group(self, request: Request) -> Response:
        """Every site of a group; with includeSlots its slots too."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        slots_too = request.argument("includeSlots").lower() == "true"
        pairs = [
            (site, slot)
            for site in self._world.sites.in_group(group)
            for slot in site.slots.values()
            if slots_too or slot.is_production
        ]
        return self._list(request, pairs)

    async def check_name(self, request: Request) -> Response:
        """Whether a site name is free; they are unique everywhere."""
        require_subscription(self._world, request)
        body = request.json()
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not name:
            raise Refusal(400, "BadRequest", "The body needs the 'name' to check.")
        taken = self._world.sites.named(name) is not None
        return Response(
            body={
                "nameAvailable": not taken,
                "reason": "AlreadyExists" if taken else "",
                "message": f"Hostname '{name}' already exists. Please select a different name." if taken else "",
            }
        )

    async def list_slots(self, request: Request) -> Response:
        """The slots of a site, without production."""
        site = find_site(self._world, request)
        pairs = [(site, slot) for slot in site.slots.values() if not slot.is_production]
        return self._list(request, pairs)

    async def get(self, request: Request) -> Response:
        """One site or slot."""
        return self._answer(*find(self._world, request))

    async def update(self, request: Request) -> Response:
        """PATCH: what is given changes, the rest stays."""
        site, slot = find(self._world, request)
        self._world.lifecycle.require_free(site, "UpdateSite")
        self._change(site, slot, request)
        return self._answer(site, slot)

    async def put_site(self, request: Request) -> Response:
        """Create a site, or change it."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        name = request.parameters["site"]
        site = self._world.sites.named(name)
        if site is not None and site.group.lower() != group.lower():
            raise app_service(409, "Conflict", f"Website with given name {name} already exists.")
        if site is None:
            site = self._create(group, name, request)
        else:
            self._world.lifecycle.require_free(site, "UpdateSite")
        self._change(site, site.production, request)
        return self._answer(site, site.production)

    async def put_slot(self, request: Request) -> Response:
        """Create a slot, or change it. A new one begins with the site's settings that are not sticky."""
        site = find_site(self._world, request)
        self._world.lifecycle.require_free(site, "UpdateSite")
        name = request.parameters["slot"]
        slot = site.slot(name)
        if slot is None:
            slot = self._create_slot(site, name)
        self._change(site, slot, request)
        return self._answer(site, slot)

    async def delete_site(self, request: Request) -> Response:
        """Delete a site with its slots."""
        site = find_site(self._world, request)
        self._world.lifecycle.require_free(site, "DeleteSite")
        self._world.sites.remove(site)
        self._world.log.add("site.deleted", site.name)
        return Response(200)

    async def delete_slot(self, request: Request) -> Response:
        """Delete one slot."""
        site, slot = find(self._world, request)
        if slot.is_production:
            raise Refusal(400, "BadRequest", "The production slot is deleted with its site.")
        self._world.lifecycle.require_free(site, "DeleteSite")
        self._world.lifecycle.require_unprepared(site, slot)
        del site.slots[slot.name.lower()]
        site.note(self._world.clock.now())
        self._world.log.add("slot.deleted", site.label(slot))
        return Response(200)

    async def start(self, request: Request) -> Response:
        """Start it."""
        self._world.lifecycle.start(*find(self._world, request))
        return Response(200)

    async def stop(self, request: Request) -> Response:
        """Stop it."""
        self._world.lifecycle.stop(*find(self._world, request))
        return Response(200)

    async def restart(self, request: Request) -> Response:
        """Restart it."""
        self._world.lifecycle.restart(*find(self._world, request))
        return Response(200)

    def _list(self, request: Request, pairs: list[tuple[Site, Slot]]) -> Response:
        allowed = {
            site.name for site in readable(self._world, request, {site.name: site for site, _ in pairs}.values())
        }
        shown = [(site, slot) for site, slot in pairs if site.name in allowed]
        return paged(request, shown, lambda pair: render.site_body(self._world, *pair), PAGE)

    def _answer(self, site: Site, slot: Slot) -> Response:
        return Response(body=render.site_body(self._world, site, slot), headers={"ETag": render.etag(slot)})

    def _create(self, group: str, name: str, request: Request) -> Site:
        properties, body = properties_of(request), request.json()
        location = body.get("location")
        if not location:
            raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
        plan = str(properties.get("serverFarmId") or "default").rpartition("/")[2]
        sites = self._world.sites
        production = Slot(
            PRODUCTION, sites.host(name), sites.content(name, PRODUCTION, Build("empty", latency_ms=5, warm_up=1))
        )
        linux = "linux" in str(body.get("kind", "")).lower() or bool(properties.get("reserved"))
        site = Site(group, name, str(location), plan, {PRODUCTION: production}, linux=linux)
        production.modified = self._world.clock.now()
        sites.add(site)
        site.note(production.modified)
        self._world.log.add("site.created", name)
        return site

    def _create_slot(self, site: Site, name: str) -> Slot:
        sites = self._world.sites
        sticky = {setting.lower() for setting in site.sticky.app_settings}
        slot = Slot(
            name,
            sites.host(site.name, name),
            sites.content(site.name, name, Build("empty", latency_ms=5, warm_up=1)),
            app_settings={k: v for k, v in site.production.app_settings.items() if k.lower() not in sticky},
            modified=self._world.clock.now(),
        )
        site.slots[name.lower()] = slot
        site.note(slot.modified)
        self._world.log.add("slot.created", site.label(slot))
        return slot

    def _change(self, site: Site, slot: Slot, request: Request) -> None:
        properties, body = properties_of(request), request.json()
        if isinstance(body.get("tags"), dict):
            slot.tags = {str(name): str(value) for name, value in body["tags"].items()}
        if isinstance(properties.get("httpsOnly"), bool):
            slot.https_only = bool(properties["httpsOnly"])
        if isinstance(properties.get("clientAffinityEnabled"), bool):
            slot.client_affinity = bool(properties["clientAffinityEnabled"])
        config = properties.get("siteConfig")
        slot.modified = self._world.clock.now()
        if isinstance(config, dict):
            self._world.lifecycle.require_unprepared(site, slot)
            change_config(self._world, site, slot, config)
