"""Slots as they are watched: few requests, one bad place never hurts another, versions that follow the content."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.release.plan import Step

from .conftest import CHECKOUT, slots_place


async def test_a_site_is_read_with_its_slots_production_first_and_the_version_each_runs(start):
    azure = await start()
    place = slots_place()

    observed = await azure.session.capability("slots").observe([place])

    reading = observed[place.subject]
    assert isinstance(reading, SlotsReading), reading
    assert [(slot.name, slot.build.version) for slot in reading.slots] == [
        ("production", "2.14.3"),
        ("staging", "2.15.0"),
    ]
    assert reading.slots[0].running
    assert reading.slots[0].host == "checkout.azurewebsites.net"


def many(count: int, kind: str) -> dict[str, Any]:
    """A world with so many sites, each with a staging slot, in groups of 200."""
    builds = {"image": ("registry.example/shop:1.2.3", "registry.example/shop:1.2.4"), "build": ("1.2.3", "1.2.4")}
    live, waiting = builds[kind]
    return {
        "sites": [
            {
                "group": f"group-{number // 200}",
                "name": f"site-{number:04d}",
                "location": "westeurope",
                "slots": {"production": {kind: live}, "staging": {kind: waiting}},
            }
            for number in range(count)
        ]
    }


@pytest.mark.parametrize("kind", ["image", "build"])
async def test_a_thousand_sites_with_their_slots_are_read_with_at_most_ten_requests(start, kind):
    azure = await start(many(1000, kind))
    places = [slots_place(f"site-{number:04d}", f"group-{number // 200}") for number in range(1000)]
    slots = azure.session.capability("slots")

    observed = await slots.observe(places)

    readings = [observed[place.subject] for place in places]
    assert all(isinstance(reading, SlotsReading) and len(reading.slots) == 2 for reading in readings)
    assert len(azure.requests()) <= 10
    if kind == "image":
        assert {slot.build.version for slot in readings[-1].slots} == {"1.2.3", "1.2.4"}
        assert len(azure.requests()) == 2


async def test_versions_of_a_large_fleet_are_filled_in_over_the_rounds_and_then_cost_nothing(start):
    azure = await start(many(45, "build"))
    places = [slots_place(f"site-{number:04d}", "group-0") for number in range(45)]
    slots = azure.session.capability("slots")

    for _ in range(15):
        observed = await slots.observe(places)
    azure.sandbox.requests.clear()
    observed = await slots.observe(places)

    versions = {slot.build.version for place in places for slot in observed[place.subject].slots}
    assert versions == {"1.2.3", "1.2.4"}
    assert len(azure.requests()) == 1


async def test_after_a_swap_the_versions_follow_the_content_at_once(start):
    azure = await start()
    place, slots = slots_place(), azure.session.capability("slots")
    await slots.observe([place])
    site = azure.world.sites.named("checkout")
    azure.world.swaps.begin(site, site.slot("staging"), site.production)
    azure.world.advance(60)

    observed = await slots.observe([place])

    assert [slot.build.version for slot in observed[place.subject].slots] == ["2.15.0", "2.14.3"]


async def test_a_new_deployment_is_seen_in_the_next_round(start):
    azure = await start()
    place, slots = slots_place(), azure.session.capability("slots")
    await slots.observe([place])
    site = azure.world.sites.named("checkout")
    azure.world.lifecycle.deploy(site, site.slot("staging"), azure.world.sites.builds.of_version("2.16.0"))
    azure.world.advance(60)

    observed = await slots.observe([place])

    assert observed[place.subject].slots[1].build.version == "2.16.0"


async def test_the_version_can_be_read_from_a_setting_whose_value_alone_is_kept(start):
    site = {**CHECKOUT, "slots": {"production": {"app_settings": {"APP_VERSION": "7.0.1", "KEY": "hush"}}}}
    azure = await start({"sites": [site]})
    place = slots_place(version="setting:APP_VERSION")

    observed = await azure.session.capability("slots").observe([place])

    assert observed[place.subject].slots[0].build.version == "7.0.1"
    assert "hush" not in repr(observed)


async def test_without_permission_for_resource_graph_sites_are_listed_group_by_group(start):
    azure = await start()
    azure.fault(kind="status", status=403, path="resourcegraph")
    place = slots_place()

    observed = await azure.session.capability("slots").observe([place])

    assert [slot.name for slot in observed[place.subject].slots] == ["production", "staging"]


async def test_a_site_that_isnt_there_says_so_and_the_others_are_read(start):
    azure = await start()
    there, gone = slots_place(), slots_place("ghost")

    observed = await azure.session.capability("slots").observe([there, gone])

    assert isinstance(observed[there.subject], SlotsReading)
    assert observed[gone.subject].code == "not_found"
    assert "ghost" in observed[gone.subject].message


async def test_right_after_our_own_write_the_site_is_read_directly_and_not_through_the_lagging_graph(start):
    azure = await start()
    place, slots = slots_place(), azure.session.capability("slots")
    facts = {"source_build": "", "destination_build": "", "last_swap": "", "preview_from": ""}
    change = {"source": "staging", "destination": "production"}
    await slots.send(Step("1", "preview", "slots", place.target, place.address, "", change, facts, facts))
    azure.sandbox.requests.clear()

    observed = await slots.observe([place])

    assert observed[place.subject].slots[0].preview_from == "staging"
    assert not azure.requests(path="resourcegraph")


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ({"kind": "garbage"}, "garbage"),
        ({"kind": "html"}, "garbage"),
        ({"kind": "redirect"}, "garbage"),
        ({"kind": "half"}, "garbage"),
        ({"kind": "drop"}, "unreachable"),
        ({"kind": "status", "status": 401}, "unauthenticated"),
        ({"kind": "challenge"}, "unauthenticated"),
        ({"kind": "status", "status": 403}, "forbidden"),
        ({"kind": "status", "status": 429, "retry_after": 60}, "throttled"),
        ({"kind": "status", "status": 504}, "timeout"),
        ({"kind": "status", "status": 500}, "provider_error"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['kind']}{value.get('status', '')}",
)
async def test_a_bad_day_of_azure_is_a_trouble_of_one_clean_line(start, rule, code):
    azure = await start()
    azure.fault(plane="arm", **rule)
    place = slots_place()

    trouble = (await azure.session.capability("slots").observe([place]))[place.subject]

    assert isinstance(trouble, Trouble)
    assert trouble.code == code
    assert trouble.message.isprintable()
    assert "eyJ" not in trouble.message


async def test_names_from_outside_cant_move_the_cursor(start):
    evil = "2.0 \x1b[2J[red]boo[/red]"
    site = {**CHECKOUT, "slots": {"production": {"app_settings": {"V": evil}}}}
    azure = await start({"sites": [site]})
    place = slots_place(version="setting:V")

    observed = await azure.session.capability("slots").observe([place])

    assert observed[place.subject].slots[0].build.version == "2.0 [red]boo[/red]"
