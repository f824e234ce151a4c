"""Ramp-up rules: the whole list is written each time, so what isn't meant to change must be in it."""

from __future__ import annotations

import pytest
from tests.providers.azure.conftest import CHECKOUT, Azure, Start, read, slots_place
from tests.providers.azure.test_slots_observing import many

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.topology import Place, Role
from quarterdeck.providers.azure.app_service.ramp_rules import KnownSlot, risks, traffic_reading, wanted_rules
from quarterdeck.providers.base import InDoubt, Refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import share_facts

SLOTS = [
    KnownSlot("production", "app.azurewebsites.net"),
    KnownSlot("staging", "app-staging-x7.azurewebsites.net"),
    KnownSlot("canary", "app-canary.azurewebsites.net"),
]
AUTOMATIC = {
    "actionHostName": "app-canary.azurewebsites.net",
    "reroutePercentage": 10.0,
    "changeStep": 5.0,
    "changeIntervalInMinutes": 10,
    "name": "canary",
}


async def shares(azure: Azure) -> dict[str, float]:
    place = slots_place(role="slot_traffic")
    observed = await azure.ramp.observe([place])
    reading = observed[place.subject]
    assert isinstance(reading, TrafficReading), reading
    return {destination.name: destination.share for destination in reading.destinations}


async def step_to(azure: Azure, wanted: dict[str, float]) -> Step:
    place = slots_place(role="slot_traffic")
    survey = await azure.ramp.survey_traffic(place.address)
    after = {"shares": wanted}
    before = share_facts(survey.reading)
    return Step("1", "set_shares", "slot_traffic", place.target, place.address, "", after, before, after)


async def test_without_rules_everything_goes_to_production_and_the_other_slots_are_offered(start: Start) -> None:
    assert await shares(await start()) == {"production": 100, "staging": 0}


async def test_shares_are_written_read_back_and_in_force_for_new_clients(start: Start) -> None:
    azure = await start()
    router = azure.ramp
    step = await step_to(azure, {"production": 87.5, "staging": 12.5})

    receipt = await router.send(step)

    assert receipt.reference
    assert (await router.poll(step, receipt)).state == "finished"
    assert (await router.settle(step)).state == "done"
    assert await shares(azure) == {"production": 87.5, "staging": 12.5}
    assert azure.site.weights() == {"staging": 0.125, "production": 0.875}


async def test_a_share_of_zero_takes_the_rule_away(start: Start) -> None:
    azure = await start({"sites": [{**CHECKOUT, "ramp": {"staging": 25}}]})
    router = azure.ramp
    step = await step_to(azure, {"production": 100, "staging": 0})

    await router.send(step)

    assert (await router.settle(step)).state == "done"
    assert azure.site.production.config["experiments"]["rampUpRules"] == []


async def test_only_the_rules_are_written_and_nothing_else_of_the_configuration(start: Start) -> None:
    azure = await start()
    site = azure.site
    site.production.config["alwaysOn"] = True
    before = dict(site.production.config)

    await azure.ramp.send(await step_to(azure, {"production": 90, "staging": 10}))

    after = dict(site.production.config)
    after.pop("experiments")
    before.pop("experiments", None)
    assert after == before


async def test_a_write_that_wasnt_answered_is_in_doubt_and_settled_by_reading(start: Start) -> None:
    azure = await start()
    router = azure.ramp
    step = await step_to(azure, {"production": 90, "staging": 10})
    azure.fault(kind="drop", happens=True, method="PATCH")

    with pytest.raises(InDoubt):
        await router.send(step)

    assert (await router.settle(step)).state == "done"
    assert len(azure.requests("PATCH")) == 1


async def test_an_unknown_slot_is_refused_before_anything_is_written(start: Start) -> None:
    azure = await start()
    step = await step_to(azure, {"production": 90, "ghost": 10})

    with pytest.raises(Refused, match="ghost"):
        await azure.ramp.send(step)

    assert not azure.requests("PATCH")


async def test_no_permission_is_refused_in_azures_words(start: Start) -> None:
    azure = await start()
    step = await step_to(azure, {"production": 90, "staging": 10})
    azure.world.authorization.assign("*", "/", "reader")

    with pytest.raises(Refused) as refused:
        await azure.ramp.send(step)

    assert refused.value.trouble.code == "forbidden"
    assert await azure.ramp.permitted(step.address) is False


