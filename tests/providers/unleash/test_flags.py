"""Flags of a real Unleash: seen, changed, and evaluated."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import YES, Qd
from tests.providers.unleash.server import (
    ADMIN,
    BACKEND,
    REFERENCE,
    Unleash,
    change,
    needs_unleash,
    path,
    place,
    planned,
    ring,
    rollout,
    seen,
    unleash,
)

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Audience
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.testing.conformance import check_flag, check_observing

pytestmark = needs_unleash


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unleash]:
    with unleash(tmp_path_factory.mktemp("unleash") / "server") as found:
        yield found


def given(up: Unleash, name: str) -> dict[str, Any]:
    """The flag as an application gets it."""
    listed = up.ask("GET", "/api/client/features", token=BACKEND)["features"]
    return next(dict(one) for one in listed if one["name"] == name)


def evaluated(up: Unleash, name: str, users: int, **context: str) -> int:
    """For how many users Unleash's own evaluation says yes."""
    ids = ",".join(f"user-{number}" for number in range(users))
    question = {
        "projects": ["default"],
        "environments": ["production"],
        "context": {"appName": "harbour", "userId": ids, **context},
    }
    listed = up.ask("POST", "/api/admin/playground/advanced", question)["features"]
    entries = next(one["environments"]["production"] for one in listed if one["name"] == name)
    return sum(bool(one["isEnabled"]) for one in entries)


async def test_the_kit_for_observing(up: Unleash) -> None:
    up.flag(rollout(5), on=True, description="new\x1b[31m lights")
    await check_observing(up.store(), [place(), place("development")], place("harbour"))


async def test_the_kit_for_flags(up: Unleash) -> None:
    for name in (up.flag(), up.flag(rollout(25), rollout(50, ring("early")), on=True)):
        await check_flag(up.store(), place(), name)
    await check_flag(up.store(), place(group_field=""), up.flag(rollout(25)))


async def test_a_round_and_a_survey_read_the_same(up: Unleash) -> None:
    more = rollout(10, {"contextName": "country", "operator": "NOT_IN", "values": ["no"], "inverted": True})
    name = up.flag(rollout(5), rollout(50, ring("early"), title="our own"), more, on=True, description="lights")
    watched = await seen(up.store(), name)
    survey = await up.store().survey_flag(place().address, name, "")
    assert watched == survey.reading
    assert (watched.percent, watched.audience) == (5.0, (Audience("early", 50.0),))
    assert watched.other_rules == ("flexibleRollout 10% by country",)
    assert watched.description == "lights"


async def test_a_strategy_for_a_segment_is_not_for_everybody(up: Unleash) -> None:
    """Unleash's document of one environment leaves segments out."""
    few = {"contextName": "userId", "operator": "IN", "values": ["7"]}
    segment = up.ask("POST", "/api/admin/segments", {"name": "few", "constraints": [few]})["id"]
    name = up.flag(rollout(100, segments=[segment]), on=True)
    flag = (await up.store().survey_flag(place().address, name, "")).reading
    assert (flag.percent, flag.other_rules) == (0.0, ("flexibleRollout 100% in segments",))
    assert await seen(up.store(), name) == flag


async def test_on_at_five_percent_is_never_more_on_the_way(up: Unleash) -> None:
    """Switched on without a strategy, Unleash would write one for everybody."""
    name = up.flag()
    survey = await up.store().survey_flag(place().address, name, "")
    assert "no-strategy" in [risk.code for risk in survey.risks]
    await change(up.store(), name, enabled=True, percent=5.0)
    assert (up.on(name), up.rollouts(name)) == (True, ["5"])
    written = [event["type"] for event in up.events(name)]
    assert written == ["feature-created", "feature-strategy-add", "feature-environment-enabled"]


async def test_on_for_everybody_is_planned_as_that(up: Unleash) -> None:
    name = up.flag()
    step = await change(up.store(), name, enabled=True)
    assert "on for 100% of everybody" in step.summary
    assert up.rollouts(name) == ["100"]


async def test_strategies_that_are_all_disabled_are_as_none(up: Unleash) -> None:
    """Unleash would write one for everybody here, too."""
    name = up.flag(rollout(5, disabled=True))
    assert (await seen(up.store(), name)).percent == 100.0
    await change(up.store(), name, enabled=True, percent=1.0)
    assert (up.on(name), up.rollouts(name)) == (True, ["5", "1"])


