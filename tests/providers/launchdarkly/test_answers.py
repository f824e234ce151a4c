"""What LaunchDarkly's documents mean, and its refusals."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.providers.launchdarkly.published import document, faults
from tests.providers.launchdarkly.server import (
    LaunchDarkly,
    change,
    launchdarkly,
    place,
    planned,
    ring,
    rollout,
    rule,
    seen,
    segment,
    store,
)
from tests.providers.loopback import SECRET, Asked, listening, says, session

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Audience, FlagsReading
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import FlagStore, InDoubt, ProviderError, Refused, SessionContext
from quarterdeck.providers.launchdarkly.api import needs_approval, who
from quarterdeck.providers.launchdarkly.documents import Groups, of_feature

RING = Groups("ring", "user")
BLUE = {"variations": [{"variation": index, "weight": weight} for index, weight in enumerate((20000, 30000, 50000))]}


@pytest.fixture
async def up() -> AsyncIterator[LaunchDarkly]:
    async with launchdarkly() as found:
        yield found


def test_the_published_examples_satisfy_what_the_server_is_held_against() -> None:
    published = document("examples")
    assert [fault for one in published["examples"] for fault in faults("SemanticPatch", one)] == []
    assert [fault for one in published["environments"].values() for fault in faults("FeatureFlagConfig", one)] == []
    assert faults("SemanticPatch", {"instructions": [{"kind": "turnFlagOn", "ruleID": "1"}]})


@pytest.mark.parametrize(
    ("config", "percent", "audience", "others"),
    [
        ({}, 100.0, {}, ()),
        ({"fallthrough": {"variation": 1}}, 0.0, {}, ()),
        ({"fallthrough": {}}, 0.0, {}, ()),
        ({"fallthrough": rollout(33.333)}, 33.333, {}, ()),
        ({"rules": [rule(ring("early"), rollout(50))]}, 100.0, {"early": 50.0}, ()),
        ({"rules": [rule(ring("early"), {"variation": 1})]}, 100.0, {"early": 0.0}, ()),
        (
            {"rules": [rule(ring("early"), rollout(50)), rule(ring("early"), rollout(70))]},
            100.0,
            {"early": 50.0},
            ("a rule by ring: 70%",),
        ),
        ({"rules": [rule(ring("early"), disabled=True)]}, 100.0, {}, ()),
        ({"rules": [rule(ring("early", negate=True))]}, 100.0, {}, ("a rule by ring: 100%",)),
        ({"rules": [rule(ring("early", "late"))]}, 100.0, {}, ("a rule by ring: 100%",)),
        ({"rules": [rule(ring("early", contextKind="device"))]}, 100.0, {}, ("a rule by ring: 100%",)),
        ({"rules": [rule(ring("\x1b[2J"))]}, 100.0, {}, ("a rule by ring: 100%",)),
        (
            {"rules": [rule(segment("early"), description="old\nfriends")]},
            100.0,
            {},
            ("old friends by segmentMatch: 100%",),
        ),
        ({"prerequisites": [{"key": "pier", "variation": 0}]}, 100.0, {}, ("depends on pier",)),
        (
            {"targets": [{"values": ["7", "8"], "variation": 0}], "contextTargets": [{"values": [], "variation": 0}]},
            100.0,
            {},
            ("2 targets by key",),
        ),
        ({"rules": [rule(ring("early"), rollout(50, seed=7))]}, 100.0, {}, ("a rule by ring: LaunchDarkly drives it",)),
        (
            {"fallthrough": rollout(50, experimentAllocation={"defaultVariation": 1, "canReshuffle": True})},
            50.0,
            {},
            ("the default rule: an experiment or a rollout that LaunchDarkly drives itself",),
        ),
    ],
)
def test_what_a_flag_says(config: dict[str, Any], percent: float, audience: dict[str, float], others: Any) -> None:
    ld = LaunchDarkly()
    reading = of_feature(ld.flags[ld.flag(**config)], "production").reading(RING)
    assert (reading.percent, {one.group: one.percent for one in reading.audience}) == (percent, audience)
    assert reading.other_rules == others
    assert reading.modified_at == 1700000000.0


def test_on_of_a_flag_that_is_not_boolean_is_its_default_on_variation() -> None:
    ld = LaunchDarkly()
    red = rule(segment("early"), {"variation": 0})
    name = ld.flag(values=("red", "blue", "green"), fallthrough={"rollout": BLUE}, offVariation=2, rules=[red])
    ld.flags[name]["defaults"] = {"onVariation": 1, "offVariation": 2}
    flag = of_feature(ld.flags[name], "production")
    assert (flag.on_variation, flag.off_variation, flag.reading(RING).percent) == (1, 2, 30.0)
    assert not flag.limits.percent
    assert "other variations" in flag.limits.why
    assert flag.reading(Groups(None, "user")).other_rules == ("a rule by segmentMatch: other variations",)


def test_the_value_decides_what_is_on_of_a_boolean_flag() -> None:
    ld = LaunchDarkly()
    name = ld.flag(fallthrough=rollout(20), offVariation=0)
    ld.flags[name]["variations"].reverse()
    flag = of_feature(ld.flags[name], "production")
    assert (flag.on_variation, flag.off_variation, flag.reading(RING).percent) == (1, 0, 80.0)


@pytest.mark.parametrize(
    ("config", "more", "code"),
    [
        ({"offVariation": 0}, {}, "off-serves-on"),
        ({}, {"deprecated": True}, "deprecated"),
        ({}, {"kind": "multivariate"}, "not-boolean"),
    ],
)
async def test_what_people_should_know_is_a_risk(
    up: LaunchDarkly, config: dict[str, Any], more: dict[str, Any], code: str
) -> None:
    name = up.flag(**config)
    up.flags[name].update(more)
    assert code in [one.code for one in (await store(up).survey_flag(place().address, name, "")).risks]


async def test_a_flag_without_an_off_variation_leaves_off_to_the_application(up: LaunchDarkly) -> None:
    name = up.flag()
    del up.config(name)["offVariation"]
    assert [one.code for one in (await store(up).survey_flag(place().address, name, "")).risks] == ["no-off-variation"]
    await change(store(up), name, percent=10.0)


async def test_a_migration_is_locked_and_an_experiment_keeps_its_percentage(up: LaunchDarkly) -> None:
    name = up.flag(fallthrough=rollout(50, experimentAllocation={"defaultVariation": 1, "canReshuffle": True}))
    survey = await store(up).survey_flag(place().address, name, "")
    assert (survey.limits.percent, survey.limits.audience) == (False, True)
    await change(store(up), name, enabled=True, audience=(Audience("early", 5.0),))
    up.flags[name]["_purpose"] = "migration"
    assert (await seen(store(up), name)).locked


async def test_an_approval_that_is_needed_is_told_and_not_gone_around(up: LaunchDarkly) -> None:
    name = up.flag()
    up.environments["production"].update(required=True)
    survey = await store(up).survey_flag(place().address, name, "")
    assert [one.code for one in survey.risks] == ["approval-required"]
    with pytest.raises(Refused, match="405") as caught:
        await store(up).send(await planned(store(up), name, enabled=True))
    assert "approval request" in caught.value.trouble.hint
    assert not up.config(name)["on"]
    up.environments["production"].update(requiredApprovalTags=["guarded"])
    await change(store(up), name, enabled=True)
    assert needs_approval({"approvalSettings": up.environments["production"]}, ["guarded"])


@pytest.mark.parametrize(
    ("status", "code", "trouble", "hint"),
    [
        (400, "invalid_request", "provider_error", "scheduled change"),
        (401, "unauthorized", "unauthenticated", "SDK key"),
        (403, "forbidden", "forbidden", "updateOn"),
        (404, "not_found", "not_found", "project, environment and key"),
        (409, "optimistic_locking_error", "provider_error", "plan it again"),
        (429, "rate_limited", "throttled", "all tokens of the account"),
    ],
)
async def test_a_write_that_is_refused_changed_nothing(
    up: LaunchDarkly, status: int, code: str, trouble: str, hint: str
) -> None:
    name = up.flag()
    step = await planned(store(up), name, enabled=True)
    no = says({"code": code, "message": f"no, {SECRET}"}, status)
    up.meddle = lambda asked: no if asked.method == "PATCH" else None
    with pytest.raises(Refused) as caught:
        await store(up).send(step)
    assert caught.value.trouble.code == trouble
    assert hint in caught.value.trouble.hint
    assert SECRET not in str(caught.value.trouble)
    assert (await store(up).settle(step)).state == "not_done"


async def test_what_somebody_changes_at_that_moment_stays_and_is_told(up: LaunchDarkly) -> None:
    """A semantic patch can't say which version it is for."""
    name = up.flag(on=True, fallthrough=rollout(5))
    step = await planned(store(up), name, percent=10.0)

    def meddle(asked: Asked) -> bytes | None:
        if asked.method == "PATCH":
            up.config(name)["rules"].append(rule(segment("late"), rollout(50)))
        return None

    up.meddle = meddle
    await store(up).send(step)
    settlement = await store(up).settle(step)
    assert settlement.state == "changed_by_other"
    assert (settlement.evidence["percent"], settlement.evidence["audience"]) == (10.0, {"late": 50.0})


