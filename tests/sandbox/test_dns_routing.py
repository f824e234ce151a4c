"""Which endpoint Traffic Manager gives to whom."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.dns import Client
from quarterdeck.sandbox.world.dns_cache import Answer, ResolverCache, ShareHistory
from quarterdeck.sandbox.world.log import WorldLog
from quarterdeck.sandbox.world.monitoring import ProbeResult
from quarterdeck.sandbox.world.profile import InvalidProfile, Monitor, Profile, ProfileConflict
from quarterdeck.sandbox.world.profile_document import read_profile
from quarterdeck.sandbox.world.profiles import Profiles


class Sea:
    """Profiles over hosts whose health a test sets."""

    def __init__(self) -> None:
        self.clock = WorldClock(1_790_000_000.0, speed=0)
        self.log = WorldLog(self.clock)
        self.health: dict[str, ProbeResult] = {}
        self.profiles = Profiles(self.clock, random.Random(7), self.log, probe=self.probe)

    def probe(self, host: str, monitor: Monitor, at: float) -> ProbeResult:
        return self.health.get(host, "healthy")

    def put(self, name: str, method: str, *endpoints: dict[str, Any], ttl: int = 60, **more: Any) -> Profile:
        documents = [
            {
                "name": endpoint.pop("name"),
                "type": endpoint.pop("kind", "externalEndpoints"),
                "properties": endpoint,
            }
            for endpoint in map(dict, endpoints)
        ]
        document = {
            "properties": {
                "trafficRoutingMethod": method,
                "dnsConfig": {"relativeName": name, "ttl": ttl},
                "endpoints": documents,
                **more,
            }
        }
        return self.profiles.put(read_profile(document, "s", "g", name))

    def online(self) -> None:
        """Let every endpoint be probed once."""
        self.clock.advance(30)
        self.profiles.observe()


@pytest.fixture
def sea() -> Sea:
    return Sea()


def blue(**more: Any) -> dict[str, Any]:
    return {"name": "blue", "target": "blue.example", **more}


def green(**more: Any) -> dict[str, Any]:
    return {"name": "green", "target": "green.example", **more}


PROFILES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles"


def nested(child: str, **more: Any) -> dict[str, Any]:
    return {
        "name": child,
        "kind": "nestedEndpoints",
        "targetResourceId": f"{PROFILES}/{child}",
        **more,
    }


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=8))
@settings(max_examples=40)
def test_weighted_shares_are_the_weights_in_percent(weights: list[int]) -> None:
    sea = Sea()
    endpoints = [{"name": f"e{n}", "target": f"{n}.example", "weight": w} for n, w in enumerate(weights)]
    shares = sea.profiles.dns.shares(sea.put("front", "Weighted", *endpoints))
    assert sum(shares.values()) == pytest.approx(100)
    assert shares == pytest.approx({f"e{n}": 100 * w / sum(weights) for n, w in enumerate(weights)})


@given(
    st.lists(
        st.tuples(st.integers(1, 1000), st.sampled_from(["healthy", "failing", "stopped"]), st.booleans()),
        min_size=1,
        max_size=6,
    )
)
@settings(max_examples=40)
def test_only_what_may_serve_gets_a_share(states: list[tuple[int, ProbeResult, bool]]) -> None:
    sea = Sea()
    sea.health = {f"{n}.example": result for n, (_, result, _) in enumerate(states)}
    endpoints = [
        {
            "name": f"e{n}",
            "target": f"{n}.example",
            "weight": weight,
            "endpointStatus": "Enabled" if enabled else "Disabled",
        }
        for n, (weight, _, enabled) in enumerate(states)
    ]
    profile = sea.put("front", "Weighted", *endpoints)
    sea.clock.advance(600)
    sea.profiles.observe()
    up = {f"e{n}" for n, (_, result, enabled) in enumerate(states) if enabled and result == "healthy"}
    degraded = {f"e{n}" for n, (_, result, enabled) in enumerate(states) if enabled and result == "failing"}
    assert set(sea.profiles.dns.shares(profile)) == (up or degraded)


def test_drawn_answers_come_out_as_the_shares(sea: Sea) -> None:
    sea.put("front", "Weighted", blue(weight=75), green(weight=25))
    drawn = Counter(sea.profiles.dns.resolve("front.trafficmanager.net").targets[0] for _ in range(4000))
    assert drawn["blue.example"] == pytest.approx(3000, abs=150)


def test_priority_gives_the_first_that_is_up(sea: Sea) -> None:
    profile = sea.put("front", "Priority", blue(priority=1), green(priority=2))
    assert sea.profiles.dns.shares(profile) == {"blue": 100}
    sea.health["blue.example"] = "failing"
    sea.clock.advance(120)
    sea.profiles.observe()
    assert sea.profiles.dns.shares(profile) == {"green": 100}


def test_performance_gives_the_endpoint_of_the_clients_region(sea: Sea) -> None:
    sea.put("front", "Performance", blue(endpointLocation="West Europe"), green(endpointLocation="East US"))
    assert sea.profiles.dns.resolve("front", Client(region="eastus")).targets == ("green.example",)
    sea.profiles.dns.population = {Client(region="East US"): 1, Client(region="westeurope"): 3}
    front = sea.profiles.named("front")
    assert front is not None
    assert sea.profiles.dns.shares(front) == {"blue": 75, "green": 25}


def test_geographic_gives_the_most_specific_place_and_no_other(sea: Sea) -> None:
    sea.put("front", "Geographic", blue(geoMapping=["DE"]), green(geoMapping=["GEO-EU"]))
    berlin, paris, lima = (
        Client(places=("DE", "GEO-EU", "WORLD")),
        Client(places=("FR", "GEO-EU", "WORLD")),
        Client(places=("PE", "GEO-SA", "WORLD")),
    )
    assert sea.profiles.dns.resolve("front", berlin).targets == ("blue.example",)
    assert sea.profiles.dns.resolve("front", paris).targets == ("green.example",)
    assert sea.profiles.dns.resolve("front", lima) == Answer("NODATA", (), 60)
    sea.health["blue.example"] = "stopped"
    sea.online()
    assert sea.profiles.dns.resolve("front", berlin).code == "NODATA"


def test_subnet_gives_the_mapped_endpoint_and_the_unmapped_one_to_all_others(sea: Sea) -> None:
    sea.put(
        "front",
        "Subnet",
        blue(subnets=[{"first": "10.1.0.0", "scope": 16}, {"first": "10.9.0.5", "last": "10.9.0.9"}]),
        green(),
    )
    for address, host in (("10.1.7.7", "blue"), ("10.9.0.6", "blue"), ("10.9.0.10", "green"), ("::1", "green")):
        assert sea.profiles.dns.resolve("front", Client(address=address)).targets == (f"{host}.example",)


def test_multivalue_gives_several_healthy_addresses(sea: Sea) -> None:
    addresses = [{"name": f"e{n}", "target": f"192.0.2.{n}"} for n in range(5)]
    sea.put("front", "MultiValue", *addresses, maxReturn=3)
    answer = sea.profiles.dns.resolve("front")
    assert len(set(answer.targets)) == 3
    with pytest.raises(InvalidProfile, match="IPv4"):
        sea.put("other", "MultiValue", blue())


def test_a_disabled_profile_does_not_exist_for_clients(sea: Sea) -> None:
    profile = sea.put("front", "Weighted", blue(), profileStatus="Disabled")
    assert sea.profiles.dns.resolve("front").code == "NXDOMAIN"
    assert sea.profiles.status(profile) == "Disabled"
    assert list(sea.profiles.statuses(profile).values()) == ["Inactive"]


def test_an_endpoint_that_is_always_served_is_not_probed(sea: Sea) -> None:
    sea.health["blue.example"] = "failing"
    profile = sea.put("front", "Weighted", blue(alwaysServe="Enabled"))
    sea.clock.advance(600)
    sea.profiles.observe()
    assert list(sea.profiles.statuses(profile).values()) == ["Unmonitored"]
    assert sea.profiles.dns.shares(profile) == {"blue": 100}


def test_degraded_begins_with_one_failure_more_than_is_tolerated_and_ends_with_one_success(sea: Sea) -> None:
    monitor = {"intervalInSeconds": 10, "timeoutInSeconds": 5, "toleratedNumberOfFailures": 2}
    profile = sea.put("front", "Weighted", blue(), green(), monitorConfig=monitor)
    sea.clock.advance(10)
    sea.profiles.observe()
    sea.health["blue.example"] = "failing"
    seen = []
    for _ in range(4):
        seen.append(sea.profiles.statuses(profile)[("externalendpoints", "blue")])
        sea.clock.advance(10)
        sea.profiles.observe()
    assert seen == ["Online", "Online", "Online", "Degraded"]
    sea.health["blue.example"] = "healthy"
    sea.clock.advance(10)
    sea.profiles.observe()
    assert sea.profiles.status(profile) == "Online"
    found = [(entry.time - 1_790_000_000, entry.kind) for entry in sea.log.of("endpoint") if "blue" in entry.subject]
    assert found == [(10, "endpoint.online"), (40, "endpoint.degraded"), (60, "endpoint.online")]


def test_a_change_of_weight_does_not_restart_probing(sea: Sea) -> None:
    sea.put("front", "Weighted", blue())
    sea.online()
    profile = sea.put("front", "Weighted", blue(weight=9))
    assert list(sea.profiles.statuses(profile).values()) == ["Online"]
    profile = sea.put("front", "Weighted", blue(target="elsewhere.example"))
    assert list(sea.profiles.statuses(profile).values()) == ["CheckingEndpoint"]


def test_shares_of_nested_profiles_multiply(sea: Sea) -> None:
    sea.put("europe", "Weighted", blue(weight=1), green(weight=3))
    world = sea.put("world", "Weighted", nested("europe", weight=1), {"name": "us", "target": "us.example"})
    assert sea.profiles.dns.target_shares(world) == {"blue.example": 12.5, "green.example": 37.5, "us.example": 50}


@pytest.mark.parametrize(("least", "status"), [(1, "Online"), (2, "Degraded")])
def test_a_child_is_up_when_enough_of_its_endpoints_are(sea: Sea, least: int, status: str) -> None:
    sea.put("europe", "Weighted", blue(), green())
    world = sea.put(
        "world", "Priority", nested("europe", minChildEndpoints=least), {"name": "us", "target": "u.example"}
    )
    sea.health["green.example"] = "failing"
    sea.clock.advance(120)
    sea.profiles.observe()
    assert sea.profiles.statuses(world)[("nestedendpoints", "europe")] == status
    assert sea.profiles.dns.shares(world) == ({"europe": 100} if status == "Online" else {"us": 100})


def test_a_disabled_child_is_stopped_in_its_parent(sea: Sea) -> None:
    sea.put("europe", "Weighted", blue(), profileStatus="Disabled")
    world = sea.put("world", "Weighted", nested("europe"))
    assert list(sea.profiles.statuses(world).values()) == ["Stopped"]
    assert sea.profiles.status(world) == "Inactive"


def test_profiles_cannot_nest_in_a_circle_or_twice(sea: Sea) -> None:
    sea.put("a", "Weighted", blue())
    sea.put("b", "Weighted", nested("a"))
    with pytest.raises(InvalidProfile, match="circle"):
        sea.put("a", "Weighted", nested("b"))
    with pytest.raises(ProfileConflict, match="already nested in 'b'"):
        sea.put("c", "Weighted", nested("a"))
    with pytest.raises(InvalidProfile, match="leads to no profile"):
        sea.put("d", "Weighted", nested("nowhere"))


def test_dumped_profiles_load_as_they_were_whatever_their_order(sea: Sea) -> None:
    sea.put("zone", "Weighted", blue(weight=9, subnets=[{"first": "10.0.0.0", "scope": 8}]))
    sea.put("above", "Weighted", nested("zone"))
    dumped = sea.profiles.dump()
    other = Sea()
    other.profiles.load(dumped)
    assert other.profiles.dump() == dumped
    above = other.profiles.named("above")
    assert above is not None
    assert other.profiles.status(above) == "Online"


def test_users_follow_a_new_weight_in_a_straight_line_over_one_ttl(sea: Sea) -> None:
    profile = sea.put("front", "Weighted", blue(weight=100), green(weight=100), ttl=60)
    sea.clock.advance(600)
    sea.put("front", "Weighted", blue(weight=100), green(endpointStatus="Disabled"), ttl=60)
    seen = []
    for _ in range(4):
        seen.append(round(sea.profiles.dns.effective_shares(profile).get("blue", 0.0), 3))
        sea.clock.advance(20)
    assert seen == [50, 66.667, 83.333, 100]


@given(st.lists(st.tuples(st.floats(1, 100), st.integers(0, 100)), min_size=1, max_size=6), st.integers(0, 120))
def test_effective_shares_stay_whole_and_between_old_and_new(steps: list[tuple[float, int]], ttl: int) -> None:
    history, now = ShareHistory(), 0.0
    for wait, percent in steps:
        now += wait
        history.note(now, ttl, {"blue": percent, "green": 100 - percent})
    given_out = [percent for _, percent in steps]
    shares = history.effective(now + 5)
    assert sum(shares.values()) == pytest.approx(100)
    assert min(given_out) - 1e-6 <= shares["blue"] <= max(given_out) + 1e-6
    assert history.effective(now + ttl + 1)["blue"] == pytest.approx(given_out[-1])


def test_a_resolver_asks_once_per_ttl() -> None:
    asked: list[str] = []

    def ask(name: str) -> Answer:
        asked.append(name)
        return Answer("NOERROR", (f"{len(asked)}.example",), 60)

    cache = ResolverCache(ask)
    assert [cache.resolve("front", now).targets[0] for now in (0, 59, 60, 61)] == [
        "1.example",
        "1.example",
        "2.example",
        "2.example",
    ]