async def test_a_patch_leaves_variants_and_titles_alone(up: Unleash) -> None:
    halves = [
        {"name": name, "weight": 500, "weightType": "variable", "stickiness": "default"} for name in ("blue", "green")
    ]
    name = up.flag(rollout(5, title="slowly", variants=halves), on=True)
    before = up.strategies(name)[0]
    await change(up.store(), name, percent=25.0)
    after = up.strategies(name)[0]
    assert after == {**before, "parameters": {**before["parameters"], "rollout": "25"}}
    assert [one["name"] for one in after["variants"]] == ["blue", "green"]


async def test_off_comes_first_and_on_comes_last(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    await change(up.store(), name, enabled=False, percent=50.0)
    await change(up.store(), name, enabled=True, percent=1.0)
    assert [event["type"].removeprefix("feature-") for event in up.events(name)][3:] == [
        "environment-disabled",
        "strategy-update",
        "strategy-update",
        "environment-enabled",
    ]


async def test_groups_get_a_strategy_of_their_own_and_lose_only_its_percentage(up: Unleash) -> None:
    name = up.flag(rollout(5), rollout(100, ring("early"), title="ours"), on=True)
    audience = (Audience("late", 50.0),)
    await change(up.store(), name, audience=audience)
    assert (await seen(up.store(), name)).audience == audience
    assert up.rollouts(name) == ["5", "0", "50"]
    assert up.strategies(name)[1]["title"] == "ours"
    assert up.strategies(name)[2]["constraints"][0]["values"] == ["late"]
    assert evaluated(up, name, 100, ring="late") > 25 > evaluated(up, name, 100, ring="early")


async def test_admitting_a_group_lets_in_nobody_else(up: Unleash) -> None:
    name = up.flag(rollout(50))
    await change(up.store(), name, admit=(Audience("early", 100.0),))
    assert (evaluated(up, name, 100, ring="early"), evaluated(up, name, 100, ring="late")) == (100, 0)


async def test_applications_get_what_was_written(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    await change(up.store(), name, percent=30.0)
    until = time.monotonic() + 15
    while given(up, name)["strategies"][0]["parameters"]["rollout"] != "30":
        assert time.monotonic() < until  # it refreshes what it gives out once a second
    assert given(up, name)["enabled"]
    assert evaluated(up, name, 200) == pytest.approx(60, abs=30)


async def test_a_rollout_that_is_no_percentage_is_told(up: Unleash) -> None:
    """Unleash takes any text."""
    name = up.flag(rollout(250), on=True)
    survey = await up.store().survey_flag(place().address, name, "")
    assert survey.reading.percent == 100.0 == evaluated(up, name, 100)
    assert [risk.code for risk in survey.risks] == ["odd-rollout"]
    await change(up.store(), name, percent=10.0)
    assert up.rollouts(name) == ["10"]


async def test_what_everybody_gets_by_another_rule_is_no_percentage_of_ours(up: Unleash) -> None:
    for strategies in ([{"name": "default"}], [rollout(5), rollout(100)]):
        name = up.flag(*strategies, on=True)
        survey = await up.store().survey_flag(place().address, name, "")
        assert survey.reading.percent == 100.0
        assert not survey.limits.percent
        await change(up.store(), name, enabled=False)


async def test_a_flag_that_somebody_else_changed_is_refused(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    step = await planned(up.store(), name, percent=10.0)
    await change(up.store(), name, percent=20.0)
    with pytest.raises(Refused, match="somebody else changed it"):
        await up.store().send(step)
    assert up.rollouts(name) == ["20"]


async def test_a_step_that_took_effect_is_not_taken_again(up: Unleash) -> None:
    name = up.flag()
    step = await change(up.store(), name, enabled=True, percent=10.0)
    events = up.events(name)
    with pytest.raises(Refused):
        await up.store().send(step)
    assert (await up.store().settle(step)).state == "done"
    assert up.events(name) == events


async def test_the_event_log_names_whose_token_it_is(up: Unleash) -> None:
    name = up.flag(rollout(5))
    await change(up.store(), name, enabled=True)
    await change(up.store(ADMIN), name, enabled=False)
    assert [event["createdBy"] for event in up.events(name)][-2:] == ["ana", "admin"]
    assert await up.session().identity() == "ana"
    assert "admin API token" in await up.session(ADMIN).identity()


async def test_check_tells_a_token_that_is_nobody_and_tells_no_token(up: Unleash) -> None:
    told = [(text, trouble) async for text, trouble in up.session(ADMIN).check()]
    assert [trouble for _, trouble in told] == [None, None]
    assert told[0][0].startswith("Unleash ")
    assert "personal access token" in told[1][0]
    assert "of-an-admin" not in str(told)
    assert len([one async for one in up.session().check()]) == 1


async def test_whoever_only_looks_is_not_offered_changes(up: Unleash) -> None:
    name = up.flag(rollout(5))
    rita = up.store(up.tokens["rita"])
    granted = [await up.store(token).permitted(place().address) for token in (ADMIN, *up.tokens.values())]
    assert granted == [True, True, False]
    with pytest.raises(Refused, match="UPDATE_FEATURE_ENVIRONMENT") as caught:
        await rita.send(await planned(rita, name, enabled=True))
    assert caught.value.trouble.code == "forbidden"


@pytest.mark.parametrize(
    ("token", "code", "hint"),
    [
        ("user:wrong", "unauthenticated", "personal access token"),
        (BACKEND, "forbidden", "of an application, which only reads"),
    ],
)
async def test_a_token_that_will_not_do_is_told_as_what_it_is(up: Unleash, token: str, code: str, hint: str) -> None:
    trouble = (await up.store(token).observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert (trouble.code, token in str(trouble)) == (code, False)
    assert hint in trouble.hint
    ((_, checked),) = [one async for one in up.session(token).check()]
    assert checked == trouble


async def test_flags_that_are_not_there_are_told_apart(up: Unleash) -> None:
    archived, elsewhere, name = up.flag(rollout(5)), up.flag(), up.flag()
    up.ask("DELETE", f"/api/admin/projects/default/features/{archived}")
    up.database.say("INSERT INTO projects (id, name) VALUES ('docks', 'docks') ON CONFLICT DO NOTHING", "unleash")
    up.database.say(f"UPDATE features SET project = 'docks' WHERE name = '{elsewhere}'", "unleash")
    for wanted, words in ((archived, "archived"), (elsewhere, 'in project "docks"'), ("buoy", 'named "buoy"')):
        with pytest.raises(ProviderError, match=words) as caught:
            await up.store().survey_flag(place().address, wanted, "")
        assert caught.value.trouble.code == "not_found"
    with pytest.raises(ProviderError, match="no environment night"):
        await up.store().survey_flag(place("night").address, name, "")
    trouble = (await up.store().observe([place(project="quay")]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert trouble.code == "not_found"


async def test_a_flag_that_depends_on_another_says_so(up: Unleash) -> None:
    parent, child = up.flag(), up.flag(rollout(100), on=True)
    up.ask("POST", f"/api/admin/projects/default/features/{child}/dependencies", {"feature": parent})
    survey = await up.store().survey_flag(place().address, child, "")
    assert survey.reading.other_rules == (f"depends on {parent}",)
    assert (await seen(up.store(), child)).other_rules == ("depends on another flag",)


@pytest.mark.process
def test_a_flag_is_flipped_and_flipped_back_by_commands(up: Unleash, tmp_path: Path) -> None:
    name = up.flag()
    fleet = tmp_path / "quarterdeck.yaml"
    fleet.write_text(
        "fleet: harbour\n"
        f"connections: {{flags: {{provider: unleash, url: '{up.url}', token: '{REFERENCE}'}}}}\n"
        "environments: {production: {protected: true, flags: {connection: flags, environment: production}}}\n"
        "services: {}\n"
    )
    qd = Qd(tmp_path / "state", fleet)
    qd.environment["UNLEASH_TOKEN"] = up.tokens["ana"]
    try:
        qd.done("flag", "rollout", "5", f"production/{name}", *YES)
        qd.done("flag", "on", f"production/{name}", *YES)
        assert (up.on(name), up.rollouts(name)) == (True, ["5"])
        qd.done("rollback", f"flag:production/{name}", *YES)
    finally:
        qd("runner", "--stop")
    assert [(event["type"], event["createdBy"]) for event in up.events(name)][1:] == [
        ("feature-strategy-add", "ana"),
        ("feature-environment-enabled", "ana"),
        ("feature-environment-disabled", "ana"),
    ]


async def test_environments_are_apart(up: Unleash) -> None:
    name = up.flag(rollout(5), on=True)
    await change(up.store(), name, place("development"), enabled=True, percent=40.0)
    assert up.rollouts(name) == ["5"]
    assert up.ask("GET", path(name, "development"))["strategies"][0]["parameters"]["rollout"] == "40"
