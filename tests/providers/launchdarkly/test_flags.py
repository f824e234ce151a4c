"""Flags of LaunchDarkly, watched and changed through its published REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.program import YES, Qd
from tests.providers.launchdarkly.server import (
    LaunchDarkly,
    change,
    launchdarkly,
    opened,
    place,
    planned,
    ring,
    rollout,
    rule,
    seen,
    segment,
    store,
)
from tests.providers.loopback import SECRET

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Audience, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.plan import Refusal
from quarterdeck.testing.conformance import check_flag, check_observing

RING = {"group_attribute": "ring"}


@pytest.fixture
async def up() -> AsyncIterator[LaunchDarkly]:
    async with launchdarkly() as found:
        yield found


@pytest.mark.parametrize("parts", [{}, RING])
async def test_it_conforms(up: LaunchDarkly, parts: dict[str, str]) -> None:
    name = up.flag(rules=[rule({"attribute": "country", "op": "in", "values": ["NO"]})])
    await check_flag(store(up), place(**parts), name)
    await check_observing(store(up), [place(), place("staging"), place("test")], place("night"))


async def test_a_hundred_flags_are_one_request(up: LaunchDarkly) -> None:
    for number in range(100):
        up.flag(f"flag-{number:03}")
    found = await store(up).observe([place(), place("staging"), place("test")])
    assert [len(one.flags) for one in found.values() if isinstance(one, FlagsReading)] == [100, 100, 100]
    assert len(up.asked) == 1
    assert sorted(up.asked[0].params["env"]) == ["production", "staging", "test"]


async def test_a_long_list_is_read_page_by_page_without_what_is_archived(up: LaunchDarkly) -> None:
    names = [up.flag(f"flag-{number:03}") for number in range(25)]
    up.most = 10
    up.flags[names[3]]["archived"] = True
    found = (await store(up).observe([place(prefix="flag-0")]))[place().subject]
    assert isinstance(found, FlagsReading)
    assert [one.name for one in found.flags] == [name for name in names if name != names[3]]
    assert [asked.params.get("offset") for asked in up.asked] == [None, ["10"], ["20"]]


async def test_an_environment_that_there_is_not_costs_its_own_row(up: LaunchDarkly) -> None:
    up.flag()
    found = await store(up).observe([place(), place("night")])
    missing = found[place("night").subject]
    assert isinstance(found[place().subject], FlagsReading)
    assert isinstance(missing, Trouble)
    assert missing.code == "not_found"


async def test_a_project_without_flags_is_told_from_an_environment_that_there_is_not(up: LaunchDarkly) -> None:
    assert (await store(up).observe([place()]))[place().subject] == FlagsReading(())
    elsewhere = (await store(up).observe([place(project="docks")]))[place().subject]
    assert isinstance(elsewhere, Trouble)
    assert elsewhere.code == "not_found"


async def test_a_change_of_everything_is_one_write(up: LaunchDarkly) -> None:
    name = up.flag()
    await change(store(up), name, enabled=True, percent=12.345, audience=(Audience("early", 50.0),))
    (patch,) = up.writes()
    assert patch["environmentKey"] == "production"
    assert [one["kind"] for one in patch["instructions"]] == [
        "updateFallthroughVariationOrRollout",
        "addRule",
        "turnFlagOn",
    ]
    assert patch["instructions"][0]["rolloutWeights"] == {f"{name}-0": 12345, f"{name}-1": 87655}
    assert up.comments == [
        f"Quarterdeck: flag:production/{name}: off for everybody -> on for early 50%, everybody else 12.345%"
    ]
    assert not up.config(name, "staging")["on"]


async def test_off_is_said_first_and_what_did_not_change_is_not_said(up: LaunchDarkly) -> None:
    name = up.flag(on=True, fallthrough=rollout(5))
    await change(store(up), name, enabled=False)
    assert up.writes()[0]["instructions"] == [{"kind": "turnFlagOff"}]


async def test_who_is_drawn_stays_who_was_drawn(up: LaunchDarkly) -> None:
    """Without their kind of context LaunchDarkly would draw users from then on."""
    name = up.flag(on=True, fallthrough=rollout(5, "organization", bucketBy="country"))
    await change(store(up), name, percent=25.0)
    await change(store(up), name, percent=100.0)
    after = up.config(name)["fallthrough"]["rollout"]
    assert (after["contextKind"], after["bucketBy"]) == ("organization", "country")
    assert [one["weight"] for one in after["variations"]] == [100_000, 0]


async def test_a_new_percentage_is_of_the_kind_of_context_in_the_address(up: LaunchDarkly) -> None:
    name = up.flag(on=True)
    where = place(context_kind="organization", **RING)
    await change(store(up), name, where, percent=5.0, audience=(Audience("late", 10.0),))
    config = up.config(name)
    assert config["fallthrough"]["rollout"]["contextKind"] == "organization"
    assert config["rules"][0]["clauses"][0]["contextKind"] == "organization"


async def test_groups_are_segments_unless_an_attribute_names_them(up: LaunchDarkly) -> None:
    name = up.flag(rules=[rule(segment("early"), rollout(50)), rule(ring("late"), rollout(10))])
    by_segment = (await store(up).survey_flag(place().address, name, "")).reading
    assert (by_segment.audience, by_segment.other_rules) == ((Audience("early", 50.0),), ("a rule by ring: 10%",))
    by_ring = await seen(store(up), name, place(**RING))
    assert (by_ring.audience, by_ring.other_rules) == ((Audience("late", 10.0),), ("a rule by segmentMatch: 50%",))


async def test_groups_come_change_and_go_and_other_rules_stay(up: LaunchDarkly) -> None:
    other = rule({"attribute": "country", "op": "in", "values": ["NO"]}, description="Norway")
    mine = rule(segment("early"), rollout(50), description="friends")
    name = up.flag(on=True, rules=[other, mine], fallthrough=rollout(5))
    await change(store(up), name, audience=(Audience("early", 75.0), Audience("late", 0.0)))
    rules = up.config(name)["rules"]
    assert [one.get("description") for one in rules] == ["Norway", "friends", None]
    assert rules[2]["variation"] == 1
    await change(store(up), name, audience=(Audience("late", 0.0),))
    assert up.config(name)["rules"] == [other, rules[2]]
    survey = await store(up).survey_flag(place().address, name, "")
    assert survey.reading.other_rules == ("Norway by country: 100%",)


async def test_admitting_a_group_lets_in_nobody_else(up: LaunchDarkly) -> None:
    name = up.flag()
    await change(store(up), name, admit=(Audience("early", 100.0),))
    config = up.config(name)
    assert (config["on"], config["fallthrough"], config["rules"][0]["variation"]) == (True, {"variation": 1}, 0)


async def test_a_group_without_a_segment_is_refused_before_anything_is_written(up: LaunchDarkly) -> None:
    name = up.flag()
    step = await planned(store(up), name, audience=(Audience("erly", 50.0),))
    with pytest.raises(Refused, match="no segment erly"):
        await store(up).send(step)
    assert up.writes() == []


async def test_what_is_finer_than_a_thousandth_of_a_percent_is_refused(up: LaunchDarkly) -> None:
    name = up.flag()
    survey = await store(up).survey_flag(place().address, name, "")
    action = FlagChange(TargetId("production", name, flag=True), percent=0.0005)
    refusal = plan_flag(action, place(), survey)
    assert isinstance(refusal, Refusal)
    assert "steps of 0.001%" in refusal.message
    step = await planned(store(up), name, percent=1.0)
    with pytest.raises(Refused, match="thousandths of a percent"):
        await store(up).send(replace(step, change={**step.change, "percent": 0.0005}))


async def test_a_flag_that_somebody_else_changed_is_refused(up: LaunchDarkly) -> None:
    name = up.flag(on=True)
    step = await planned(store(up), name, percent=10.0)
    await change(store(up), name, percent=20.0)
    with pytest.raises(Refused, match="somebody else changed it"):
        await store(up).send(step)
    assert len(up.writes()) == 1


async def test_a_step_that_took_effect_is_not_taken_again(up: LaunchDarkly) -> None:
    name = up.flag()
    step = await change(store(up), name, enabled=True, audience=(Audience("early", 10.0),))
    with pytest.raises(Refused):
        await store(up).send(step)
    assert (await store(up).settle(step)).state == "done"
    assert len(up.writes()) == 1


async def test_a_flag_that_was_changed_back_is_not_as_before(up: LaunchDarkly) -> None:
    name = up.flag()
    step = await planned(store(up), name, enabled=True)
    await change(store(up), name, enabled=True)
    await change(store(up), name, enabled=False)
    assert (await store(up).settle(step)).state == "changed_by_other"


async def test_flags_that_are_not_there_are_told_apart(up: LaunchDarkly) -> None:
    archived, name = up.flag(), up.flag()
    up.flags[archived]["archived"] = True
    for wanted, where, words in (
        (archived, place(), "archived"),
        ("buoy", place(), "no flag buoy in project lights"),
        (name, place("night"), "no environment night"),
        (name, place(project="docks"), "in project docks"),
    ):
        with pytest.raises(ProviderError, match=words) as caught:
            await store(up).survey_flag(where.address, wanted, "")
        assert caught.value.trouble.code == "not_found"
    with pytest.raises(ProviderError, match="no labels"):
        await store(up).survey_flag(place().address, name, "blue")


async def test_check_and_identity_tell_whose_token_it_is(up: LaunchDarkly) -> None:
    assert await opened(up).identity() == "harbour (a service token)"
    ((text, trouble),) = [one async for one in opened(up).check()]
    assert (text.endswith("knows the token as harbour (a service token)"), trouble) == (True, None)


def test_the_sandbox_has_none() -> None:
    found = registry.load("launchdarkly")
    with pytest.raises(ProviderError, match="the sandbox has no LaunchDarkly"):
        found.sandboxed(None, {})  # type: ignore[arg-type]


@pytest.mark.process
async def test_a_flag_is_flipped_and_flipped_back_by_commands(up: LaunchDarkly, tmp_path: Path) -> None:
    name = up.flag(fallthrough=rollout(0))
    fleet = tmp_path / "quarterdeck.yaml"
    fleet.write_text(
        "fleet: harbour\n"
        f"connections: {{flags: {{provider: launchdarkly, url: '{up.url}', token: '${{env:LD_TOKEN}}'}}}}\n"
        "environments:\n"
        "  production: {flags: {connection: flags, project: lights, environment: production}}\n"
        "services: {}\n"
    )
    qd = Qd(tmp_path / "state", fleet)
    qd.environment["LD_TOKEN"] = SECRET

    def flip() -> None:
        try:
            qd.done("flag", "rollout", "5", f"production/{name}", *YES)
            qd.done("flag", "on", f"production/{name}", *YES)
            qd.done("rollback", f"flag:production/{name}", *YES)
        finally:
            qd("runner", "--stop")

    await asyncio.to_thread(flip)
    kinds = [[one["kind"] for one in patch["instructions"]] for patch in up.writes()]
    assert kinds == [["updateFallthroughVariationOrRollout"], ["turnFlagOn"], ["turnFlagOff"]]
    assert up.config(name)["fallthrough"]["rollout"]["variations"][0]["weight"] == 5000
