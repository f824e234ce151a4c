"""Blue and green behind a map of a real HAProxy: one command swaps them."""

from __future__ import annotations

import pytest
from tests.providers.haproxy.balancer import needs_haproxy, split
from tests.providers.haproxy.conftest import CHECKOUT, Harbour, slots_place

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.action import Swap
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.swap import Site, plan_swap
from quarterdeck.testing.conformance import check_observing, check_swap

pytestmark = needs_haproxy


async def swap_of(harbour: Harbour) -> Step:
    survey = await harbour.host.survey_swap(harbour.switch.address, "staging", "production")
    outline = plan_swap(Swap(CHECKOUT), [Site(harbour.switch, survey)])
    assert not isinstance(outline, Refusal), outline
    (step,) = outline.steps
    return step


def live(harbour: Harbour) -> str:
    return harbour.balancer.say(f"get map {harbour.map} shop.example")


async def test_it_passes_the_kit_of_slots(two_colours: Harbour) -> None:
    missing = Place("slots", TargetId("production", "ghost"), slots_place(two_colours.map, key="ghost").address)
    await check_observing(two_colours.host, [two_colours.switch], missing)
    await check_swap(two_colours.host, two_colours.switch, "staging", "production")
    assert 'value="blue"' in live(two_colours)


async def test_after_a_swap_every_new_request_goes_to_the_other_and_nobody_elses(two_colours: Harbour) -> None:
    assert await split(two_colours.balancer.front, 20) == {"blue": 20}
    step = await swap_of(two_colours)
    await two_colours.host.send(step)
    assert await split(two_colours.balancer.front, 20) == {"green": 20}
    assert (await two_colours.host.settle(step)).state == "done"
    production, staging = (await two_colours.slots()).slots
    assert (production.build and production.build.id, staging.build and staging.build.id) == ("green", "blue")
    entries = two_colours.balancer.say(f"show map {two_colours.map}")
    assert "other.example green" in entries


async def test_a_swap_repeated_is_no_swap_back(two_colours: Harbour) -> None:
    step = await swap_of(two_colours)
    await two_colours.host.send(step)
    await two_colours.host.send(step)
    assert 'value="green"' in live(two_colours)


async def test_there_is_no_preview_and_the_refusal_says_what_to_do_instead(two_colours: Harbour) -> None:
    survey = await two_colours.host.survey_swap(two_colours.switch.address, "staging", "production")
    refusal = plan_swap(Swap(CHECKOUT, mode="preview"), [Site(two_colours.switch, survey)])
    assert isinstance(refusal, Refusal)
    assert "no preview" in refusal.message
    assert "name of its own" in refusal.hint


async def test_a_side_without_a_server_that_is_up_cant_be_swapped_in(two_colours: Harbour) -> None:
    step = await swap_of(two_colours)
    two_colours.backends.stop("green")
    await two_colours.balancer.until("show servers state green", r"green 127.0.0.1 0 ")
    survey = await two_colours.host.survey_swap(two_colours.switch.address, "staging", "production")
    refusal = plan_swap(Swap(CHECKOUT), [Site(two_colours.switch, survey)])
    assert isinstance(refusal, Refusal)
    assert "503" in refusal.message
    with pytest.raises(Refused, match="green has no server that is up"):
        await two_colours.host.send(step)
    assert 'value="blue"' in live(two_colours)
    assert (await two_colours.slots()).slots[1].health == "unhealthy"


async def test_what_somebody_else_swapped_after_the_plan_is_left_alone(two_colours: Harbour) -> None:
    step = await swap_of(two_colours)
    two_colours.balancer.say(f"set map {two_colours.map} shop.example elsewhere")
    with pytest.raises(Refused, match=r"somebody changed shop.example.*now elsewhere"):
        await two_colours.host.send(step)
    assert (await two_colours.host.settle(step)).state == "changed_by_other"


async def test_an_entry_that_leads_elsewhere_is_a_trouble(two_colours: Harbour) -> None:
    two_colours.balancer.say(f"set map {two_colours.map} shop.example elsewhere")
    found = (await two_colours.host.observe([two_colours.switch]))[two_colours.switch.subject]
    assert isinstance(found, Trouble)
    assert "leads to elsewhere, neither blue nor green" in found.message


