"""What Unleash's documents mean, and answers that a server of open source doesn't give."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.providers.loopback import Asked, listening, says, session
from tests.providers.unleash.server import place

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Audience, FlagsReading
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import FlagStore, ProviderError
from quarterdeck.providers.unleash.api import approvals_needed, may_change, who
from quarterdeck.providers.unleash.documents import of_evaluation, of_feature

EARLY = {"values": ["early"], "operator": "IN", "contextName": "ring"}


def strategy(rollout: object = "5", *constraints: Any, **more: Any) -> dict[str, Any]:
    """As Unleash 8.2.0 lists it in a flag."""
    return {
        "name": "flexibleRollout",
        "constraints": list(constraints),
        "variants": [],
        "parameters": {"groupId": "lights", "rollout": rollout, "stickiness": "default"},
        "segments": [],
        "sortOrder": 0,
        "id": f"01M83YYWDBT1JT5CH5XC5SV{rollout}",
        "title": None,
        "disabled": False,
        **more,
    }


def feature(*strategies: Any, name: str = "lights", on: bool = True, **more: Any) -> dict[str, Any]:
    """As `GET .../features/NAME` of Unleash 8.2.0 answers."""
    environments = [
        {"name": "development", "enabled": False, "type": "development", "strategies": []},
        {"name": "production", "enabled": on, "type": "production", "strategies": list(strategies)},
    ]
    return {
        "environments": environments,
        "name": name,
        "description": "new lights",
        "project": "default",
        "stale": False,
        "archived": False,
        "dependencies": [],
        **more,
    }


def evaluation(*names: str, strategies: int = 1) -> dict[str, Any]:
    """As `POST /api/admin/playground/advanced` of Unleash 8.2.0 answers."""
    evaluated = [
        {**strategy(), "result": {"enabled": False, "evaluationStatus": "complete"}, "links": {"edit": "/x"}}
        for _ in range(strategies)
    ]
    entry = {
        "isEnabled": False,
        "isEnabledInCurrentEnvironment": True,
        "hasUnsatisfiedDependency": False,
        "environment": "production",
        "strategies": {"result": False, "data": evaluated},
    }
    return {
        "features": [
            {"name": name, "projectId": "default", "environments": {"production": [{**entry, "name": name}]}}
            for name in names
        ]
    }


def store(url: str) -> FlagStore:
    found = session("unleash", url=url, token="${env:TOKEN}").capability("flags")
    assert isinstance(found, FlagStore)
    return found


def serving(answers: dict[str, Callable[[], bytes]]) -> Callable[[Asked], bytes]:
    """By the end of the path; whatever else is asked is what open source doesn't have."""

    def say(asked: Asked) -> bytes:
        found = next((answer for end, answer in answers.items() if asked.path.endswith(end)), None)
        return found() if found else says({"name": "NotFoundError", "message": "is not available"}, 404)

    return say


@pytest.mark.parametrize(
    ("strategies", "percent", "audience", "others"),
    [
        ([], 100.0, {}, ()),
        ([strategy("5")], 5.0, {}, ()),
        ([strategy("5", disabled=True)], 100.0, {}, ()),
        ([strategy("5"), strategy("50", EARLY)], 5.0, {"early": 50.0}, ()),
        ([strategy("50", EARLY)], 0.0, {"early": 50.0}, ()),
        ([strategy("0", EARLY), strategy("5")], 5.0, {}, ()),
        ([strategy("50", {**EARLY, "inverted": True})], 0.0, {}, ("flexibleRollout 50% by ring",)),
        ([strategy("50", {**EARLY, "values": ["early", "late"]})], 0.0, {}, ("flexibleRollout 50% by ring",)),
        ([strategy("50", {**EARLY, "values": ["\x1b[2J"]})], 0.0, {}, ("flexibleRollout 50% by ring",)),
        ([strategy("50", {**EARLY, "contextName": "country"})], 0.0, {}, ("flexibleRollout 50% by country",)),
        ([strategy("50", EARLY, segments=[7])], 0.0, {}, ("flexibleRollout 50% by ring in segments",)),
        ([strategy("5"), strategy("30", title="more")], 30.0, {}, ("more 30%",)),
        ([strategy(None, name="default")], 100.0, {}, ("default",)),
        ([strategy(None, name="remoteAddress")], 0.0, {}, ("remoteAddress",)),
        ([strategy("abc")], 0.0, {}, ()),
        ([strategy("250")], 100.0, {}, ()),
        ([strategy("nan")], 0.0, {}, ()),
    ],
)
def test_who_sees_a_flag(
    strategies: list[Any], percent: float, audience: dict[str, float], others: tuple[str, ...]
) -> None:
    reading = of_feature(feature(*strategies), "production").reading("ring")
    assert (reading.percent, reading.other_rules) == (percent, others)
    assert reading.audience == tuple(Audience(group, part) for group, part in audience.items())