def test_a_rule_is_known_by_its_host_because_names_of_slots_are_cut_and_rules_may_be_called_anything() -> None:
    rule = {"actionHostName": "APP-STAGING-X7.azurewebsites.net", "reroutePercentage": 30, "name": "my rule"}

    reading = traffic_reading([rule], SLOTS)

    assert {d.name: d.share for d in reading.destinations} == {"production": 70, "staging": 30, "canary": 0}


def test_rules_that_dont_change_are_sent_again_just_as_they_are() -> None:
    rules = wanted_rules([AUTOMATIC], SLOTS, {"production": 65, "canary": 10, "staging": 25})

    assert rules[0] == AUTOMATIC
    assert rules[1] == {
        "actionHostName": "app-staging-x7.azurewebsites.net",
        "reroutePercentage": 25,
        "name": "staging",
    }


def test_setting_a_share_by_hand_ends_its_automatic_change_and_the_survey_says_so() -> None:
    rules = wanted_rules([AUTOMATIC], SLOTS, {"production": 50, "canary": 50, "staging": 0})

    assert rules == [
        {"actionHostName": "app-canary.azurewebsites.net", "reroutePercentage": 50, "name": "canary"},
    ]
    assert [risk.code for risk in risks([AUTOMATIC], SLOTS)] == ["automatic-ramp"]


def test_a_rule_that_aims_at_no_slot_is_shown_and_dangerous() -> None:
    rule = {"actionHostName": "gone.azurewebsites.net", "reroutePercentage": 15.0, "name": "old"}

    reading = traffic_reading([rule], SLOTS)

    assert {d.name: d.share for d in reading.destinations}["old"] == 15
    assert [risk.code for risk in risks([rule], SLOTS)] == ["dangling-rule"]


@pytest.mark.parametrize("wanted", [{"staging": 60, "canary": 60}, {"staging": -1}, {"staging": 101}])
def test_shares_that_cant_be_are_an_error_and_not_rounded_away(wanted: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="percent"):
        wanted_rules([], SLOTS, wanted)


def places_of(count: int, role: Role) -> list[Place]:
    return [slots_place(f"site-{number:04d}", "group-0", role) for number in range(count)]


async def test_rules_cost_no_request_while_the_watch_over_slots_sees_no_change(start: Start) -> None:
    azure = await start()
    slots, rules = slots_place(), slots_place(role="slot_traffic")
    await azure.slots.observe([slots])
    await azure.ramp.observe([rules])
    azure.sandbox.requests.clear()

    await azure.slots.observe([slots])
    observed = await azure.ramp.observe([rules])

    assert read(TrafficReading, observed, rules).destinations[0].share == 100
    assert not azure.requests(path="/config/web")


async def test_while_the_watch_over_slots_fails_every_slot_is_still_offered(start: Start) -> None:
    azure = await start()
    slots = slots_place()
    azure.fault(kind="status", status=429, retry_after=30, path="ResourceGraph")
    observed = await azure.slots.observe([slots])
    assert isinstance(observed[slots.subject], Trouble)

    assert await shares(azure) == {"production": 100, "staging": 0}


async def test_remembered_rules_are_not_told_as_seen_while_nobody_could_look(start: Start) -> None:
    azure = await start()
    slots, rules = slots_place(), slots_place(role="slot_traffic")
    await azure.slots.observe([slots])
    await azure.ramp.observe([rules])
    azure.fault(kind="status", status=503, plane="arm")

    await azure.slots.observe([slots])
    observed = await azure.ramp.observe([rules])

    assert isinstance(observed[rules.subject], Trouble)


async def test_rules_that_somebody_else_changed_are_read_again(start: Start) -> None:
    azure = await start()
    slots, rules = slots_place(), slots_place(role="slot_traffic")
    await azure.slots.observe([slots])
    await azure.ramp.observe([rules])
    azure.world.advance(5)
    other = azure.restarted()
    await other.ramp.send(await step_to(other, {"production": 70, "staging": 30}))

    await azure.slots.observe([slots])
    observed = await azure.ramp.observe([rules])

    assert read(TrafficReading, observed, rules).destinations[0].share == 70


async def test_the_rules_of_a_large_fleet_are_read_in_turns_until_all_are_known(start: Start) -> None:
    azure = await start(many(45, "image"))
    await azure.slots.observe(places_of(45, "slots"))
    rounds = [await azure.ramp.observe(places_of(45, "slot_traffic")) for _ in range(3)]

    assert [len(seen) for seen in rounds] == [20, 40, 45]
    assert len(azure.requests(path="/config/web")) == 45
