"""Flags: the smallest change of the JSON that is there, and only of the version that was read."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, read

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Audience, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import flag_facts
from quarterdeck.sandbox.world.configuration import KeyValue

CONTENT_TYPE = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"
RICH = {
    "id": "Beta",
    "description": "A rich flag",
    "enabled": True,
    "conditions": {
        "requirement_type": "Any",
        "client_filters": [
            {"name": "Microsoft.TimeWindow", "parameters": {"Start": "Wed, 01 May 2026 13:59:59 GMT"}},
            {
                "name": "Microsoft.Targeting",
                "parameters": {
                    "Audience": {
                        "Users": ["alice"],
                        "Groups": [{"Name": "canary", "RolloutPercentage": 100, "Note": "kept"}],
                        "DefaultRolloutPercentage": 25,
                        "Exclusion": {"Users": ["dave"]},
                    }
                },
            },
        ],
    },
    "variants": [{"name": "On", "configuration_value": True}],
    "telemetry": {"enabled": True},
    "x-unknown": {"a": [1, 2]},
}


def setting(name: str, flag: Any, label: str | None = "production", **more: Any) -> dict[str, Any]:
    value = flag if isinstance(flag, str) else json.dumps(flag)
    return {
        "key": f".appconfig.featureflag/{name}",
        "label": label,
        "value": value,
        "content_type": CONTENT_TYPE,
        "tags": {"team": "shop"},
        **more,
    }


def plain(name: str, enabled: bool = False) -> dict[str, Any]:
    return {"id": name, "enabled": enabled, "conditions": {"client_filters": []}}


def place(label: str = "production", prefix: str = "") -> Place:
    return Place("flags", TargetId("production", "flags"), Address("flags", {"label": label, "prefix": prefix}))


async def store_with(start: Start, *settings: dict[str, Any], by_key: bool = False) -> Azure:
    way = {"connection_string": "real"} if by_key else {"endpoint": "https://real"}
    return await start({"configuration": list(settings)}, "azure.app_configuration", **way)


async def step_to(azure: Azure, name: str, label: str = "production", **wanted: Any) -> Step:
    survey = await azure.flags.survey_flag(place(label).address, name, label)
    now = flag_facts(survey.reading)
    after = {**now, **wanted}
    azure.sandbox.requests.clear()
    target = TargetId("production", name, flag=True)
    before = {**now, "etag": survey.reading.etag}
    change = {"name": name, "label": label, **after}
    return Step("1", "set_flag", "flags", target, place(label).address, "", change, before, after)


def item(azure: Azure, name: str) -> KeyValue:
    found = azure.world.configuration.get(f".appconfig.featureflag/{name}", "production")
    assert found
    return found


def stored(azure: Azure, name: str) -> Any:
    return json.loads(item(azure, name).value or "")


@pytest.mark.parametrize("by_key", [False, True], ids=["credential", "connection string"])
async def test_flags_of_one_label_are_listed_with_what_they_say(start: Start, by_key: bool) -> None:
    azure = await store_with(
        start, setting("Beta", RICH), setting("Other", plain("Other"), "staging"), setting("Bare", "{}"), by_key=by_key
    )

    observed = await azure.flags.observe([place()])

    bare, beta = read(FlagsReading, observed, place()).flags
    assert (bare.name, bare.enabled, bare.percent, bare.audience) == ("Bare", False, None, ())
    assert (beta.enabled, beta.percent, beta.audience) == (True, 25, (Audience("canary", 100),))
    assert set(beta.other_rules) == {"Microsoft.TimeWindow", "1 named users", "exclusions", "variants"}
    assert beta.modified_at


async def test_who_we_are_is_the_application_or_the_key(start: Start) -> None:
    by_credential = await store_with(start)
    by_key = await store_with(start, by_key=True)

    assert await by_credential.session.identity() == "quarterdeck"
    assert (await by_key.session.identity()).startswith("access key ")


async def test_switching_off_changes_one_word_and_keeps_everything_else(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH))
    flags = azure.flags
    step = await step_to(azure, "Beta", enabled=False)

    await flags.send(step)

    assert (await flags.settle(step)).state == "done"
    assert stored(azure, "Beta") == {**RICH, "enabled": False}
    assert item(azure, "Beta").tags == {"team": "shop"}
    assert len(azure.requests("PUT")) == 1


async def test_a_percentage_goes_into_the_targeting_filter_that_is_there(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH))
    flags = azure.flags
    step = await step_to(azure, "Beta", percent=50.0)

    await flags.send(step)

    assert (await flags.settle(step)).state == "done"
    expected = json.loads(json.dumps(RICH))
    expected["conditions"]["client_filters"][1]["parameters"]["Audience"]["DefaultRolloutPercentage"] = 50
    assert stored(azure, "Beta") == expected


async def test_a_percentage_on_a_flag_without_filters_is_a_percentage_filter(start: Start) -> None:
    azure = await store_with(start, setting("New", plain("New", True)))
    flags = azure.flags
    step = await step_to(azure, "New", percent=12.5)

    await flags.send(step)

    assert (await flags.settle(step)).state == "done"
    filters = stored(azure, "New")["conditions"]["client_filters"]
    assert filters == [{"name": "Microsoft.Percentage", "parameters": {"Value": 12.5}}]


async def test_rings_are_groups_of_the_targeting_filter_and_what_a_group_also_holds_is_kept(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH))
    flags = azure.flags
    step = await step_to(azure, "Beta", audience={"canary": 50.0, "early": 10.0})

    await flags.send(step)

    assert (await flags.settle(step)).state == "done"
    groups = stored(azure, "Beta")["conditions"]["client_filters"][1]["parameters"]["Audience"]["Groups"]
    assert groups == [
        {"Name": "canary", "RolloutPercentage": 50, "Note": "kept"},
        {"Name": "early", "RolloutPercentage": 10},
    ]


async def test_somebody_elses_change_since_the_plan_is_refused_and_not_overwritten(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH))
    step = await step_to(azure, "Beta", enabled=False)
    other = await step_to(azure, "Beta", percent=99.0)
    await azure.flags.send(other)

    with pytest.raises(Refused, match="somebody else"):
        await azure.flags.send(step)

    assert stored(azure, "Beta")["enabled"] is True


async def test_a_locked_flag_is_refused_and_says_that_it_is_locked(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH, locked=True))
    survey = await azure.flags.survey_flag(place().address, "Beta", "production")
    step = await step_to(azure, "Beta", enabled=False)

    with pytest.raises(Refused) as refused:
        await azure.flags.send(step)

    assert survey.reading.locked
    assert "read-only" in refused.value.trouble.message
    assert "unlock" in refused.value.trouble.hint


@pytest.mark.parametrize("kind", ["drop", "half", "html"])
async def test_an_unanswered_write_is_in_doubt_or_done_and_reads_as_done(start: Start, kind: str) -> None:
    azure = await store_with(start, setting("Beta", RICH))
    flags = azure.flags
    step = await step_to(azure, "Beta", enabled=False)
    azure.fault(kind=kind, happens=True, method="PUT", count=1)

    with contextlib.suppress(InDoubt):
        await flags.send(step)

    assert (await flags.settle(step)).state == "done"


async def test_the_same_flag_under_other_labels_is_shown_as_shadowing(start: Start) -> None:
    azure = await store_with(
        start, setting("Beta", RICH), setting("Beta", plain("Beta"), None), setting("Beta2", plain("Beta2"))
    )

    survey = await azure.flags.survey_flag(place().address, "Beta", "production")

    assert [(flag.name, flag.label, flag.enabled) for flag in survey.same_name] == [("Beta", "", False)]


async def test_names_with_slashes_stars_commas_and_spaces_are_one_flag_and_not_a_pattern(start: Start) -> None:
    name = "a/b *,\\c"
    azure = await store_with(start, setting(name, plain(name)), setting("a/b XX", plain("a/b XX")))
    flags = azure.flags
    step = await step_to(azure, name, enabled=True)

    await flags.send(step)

    assert (await flags.settle(step)).state == "done"
    assert stored(azure, name)["enabled"] is True


async def test_flags_without_a_label_are_their_own_place(start: Start) -> None:
    azure = await store_with(start, setting("Beta", RICH), setting("Bare", plain("Bare", True), None))
    flags = azure.flags

    observed = await flags.observe([place("")])
    step = await step_to(azure, "Bare", "", enabled=False)
    await flags.send(step)

    assert [flag.name for flag in read(FlagsReading, observed, place("")).flags] == ["Bare"]
    assert (await flags.settle(step)).state == "done"


async def test_a_flag_whose_json_is_broken_is_shown_as_unreadable_and_cant_be_planned(start: Start) -> None:
    azure = await store_with(start, setting("Broken", '{"enabled": tru'))

    observed = await azure.flags.observe([place()])
    with pytest.raises(ProviderError, match="not a JSON object"):
        await azure.flags.survey_flag(place().address, "Broken", "production")

    (flag,) = read(FlagsReading, observed, place()).flags
    assert (flag.name, flag.enabled, flag.other_rules) == ("Broken", False, ("unreadable",))


async def test_a_flag_that_isnt_there_says_so(start: Start) -> None:
    azure = await store_with(start)

    with pytest.raises(ProviderError) as error:
        await azure.flags.survey_flag(place().address, "Ghost", "production")

    assert error.value.trouble.code == "not_found"
    assert "there is no flag" in error.value.trouble.message


async def test_a_wrong_key_is_a_trouble_of_its_own_row(start: Start) -> None:
    azure = await store_with(start, by_key=True)
    azure.world.configuration.credentials.clear()

    observed = await azure.flags.observe([place()])

    assert read(Trouble, observed, place()).code == "unauthenticated"
    assert "Secret" not in read(Trouble, observed, place()).message
