"""Whatever is tried in whatever order, a swap loses nothing, mixes nothing up, and comes to an end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.conflict import SiteConflict
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.swaptrouble import Trouble
from quarterdeck.sandbox.world.world import World

from .conftest import START, shop

SLOTS = ("production", "staging", "blue")
PAIRS = st.tuples(st.sampled_from(SLOTS), st.sampled_from(SLOTS)).filter(lambda pair: pair[0] != pair[1])
DEEDS = st.one_of(
    st.tuples(st.just("swap"), PAIRS),
    st.tuples(st.just("preview"), PAIRS),
    st.tuples(st.just("cancel"), st.sampled_from(SLOTS)),
    st.tuples(st.just("deploy"), st.sampled_from(SLOTS)),
    st.tuples(st.just("fail"), st.integers(1, 6)),
    st.tuples(st.just("wait"), st.floats(0, 12)),
)


def world_with_three_slots() -> tuple[World, Site]:
    document = shop()
    slots = document["sites"][0]["slots"]
    slots["blue"] = {
        "build": "1.0",
        "app_settings": {"s1": "blue", "VERSION": "b"},
        "connection_strings": {"Orders": {"value": "blue-db", "type": "SQLAzure"}},
    }
    world = World(WorldClock(START, speed=0), document)
    site = world.sites.named("checkout")
    assert site
    return world, site


def do(world: World, site: Site, deed: str, detail: Any) -> None:
    with suppress(SiteConflict):
        match deed:
            case "swap":
                world.swaps.begin(site, site.slots[detail[0]], site.slots[detail[1]])
            case "preview":
                world.swaps.preview(site, site.slots[detail[0]], site.slots[detail[1]])
            case "cancel":
                world.swaps.cancel(site, site.slots[detail])
            case "deploy":
                world.lifecycle.deploy(site, site.slots[detail], world.sites.builds.of_version("9"))
            case "fail":
                world.swaps.troubles.add(Trouble("swap_fails", detail))
            case "wait":
                world.advance(detail)


@given(deeds=st.lists(DEEDS, max_size=25))
def test_no_order_of_deeds_breaks_a_site(deeds: list[tuple[str, Any]]) -> None:
    world, site = world_with_three_slots()
    contents = {slot.content.deployment_id for slot in site.slots.values()}
    for deed, detail in deeds:
        do(world, site, deed, detail)
        assert {slot.content.deployment_id for slot in site.slots.values()} == contents
        assert sum(site.weights().values()) == pytest.approx(1)
        assert sum(slot.preview_from is not None for slot in site.slots.values()) <= 1
    world.advance(1000)
    assert not site.operation_id
    if site.prepared:
        world.swaps.cancel(site, site.slots[site.prepared.target])
    settings = {name: slot.app_settings["s1"] for name, slot in site.slots.items()}
    databases = {name: slot.connection_strings["Orders"]["value"] for name, slot in site.slots.items()}
    assert settings == {"production": "prod", "staging": "slot", "blue": "blue"}
    assert databases == {"production": "prod-db", "staging": "slot-db", "blue": "blue-db"}
    assert {slot.app_settings["VERSION"] for slot in site.slots.values()} == {"1.0", "2.0", "b"}
    started, ended = world.log.of("swap.started"), [*world.log.of("swap.finished"), *world.log.of("swap.failed")]
    assert {one.details["id"] for one in started} == {one.details["id"] for one in ended}
    assert [one.time for one in world.log] == sorted(one.time for one in world.log)
