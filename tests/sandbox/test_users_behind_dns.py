"""What users get while resolvers still hold old answers of Traffic Manager."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sandbox.conftest import SITES, START

from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.profile_document import merged, read_profile, write_profile
from quarterdeck.sandbox.world.world import World


def document() -> dict[str, Any]:
    sites = "/subscriptions/{subscription}/resourceGroups/shop/providers/Microsoft.Web/sites"
    return {
        **SITES,
        "traffic": {"front": 10},
        "profiles": [
            {
                "id": "/subscriptions/{subscription}/resourceGroups/shop/providers"
                "/Microsoft.Network/trafficManagerProfiles/front",
                "properties": {
                    "trafficRoutingMethod": "Weighted",
                    "dnsConfig": {"relativeName": "front", "ttl": 60},
                    "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/"},
                    "endpoints": [
                        {
                            "name": region,
                            "type": "azureEndpoints",
                            "properties": {"targetResourceId": f"{sites}/checkout-{region}", "priority": priority},
                        }
                        for priority, region in enumerate(("weu", "neu"), start=1)
                    ],
                },
            }
        ],
    }


@pytest.fixture
def world() -> World:
    return World(WorldClock(START, speed=0), document())


def drain(world: World, region: str) -> None:
    front = world.profiles.named("front")
    assert front is not None
    changed = write_profile(front)
    for endpoint in changed["properties"]["endpoints"]:
        if endpoint["name"] == region:
            endpoint["properties"] = merged(endpoint["properties"], {"endpointStatus": "Disabled"})
    world.profiles.put(read_profile(changed, front.subscription, front.resource_group, front.name))


def requests(world: World, since: float, until: float) -> dict[str, float]:
    return {row.site: row.requests for row in world.clients.window(START + since, START + until)}


def test_users_leave_a_drained_region_over_one_ttl_and_the_past_stays_as_it_was(world: World) -> None:
    world.advance(100)
    drain(world, "weu")
    world.advance(200)
    assert requests(world, 0, 100) == pytest.approx({"checkout-weu": 500, "checkout-neu": 500})
    # In a straight line from half of the users to none: 60 s x 10/s x 1/4.
    assert requests(world, 100, 160) == pytest.approx({"checkout-weu": 150, "checkout-neu": 450})
    assert requests(world, 160, 200) == pytest.approx({"checkout-neu": 400})


def test_users_of_a_stopped_site_suffer_until_probes_and_caches_have_noticed(world: World) -> None:
    weu = world.sites.named("checkout-weu")
    assert weu is not None
    world.advance(100)
    world.lifecycle.stop(weu, weu.production)
    world.advance(200)
    world.profiles.observe()
    noticed = next(entry.time for entry in world.log.of("endpoint.stopped")) - START
    assert 100 <= noticed <= 130
    rows = {row.site: row for row in world.clients.window(START + 100, START + noticed)}
    assert rows["checkout-weu"].errors == pytest.approx(5 * (noticed - 100))
    assert requests(world, noticed + 60, noticed + 70) == pytest.approx({"checkout-neu": 100})
