"""Traffic Manager through Microsoft's own SDK over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.trafficmanager.models import (
    CheckTrafficManagerRelativeDnsNameAvailabilityParameters,
    DnsConfig,
    Endpoint,
    EndpointProperties,
    MonitorConfig,
    Profile,
    ProfileProperties,
)
from tests.sandbox.conftest import Harbour

EXTERNAL = "ExternalEndpoints"


HTTP = MonitorConfig(protocol="HTTP", port=80, path="/")
HTTPS = MonitorConfig(protocol="HTTPS", port=443, path="/")


def profile(
    name: str, method: str = "Weighted", *endpoints: Endpoint, monitor: MonitorConfig = HTTP, **more: Any
) -> Profile:
    return Profile(
        location="global",
        properties=ProfileProperties(
            profile_status="Enabled",
            traffic_routing_method=method,
            dns_config=DnsConfig(relative_name=name, ttl=60),
            monitor_config=monitor,
            endpoints=list(endpoints),
            **more,
        ),
    )


def external(name: str, target: str, **more: Any) -> Endpoint:
    return Endpoint(
        name=name,
        type="Microsoft.Network/trafficManagerProfiles/externalEndpoints",
        properties=EndpointProperties(target=target, endpoint_status="Enabled", **more),
    )


def site(harbour: Harbour, name: str, slot: str = "") -> str:
    path = f"/subscriptions/{harbour.world.subscription}/resourceGroups/shop/providers/Microsoft.Web/sites/{name}"
    return f"{path}/slots/{slot}" if slot else path


def azure(harbour: Harbour, name: str, of_site: str, slot: str = "", **more: Any) -> Endpoint:
    return Endpoint(
        name=name,
        type="Microsoft.Network/trafficManagerProfiles/azureEndpoints",
        properties=EndpointProperties(target_resource_id=site(harbour, of_site, slot), **more),
    )


async def test_a_new_profile_reads_back_as_recorded_from_the_live_service(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    created = await client.profiles.create_or_update("shop", "Front", profile("contoso-shop"))
    assert created.id == (
        f"/subscriptions/{harbour.world.subscription}/resourceGroups/shop"
        "/providers/Microsoft.Network/trafficManagerProfiles/Front"
    )
    assert created.type == "Microsoft.Network/trafficManagerProfiles"
    assert created.properties.dns_config.fqdn == "contoso-shop.trafficmanager.net"
    assert created.properties.monitor_config.profile_monitor_status == "Inactive"
    assert created.properties.monitor_config.interval_in_seconds == 30
    assert created.properties.monitor_config.timeout_in_seconds == 10
    assert created.properties.traffic_view_enrollment_status == "Disabled"
    assert (await client.profiles.get("SHOP", "front")).as_dict() == created.as_dict()
    assert [exchange.status for exchange in harbour.recorder.exchanges] == [201, 200]


async def test_lists_hold_the_profiles_of_their_scope_without_a_profile_status(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update("shop", "front", profile("front"))
    await client.profiles.create_or_update("web", "back", profile("back"))
    everywhere = [item async for item in client.profiles.list_by_subscription()]
    assert [item.name for item in everywhere] == ["front", "back"]
    assert everywhere[0].properties.monitor_config.profile_monitor_status is None
    assert [item.name async for item in client.profiles.list_by_resource_group("web")] == ["back"]


async def test_a_patched_weight_leaves_everything_else_alone(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    blue = external("blue", "blue.contoso.example", weight=90, endpoint_location="West Europe")
    green = external("green", "green.contoso.example", weight=10)
    await client.profiles.create_or_update("shop", "front", profile("front", "Weighted", blue, green))
    patched = await client.endpoints.update(
        "shop", "front", EXTERNAL, "blue", Endpoint(properties=EndpointProperties(weight=25))
    )
    assert patched.properties.weight == 25
    assert patched.properties.target == "blue.contoso.example"
    assert patched.properties.endpoint_location == "West Europe"
    assert harbour.recorder.exchanges[-1].request_body == {"properties": {"weight": 25}}
    front = harbour.world.profiles.named("front")
    assert front is not None
    assert harbour.world.profiles.dns.shares(front) == pytest.approx({"blue": 100 * 25 / 35, "green": 100 * 10 / 35})


async def test_a_put_of_an_existing_endpoint_answers_201_and_replaces_it(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update("shop", "front", profile("front"))
    for weight in (50, 25):
        await client.endpoints.create_or_update(
            "shop", "front", EXTERNAL, "blue", external("blue", "blue.contoso.example", weight=weight)
        )
    assert [exchange.status for exchange in harbour.recorder.exchanges] == [201, 201, 201]
    stored = await client.endpoints.get("shop", "front", EXTERNAL, "blue")
    assert stored.properties.weight == 25
    assert stored.properties.priority == 1


async def test_a_patched_profile_keeps_what_the_patch_does_not_name(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update(
        "shop", "front", profile("front", "Weighted", external("blue", "blue.contoso.example"))
    )
    patched = await client.profiles.update(
        "shop", "front", Profile(properties=ProfileProperties(dns_config=DnsConfig(ttl=5)))
    )
    assert patched.properties.dns_config.ttl == 5
    assert patched.properties.dns_config.relative_name == "front"
    assert [endpoint.name for endpoint in patched.properties.endpoints] == ["blue"]


async def test_deleting_says_whether_there_was_something(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update(
        "shop", "front", profile("front", "Weighted", external("blue", "blue.contoso.example"))
    )
    for _ in range(2):
        await client.endpoints.delete("shop", "front", EXTERNAL, "blue")
    for _ in range(2):
        await client.profiles.delete("shop", "front")
    assert [exchange.status for exchange in harbour.recorder.exchanges] == [201, 200, 204, 200, 204]
    with pytest.raises(ResourceNotFoundError):
        await client.profiles.get("shop", "front")


@pytest.mark.parametrize(
    ("properties", "word"),
    [
        ({"weight": 0}, "weight"),
        ({"weight": 1001}, "weight"),
        ({"priority": 0}, "priority"),
        ({"priority": 2}, "priority"),
        ({"endpoint_status": "Paused"}, "endpointStatus"),
    ],
)
async def test_a_value_out_of_range_changes_nothing_and_is_named(
    harbour: Harbour, properties: dict[str, Any], word: str
) -> None:
    client = await harbour.traffic_manager()
    blue, green = external("blue", "b.example", priority=1), external("green", "g.example", priority=2)
    await client.profiles.create_or_update("shop", "front", profile("front", "Priority", blue, green))
    before = harbour.world.profiles.dump()
    with pytest.raises(HttpResponseError) as caught:
        await client.endpoints.update(
            "shop", "front", EXTERNAL, "blue", Endpoint(properties=EndpointProperties(**properties))
        )
    assert caught.value.status_code == 400
    assert caught.value.error is not None
    assert word in str(caught.value.error.message)
    assert harbour.world.profiles.dump() == before


async def test_a_taken_dns_name_is_a_conflict_and_known_to_the_check(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    asked = CheckTrafficManagerRelativeDnsNameAvailabilityParameters(
        name="front", type="Microsoft.Network/trafficManagerProfiles"
    )
    assert (await client.profiles.check_traffic_manager_relative_dns_name_availability(asked)).name_available
    await client.profiles.create_or_update("shop", "front", profile("front"))
    taken = await client.profiles.check_traffic_manager_name_availability_v2(asked)
    assert not taken.name_available
    assert taken.reason == "AlreadyExists"
    with pytest.raises(ResourceExistsError):
        await client.profiles.create_or_update("web", "other", profile("front"))


async def test_an_endpoint_is_checked_first_and_then_follows_the_site_behind_it(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    good = azure(harbour, "good", "checkout-weu")
    bad = azure(harbour, "bad", "checkout-neu", "staging")
    created = await client.profiles.create_or_update(
        "shop", "front", profile("front", "Weighted", good, bad, monitor=HTTPS)
    )
    assert [e.properties.endpoint_monitor_status for e in created.properties.endpoints] == ["CheckingEndpoint"] * 2
    assert created.properties.monitor_config.profile_monitor_status == "CheckingEndpoints"
    assert created.properties.endpoints[0].properties.target == "checkout-weu.azurewebsites.net"
    harbour.world.advance(30)
    checked = await client.profiles.get("shop", "front")
    assert [e.properties.endpoint_monitor_status for e in checked.properties.endpoints] == [
        "Online",
        "CheckingEndpoint",
    ]
    harbour.world.advance(90)
    judged = await client.profiles.get("shop", "front")
    assert [e.properties.endpoint_monitor_status for e in judged.properties.endpoints] == ["Online", "Degraded"]
    assert judged.properties.monitor_config.profile_monitor_status == "Degraded"
    front = harbour.world.profiles.named("front")
    assert front is not None
    assert harbour.world.profiles.dns.shares(front) == {"good": 100.0}


async def test_a_site_that_redirects_to_https_fails_probes_over_http(harbour: Harbour) -> None:
    found = harbour.world.sites.named("checkout-weu")
    assert found is not None
    found.production.https_only = True
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update(
        "shop", "front", profile("front", "Weighted", azure(harbour, "weu", "checkout-weu"))
    )
    harbour.world.advance(120)
    weu = await client.endpoints.get("shop", "front", "AzureEndpoints", "weu")
    assert weu.properties.endpoint_monitor_status == "Degraded"
    assert harbour.world.profiles.dns.resolve("front").targets == ("checkout-weu.azurewebsites.net",)


async def test_draining_by_disabling_takes_an_endpoint_out_and_enabling_checks_it_anew(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    blue, green = external("blue", "b.example"), external("green", "g.example")
    await client.profiles.create_or_update("shop", "front", profile("front", "Weighted", blue, green))
    harbour.world.advance(60)
    drained = await client.endpoints.update(
        "shop", "front", EXTERNAL, "blue", Endpoint(properties=EndpointProperties(endpoint_status="Disabled"))
    )
    assert drained.properties.endpoint_monitor_status == "Disabled"
    assert harbour.world.profiles.dns.resolve("front").targets == ("g.example",)
    enabled = await client.endpoints.update(
        "shop", "front", EXTERNAL, "blue", Endpoint(properties=EndpointProperties(endpoint_status="Enabled"))
    )
    assert enabled.properties.endpoint_monitor_status == "CheckingEndpoint"


async def test_every_change_is_in_the_worlds_log(harbour: Harbour) -> None:
    client = await harbour.traffic_manager()
    await client.profiles.create_or_update("shop", "front", profile("front", "Weighted", external("blue", "b.example")))
    await client.endpoints.update("shop", "front", EXTERNAL, "blue", Endpoint(properties=EndpointProperties(weight=7)))
    await client.profiles.delete("shop", "front")
    happened = harbour.world.log.of("profile")
    assert [happening.kind for happening in happened] == ["profile.created", "profile.changed", "profile.deleted"]
    assert happened[1].details["endpoints"]["blue"]["weight"] == 7


async def test_the_older_api_version_works_too(harbour: Harbour) -> None:
    client = await harbour.traffic_manager(api_version="2022-04-01")
    await client.profiles.create_or_update("shop", "front", profile("front", "Weighted", external("blue", "b.example")))
    assert (await client.profiles.get("shop", "front")).properties.endpoints[0].properties.weight == 1
    assert "2022-04-01" in harbour.recorder.exchanges[0].target
