"""Traffic Manager: weights and status of one endpoint at a time; shares as DNS will answer them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, read

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.traffic_manager.profiles import limits, risks, traffic_reading
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import destination_facts


def endpoint(name: str, weight: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "type": "Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        "properties": {
            "endpointStatus": "Enabled",
            "endpointMonitorStatus": "Online",
            "target": f"{name}.example.org",
            "weight": weight,
            "endpointLocation": "West Europe",
            **more,
        },
    }


def profile(*endpoints: dict[str, Any], method: str = "Weighted", name: str = "shop", **more: Any) -> dict[str, Any]:
    for number, each in enumerate(endpoints):
        each["properties"].setdefault("priority", number + 1)
    return {
        "id": f"/subscriptions/{{subscription}}/resourceGroups/global/providers/Microsoft.Network"
        f"/trafficManagerProfiles/{name}",
        "name": name,
        "type": "Microsoft.Network/trafficManagerProfiles",
        "location": "global",
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": method,
            "dnsConfig": {"relativeName": name, "ttl": 30},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/"},
            "endpoints": list(endpoints),
            **more,
        },
    }


def world(*profiles: dict[str, Any]) -> dict[str, Any]:
    return {"groups": [{"name": "global", "location": "westeurope"}], "profiles": list(profiles)}


def place(name: str = "shop") -> Place:
    address = Address("azure", {"resource_group": "global", "profile": name})
    return Place("traffic", TargetId("production", name), address)


def shares(document: dict[str, Any]) -> dict[str, float]:
    return {d.name: d.share for d in traffic_reading(document).destinations}


async def step_to(azure: Azure, name: str, weight: float, enabled: bool) -> Step:
    survey = await azure.traffic.survey_traffic(place().address)
    found = next(d for d in survey.reading.destinations if d.name == name)
    after = {"destination": name, "weight": weight, "enabled": enabled}
    azure.sandbox.requests.clear()
    return Step(
        "1", "set_destination", "traffic", place().target, place().address, "", after, destination_facts(found), after
    )


async def test_weights_are_shown_as_the_shares_of_dns_answers(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 300), endpoint("neu", 100))))

    observed = await azure.traffic.observe([place()])

    reading = read(TrafficReading, observed, place())
    assert reading.method == "Weighted"
    assert reading.lag == 30
    assert {d.name: (d.weight, d.share) for d in reading.destinations} == {"weu": (300, 75), "neu": (100, 25)}


async def test_a_weight_is_one_patch_of_one_endpoint_and_is_read_back(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 1), endpoint("neu", 1))))
    router = azure.traffic
    step = await step_to(azure, "neu", 125, True)

    receipt = await router.send(step)

    assert receipt.reference
    assert (await router.settle(step)).state == "done"
    assert len(azure.requests("PATCH", "/externalEndpoints/neu")) == 1
    assert len(azure.requests("PATCH")) == 1


async def test_draining_disables_the_endpoint_and_keeps_its_weight(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 7), endpoint("neu", 3))))
    router = azure.traffic
    step = await step_to(azure, "neu", 3, False)

    await router.send(step)

    assert (await router.settle(step)).state == "done"
    after = (await router.survey_traffic(place().address)).reading.destinations[1]
    assert (after.weight, after.enabled, after.share) == (3, False, 0)


async def test_nothing_is_sent_for_an_endpoint_that_is_already_as_wanted(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 7), endpoint("neu", 3))))
    step = await step_to(azure, "neu", 3, True)

    await azure.traffic.send(step)

    assert not azure.requests("PATCH")


async def test_an_unanswered_write_is_in_doubt_and_settled_by_reading(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 7), endpoint("neu", 3))))
    router = azure.traffic
    step = await step_to(azure, "neu", 9, True)
    azure.fault(kind="status", status=504, happens=True, method="PATCH")

    with pytest.raises(InDoubt):
        await router.send(step)

    assert (await router.settle(step)).state == "done"


async def test_a_weight_out_of_range_is_refused_by_the_service(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu", 7), endpoint("neu", 3))))
    step = await step_to(azure, "neu", 5000, True)

    with pytest.raises(Refused):
        await azure.traffic.send(step)


async def test_an_endpoint_that_isnt_there_is_refused(start: Start) -> None:
    azure = await start(world(profile(endpoint("weu"))))
    change = {"destination": "ghost", "weight": 1.0, "enabled": True}
    step = Step("1", "set_destination", "traffic", place().target, place().address, "", change, change, change)

    with pytest.raises(Refused, match="ghost"):
        await azure.traffic.send(step)


async def test_many_profiles_are_read_from_one_list_and_a_missing_one_says_so(start: Start) -> None:
    names = [f"p{number:02d}" for number in range(15)]
    azure = await start(world(*(profile(endpoint("weu"), name=name) for name in names)))
    places = [place(name) for name in [*names, "ghost"]]

    observed = await azure.traffic.observe(places)

    assert all(read(TrafficReading, observed, place(name)).destinations[0].name == "weu" for name in names)
    assert isinstance(observed[place("ghost").subject], Trouble)
    assert len(azure.requests()) <= 2


async def test_a_profile_that_routes_by_place_cant_be_shifted_and_says_why(start: Start) -> None:
    azure = await start(
        world(profile(endpoint("weu"), endpoint("neu", endpointLocation="North Europe"), method="Performance"))
    )

    observed = await azure.traffic.observe([place()])
    with pytest.raises(ProviderError, match="Performance"):
        await azure.traffic.survey_traffic(place().address)

    assert read(TrafficReading, observed, place()).status == "shares depend on who asks"


def test_priority_sends_everything_to_the_first_that_is_up() -> None:
    document = profile(
        endpoint("spare", priority=2),
        endpoint("main", priority=1, endpointMonitorStatus="Degraded"),
        endpoint("last", priority=3),
        method="Priority",
    )

    reading = traffic_reading(document)

    assert [d.name for d in reading.destinations] == ["main", "spare", "last"]
    assert shares(document) == {"main": 0, "spare": 100, "last": 0}
    found = limits(document)
    assert found
    assert found.ordered


def test_an_endpoint_being_checked_gets_traffic_and_a_degraded_one_does_not() -> None:
    document = profile(
        endpoint("a", 1, endpointMonitorStatus="CheckingEndpoint"), endpoint("b", 1, endpointMonitorStatus="Degraded")
    )

    assert shares(document) == {"a": 100, "b": 0}


def test_when_all_are_degraded_all_are_answered_with() -> None:
    document = profile(
        endpoint("a", 3, endpointMonitorStatus="Degraded"), endpoint("b", 1, endpointMonitorStatus="Degraded")
    )

    assert shares(document) == {"a": 75, "b": 25}
    assert [risk.code for risk in risks(document, [])] == ["all-degraded"]


def test_a_disabled_profile_answers_nothing() -> None:
    document = profile(endpoint("a", 3), profileStatus="Disabled")

    assert shares(document) == {"a": 0}
    assert "profile-disabled" in {risk.code for risk in risks(document, [])}


def test_disabling_in_a_child_that_has_just_enough_endpoints_is_warned_of() -> None:
    child = profile(endpoint("a"), endpoint("b", endpointStatus="Disabled", endpointMonitorStatus="Disabled"))
    nested = {
        **endpoint("eu", targetResourceId=child["id"].upper(), minChildEndpoints=1),
        "type": "Microsoft.Network/trafficManagerProfiles/nestedEndpoints",
    }
    parent = profile(nested, endpoint("us"), name="parent")

    assert "child-at-minimum" in {risk.code for risk in risks(child, [parent, child])}
    assert "child-at-minimum" in {risk.code for risk in risks(parent, [parent, child])}
    assert traffic_reading(parent).destinations[0].status == "Online (nested profile)"