@pytest.mark.parametrize(
    ("changed", "words"),
    [({"map": "/nowhere.map"}, "has no map /nowhere.map"), ({"key": "ghost"}, "has no entry ghost"),
     ({"backends": '["blue", "pink"]'}, "has no backend pink")],
)  # fmt: skip
async def test_what_isnt_there_is_named(two_colours: Harbour, changed: dict[str, str], words: str) -> None:
    address = slots_place(two_colours.map, **changed).address
    with pytest.raises(ProviderError, match=words) as caught:
        await two_colours.host.survey_swap(address, "staging", "production")
    assert caught.value.trouble.code == "not_found"
    assert caught.value.trouble.hint


async def test_only_staging_goes_into_production(two_colours: Harbour) -> None:
    with pytest.raises(ProviderError, match="staging into production"):
        await two_colours.host.survey_swap(two_colours.switch.address, "production", "staging")


async def test_versions_come_from_a_map_of_their_own(two_colours: Harbour) -> None:
    versions = two_colours.balancer.folder / "versions.map"
    versions.write_text("blue 1.4.2\ngreen 1.5.0\n")
    told = "  http-response set-header X-Version %[be_name,map(" + str(versions) + ")]\n"
    body = two_colours.balancer.body
    two_colours.balancer.reload(body.replace("backend blue", f"{told}backend blue"))
    place = slots_place(two_colours.map, versions=str(versions))
    found = (await two_colours.host.observe([place]))[place.subject]
    assert isinstance(found, SlotsReading)
    assert [slot.build and slot.build.version for slot in found.slots] == ["1.4.2", "1.5.0"]


async def test_a_reload_undoes_a_swap_and_it_is_told(two_colours: Harbour) -> None:
    await two_colours.host.send(await swap_of(two_colours))
    assert (await two_colours.slots()).drift == ""
    two_colours.balancer.reload()
    reading = await two_colours.slots()
    assert reading.slots[0].build
    assert reading.slots[0].build.id == "blue"
    assert reading.drift.startswith("a reload took back the swap: shop.example green -> blue (at ")
    await two_colours.host.send(await swap_of(two_colours))
    assert (await two_colours.slots()).drift == ""


async def test_a_swap_that_is_in_the_file_as_well_outlives_a_reload(two_colours: Harbour) -> None:
    step = await swap_of(two_colours)
    await two_colours.host.send(step)
    assert (await two_colours.host.settle(step)).state == "done"
    two_colours.map.write_text("shop.example green\nother.example green\n")
    two_colours.balancer.reload()
    assert await split(two_colours.balancer.front, 5) == {"green": 5}
    assert (await two_colours.slots()).drift == ""


async def test_a_socket_that_takes_changes_says_so(two_colours: Harbour) -> None:
    assert await two_colours.host.permitted(two_colours.switch.address) is True


# --- several load balancers -------------------------------------------------------------------------------------------
async def test_every_load_balancer_is_swapped(two_racks: Harbour) -> None:
    step = await swap_of(two_racks)
    await two_racks.host.send(step)
    assert [await split(one.front, 5) for one in two_racks.balancers] == [{"green": 5}, {"green": 5}]
    assert (await two_racks.host.settle(step)).state == "done"


async def test_load_balancers_that_disagree_are_a_trouble_that_says_how_to_mend_it(two_racks: Harbour) -> None:
    two_racks.balancers[1].say(f"set map {two_racks.map} shop.example green")
    with pytest.raises(
        ProviderError, match=r"disagree: shop.example leads .*lb1.* to blue, .*lb2.* to green"
    ) as caught:
        await two_racks.host.survey_swap(two_racks.switch.address, "staging", "production")
    assert "set map" in caught.value.trouble.hint


async def test_a_swap_that_only_some_have_is_neither_done_nor_undone_and_can_be_finished(two_racks: Harbour) -> None:
    step = await swap_of(two_racks)
    two_racks.balancers[0].say(f"set map {two_racks.map} shop.example green")
    assert (await two_racks.host.settle(step)).state == "changed_by_other"
    await two_racks.host.send(step)
    assert (await two_racks.host.settle(step)).state == "done"


async def test_one_that_is_gone_stops_a_swap_before_any_is_changed(two_racks: Harbour) -> None:
    step = await swap_of(two_racks)
    two_racks.balancers[1].stop()
    with pytest.raises(Refused, match="nothing was sent"):
        await two_racks.host.send(step)
    assert await split(two_racks.balancer.front, 5) == {"blue": 5}
