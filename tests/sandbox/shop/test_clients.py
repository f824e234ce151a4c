"""The simulated users: weights in force, cookies, DNS caches, bad builds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sandbox.world.clients import Served, pinned
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.serving import History, Serving
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.world import World

from .conftest import START, shop

UP = {"production": Serving("1", 0.0, 10.0, "up"), "staging": Serving("2", 0.0, 10.0, "up")}


def ramp(world: World, site: Site, percent: float) -> None:
    rule = {"actionHostName": site.slots["staging"].host, "reroutePercentage": percent}
    site.production.config["experiments"] = {"rampUpRules": [rule] if percent else []}
    site.note(world.clock.now())


def by_slot(rows: list[Served]) -> dict[str, Served]:
    return {row.slot: row for row in rows}


def test_a_minute_of_an_ordinary_site(world: World) -> None:
    world.advance(60)
    (row,) = world.clients.window(START, START + 60)
    assert (row.site, row.slot, row.version, row.requests) == ("checkout", "production", "1.0", 600)
    assert row.errors == pytest.approx(6)
    assert row.latency_ms == 40


def test_only_clients_without_a_cookie_follow_new_weights_at_once(world: World, checkout: Site) -> None:
    ramp(world, checkout, 50)
    world.advance(0.001)
    assert world.clients.shares(checkout, world.clock.now())["staging"] == pytest.approx(0.25, abs=1e-3)
    world.advance(1800)
    assert world.clients.shares(checkout, world.clock.now())["staging"] == pytest.approx(0.375, abs=1e-3)
    world.advance(1800)
    assert world.clients.shares(checkout, world.clock.now())["staging"] == pytest.approx(0.5)


def test_pinned_clients_stay_for_an_hour_after_the_rule_is_gone(world: World, checkout: Site) -> None:
    ramp(world, checkout, 100)
    world.advance(7200)
    ramp(world, checkout, 0)
    world.advance(1)
    assert world.clients.shares(checkout, world.clock.now())["staging"] == pytest.approx(0.5, abs=1e-3)
    world.advance(3600)
    assert world.clients.shares(checkout, world.clock.now()).get("staging", 0) == 0


def test_a_bad_build_raises_the_errors_of_those_who_get_it(world: World, checkout: Site) -> None:
    ramp(world, checkout, 100)
    world.advance(3600)
    since = world.clock.now()
    world.advance(60)
    rows = by_slot(world.clients.window(since, since + 60))
    assert rows["staging"].errors / rows["staging"].requests == pytest.approx(0.2)
    assert rows["staging"].latency_ms == 500


def test_users_of_a_rule_that_leads_nowhere_get_errors(world: World, checkout: Site) -> None:
    rule = {"actionHostName": "no-such.azurewebsites.net", "reroutePercentage": 40}
    checkout.production.config["experiments"] = {"rampUpRules": [rule]}
    checkout.note(world.clock.now())
    world.advance(3601)
    rows = by_slot(world.clients.window(world.clock.now() - 1, world.clock.now()))
    assert rows[""].requests == rows[""].errors == pytest.approx(4)


def test_a_swap_changes_the_version_in_the_middle_of_a_window(world: World, checkout: Site) -> None:
    world.swaps.begin(checkout, checkout.slots["staging"], checkout.production)
    world.advance(60)
    rows = {row.version: row for row in world.clients.window(START, START + 60)}
    assert rows["1.0"].requests == pytest.approx(90), "9 seconds until the switch"
    assert rows["2.0"].requests == pytest.approx(510)
    assert sum(row.requests for row in rows.values()) == pytest.approx(600)


def test_a_stopped_site_answers_nobody(world: World, checkout: Site) -> None:
    world.lifecycle.stop(checkout, checkout.production)
    world.advance(10)
    (row,) = world.clients.window(START, START + 10)
    assert row.errors == row.requests == 100


def test_users_arrive_through_traffic_manager_and_its_caches() -> None:
    document = shop()
    document["sites"][0]["rate"] = 0
    document["sites"].append({**document["sites"][0], "name": "other", "location": "eastus"})
    document["traffic"] = {"shop": 100}
    document["profiles"] = [profile({"checkout": 1, "other": 1})]
    world = World(WorldClock(START, speed=0), document)
    world.advance(600)

    def requests(since: float, until: float) -> dict[str, float]:
        rows = world.clients.window(START + since, START + until)
        return {row.site: round(row.requests, 3) for row in rows}

    assert requests(599, 600) == {"checkout": 50, "other": 50}
    shop_profile = next(iter(world.profiles))
    heavier = replace(shop_profile.endpoints[0], weight=3)
    world.profiles.put(replace(shop_profile, endpoints=(heavier, *shop_profile.endpoints[1:])))
    world.advance(600)
    assert requests(600, 660) == {"checkout": 3750, "other": 2250}, "answers given before live on for their TTL"
    assert requests(660, 661) == {"checkout": 75, "other": 25}
    assert requests(599, 600) == {"checkout": 50, "other": 50}, "the past stays what it was"


def profile(weights: dict[str, int]) -> dict[str, object]:
    group = "/subscriptions/{subscription}/resourceGroups/Shop/providers"
    return {
        "id": f"{group}/Microsoft.Network/trafficManagerProfiles/shop",
        "location": "global",
        "properties": {
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": "shop", "ttl": 60},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/"},
            "endpoints": [
                {
                    "name": name,
                    "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
                    "properties": {
                        "targetResourceId": f"{group}/Microsoft.Web/sites/{name}",
                        "weight": weight,
                        "endpointStatus": "Enabled",
                    },
                }
                for name, weight in weights.items()
            ],
        },
    }


@given(
    changes=st.lists(st.tuples(st.floats(0, 10_000), st.floats(0, 1)), min_size=1, max_size=8),
    at=st.floats(0, 20_000),
)
def test_pinned_clients_always_add_up_to_everyone(changes: list[tuple[float, float]], at: float) -> None:
    history = History()
    for since, part in sorted(changes):
        history.add(since, {"production": 1 - part, "staging": part}, UP)
    split = pinned(history, at, 3600)
    assert sum(split.values()) == pytest.approx(1)
    assert all(part >= 0 for part in split.values())


@given(cuts=st.lists(st.floats(1, 7199), max_size=5))
def test_windows_add_up_to_the_window_around_them(cuts: list[float]) -> None:
    world = World(WorldClock(START, speed=0), shop())
    site = world.sites.named("checkout")
    assert site
    ramp(world, site, 30)
    world.advance(7200)
    edges = [START, *sorted(START + cut for cut in cuts), START + 7200]
    whole = sum(row.requests for row in world.clients.window(START, START + 7200))
    parts = [world.clients.window(a, b) for a, b in pairwise(edges) if a < b]
    assert sum(row.requests for part in parts for row in part) == pytest.approx(whole)
    staging = [row.requests for row in world.clients.window(START, START + 7200) if row.slot == "staging"]
    assert sum(row.requests for part in parts for row in part if row.slot == "staging") == pytest.approx(sum(staging))
