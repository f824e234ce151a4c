"""What is told of a flag before anybody touches it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Fleet, Place
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag_story import SETTLED_AFTER, FlagStory, reached, settled, story
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.operation import Operation, StepProgress
from quarterdeck.release.picture import AudienceView, FlagCell
from quarterdeck.release.plan import Plan, Step
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import FlagStep, Strategy

NOW = 10_000_000.0
FLAG = TargetId("production", "beta", flag=True)
ON = FlagCell(FLAG, "", True, None, (), (), False, "", "3m", Knowledge("fresh"), modified_at=NOW - 200)
STAFF = (AudienceView("staff", 100),)
IT_IS_ON = "nobody notices: it is on; its percentages say for whom"


def place(target: str) -> Place:
    return Place("slots", TargetId.parse(target), Address("az", {"site": target}))


BALANCED = Place("traffic", TargetId.parse("production/search"), Address("lb", {"backend": "search"}))
FLEET = Fleet(
    "shop", places=(place("production/checkout@west"), place("production/cart"), place("staging/cart"), BALANCED)
)


def flipped(ended: float, *, label: str = "", state: Any = "done") -> Operation:
    before: dict[str, Any] = {"enabled": False, "percent": None, "audience": {}, "etag": "1"}
    step = Step("1", "set_flag", "flags", FLAG, Address("az", {}), "", {"label": label}, before)
    plan = Plan("p", "r", FlagChange(FLAG, enabled=True), (step,), command="qd flag on production/beta")
    return Operation("o1", plan, "ana@jump1", "", ended - 1, {"1": StepProgress(state)}, "succeeded", ended_at=ended)


def told(
    flag: FlagCell, *others: FlagCell, done: tuple[Operation, ...] = (), rules: Rulebook | None = None
) -> FlagStory:
    return story(flag, (flag, *others), done, None, FLEET, rules or Rulebook(), NOW)


@pytest.mark.parametrize(
    ("changes", "off", "on"),
    [
        ({}, "about 100% of the users no longer see it", "nobody notices: it is on"),
        ({"percent": 25.0}, "about 25% of the users no longer see it", IT_IS_ON),
        ({"audience": STAFF}, "staff (100%) no longer see it", IT_IS_ON),
        ({"audience": STAFF, "percent": 10.0}, "staff (100%) and about 10% of the other users no longer see it",
         IT_IS_ON),
        ({"enabled": False}, "nobody notices: it is off", "about 100% of the users see it"),
        ({"enabled": False, "percent": 25.0}, "nobody notices: it is off", "about 25% of the users see it"),
        ({"enabled": False, "percent": 0.0}, "nobody notices: it is off",
         "nobody sees it yet: its percentages are 0%"),
        ({"enabled": False, "audience": STAFF, "percent": 10.0}, "nobody notices: it is off",
         "staff (100%) and about 10% of the other users see it"),
    ],
)  # fmt: skip
def test_who_would_notice(changes: dict[str, Any], off: str, on: str) -> None:
    known = told(replace(ON, **changes))
    assert (known.off, known.on) == (off, on)


def test_all_services_of_the_environment_may_read_it() -> None:
    assert told(ON).readers == "any of checkout, cart, search: the configuration doesn't say which"


def test_who_sets_it_again_is_named_with_the_services() -> None:
    rules = Rulebook(
        strategies=(Strategy("careful", (FlagStep("beta", enabled=True),)),),
        routes=(Route(TargetId("production", "cart"), "careful"), Route(TargetId("staging", "checkout"), "careful")),
    )
    assert told(ON, rules=rules).set_by == ("strategy careful of cart",)


def test_the_last_change_from_here_says_who_and_what_it_was() -> None:
    known = told(ON, done=(flipped(NOW - 190),))
    assert known.changed == "3m ago by ana@jump1 (qd flag on production/beta); was off for everybody"
    assert known.way_back == "u sets it back: off for everybody"


def test_a_change_of_somebody_else_after_ours_is_told_first() -> None:
    known = told(ON, done=(flipped(NOW - 5000),))
    assert known.changed.startswith("3m ago by somebody else, not from here; before that 1h ago by ana@jump1")


@pytest.mark.parametrize("operation", [flipped(NOW - 190, label="eu"), flipped(NOW - 190, state="not_done")])
def test_what_changed_nothing_under_this_label_is_no_change_of_it(operation: Operation) -> None:
    known = told(ON, done=(operation,))
    assert (known.changed, known.way_back) == ("3m ago, as the flag store says; not from here lately", "")


def test_the_same_name_under_other_labels_is_a_danger() -> None:
    eu = replace(ON, label="eu", enabled=False)
    assert told(ON).danger == ""
    assert told(ON, eu).labels == ("label eu: off for everybody",)
    assert "eu may shadow it" in told(ON, eu).danger
    assert "without a label exists" in told(eu, ON).danger
    assert "other labels (us)" in told(eu, replace(ON, label="us")).danger


@pytest.mark.parametrize(
    ("changes", "word"),
    [({}, "on for everybody and unchanged for 31d"), ({"enabled": False}, "off for everybody and unchanged for 31d"),
     ({"percent": 50.0}, ""), ({"audience": STAFF}, ""), ({"other_rules": ("TimeWindow",)}, ""),
     ({"modified_at": None}, ""), ({"modified_at": NOW - SETTLED_AFTER + 9}, "")],
)  # fmt: skip
def test_a_flag_that_has_long_been_the_same_for_everybody_has_done_its_work(changes: dict[str, Any], word: str) -> None:
    old = replace(ON, modified_at=NOW - 31 * 86_400)
    assert settled(replace(old, **changes), NOW) == word


def test_reach_is_of_users_outside_named_groups() -> None:
    assert [reached(replace(ON, **one)) for one in ({}, {"enabled": False}, {"percent": 5.0}, {"audience": STAFF})] == [
        100, 0, 5, 0,
    ]  # fmt: skip
