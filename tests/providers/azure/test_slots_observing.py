"""Slots as they are watched: few requests, one bad place never hurts another, versions that follow the content."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.azure.conftest import CHECKOUT, Start, read, slots_place, version

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.providers.azure.graph import batches
from quarterdeck.release.plan import Step


async def test_a_site_is_read_with_its_slots_production_first_and_the_version_each_runs(start: Start) -> None:
    azure = await start()
    place = slots_place()

    observed = await azure.slots.observe([place])

    reading = observed[place.subject]
    assert isinstance(reading, SlotsReading), reading
    assert [(slot.name, version(slot)) for slot in reading.slots] == [
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
async def test_a_thousand_sites_with_their_slots_are_read_with_at_most_ten_requests(start: Start, kind: str) -> None:
    azure = await start(many(1000, kind))
    places = [slots_place(f"site-{number:04d}", f"group-{number // 200}") for number in range(1000)]
    slots = azure.slots

    observed = await slots.observe(places)

    readings = [read(SlotsReading, observed, place) for place in places]
    assert all(len(reading.slots) == 2 for reading in readings)
    assert len(azure.requests()) <= 10
    if kind == "image":
        assert {version(slot) for slot in readings[-1].slots} == {"1.2.3", "1.2.4"}
        assert len(azure.requests()) == 3


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 150), max_size=30))
def test_resource_groups_are_asked_for_together_each_once_and_below_a_page(groups: dict[str, int]) -> None:
    found = batches(groups, most=100)

    assert sorted(name for batch in found for name in batch) == sorted(groups)
    assert all(sum(groups[name] for name in batch) <= 100 or len(batch) == 1 for batch in found)


async def test_resource_graph_that_is_of_no_use_isnt_asked_again_every_time(start: Start) -> None:
    azure = await start()
    azure.fault(kind="status", status=404, path="resourcegraph")

    await azure.slots.observe([slots_place()])
    await azure.slots.observe([slots_place()])

    assert len(azure.requests(path="resourcegraph")) == 1


async def test_versions_of_a_large_fleet_are_filled_in_over_the_rounds_and_then_cost_nothing(start: Start) -> None:
    azure = await start(many(45, "build"))
    places = [slots_place(f"site-{number:04d}", "group-0") for number in range(45)]
    slots = azure.slots

    for _ in range(15):
        observed = await slots.observe(places)
    azure.sandbox.requests.clear()
    observed = await slots.observe(places)

    versions = {version(slot) for place in places for slot in read(SlotsReading, observed, place).slots}
    assert versions == {"1.2.3", "1.2.4"}
    assert len(azure.requests()) == 1


async def test_after_a_swap_the_versions_follow_the_content_at_once(start: Start) -> None:
    azure = await start()
    place, slots = slots_place(), azure.slots
    await slots.observe([place])
    site = azure.site
    azure.world.swaps.begin(site, site.slots["staging"], site.production)
    azure.world.advance(60)

    observed = await slots.observe([place])

    assert [version(slot) for slot in read(SlotsReading, observed, place).slots] == ["2.15.0", "2.14.3"]


async def test_a_new_deployment_is_seen_in_the_next_round(start: Start) -> None:
    azure = await start()
    place, slots = slots_place(), azure.slots
    await slots.observe([place])
    site = azure.site
    azure.world.lifecycle.deploy(site, site.slots["staging"], azure.world.sites.builds.of_version("2.16.0"))
    azure.world.advance(60)

    observed = await slots.observe([place])

    assert version(read(SlotsReading, observed, place).slots[1]) == "2.16.0"


async def test_the_version_can_be_read_from_a_setting_whose_value_alone_is_kept(start: Start) -> None:
    site = {**CHECKOUT, "slots": {"production": {"app_settings": {"APP_VERSION": "7.0.1", "KEY": "hush"}}}}
    azure = await start({"sites": [site]})
    place = slots_place(version="setting:APP_VERSION")

    observed = await azure.slots.observe([place])

    assert version(read(SlotsReading, observed, place).slots[0]) == "7.0.1"
    assert "hush" not in repr(observed)


async def test_without_permission_for_resource_graph_sites_are_listed_group_by_group(start: Start) -> None:
    azure = await start()
    azure.fault(kind="status", status=403, path="resourcegraph")
    place = slots_place()

    observed = await azure.slots.observe([place])

    assert [slot.name for slot in read(SlotsReading, observed, place).slots] == ["production", "staging"]


async def test_a_site_that_isnt_there_says_so_and_the_others_are_read(start: Start) -> None:
    azure = await start()
    there, gone = slots_place(), slots_place("ghost")

    observed = await azure.slots.observe([there, gone])

    assert isinstance(observed[there.subject], SlotsReading)
    assert read(Trouble, observed, gone).code == "not_found"
    assert "ghost" in read(Trouble, observed, gone).message


async def test_right_after_our_own_write_the_site_is_read_directly_and_not_through_the_lagging_graph(
    start: Start,
) -> None:
    azure = await start()
    place, slots = slots_place(), azure.slots
    facts = {"source_build": "", "destination_build": "", "last_swap": "", "preview_from": ""}
    change = {"source": "staging", "destination": "production"}
    await slots.send(Step("1", "preview", "slots", place.target, place.address, "", change, facts, facts))
    azure.sandbox.requests.clear()

    observed = await slots.observe([place])

    assert read(SlotsReading, observed, place).slots[0].preview_from == "staging"
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
async def test_a_bad_day_of_azure_is_a_trouble_of_one_clean_line(start: Start, rule: dict[str, Any], code: str) -> None:
    azure = await start()
    azure.fault(plane="arm", **rule)
    place = slots_place()

    trouble = (await azure.slots.observe([place]))[place.subject]

    assert isinstance(trouble, Trouble)
    assert trouble.code == code
    assert trouble.message.isprintable()
    assert "eyJ" not in trouble.message


async def test_names_from_outside_cant_move_the_cursor(start: Start) -> None:
    evil = "2.0 \x1b[2J[red]boo[/red]"
    site = {**CHECKOUT, "slots": {"production": {"app_settings": {"V": evil}}}}
    azure = await start({"sites": [site]})
    place = slots_place(version="setting:V")

    observed = await azure.slots.observe([place])

    assert version(read(SlotsReading, observed, place).slots[0]) == "2.0 [red]boo[/red]"
