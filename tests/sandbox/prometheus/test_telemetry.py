"""The metrics are what the world's users really got."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sandbox.shopworld import START, route, shop

from quarterdeck.sandbox.prometheus.matching import Sample
from quarterdeck.sandbox.prometheus.query import instant
from quarterdeck.sandbox.prometheus.series import Matcher
from quarterdeck.sandbox.world.silence import Silence
from quarterdeck.sandbox.world.telemetry import INTERVAL
from quarterdeck.sandbox.world.world import World


def asked(world: World, text: str) -> dict[tuple[str, ...], float]:
    """What a query gives now, by the values of the labels in the order of their names."""
    result = instant(text, world.telemetry, world.clock.now())
    assert isinstance(result, list)
    samples = [one for one in result if isinstance(one, Sample)]
    return {tuple(value for _, value in sorted(one.labels.items())): one.value for one in samples}


def counted(world: World, metric: str = "http_requests_total") -> dict[tuple[str, str, str, str], float]:
    result = instant(metric, world.telemetry, world.clock.now())
    assert isinstance(result, list)
    names = ("site", "slot", "version", "code")
    return {
        (one.labels["site"], one.labels["slot"], one.labels["version"], one.labels["code"]): one.value
        for one in result
        if isinstance(one, Sample) and all(name in one.labels for name in names)
    }


def swap(world: World, site: str = "checkout") -> None:
    found = world.sites.named(site)
    assert found is not None
    world.swaps.begin(found, found.slots["staging"], found.production)


def test_there_is_an_hour_of_metrics_when_the_world_begins() -> None:
    found = asked(shop(), "sum by (service) (rate(http_requests_total[30m]))")
    assert found == {("checkout",): pytest.approx(10), ("cart",): pytest.approx(20)}


def test_a_share_of_the_users_shows_by_version_and_slot() -> None:
    world = shop()
    route(world, "checkout", 50)
    world.advance(3 * 3600)
    found = asked(world, 'sum by (version, slot) (rate(http_requests_total{service="checkout"}[1m]))')
    assert found == {("production", "1.0"): pytest.approx(5), ("staging", "2.0"): pytest.approx(5)}
    ratio = 'rate(http_requests_total{slot="staging",code="500",service="checkout"}[1m]) / 5'
    assert list(asked(world, ratio).values()) == [pytest.approx(0.2)]


def test_a_version_that_is_gone_has_ended_at_the_next_scrape() -> None:
    world = shop()
    labels = 'slot="production",service="checkout"'
    assert asked(world, f"count by (version) (http_requests_total{{{labels}}})") == {("1.0",): 3}
    swap(world)
    world.advance(60)
    assert asked(world, f"count by (version) (http_requests_total{{{labels}}})") == {("2.0",): 3}


def test_what_a_slot_cannot_answer_is_counted_where_users_meet_it() -> None:
    world = shop()
    site = world.sites.named("checkout")
    assert site is not None
    world.lifecycle.stop(site, site.production)
    world.advance(120)
    assert asked(world, 'sum by (code) (rate(http_requests_total{service="checkout"}[1m]))') == {
        ("200",): 0.0,
        ("500",): 0.0,
        ("503",): pytest.approx(10),
    }
    assert asked(world, 'up{service="checkout",slot="production"}') == {
        ("up", "production", "checkout", "checkout", "production"): 0.0
    }


def test_durations_lie_around_those_of_the_build() -> None:
    world = shop()
    median = asked(world, 'histogram_quantile(0.5, rate(http_request_duration_seconds_bucket{site="checkout"}[5m]))')
    assert median[("production", "checkout", "checkout", "production", "1.0")] == pytest.approx(0.05, rel=0.01)


def test_silence_is_no_end_values_stay_for_as_long_as_prometheus_looks_back() -> None:
    world = shop()
    before = asked(world, 'up{site="checkout"}')
    world.telemetry.silence(Silence.from_json({"metric": "up", "site": "checkout"}, world.clock.now() + 1))
    world.advance(200)
    assert asked(world, 'up{site="checkout"}') == before
    assert asked(world, 'count_over_time(up{site="checkout"}[1m])') == {}
    assert asked(world, 'http_requests_total{site="checkout"}')
    world.advance(110)
    assert asked(world, 'up{site="checkout"}') == {}
    world.telemetry.end_silences()
    world.advance(10)
    assert asked(world, 'up{site="checkout"}') == before


def test_asking_late_or_often_gives_the_same() -> None:
    worlds = [shop(), shop()]
    for world in worlds:
        for moment in range(8):
            world.advance(45)
            if moment == 2:
                route(world, "checkout", 30)
            if moment == 4:
                site = world.sites.named("cart-weu")
                assert site is not None
                world.lifecycle.stop(site, site.production)
            if moment == 5:
                swap(world)
            if world is worlds[0]:
                counted(world)
    assert counted(worlds[0]) == pytest.approx(counted(worlds[1]))


deeds = st.lists(
    st.tuples(st.sampled_from(["route", "swap", "stop", "start", "deploy"]), st.floats(1, 900), st.integers(0, 100)),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(deeds)
def test_whatever_happens_the_counters_hold_what_users_got_and_never_fall(deeds: list[tuple[str, float, int]]) -> None:
    world = shop()
    site = world.sites.named("checkout")
    assert site is not None
    known: dict[Any, float] = {}
    for deed, seconds, number in deeds:
        match deed:
            case "route":
                route(world, "checkout", number)
            case "swap" if not site.operation_id:
                swap(world)
            case "stop" if not site.operation_id:
                world.lifecycle.stop(site, site.slots["staging"])
            case "start" if not site.operation_id:
                world.lifecycle.start(site, site.slots["staging"])
            case "deploy" if not site.operation_id:
                world.lifecycle.deploy(site, site.slots["staging"], world.sites.builds.of_version(f"{number}"))
        world.advance(seconds)
        now = counted(world)
        assert all(value >= known.get(key, 0.0) - 1e-6 for key, value in now.items())
        known |= now
    until = math.floor(world.clock.now() / INTERVAL) * INTERVAL
    whole: dict[tuple[str, str], float] = defaultdict(float)
    failed: dict[tuple[str, str], float] = defaultdict(float)
    selector = [Matcher("__name__", "=", "http_requests_total"), Matcher("site", "=", "checkout")]
    for series in world.telemetry.select([selector]):
        key = series.labels["slot"], series.labels["version"]
        last = series.window(world.telemetry.began, until)[-1:]
        whole[key] += sum(point.value for point in last)
        failed[key] += sum(point.value for point in last if series.labels["code"] != "200")
    # The last scrape of a version that has left its slot may be an interval old: ten requests a second, each time.
    near = 10 * INTERVAL * (1 + len(deeds))
    for row in world.clients.window(world.telemetry.began, until):
        if row.site == "checkout" and (row.slot, row.version) in whole:
            assert whole[row.slot, row.version] == pytest.approx(row.requests, abs=near, rel=1e-6)
            assert failed[row.slot, row.version] == pytest.approx(row.errors, abs=near, rel=1e-6)


def test_one_service_of_many_sites_is_answered_at_once() -> None:
    sites = [
        {"group": "g", "name": f"s{n}", "location": "weu", "rate": 1.0, "service": f"s{n}", "slots": {"production": {}}}
        for n in range(1000)
    ]
    world = shop(sites=sites, profiles=[], traffic={})
    asked(world, 'rate(http_requests_total{service="s1"}[5m])')
    began = time.perf_counter()
    assert asked(world, 'sum(rate(http_requests_total{service="s77"}[5m]))') == {(): pytest.approx(1)}
    assert time.perf_counter() - began < 0.1


def test_a_range_longer_than_there_is_anything_is_no_more_work() -> None:
    began = time.perf_counter()
    assert asked(shop(), 'count_over_time(up{site="checkout",slot="staging"}[1000y])')
    assert time.perf_counter() - began < 1


def test_a_world_that_begins_again_forgets_what_was() -> None:
    world = shop()
    route(world, "checkout", 100)
    world.advance(4000)
    assert counted(world)["checkout", "staging", "2.0", "200"] > 0
    world.reset()
    assert counted(world)["checkout", "staging", "2.0", "200"] == 0
    assert world.clock.now() > START