def test_a_version_is_the_same_in_both_documents_and_another_with_every_change() -> None:
    (flag,) = of_evaluation(evaluation("lights"), {})["production"].values()
    assert flag.etag == of_feature(feature(strategy()), "production").etag
    changed = [
        feature(strategy(), on=False),
        feature(strategy("6")),
        feature(strategy("5", EARLY)),
        feature(strategy("5", segments=[1])),
        feature(strategy("5", disabled=True)),
        feature(strategy("5"), strategy("5")),
        feature(),
    ]
    etags = {of_feature(one, "production").etag for one in changed}
    assert len(etags) == len(changed)
    assert flag.etag not in etags


@pytest.mark.parametrize(
    "document",
    [None, [], "lights", {}, {"environments": {}}, {"environments": [{"name": "production", "strategies": [1]}]}],
)
def test_garbage_is_told_as_such(document: Any) -> None:
    with pytest.raises(ProviderError) as caught:
        of_feature(document, "production")
    assert caught.value.trouble.code in ("garbage", "not_found")


async def test_a_round_over_a_hundred_flags_takes_two_requests() -> None:
    names = [f"flag-{number}" for number in range(100)]
    answers = {
        "/features": lambda: says({"features": [feature(name=name) for name in names]}, ETag='W/"7"'),
        "/playground/advanced": lambda: says(evaluation(*names)),
    }
    async with listening(serving(answers)) as server:
        flags = store(server.url)
        for rounds in (1, 2):
            (found,) = (await flags.observe([place()])).values()
            assert isinstance(found, FlagsReading)
            assert len(found.flags) == 100
            assert len(server.asked) == 2 * rounds
    assert server.asked[2].headers["if-none-match"] == 'W/"7"'


async def test_an_environment_that_takes_change_requests_only_is_not_written_around() -> None:
    config = [
        {"environment": "development", "type": "development", "changeRequestEnabled": False, "requiredApprovals": None},
        {"environment": "production", "type": "production", "changeRequestEnabled": True, "requiredApprovals": 2},
    ]
    answers = {
        "/features/lights": lambda: says(feature(strategy())),
        "/change-requests/config": lambda: says(config),
    }
    async with listening(serving(answers)) as server:
        with pytest.raises(ProviderError, match="by change request only") as caught:
            await store(server.url).survey_flag(place().address, "lights", "")
        assert (await store(server.url).survey_flag(place("development").address, "lights", "")).reading
    assert caught.value.trouble.code == "forbidden"
    assert "2 must approve" in caught.value.trouble.hint


async def test_an_environment_without_flags_is_told_from_one_that_is_not_there() -> None:
    environments = [{"name": "production", "visible": True}, {"name": "night", "visible": False}]
    answers = {
        "/features": lambda: says({"features": []}),
        "/playground/advanced": lambda: says({"features": []}),
        "/environments/project/default": lambda: says({"environments": environments}),
    }
    async with listening(serving(answers)) as server:
        seen = await store(server.url).observe([place(), place("night")])
    assert seen[place().subject] == FlagsReading(())
    night = seen[place("night").subject]
    assert isinstance(night, Trouble)
    assert (night.code, night.hint) == ("not_found", "it has: production")


