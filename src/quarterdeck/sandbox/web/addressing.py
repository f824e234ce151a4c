"""Which site and slot a request is about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.web.refusals import conflicts_told, not_found
from quarterdeck.sandbox.wire import Handler, Refusal, Request, Route
from quarterdeck.sandbox.world.sites import PRODUCTION, Site, Slot
from quarterdeck.sandbox.world.world import World

SUBSCRIPTION = "/subscriptions/{subscription}/providers/Microsoft.Web"
GROUP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Web"
SITE = GROUP + "/sites/{site}"
SLOT = SITE + "/slots/{slot}"


def on_site_and_slot(method: str, tail: str, handler: Handler) -> Iterator[Route]:
    """The routes of an operation that exists for a site and for each of its slots."""
    for base in (SITE, SLOT):
        yield Route(method, base + tail, conflicts_told(handler))


def find_site(world: World, request: Request) -> Site:
    """The site in the path.

    Raises:
        Refusal: 404, naming what is missing.
    """
    require_subscription(world, request)
    group, _ = require_group(world, request)
    name = request.parameters["site"]
    site = world.sites.find(group, name)
    if site is None:
        raise not_found("Microsoft.Web/sites", name, group)
    return site


def find(world: World, request: Request) -> tuple[Site, Slot]:
    """The site and slot in the path; production when it names no slot.

    Raises:
        Refusal: 404, naming what is missing.
    """
    site = find_site(world, request)
    name = request.parameters.get("slot", PRODUCTION)
    slot = site.slot(name)
    if slot is None:
        raise not_found("Microsoft.Web/sites", f"{site.name}/slots/{name}", site.group)
    return site, slot


def readable(world: World, request: Request, sites: Iterable[Site]) -> list[Site]:
    """Those of the sites that the caller may read: lists leave out the rest without a word."""
    role = world.authorization.role
    return [
        site
        for site in sites
        if role(
            request.principal,
            f"/subscriptions/{world.subscription}/resourceGroups/{site.group}"
            f"/providers/Microsoft.Web/sites/{site.name}",
        ).allows("Microsoft.Web/sites/read")
    ]


def properties_of(request: Request) -> dict[str, object]:
    """The `properties` object of the body; {} when there is none.

    Raises:
        Refusal: 400 when the body is not an object.
    """
    body = request.json()
    properties = body.get("properties") if isinstance(body, dict) else body
    if properties is None:
        return {}
    if not isinstance(properties, dict):
        raise Refusal(400, "InvalidRequestContent", "The request content was invalid: an object was expected.")
    return dict(properties)
