"""The JSON of a flag: a change says what was wanted, and loses nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from quarterdeck.providers.azure.feature_flag import changed, flag_reading
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.settlement import flag_facts

percents = st.one_of(st.integers(0, 100), st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 2)))
names = st.text(min_size=1, max_size=8)
groups = st.dictionaries(names, percents.map(float), max_size=3)
users = st.sampled_from([(), ("alice",)])
unknown = st.dictionaries(st.sampled_from(["telemetry", "x-one", "display_name"]), st.integers(), max_size=2)


def percentage(value: Any) -> dict[str, Any]:
    return {"name": "Microsoft.Percentage", "parameters": {"Value": value, "x-kept": 1}}


def targeting(default: Any, rings: dict[str, float], users: Any = ("alice",)) -> dict[str, Any]:
    audience = {
        "Users": list(users),
        "Groups": [{"Name": name, "RolloutPercentage": percent} for name, percent in rings.items()],
        **({} if default is None else {"DefaultRolloutPercentage": default}),
    }
    return {"name": "Microsoft.Targeting", "parameters": {"Audience": audience}}


window = st.just({"name": "Microsoft.TimeWindow", "parameters": {"Start": "Wed, 01 May 2026 13:59:59 GMT"}})
filters = st.lists(
    st.one_of(percents.map(percentage), st.builds(targeting, st.none() | percents, groups, users), window), max_size=4
)


@st.composite
def flags(draw: st.DrawFn) -> dict[str, Any]:
    flag: dict[str, Any] = {"id": "f", "enabled": draw(st.booleans()), **draw(unknown)}
    if draw(st.booleans()):
        flag["conditions"] = {"requirement_type": "Any", "client_filters": draw(filters)}
    return flag


wanted = st.fixed_dictionaries(
    {"enabled": st.booleans(), "percent": st.none() | percents.map(float), "audience": groups}
)


def inexpressible(flag: dict[str, Any], want: dict[str, Any]) -> bool:
    """No percentage, where another rule would then say something else: targeting that names users, a second filter."""
    marks = ("named users", "another", "by targeting")
    return want["percent"] is None and any(mark in rule for rule in others(flag) for mark in marks)


def others(flag: dict[str, Any]) -> tuple[str, ...]:
    return flag_reading("f", flag).other_rules


def facts(flag: dict[str, Any]) -> dict[str, Any]:
    return flag_facts(flag_reading("f", flag))


@given(flags())
def test_wanting_what_is_there_changes_nothing(flag: dict[str, Any]) -> None:
    assert changed(flag, facts(flag)) == flag


@given(flags(), wanted)
def test_after_a_change_the_flag_says_what_was_wanted(flag: dict[str, Any], want: dict[str, Any]) -> None:
    assume(not inexpressible(flag, want))
    assert facts(changed(flag, want)) == want


@given(flags(), wanted)
def test_a_change_can_be_taken_back(flag: dict[str, Any], want: dict[str, Any]) -> None:
    assume(not inexpressible(flag, want))
    assert facts(changed(changed(flag, want), facts(flag))) == facts(flag)


@given(flags(), wanted)
def test_everything_else_stays(flag: dict[str, Any], want: dict[str, Any]) -> None:
    assume(not inexpressible(flag, want))
    before, after = json.loads(json.dumps(flag)), changed(flag, want)

    assert flag == before
    assert {k: v for k, v in after.items() if k not in ("enabled", "conditions")} == {
        k: v for k, v in flag.items() if k not in ("enabled", "conditions")
    }
    windows = [item for item in flag.get("conditions", {}).get("client_filters", []) if "TimeWindow" in item["name"]]
    assert [item for item in after.get("conditions", {}).get("client_filters", []) if item in windows] == windows


def test_no_rule_where_targeting_names_users_is_refused_because_it_would_shut_everybody_else_out() -> None:
    flag = {"enabled": True, "conditions": {"client_filters": [targeting(50, {})]}}

    with pytest.raises(ProviderError, match="no way"):
        changed(flag, {"enabled": True, "percent": None, "audience": {}})


def test_a_targeting_filter_left_empty_is_taken_away_because_it_would_shut_everybody_out() -> None:
    flag = {"enabled": True, "conditions": {"client_filters": [targeting(None, {"canary": 50}, ())]}}

    after = changed(flag, {"enabled": True, "percent": None, "audience": {}})

    assert after["conditions"]["client_filters"] == []


def test_targeting_without_a_percentage_and_without_groups_lets_nobody_else_in() -> None:
    flag = {"enabled": True, "conditions": {"client_filters": [targeting(None, {})]}}

    assert flag_reading("f", flag).percent == 0


def test_only_the_first_rule_of_a_kind_is_ours_the_others_are_named() -> None:
    flag = {"enabled": True, "conditions": {"client_filters": [percentage(5), percentage(50), targeting(25, {})]}}

    reading = flag_reading("f", flag)

    assert reading.percent == 5
    assert set(reading.other_rules) == {"another Microsoft.Percentage", "25% by targeting", "1 named users"}


@pytest.mark.parametrize(
    "flag",
    [
        {},
        {"enabled": "yes"},
        {"enabled": True, "conditions": None},
        {"enabled": True, "conditions": {"client_filters": None}},
        {"enabled": True, "conditions": {"client_filters": [None, 1, {"name": None}]}},
        {"enabled": True, "conditions": {"client_filters": [{"name": "Targeting", "parameters": None}]}},
        {"enabled": True, "conditions": {"client_filters": [{"name": "Percentage", "parameters": {"Value": "x"}}]}},
        {"enabled": True, "conditions": {"client_filters": [{"name": "Targeting", "parameters": {"Audience": []}}]}},
    ],
)
def test_strange_flags_are_read_and_can_be_set_right(flag: dict[str, Any]) -> None:
    want = {"enabled": True, "percent": 10.0, "audience": {"a": 5.0}}

    assert facts(changed(flag, want)) == want