async def test_whoever_may_not_write_any_more_writes_nothing(up: LaunchDarkly) -> None:
    name = up.flag()

    def stopped() -> None:
        raise Refused("provider_error", "this runner was stopped")

    connection = Connection("flags", "launchdarkly", {"url": up.url, "token": "${env:TOKEN}"})
    context = SessionContext(SystemClock(), print, lambda _: SECRET, stopped)
    of = registry.load("launchdarkly").open(connection, context).capability("flags")
    assert isinstance(of, FlagStore)
    with pytest.raises(Refused, match="stopped"):
        await of.send(await planned(of, name, enabled=True))
    assert up.writes() == []


@pytest.mark.parametrize("page", [says("<html>Sign in</html>", kind="text/html"), says("")])
async def test_a_yes_that_is_not_of_launchdarkly_is_in_doubt(up: LaunchDarkly, page: bytes) -> None:
    name = up.flag()
    step = await planned(store(up), name, enabled=True)
    up.meddle = lambda asked: page if asked.method == "PATCH" else None
    with pytest.raises(InDoubt):
        await store(up).send(step)
    assert (await store(up).settle(step)).state == "not_done"


async def test_flags_too_bulky_for_one_answer_come_in_smaller_ones(up: LaunchDarkly) -> None:
    for _ in range(45):
        up.flags[up.flag()]["description"] = "x" * 100_000
    of = store(up)
    for _ in range(2):
        found = (await of.observe([place()]))[place().subject]
        assert isinstance(found, FlagsReading)
        assert len(found.flags) == 45
    assert [asked.params["limit"] for asked in up.asked] == [["100"], *[["20"]] * 6]


