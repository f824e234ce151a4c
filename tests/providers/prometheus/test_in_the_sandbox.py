"""The same sources against the sandbox: they judge the traffic that the world's users really caused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.providers.loopback import evidence, session, trouble

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError, Session
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

START = 1_790_000_000.0
SHOP: dict[str, Any] = {
    "builds": [{"version": "1.0", "error_rate": 0.0}, {"version": "2.0", "error_rate": 0.5}],
    "sites": [
        {
            "group": "shop",
            "name": "checkout",
            "location": "westeurope",
            "rate": 20,
            "slots": {"production": {"build": "1.0"}, "staging": {"build": "2.0"}},
        }
    ],
}


@dataclass
class Shop:
    world: World
    line: dict[str, Any]

    def session(self, provider: str) -> Session:
        real = Connection("m", provider, {"url": "https://prometheus.internal", "bearer_token": "${env:TOKEN}"})
        inside = registry.load(provider).sandboxed(real, self.line)
        assert "bearer_token" not in inside.options
        return session(provider, **inside.options)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with running(World(WorldClock(START, speed=0), SHOP), tls=True) as up:
        yield Shop(up.world, announcement(up))


def error_rate(slot: str) -> str:
    of = f'http_requests_total{{site="checkout",slot="{slot}"'
    return f'sum(rate({of},code=~"5.."}}[2m])) / sum(rate({of}}}[2m]))'


def route(world: World, percent: float) -> None:
    """Send a share of new clients to staging, as the ramp-up rules of a site do."""
    site = world.sites.named("checkout")
    assert site is not None
    rule = {"name": "staging", "actionHostName": site.slots["staging"].host, "reroutePercentage": percent}
    site.production.config["experiments"] = {"rampUpRules": [rule]}
    site.note(world.clock.now())


async def test_an_analysis_sees_the_errors_of_the_slot_that_is_asked_for(shop: Shop) -> None:
    open_ = shop.session("prometheus")
    route(shop.world, 50)
    shop.world.advance(600)
    staging = await evidence(open_, "metric", query=error_rate("staging"))
    assert staging.value == pytest.approx(0.5, abs=0.1)
    assert staging.at == pytest.approx(START + 600, abs=1)


async def test_before_anybody_came_there_is_no_data(shop: Shop) -> None:
    found = await evidence(shop.session("prometheus"), "metric", query=error_rate("staging"))
    assert found.value is None or found.value != found.value  # 0 / 0


async def test_a_wrong_query_is_told(shop: Shop) -> None:
    assert (await trouble(shop.session("prometheus"), "metric", query="sum(")).code == "misconfigured"


async def test_alerts_are_asked_in_both_ways(shop: Shop) -> None:
    route(shop.world, 50)
    shop.world.advance(600)
    for provider in ("prometheus", "alertmanager"):
        found = await evidence(shop.session(provider), "alerts", matchers='{severity="page"}')
        assert found.value is not None, found.detail
        assert found.value >= 1, found.detail
        assert "HighErrorRate" in found.detail


async def test_check_finds_it_well(shop: Shop) -> None:
    found = [one async for one in shop.session("prometheus").check()]
    assert found[0][1] is None
    assert "Prometheus" in found[0][0]


def test_a_sandbox_without_metrics_is_told() -> None:
    with pytest.raises(ProviderError, match="serves no metrics"):
        registry.load("prometheus").sandboxed(Connection("m", "prometheus"), {})
