"""Container Apps: weights of revisions and of labels in one write, and labels that trade revisions like slots."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.providers.azure.conftest import Azure, Start, read

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place, Role
from quarterdeck.providers.base import InDoubt, ProviderError, Receipt, Refused, SlotHost, TrafficRouter
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.plan import Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.swap import Site, plan_swap
from quarterdeck.sandbox.world.container_apps import ContainerApp, Line
from quarterdeck.testing.conformance import check_observing, check_shift, check_swap, steps_of

OLD, NEW = "checkout--old", "checkout--new"


def app(name: str = "checkout", *traffic: dict[str, Any], **more: Any) -> dict[str, Any]:
    old, new = f"{name}--old", f"{name}--new"
    revisions = {
        old: {"image": f"shop.azurecr.io/{name}:2.14.3"},
        new: {"image": f"shop.azurecr.io/{name}:2.15.0"},
        **more.pop("revisions", {}),
    }
    lines = traffic or (
        {"revision": old, "weight": 100, "label": "production"},
        {"revision": new, "weight": 0, "label": "staging"},
    )
    given = {"group": "shop", "name": name, "location": "West Europe", "revisions": revisions, "traffic": [*lines]}
    return {**given, **more}


def world(*apps: dict[str, Any]) -> dict[str, Any]:
    return {"container_apps": [*(apps or (app(),))]}


def place(role: Role = "slots", name: str = "checkout") -> Place:
    address = Address("azure", {"resource_group": "shop", "container_app": name})
    return Place(role, TargetId("production", name), address)


def router(azure: Azure, role: Role = "slot_traffic") -> TrafficRouter:
    return cast(TrafficRouter, azure.session.capability(role))


def slots(azure: Azure) -> SlotHost:
    return cast(SlotHost, azure.session.capability("slots"))


def real(azure: Azure, name: str = "checkout") -> ContainerApp:
    """The app as it really is."""
    found = azure.world.container_apps.find("shop", name)
    assert found
    return found


async def shift(azure: Azure, shares: dict[str, float], role: Role = "slot_traffic") -> Step:
    where = place(role)
    survey = await router(azure, role).survey_traffic(where.address)
    (step,) = steps_of(plan_shift(Shift(where.target, shares), [Router(where, survey)]), "shift")
    azure.sandbox.requests.clear()
    return step


async def swap(azure: Azure) -> Step:
    survey = await slots(azure).survey_swap(place().address, "staging", "production")
    (step,) = steps_of(plan_swap(Swap(place().target), [Site(place(), survey)]), "swap")
    azure.sandbox.requests.clear()
    return step


async def ended(azure: Azure, receipt: Receipt, step: Step) -> str:
    azure.world.advance(5)
    return (await router(azure).poll(step, receipt)).state


async def test_traffic_between_revisions_conforms(start: Start) -> None:
    azure = await start(world())

    await check_observing(router(azure, "traffic"), [place("traffic")], place("traffic", "ghost"))
    await check_shift(router(azure, "traffic"), place("traffic"), {OLD: 63, NEW: 37}, time_of(azure))


async def test_traffic_between_labels_conforms(start: Start) -> None:
    azure = await start(world())

    await check_observing(router(azure), [place("slot_traffic")], place("slot_traffic", "ghost"))
    await check_shift(router(azure), place("slot_traffic"), {"staging": 5}, time_of(azure))


async def test_labels_that_swap_conform(start: Start) -> None:
    azure = await start(world())

    await check_observing(slots(azure), [place()], place(name="ghost"))
    await check_swap(slots(azure), place(), "staging", "production", time_of(azure))


def time_of(azure: Azure) -> Any:
    async def pass_time(seconds: float) -> None:
        azure.world.advance(seconds)

    return pass_time


async def test_a_swap_brings_the_revision_to_the_label_and_leaves_weights_and_addresses(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)

    receipt = await slots(azure).send(step)
    under_way = (await slots(azure).settle(step)).state
    state = await ended(azure, receipt, step)

    assert (under_way, state) == ("running", "finished")
    assert (await slots(azure).settle(step)).state == "done"
    assert real(azure).lines == (Line(NEW, 100, "production"), Line(OLD, 0, "staging"))
    assert len(azure.requests("PATCH")) == 1


async def test_a_swap_sent_again_after_it_happened_sends_nothing(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)
    await ended(azure, await slots(azure).send(step), step)

    await slots(azure).send(step)

    assert len(azure.requests("PATCH")) == 1
    assert real(azure).label_of("production") == NEW


async def test_what_is_sent_again_while_it_is_put_into_force_sends_nothing_and_is_waited_for(start: Start) -> None:
    azure = await start(world())
    step, share = await swap(azure), await shift(azure, {"staging": 5})
    await slots(azure).send(step)

    again = await slots(azure).send(step)

    assert len(azure.requests("PATCH")) == 1
    assert (again.token, (await slots(azure).settle(step)).state) == ("", "running")
    azure.world.advance(5)
    await router(azure).send(share)
    await router(azure).send(share)
    assert (await router(azure).settle(share)).state == "running"
    assert len(azure.requests("PATCH")) == 2


async def test_slots_and_their_traffic_watched_at_once_read_revisions_once(start: Start) -> None:
    azure = await start(world())

    await asyncio.gather(slots(azure).observe([place()]), router(azure).observe([place("slot_traffic")]))

    assert len(azure.requests("GET", "/revisions")) == 1


async def test_slots_tell_versions_addresses_and_the_live_one_first(start: Start) -> None:
    azure = await start(world())

    reading = read(SlotsReading, await slots(azure).observe([place()]), place())

    assert [(slot.name, slot.build.version if slot.build else "", slot.health) for slot in reading.slots] == [
        ("production", "2.14.3", "healthy"),
        ("staging", "2.15.0", "healthy"),
    ]
    assert reading.slots[1].host.startswith("checkout---staging.politehill")


async def test_a_hundred_apps_cost_one_question_and_lists_of_revisions_in_turns(start: Start) -> None:
    names = [f"app{number:03d}" for number in range(100)]
    azure = await start(world(*(app(name) for name in names)))
    places = [place(name=name) for name in names]

    counts = []
    for _ in range(6):
        await slots(azure).observe(places)
        counts.append((len(azure.requests("POST")), len(azure.requests("GET"))))
        azure.sandbox.requests.clear()

    assert counts == [(1, 20)] * 5 + [(1, 0)]


async def test_without_resource_graph_apps_are_listed_by_group(start: Start) -> None:
    azure = await start(world(app("checkout"), app("cart")))
    azure.fault(kind="status", status=403, path="ResourceGraph")

    observed = await slots(azure).observe([place(), place(name="cart"), place(name="ghost")])

    read(SlotsReading, observed, place())
    read(SlotsReading, observed, place(name="cart"))
    missing = observed[place(name="ghost").subject]
    assert isinstance(missing, Trouble)
    assert "no such container app" in missing.message


async def test_an_app_in_single_revision_mode_cant_be_divided_and_says_how_to_change_that(start: Start) -> None:
    azure = await start(world(app(multiple=False)))

    with pytest.raises(ProviderError, match="single revision mode") as caught:
        await router(azure).survey_traffic(place("slot_traffic").address)

    assert "set-mode --mode multiple" in caught.value.trouble.hint


async def test_an_app_without_labels_has_no_slots_and_says_how_to_get_some(start: Start) -> None:
    azure = await start(world(app("checkout", {"weight": 100})))

    trouble = (await slots(azure).observe([place()]))[place().subject]

    assert isinstance(trouble, Trouble)
    assert "label add" in trouble.hint


async def test_a_deactivated_revision_is_no_destination(start: Start) -> None:
    idle = {"checkout--older": {"image": "shop.azurecr.io/checkout:2.13.0", "active": False}}
    azure = await start(world(app(revisions=idle)))

    survey = await router(azure, "traffic").survey_traffic(place("traffic").address)

    assert [one.name for one in survey.reading.destinations] == [OLD, NEW]


async def test_a_revision_deactivated_after_planning_gets_nothing(start: Start) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})
    azure.world.container_apps.activate(real(azure), real(azure).revisions[NEW], False)

    with pytest.raises(Refused, match="deactivated"):
        await router(azure).send(step)

    assert not azure.requests("PATCH")


async def test_a_broken_revision_is_warned_of_and_gets_nothing_but_gives_traffic_away(start: Start) -> None:
    broken = {NEW: {"image": "shop.azurecr.io/checkout:2.15.0", "broken": True}}
    lines = ({"revision": OLD, "weight": 5, "label": "staging"}, {"revision": NEW, "weight": 95, "label": "production"})
    azure = await start(world(app("checkout", *lines, revisions=broken)))

    survey = await router(azure).survey_traffic(place("slot_traffic").address)
    back = await swap(azure)
    await ended(azure, await slots(azure).send(back), back)

    assert "not-serving" in {risk.code for risk in survey.risks}
    assert real(azure).label_of("production") == OLD
    with pytest.raises(Refused, match="can't serve"):
        await slots(azure).send(await swap(azure))


async def test_what_follows_the_latest_revision_is_warned_of_and_pinned_by_a_shift(start: Start) -> None:
    lines = ({"revision": OLD, "weight": 50, "label": "production"}, {"weight": 50, "label": "staging"})
    azure = await start(world(app("checkout", *lines)))

    survey = await router(azure).survey_traffic(place("slot_traffic").address)
    step = await shift(azure, {"staging": 10})
    await router(azure).send(step)

    assert "follows-latest" in {risk.code for risk in survey.risks}
    assert real(azure).lines == (Line(OLD, 90, "production"), Line(NEW, 10, "staging"))


async def test_a_share_is_rounded_to_whole_percents(start: Start) -> None:
    azure = await start(world())

    step = await shift(azure, {"staging": 12.5})

    assert {round(share) for share in step.change["shares"].values()} in ({87, 13}, {88, 12})
    assert all(share == round(share) for share in step.change["shares"].values())


async def test_somebody_elses_change_after_planning_is_not_overwritten(start: Start) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})
    azure.world.container_apps.set_lines(real(azure), [Line(OLD, 70, "production"), Line(NEW, 30, "staging")])
    azure.world.advance(5)

    with pytest.raises(Refused, match="somebody changed"):
        await router(azure).send(step)
    assert (await router(azure).settle(step)).state == "changed_by_other"


async def test_labels_moved_after_planning_are_not_swapped(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)
    azure.world.container_apps.set_lines(real(azure), [Line(OLD, 100, "production"), Line(OLD, 0, "staging")])
    azure.world.advance(5)

    with pytest.raises(Refused, match="somebody moved the labels"):
        await slots(azure).send(step)


async def test_a_label_that_somebody_took_away_is_told_as_a_change_by_somebody_else(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)
    azure.world.container_apps.set_lines(real(azure), [Line(OLD, 100, "production")])
    azure.world.advance(5)

    with pytest.raises(Refused, match="no label staging"):
        await slots(azure).send(step)
    assert (await slots(azure).settle(step)).state == "changed_by_other"


async def test_a_second_change_at_a_time_is_refused_by_the_service(start: Start) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})
    azure.world.container_apps.set_mode(real(azure), True)

    with pytest.raises(Refused, match="in progress"):
        await router(azure).send(step)


async def test_an_unanswered_write_is_in_doubt_and_settled_by_reading(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)
    azure.fault(kind="status", status=504, happens=True, method="PATCH")

    with pytest.raises(InDoubt):
        await slots(azure).send(step)
    before = (await slots(azure).settle(step)).state
    azure.world.advance(5)

    assert (before, (await slots(azure).settle(step)).state) == ("running", "done")


async def test_a_change_that_fails_is_never_taken_for_done(start: Start) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})
    real(azure).trouble = "The environment is full."

    receipt = await router(azure).send(step)
    azure.world.advance(5)
    progress = await router(azure).poll(step, receipt)

    assert (progress.state, progress.detail) == ("failed", "The environment is full.")
    settled = await router(azure).settle(step)
    assert settled.state == "changed_by_other"
    assert "nobody knows" in settled.detail


async def test_the_url_to_look_at_is_asked_only_where_our_token_may_go(start: Start) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})

    with pytest.raises(ProviderError, match="leads to evil"):
        await router(azure).poll(step, Receipt("", "status https://evil.example/steal"))


async def test_a_preview_is_refused_and_nothing_is_deployed_from_here(start: Start) -> None:
    azure = await start(world())
    step = await swap(azure)

    with pytest.raises(Refused, match="preview"):
        await slots(azure).send(replace(step, verb="preview"))
    with pytest.raises(ProviderError, match="nothing is deployed into a container app"):
        await azure.builds.survey_deploy(place().address, "staging")


async def test_rights_are_asked_of_the_app(start: Start) -> None:
    azure = await start({**world(), "principals": [{"principal": "*", "scope": "", "role": "reader"}]})

    assert await slots(azure).permitted(place().address) is False


async def test_traffic_between_revisions_tells_their_labels(start: Start) -> None:
    azure = await start(world())

    reading = read(TrafficReading, await router(azure, "traffic").observe([place("traffic")]), place("traffic"))

    assert [(one.name, one.share, one.status) for one in reading.destinations] == [
        (OLD, 100, "production, Running"),
        (NEW, 0, "staging, Running"),
    ]