@pytest.mark.parametrize("cut", [says({"code": "service_unavailable", "message": "later"}, 503), b""])
async def test_a_write_whose_answer_is_lost_is_in_doubt_and_read_back(up: LaunchDarkly, cut: bytes) -> None:
    name = up.flag()
    step = await planned(store(up), name, enabled=True)

    def lose(asked: Asked) -> bytes | None:
        if asked.method != "PATCH":
            return None
        up.config(name).update(on=True, version=2)
        return cut

    up.meddle = lose
    with pytest.raises(InDoubt):
        await store(up).send(step)
    assert (await store(up).settle(step)).state == "done"
    assert [asked.method for asked in up.asked].count("PATCH") == 1


async def test_a_token_that_will_not_do_is_told_and_not_shown() -> None:
    def no(asked: Asked) -> bytes:
        return says({"code": "unauthorized", "message": f"Invalid access token {SECRET}"}, 401)

    async with listening(no) as found:
        mine = session("launchdarkly", url=found.url, token="${env:TOKEN}")
        ((_, trouble),) = [one async for one in mine.check()]
        assert trouble is not None
        assert trouble.code == "unauthenticated"
        assert SECRET not in str(trouble)
        flags = mine.capability("flags")
        assert isinstance(flags, FlagStore)
        assert (await flags.observe([place()]))[place().subject] == trouble


async def test_after_too_fast_nothing_is_asked_before_the_window_ends(up: LaunchDarkly) -> None:
    up.flag()
    reset = {"X-Ratelimit-Reset": str(round((time.time() + 3600) * 1000)), "X-Ratelimit-Global-Remaining": "0"}
    up.meddle = lambda asked: says({"code": "rate_limited", "message": "too fast"}, 429, **reset)
    of = store(up)
    for _ in range(2):
        trouble = (await of.observe([place()]))[place().subject]
        assert isinstance(trouble, Trouble)
        assert trouble.code == "throttled"
    assert len(up.asked) == 1


