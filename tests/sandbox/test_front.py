"""Sites called by their names: the build that serves answers, pinned and routed as App Service does it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator

import httpx
import pytest
from tests.sandbox.shopworld import route, shop

from quarterdeck.sandbox.assembly import Running, running

CHECKOUT = "checkout.azurewebsites.net"
STAGING = "checkout-staging.azurewebsites.net"


@pytest.fixture
async def sea() -> AsyncIterator[Running]:
    async with running(shop()) as found:
        yield found


async def get(sea: Running, host: str, path: str = "/", **headers: str) -> httpx.Response:
    """A request of a new client."""
    async with httpx.AsyncClient(base_url=sea.url) as client:
        return await client.get(path, headers={"Host": host, **headers})


async def test_a_site_and_a_slot_answer_by_their_names_whatever_the_path(sea: Running) -> None:
    live = await get(sea, CHECKOUT, "/subscriptions/anything")
    waiting = await get(sea, STAGING, "/healthz")
    assert (live.status_code, live.headers["x-version"], live.headers["x-slot"]) == (200, "1.0", "production")
    assert (waiting.headers["x-version"], waiting.json()["slot"]) == ("2.0", "staging")
    assert "set-cookie" not in live.headers


async def test_new_clients_are_drawn_by_the_rules_and_pinned_by_the_cookie(sea: Running) -> None:
    route(sea.world, "checkout", 25)
    drawn = Counter([(await get(sea, CHECKOUT)).headers["x-slot"] for _ in range(200)])
    assert 30 <= drawn["staging"] <= 70
    for value, slot in (("staging", "staging"), ("self", "production"), ("gone", None)):
        answers = {(await get(sea, CHECKOUT, cookie=f"x-ms-routing-name={value}")).headers["x-slot"] for _ in range(20)}
        assert answers == {slot} if slot else answers <= {"production", "staging"}
    pinned = await get(sea, CHECKOUT, "/?x-ms-routing-name=staging")
    assert pinned.headers["x-slot"] == "staging"
    assert pinned.headers["set-cookie"].startswith("x-ms-routing-name=staging; Max-Age=3600;")


async def test_a_build_fails_as_often_as_it_does_and_its_health_page_only_when_it_is_really_bad(sea: Running) -> None:
    statuses = Counter([(await get(sea, STAGING)).status_code for _ in range(200)])
    assert 20 <= statuses[500] <= 65
    assert {(await get(sea, STAGING, "/healthz")).status_code for _ in range(20)} == {200}
    site = sea.world.sites.named("checkout")
    assert site is not None
    site.slots["staging"].content.build = sea.world.sites.builds.of_version("3.0")
    assert {(await get(sea, STAGING, "/healthz")).status_code for _ in range(5)} == {500}


async def test_a_slot_that_starts_or_is_stopped_says_so(sea: Running) -> None:
    site = sea.world.sites.named("checkout")
    assert site is not None
    sea.world.lifecycle.restart(site, site.production)
    assert (await get(sea, CHECKOUT)).status_code == 503
    sea.world.advance(60)
    assert (await get(sea, CHECKOUT)).status_code == 200
    sea.world.lifecycle.stop(site, site.production)
    assert (await get(sea, CHECKOUT)).status_code == 403


async def test_a_name_of_traffic_manager_leads_where_dns_does_and_a_resolver_keeps_its_answer(sea: Running) -> None:
    name = "cart.trafficmanager.net"
    fresh = Counter([(await get(sea, name)).headers["x-site"] for _ in range(60)])
    assert fresh["cart-weu"] > 10
    assert fresh["cart-neu"] > 10
    kept = {(await get(sea, name, **{"x-resolver": "home"})).headers["x-site"] for _ in range(20)}
    assert len(kept) == 1
    later = set()
    for _ in range(20):
        sea.world.advance(61)
        later.add((await get(sea, name, **{"x-resolver": "home"})).headers["x-site"])
    assert later == {"cart-weu", "cart-neu"}


async def test_what_dns_does_not_name_is_no_connection_and_an_unknown_site_a_404(sea: Running) -> None:
    with pytest.raises(httpx.TransportError):
        await get(sea, "nobody.trafficmanager.net")
    assert (await get(sea, "nobody.azurewebsites.net")).status_code == 404


async def test_asking_changes_nothing_in_the_world(sea: Running) -> None:
    before = sea.world.random.getstate(), len(sea.world.log), sea.world.clients.window(0, sea.world.clock.now())
    await get(sea, CHECKOUT)
    await get(sea, "cart.trafficmanager.net")
    now = sea.world.random.getstate(), len(sea.world.log), sea.world.clients.window(0, sea.world.clock.now())
    assert now == before


async def test_faults_strike_sites_as_they_do_everything_else(sea: Running) -> None:
    sea.sandbox.faults.add({"kind": "status", "status": 502, "path": "/orders"})
    assert (await get(sea, CHECKOUT, "/orders")).status_code == 502
    assert (await get(sea, CHECKOUT, "/")).status_code == 200
