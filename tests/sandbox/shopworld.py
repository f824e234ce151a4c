"""A small shop whose time tests step: one site with two slots, and one name of Traffic Manager's before two regions."""

from __future__ import annotations

from typing import Any

from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.furniture import profile_document
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0
SITE = "/subscriptions/{subscription}/resourceGroups/shop/providers/Microsoft.Web/sites/"


def shop(**further: Any) -> World:
    """The world, standing still; `further` are more parts of its document."""
    document: dict[str, Any] = {
        "seed": 7,
        "builds": [
            {"version": "1.0", "error_rate": 0.0, "latency_ms": 50},
            {"version": "2.0", "error_rate": 0.2, "latency_ms": 400},
            {"version": "3.0", "error_rate": 0.9},
        ],
        "sites": [
            _site("checkout", rate=10.0, service="checkout", environment="production"),
            _site("cart-weu", service="cart", environment="production", region="westeurope"),
            _site("cart-neu", service="cart", environment="production", region="northeurope"),
        ],
        "profiles": [
            profile_document("shop", "cart", [("westeurope", f"{SITE}cart-weu"), ("northeurope", f"{SITE}cart-neu")])
        ],
        "traffic": {"cart": 20.0},
        **further,
    }
    return World(WorldClock(START, speed=0), document)


def _site(name: str, **further: Any) -> dict[str, Any]:
    slots = {"production": {"build": "1.0"}, "staging": {"build": "2.0"}}
    return {"group": "shop", "name": name, "location": "westeurope", "slots": slots, **further}


def route(world: World, site: str, percent: float) -> None:
    """Send that part of a site's new clients to its staging slot."""
    found = world.sites.named(site)
    assert found is not None
    rule = {"actionHostName": found.slots["staging"].host, "reroutePercentage": percent, "name": "staging"}
    found.production.config["experiments"] = {"rampUpRules": [rule]}
    found.note(world.clock.now())