async def test_watching_leaves_the_last_requests_to_people(up: LaunchDarkly) -> None:
    name = up.flag()
    of = store(up)
    up.headers = {
        "X-Ratelimit-Reset": str(round((time.time() + 9) * 1000)),
        "X-Ratelimit-Global-Remaining": "50",
        "X-Ratelimit-Route-Remaining": "1",
    }
    await of.observe([place()])
    trouble = (await of.observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert "kept for what people do" in trouble.message
    assert (await of.survey_flag(place().address, name, "")).reading.name == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": "none"},
        {"items": [7]},
        [],
        "no",
        {"items": [{"key": "a", "environments": {"production": {"on": "yes"}}, "variations": []}]},
        {"items": [{"key": "a", "environments": {"production": 7}}]},
    ],
)
async def test_what_is_no_list_of_flags_is_garbage(wrong: Any) -> None:
    async with listening(lambda asked: says(wrong)) as found:
        flags = session("launchdarkly", url=found.url, token="${env:TOKEN}").capability("flags")
        assert isinstance(flags, FlagStore)
        trouble = (await flags.observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert trouble.code == "garbage"


async def test_a_list_without_configurations_is_not_an_empty_one(up: LaunchDarkly) -> None:
    """Where a role sees a flag and nothing of what it is there."""
    name = up.flag()
    up.flags[name]["environments"] = {}
    trouble = (await store(up).observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert "without what they are in production" in trouble.message


async def test_a_summary_is_not_taken_for_a_flag_that_nobody_sees(up: LaunchDarkly) -> None:
    name = up.flag(on=True)
    for left_out in ("rules", "fallthrough", "offVariation"):
        del up.config(name)[left_out]
    trouble = (await store(up).observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert (trouble.code, f"flag {name} without its rules" in trouble.message) == ("garbage", True)


async def test_a_list_that_never_ends_is_given_up() -> None:
    flags = LaunchDarkly()
    item = flags.flags[flags.flag()]
    page = {"items": [item], "_links": {"next": {"href": "/again", "type": "application/json"}}}
    async with listening(lambda asked: says(page)) as found:
        of = session("launchdarkly", url=found.url, token="${env:TOKEN}").capability("flags")
        assert isinstance(of, FlagStore)
        trouble = (await of.observe([place()]))[place().subject]
    assert isinstance(trouble, Trouble)
    assert "no end" in trouble.message


async def test_whoever_may_not_see_the_environment_may_still_see_the_flag(up: LaunchDarkly) -> None:
    name = up.flag()
    no = says({"code": "forbidden", "message": "no"}, 403)
    up.meddle = lambda asked: no if asked.path.startswith("/api/v2/projects/") else None
    assert (await store(up).survey_flag(place().address, name, "")).risks == ()
    assert isinstance((await store(up).observe([place()]))[place().subject], FlagsReading)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"tokenName": "a\x1b[2Jb", "memberId": "m1"}, "ab (a token of member m1)"),
        ({"tokenName": "ci", "serviceToken": True}, "ci (a service token)"),
        ({}, "?"),
        (7, "?"),
    ],
)
def test_who_a_token_is(said: Any, name: str) -> None:
    assert who(said) == name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": "${env:OTHER}"}, "OTHER"),
        ({"url": "app.launchdarkly.com"}, "url"),
        ({"timeout": "2m"}, "60s"),
        ({"project": "lights"}, "project"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(ProviderError, match=words):
        session("launchdarkly", **{"token": "${env:TOKEN}", **options})


@pytest.mark.parametrize(
    "parts",
    [
        {"project": "lights"},
        {"project": "a/b", "environment": "x"},
        {"project": "a", "environment": "x", "label": "y"},
    ],
)
def test_an_address_that_cannot_be_is_refused(parts: dict[str, str]) -> None:
    model = registry.load("launchdarkly").schema("launchdarkly")["flags"]
    with pytest.raises(ValueError, match="1 validation error"):
        model(**parts)


def test_what_is_not_given_is_the_service_itself() -> None:
    found = registry.load("launchdarkly").schema("launchdarkly")["connection"](token="${env:TOKEN}")
    assert found.url == "https://app.launchdarkly.com"
