"""Which requests make a flag what is wanted, and in which order: what users see on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.unleash.changes import Call, calls
from quarterdeck.providers.unleash.documents import Flag, Strategy
from quarterdeck.providers.unleash.settling import settled
from quarterdeck.release.plan import Step

FIELD = "ring"


def strategy(rollout: object, group: str = "", **more: Any) -> Strategy:
    """As Unleash has it after it was made."""
    only = ({"contextName": FIELD, "operator": "IN", "values": [group]},) if group else ()
    parameters = {"rollout": rollout, "stickiness": "default", "groupId": "lights"}
    made = Strategy(f"id-{group or 'all'}-{rollout}", "flexibleRollout", "", False, rollout, parameters, only, ())
    return replace(made, **more)


def flag(*strategies: Strategy, on: bool = False) -> Flag:
    return Flag("lights", on, strategies)


def facts(*, on: bool, percent: float, **audience: float) -> dict[str, Any]:
    return {"enabled": on, "percent": percent, "audience": audience}


def after(now: Flag, call: Call) -> Flag:
    """What Unleash makes of a request."""
    if call.path in ("/on", "/off"):
        return replace(now, enabled=call.path == "/on")
    if call.path == "/strategies":
        constraints = call.document["constraints"]
        made = strategy(call.document["parameters"]["rollout"], constraints[0]["values"][0] if constraints else "")
        return replace(now, strategies=(*now.strategies, made))
    wanted = {one["path"]: one["value"] for one in call.document if one["op"] == "add"}["/parameters/rollout"]
    name = call.path.rpartition("/")[2]
    changed = tuple(replace(one, rollout=wanted) if one.id == name else one for one in now.strategies)
    assert changed != now.strategies
    return replace(now, strategies=changed)


def exposure(now: Flag) -> dict[str, float]:
    """What part of each kind of users sees it, as an application evaluates it."""
    if not now.enabled:
        return {"anybody": 0.0, "early": 0.0, "late": 0.0}
    groups = {group: its[0].percent for group, its in now.groups(FIELD).items()}
    return {kind: max(now.percent, groups.get(kind, 0.0)) for kind in ("anybody", "early", "late")}


FLAGS = {
    "without a strategy": flag(),
    "all disabled": flag(strategy("50", disabled=True)),
    "off at 50": flag(strategy("50")),
    "on at 50": flag(strategy("50"), on=True),
    "on without a strategy": flag(on=True),
    "on for a group": flag(strategy("100", "early"), on=True),
    "on for a group and some": flag(strategy("20"), strategy("100", "early"), on=True),
    "off with a group at nothing": flag(strategy("20"), strategy("0", "early")),
}
WANTED = {
    "on at 5": facts(on=True, percent=5.0),
    "on for everybody": facts(on=True, percent=100.0),
    "on for late": facts(on=True, percent=0.0, late=50.0),
    "on for both and some": facts(on=True, percent=30.0, early=60.0, late=10.0),
    "off at 10": facts(on=False, percent=10.0),
    "off for nobody but early": facts(on=False, percent=0.0, early=100.0),
}


@pytest.mark.parametrize("wanted", WANTED.values(), ids=WANTED)
@pytest.mark.parametrize("now", FLAGS.values(), ids=FLAGS)
def test_nobody_sees_on_the_way_what_they_see_neither_before_nor_after(now: Flag, wanted: Mapping[str, Any]) -> None:
    states = [now]
    for call in calls(now, wanted, FIELD):
        assert not (call.path == "/on" and not states[-1].active), "Unleash would write a strategy for everybody"
        states.append(after(states[-1], call))
    reading = states[-1].reading(FIELD)
    assert (reading.enabled, reading.percent) == (wanted["enabled"], wanted["percent"])
    assert {one.group: one.percent for one in reading.audience} == wanted["audience"]
    before, finally_ = exposure(states[0]), exposure(states[-1])
    for state in states:
        for kind, percent in exposure(state).items():
            assert percent <= max(before[kind], finally_[kind])
    assert not calls(states[-1], wanted, FIELD)


def test_a_patch_holds_only_for_what_was_read() -> None:
    (call,) = calls(flag(strategy("20"), strategy("100", "early"), on=True), facts(on=True, percent=20, early=5), FIELD)
    assert (call.method, call.path) == ("PATCH", "/strategies/id-early-100")
    assert call.document == [
        {"op": "test", "path": "/name", "value": "flexibleRollout"},
        {"op": "test", "path": "/disabled", "value": False},
        {
            "op": "test",
            "path": "/constraints",
            "value": [{"contextName": "ring", "operator": "IN", "values": ["early"]}],
        },
        {"op": "test", "path": "/parameters/rollout", "value": "100"},
        {"op": "add", "path": "/parameters/rollout", "value": "5"},
    ]


@pytest.mark.parametrize("percent", [250.0, -1.0, 12.5, float("nan")])
def test_what_unleash_would_take_for_a_percentage_is_none(percent: float) -> None:
    with pytest.raises(ProviderError, match="whole percents from 0 to 100"):
        calls(flag(strategy("20")), facts(on=True, percent=percent), FIELD)


@pytest.mark.parametrize(
    ("now", "field", "wanted", "words"),
    [
        (flag(strategy("20"), strategy("30")), FIELD, facts(on=True, percent=5.0), "2 gradual rollouts for everybody"),
        (flag(strategy(None, name="default")), FIELD, facts(on=True, percent=5.0), "strategy `default`"),
        (flag(strategy("20")), None, facts(on=True, percent=20.0, early=5.0), "`group_field`"),
        (
            flag(strategy("20", "early"), strategy("30", "early")),
            FIELD,
            facts(on=True, percent=0.0, early=5.0),
            "several strategies for early",
        ),
    ],
)
def test_what_cannot_be_said_of_a_flag_is_not_tried(
    now: Flag, field: str | None, wanted: dict[str, Any], words: str
) -> None:
    limits = now.limits(field)
    assert words in limits.why
    assert limits.percent != limits.audience or field is None
    with pytest.raises(ProviderError, match=words):
        calls(now, wanted, field)


def test_the_switch_works_whatever_else_cannot_be_said() -> None:
    mixed = flag(strategy("20"), strategy("30"), strategy(None, name="default"), on=True)
    (call,) = calls(mixed, facts(on=False, percent=100.0), None)
    assert (call.method, call.path) == ("POST", "/off")


def step(before: dict[str, Any], wanted: dict[str, Any], etag: str) -> Step:
    target, address = TargetId("production", "lights", flag=True), Address("flags", {})
    change = {"name": "lights", "label": "", **wanted}
    return Step("1", "set_flag", "flags", target, address, "", change, {**before, "etag": etag}, wanted)


def test_parts_as_wanted_and_parts_as_before_are_half_done() -> None:
    now = flag(strategy("50"))
    reading = now.reading(FIELD)
    wanted = facts(on=True, percent=5.0, early=10.0)
    planned = step(facts(on=False, percent=50.0), wanted, reading.etag)
    assert settled(planned, reading).state == "not_done"
    half = settled(planned, flag(strategy("5")).reading(FIELD))
    assert half.state == "changed_by_other"
    assert (
        half.detail
        == "half done: everybody 5% as wanted, switch off, group early 0% as before; abandon this and plan the rest"
    )
    others = settled(planned, flag(strategy("5"), strategy("70", "late")).reading(FIELD))
    assert (others.state, "half" in others.detail) == ("changed_by_other", False)
    strange = settled(planned, flag(strategy("6"), strategy("10", "early")).reading(FIELD))
    assert (strange.state, "half" in strange.detail) == ("changed_by_other", False)
    done = flag(strategy("5"), strategy("10", "early"), on=True)
    assert settled(planned, done.reading(FIELD)).state == "done"