async def test_one_project_that_cannot_be_read_costs_the_others_nothing() -> None:
    answers = {
        "/default/features": lambda: says({"features": [feature()]}),
        "/docks/features": lambda: says("<html>sign in</html>", kind="text/html"),
        "/playground/advanced": lambda: says(evaluation("lights")),
    }
    docks = place("development", project="docks")
    async with listening(serving(answers)) as server:
        seen = await store(server.url).observe([place(), docks])
    assert isinstance(seen[place().subject], FlagsReading)
    trouble = seen[docks.subject]
    assert isinstance(trouble, Trouble)
    assert trouble.code == "garbage"


async def test_labels_there_are_none() -> None:
    async with listening(serving({})) as server:
        with pytest.raises(ProviderError, match="has no labels"):
            await store(server.url).survey_flag(place().address, "lights", "production")
    assert not server.asked


async def test_only_names_with_the_prefix_are_shown() -> None:
    names = ("Harbour.b", "harbour.a", "pier")
    answers = {
        "/features": lambda: says({"features": [feature(name=name) for name in names]}),
        "/playground/advanced": lambda: says(evaluation(*names)),
    }
    async with listening(serving(answers)) as server:
        (found,) = (await store(server.url).observe([place(prefix="harbour.")])).values()
    assert isinstance(found, FlagsReading)
    assert [flag.name for flag in found.flags] == ["harbour.a"]


async def test_maintenance_is_told_by_check() -> None:
    answers = {
        "/user": lambda: says({"user": {"id": 1, "username": "ana"}, "permissions": []}),
        "/ui-config": lambda: says({"version": "8.2.0", "environment": "Enterprise", "maintenanceMode": True}),
    }
    async with listening(serving(answers)) as server:
        told = [one async for one in session("unleash", url=server.url, token="${env:TOKEN}").check()]
    assert told[0][0].startswith("Unleash 8.2.0 (Enterprise)")
    assert [trouble.message for _, trouble in told if trouble] == ["Unleash is in maintenance mode"]


def test_who_a_token_is() -> None:
    admin = {"user": {"username": "admin", "permissions": ["ADMIN"], "type": "admin", "secret": "*:*.x"}}
    assert who(admin) == ("admin", True)
    assert who({"user": {"id": 2, "email": "ana@shop.example"}}) == ("ana@shop.example", False)
    assert who([]) == ("?", False)


@pytest.mark.parametrize(
    ("granted", "may"),
    [
        ([{"permission": "ADMIN"}], True),
        ([], False),
        ([{"permission": "UPDATE_FEATURE_ENVIRONMENT", "project": "default", "environment": "production"}], False),
    ],
)
def test_what_a_token_may(granted: list[Any], may: bool) -> None:
    assert may_change({"permissions": granted}, "default", "production") is may
    assert may_change({}, "default", "production") is None


def test_permissions_count_where_they_were_given() -> None:
    all_three = ("UPDATE_FEATURE_ENVIRONMENT", "CREATE_FEATURE_STRATEGY", "UPDATE_FEATURE_STRATEGY")
    granted = [{"permission": one, "project": "default", "environment": "production"} for one in all_three]
    assert may_change({"permissions": granted}, "default", "production")
    assert not may_change({"permissions": granted}, "default", "development")
    assert not may_change({"permissions": granted}, "docks", "production")


def test_change_requests_that_are_not_told_stop_nothing() -> None:
    assert approvals_needed({"message": "?"}, "production") is None
    assert approvals_needed([{"environment": "production", "changeRequestEnabled": True}], "production") == 1


async def test_the_sandbox_has_none_and_says_so() -> None:
    provider = registry.load("unleash")
    with pytest.raises(ProviderError, match="the sandbox has no Unleash"):
        provider.sandboxed(Connection("flags", "unleash", {}), {})
