"""Cloud Services (extended support): two services trade their addresses, and which has which is all that changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from tests.providers.azure.conftest import Azure, Start, read

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.azure.cloud_services.documents import health_of
from quarterdeck.providers.base import InDoubt, ProviderError, Refused, SlotHost
from quarterdeck.release.action import Swap
from quarterdeck.release.plan import Step
from quarterdeck.release.swap import Site, plan_swap
from quarterdeck.sandbox.world.cloud_services import CloudService
from quarterdeck.testing.conformance import check_observing, check_swap, steps_of


def both(name: str = "billing") -> list[dict[str, Any]]:
    given = {"group": "legacy", "location": "West Europe"}
    blue = {**given, "name": f"{name}-blue", "slot": "Production", "partner": f"{name}-green", "version": "7.1"}
    green = {**given, "name": f"{name}-green", "slot": "Staging", "partner": f"{name}-blue", "version": "7.2"}
    return [blue, green]


def world(*services: dict[str, Any]) -> dict[str, Any]:
    return {"cloud_services": [*(services or both())]}


def place(name: str = "billing-blue") -> Place:
    return Place(
        "slots",
        TargetId("production", name),
        Address("azure", {"resource_group": "legacy", "cloud_service": name}),
    )


def pairs(azure: Azure) -> SlotHost:
    return cast(SlotHost, azure.session.capability("slots"))


def real(azure: Azure, name: str) -> CloudService:
    """A service as it really is."""
    found = azure.world.cloud_services.find("legacy", name)
    assert found
    return found


async def planned(azure: Azure) -> Step:
    survey = await pairs(azure).survey_swap(place().address, "staging", "production")
    (step,) = steps_of(plan_swap(Swap(place().target), [Site(place(), survey)]), "swap")
    azure.sandbox.requests.clear()
    return step


def time_of(azure: Azure) -> Any:
    async def pass_time(seconds: float) -> None:
        azure.world.advance(seconds)

    return pass_time


@pytest.mark.parametrize("named", ["billing-blue", "billing-green"])
async def test_a_pair_conforms_whichever_of_the_two_is_named(start: Start, named: str) -> None:
    azure = await start(world())

    await check_observing(pairs(azure), [place(named)], place("ghost"))
    await check_swap(pairs(azure), place(named), "staging", "production", time_of(azure))


async def test_a_swap_is_one_put_that_names_the_address_wanted(start: Start) -> None:
    azure = await start(world())
    step = await planned(azure)

    receipt = await pairs(azure).send(step)
    under_way = ((await pairs(azure).poll(step, receipt)).state, (await pairs(azure).settle(step)).state)
    azure.world.advance(5)

    assert under_way == ("running", "running")
    assert (await pairs(azure).poll(step, receipt)).state == "finished"
    assert (await pairs(azure).settle(step)).state == "done"
    assert (real(azure, "billing-green").slot, real(azure, "billing-blue").slot) == ("Production", "Staging")
    assert len(azure.requests("PUT", "billing-green/providers/Microsoft.Network/cloudServiceSlots/swap")) == 1
    assert len(azure.requests("PUT")) == 1


async def test_a_swap_sent_again_after_it_happened_sends_nothing(start: Start) -> None:
    azure = await start(world())
    step = await planned(azure)
    await pairs(azure).send(step)
    azure.world.advance(5)

    await pairs(azure).send(step)

    assert len(azure.requests("PUT")) == 1


async def test_an_unanswered_swap_is_in_doubt_and_settled_by_reading(start: Start) -> None:
    azure = await start(world())
    step = await planned(azure)
    azure.fault(kind="status", status=504, happens=True, method="PUT")

    with pytest.raises(InDoubt):
        await pairs(azure).send(step)
    azure.world.advance(5)

    assert (await pairs(azure).settle(step)).state == "done"


async def test_a_swap_that_fails_says_why_and_has_changed_nothing(start: Start) -> None:
    azure = await start(world())
    step = await planned(azure)
    real(azure, "billing-green").trouble = "The load balancer rules differ."

    receipt = await pairs(azure).send(step)
    azure.world.advance(5)
    progress = await pairs(azure).poll(step, receipt)

    assert (progress.state, progress.detail) == ("failed", "The load balancer rules differ.")
    assert (await pairs(azure).settle(step)).state == "unclear"


async def test_a_pair_that_somebody_swapped_since_isnt_swapped_back(start: Start) -> None:
    azure = await start(world())
    step = await planned(azure)
    back = replace(step, before={**step.before, "destination_build": "billing-green", "source_build": "billing-blue"},
                   after={**step.after, "destination_build": "billing-red"})  # fmt: skip

    with pytest.raises(Refused, match="somebody changed the pair"):
        await pairs(azure).send(back)

    assert not azure.requests("PUT")


async def test_the_end_of_the_service_and_unwell_instances_are_told(start: Start) -> None:
    azure = await start(world())
    real(azure, "billing-green").stopped = 1

    survey = await pairs(azure).survey_swap(place().address, "staging", "production")

    assert "2027-03-31" in next(risk.text for risk in survey.risks if risk.code == "retires")
    assert (survey.source.health, survey.destination.health) == ("unhealthy", "healthy")


async def test_a_service_without_partner_has_no_slots(start: Start) -> None:
    azure = await start(world({"group": "legacy", "name": "billing-blue", "location": "West Europe"}))

    trouble = (await pairs(azure).observe([place()]))[place().subject]
    with pytest.raises(ProviderError, match="no service to swap with"):
        await pairs(azure).survey_swap(place().address, "staging", "production")

    assert isinstance(trouble, Trouble)
    assert "deployed for the first time" in trouble.hint


async def test_a_hundred_pairs_cost_two_questions(start: Start) -> None:
    names = [f"s{number:03d}" for number in range(100)]
    azure = await start(world(*(one for name in names for one in both(name))))
    places = [place(f"{name}-blue") for name in names]

    observed = await pairs(azure).observe(places)

    assert len(azure.requests()) == 2
    assert [one.build.version if one.build else "" for one in read(SlotsReading, observed, places[0]).slots] == [
        "7.1",
        "7.2",
    ]


def test_instances_are_well_if_all_are_provisioned_and_started() -> None:
    def view(**counts: int) -> dict[str, Any]:
        rows = [{"code": code.replace("_", "/"), "count": count} for code, count in counts.items()]
        return {"roleInstance": {"statusesSummary": rows}}

    assert (
        health_of(view(ProvisioningState_succeeded=4, PowerState_started=4, RoleState_RoleStateStarted=4)) == "healthy"
    )
    assert health_of(view(ProvisioningState_succeeded=4, PowerState_started=3, PowerState_stopped=1)) == "unhealthy"
    assert health_of({}) == "unknown"
