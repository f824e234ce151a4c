"""The world as one JSON document, to look at."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.clock import utc

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.sites import Site, Slot
    from quarterdeck.sandbox.world.world import World


def snapshot(world: World) -> dict[str, Any]:
    """How the world is now. Values of settings are left out."""
    return {
        "now": utc(world.clock.now()),
        "subscription": world.subscription,
        "tenant": world.tenant,
        "happenings": len(world.log),
        "sites": [_site(world, site) for site in world.sites],
        "profiles": world.profiles.dump(),
        "configuration": world.configuration.dump(),
    }


def _site(world: World, site: Site) -> dict[str, Any]:
    swap = world.swaps.find(site.operation_id) if site.operation_id else None
    return {
        "group": site.group,
        "name": site.name,
        "location": site.location,
        "weights": site.weights(),
        "swap": {"id": swap.id, "phase": swap.phase} if swap else None,
        "slots": {slot.name: _slot(slot, world.clock.now()) for slot in site.slots.values()},
    }


def _slot(slot: Slot, now: float) -> dict[str, Any]:
    return {
        "host": slot.host,
        "build": slot.content.build.as_json(),
        "deployment_id": slot.content.deployment_id,
        "condition": slot.serving(now).condition,
        "preview_from": slot.preview_from,
        "last_swap": asdict(slot.last_swap) if slot.last_swap else None,
    }
