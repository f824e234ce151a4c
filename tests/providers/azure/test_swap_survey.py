"""What is known before a swap: what moves, what sticks, what App Service's own rules make of it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure.conftest import CHECKOUT, Start, slots_place, version

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.providers.azure.app_service.lints import SwapFacts, risks
from quarterdeck.providers.azure.app_service.settings import Names, moves
from quarterdeck.providers.base import ProviderError, SwapSurvey
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP


async def surveyed(start: Start, staging: dict[str, Any] | None = None, **site: Any) -> SwapSurvey:
    """The survey of a swap of checkout, with the staging slot or the site as said."""
    slots = {**CHECKOUT["slots"]}
    slots["staging"] = {**slots["staging"], **(staging or {})}
    azure = await start({"sites": [{**CHECKOUT, "slots": slots, **site}]})
    return await azure.slots.survey_swap(slots_place().address, "staging", "production")


def codes(survey: SwapSurvey) -> set[str]:
    return {risk.code for risk in survey.risks}


async def test_both_sides_are_read_with_their_versions_and_the_names_the_content_goes_by(start: Start) -> None:
    survey = await surveyed(start)

    assert version(survey.source) == "2.15.0"
    assert version(survey.destination) == "2.14.3"
    assert survey.source.build
    assert survey.destination.build
    assert survey.source.build.id != survey.destination.build.id
    assert survey.destination.last_swap is None


async def test_settings_are_told_apart_into_those_that_move_and_those_that_stick_without_their_values(
    start: Start,
) -> None:
    survey = await surveyed(start)

    assert {(move.name, move.moves) for move in survey.settings if move.kind == "app setting"} == {
        ("COLOUR", True),
        ("MODE", False),
    }
    for value in ("live", "trial", "blue", "green"):
        assert value not in repr(survey)


async def test_a_warm_up_that_takes_any_answer_for_good_is_warned_of(start: Start) -> None:
    careless = await surveyed(start)
    careful = await surveyed(start, {"app_settings": {"WEBSITE_SWAP_WARMUP_PING_STATUSES": "200"}})

    assert "warm-up-accepts-errors" in codes(careless)
    assert "warm-up-accepts-errors" not in codes(careful)


async def test_https_only_is_warned_of_because_the_ping_is_plain_http(start: Start) -> None:
    assert "https-only" in codes(await surveyed(start, {"https_only": True}))
    assert "https-only" not in codes(await surveyed(start, {"https_only": False}))


async def test_authentication_forbids_a_preview(start: Start) -> None:
    assert FORBIDS_PREVIEW in codes(await surveyed(start, {"authentication": True}))
    assert FORBIDS_PREVIEW not in codes(await surveyed(start))


async def test_a_ramp_rule_that_would_point_at_the_old_build_is_dangerous(start: Start) -> None:
    survey = await surveyed(start, ramp={"staging": 15})

    risk = next(risk for risk in survey.risks if risk.code == "ramp-rule")
    assert risk.severity == "danger"
    assert "15%" in risk.text


async def test_auto_swap_is_known_of_the_source(start: Start) -> None:
    assert (await surveyed(start, {"auto_swap": "production"})).source.auto_swap_to == "production"


async def test_a_sticky_setting_that_only_one_side_has_is_warned_of(start: Start) -> None:
    survey = await surveyed(start, {"app_settings": {"COLOUR": "green"}})

    risk = next(risk for risk in survey.risks if risk.code == "sticky-without-twin")
    assert "MODE" in risk.text
    assert "production only" in risk.text


async def test_a_reader_gets_the_survey_with_what_it_cant_see_as_a_risk(start: Start) -> None:
    azure = await start()
    azure.world.authorization.assign("*", "/", "reader")

    survey = await azure.slots.survey_swap(slots_place().address, "staging", "production")

    assert version(survey.source) == "2.15.0"
    assert survey.settings == ()
    assert "settings-unread" in codes(survey)
    assert await azure.slots.permitted(slots_place().address) is False


async def test_an_owner_may(start: Start) -> None:
    azure = await start()

    assert await azure.slots.permitted(slots_place().address) is True


async def test_a_slot_that_isnt_there_is_named(start: Start) -> None:
    azure = await start()

    with pytest.raises(ProviderError) as error:
        await azure.slots.survey_swap(slots_place().address, "canary", "production")

    assert error.value.trouble.code == "not_found"
    assert error.value.trouble.message.startswith("canary")


async def test_production_must_be_the_destination(start: Start) -> None:
    azure = await start()

    survey = await azure.slots.survey_swap(slots_place().address, "production", "staging")

    assert FORBIDS_SWAP in codes(survey)


def test_what_app_service_itself_calls_an_error_forbids_the_swap() -> None:
    row = {"level": "Error", "settingType": "General", "settingName": "stack", "description": "cannot\x1b[2J be"}
    facts = SwapFacts(SlotReading("staging"), SlotReading("production"), frozenset(), differences=[row])

    risk = next(risk for risk in risks(facts) if risk.code == FORBIDS_SWAP)

    assert risk.text == "App Service objects to stack: cannot be"


def test_general_settings_that_would_change_are_moves_too() -> None:
    row = {"level": "Information", "settingType": "General", "settingName": "nodeVersion", "description": "differs"}
    names = Names("app setting", frozenset({"A"}), frozenset({"B"}), frozenset())

    told = moves([names], [row])

    assert [(move.name, move.kind, move.note) for move in told] == [
        ("A", "app setting", "only in the source"),
        ("B", "app setting", "only in the destination"),
        ("nodeVersion", "general", "differs"),
    ]
