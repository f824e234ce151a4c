"""Users of a container app get its revisions by the weights that are in force, and monitoring sees them do so."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.sandbox.prometheus.matching import Sample
from quarterdeck.sandbox.prometheus.query import instant
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.container_apps import ContainerApp, Line
from quarterdeck.sandbox.world.world import World

BUILDS = [{"version": "1.0"}, {"version": "2.0", "error_rate": 0.5}]
APP: dict[str, Any] = {
    "group": "shop",
    "name": "checkout",
    "location": "westeurope",
    "service": "checkout",
    "rate": 10.0,
    "revisions": {"checkout--a": {"build": "1.0"}, "checkout--b": {"build": "2.0"}},
    "traffic": [
        {"revision": "checkout--a", "weight": 100, "label": "production"},
        {"revision": "checkout--b", "weight": 0, "label": "staging"},
    ],
}


def world() -> World:
    return World(WorldClock(1_790_000_000.0, speed=0), {"builds": BUILDS, "container_apps": [APP]})


def app(of: World) -> ContainerApp:
    found = of.container_apps.find("shop", "checkout")
    assert found
    return found


def asked(of: World, text: str) -> dict[tuple[str, ...], float]:
    result = instant(text, of.telemetry, of.clock.now())
    assert isinstance(result, list)
    samples = [one for one in result if isinstance(one, Sample)]
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for one in samples}


def test_a_share_of_the_users_shows_by_label_and_version_and_fails_as_its_build_does() -> None:
    shop = world()
    shop.container_apps.set_lines(
        app(shop), [Line("checkout--a", 80, "production"), Line("checkout--b", 20, "staging")]
    )
    shop.advance(300)

    rates = asked(shop, "sum by (slot, version) (rate(http_requests_total[1m]))")
    failed = asked(shop, 'sum by (slot) (rate(http_requests_total{code="500"}[1m]))')

    assert rates == {("production", "1.0"): pytest.approx(8), ("staging", "2.0"): pytest.approx(2)}
    assert failed[("staging",)] == pytest.approx(1)


def test_weights_that_are_wished_reach_nobody_before_they_are_in_force() -> None:
    shop = world()
    shop.container_apps.set_lines(
        app(shop), [Line("checkout--a", 0, "production"), Line("checkout--b", 100, "staging")]
    )

    assert app(shop).rates(shop.clock.now()) == {"production": 10.0}
    shop.advance(60)
    assert app(shop).rates(shop.clock.now()) == {"staging": 10.0}
