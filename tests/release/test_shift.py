"""Planning a shift of traffic."""

from __future__ import annotations

from typing import Any

import pytest
from tests.release.surveys import (
    AT_ONCE,
    BY_WEIGHT,
    CHECKOUT,
    IN_ORDER,
    TRAFFIC,
    codes,
    outline,
    refusal,
    traffic,
)

from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.release.action import Shift
from quarterdeck.release.outline import Outline
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.survey import Limits, TrafficSurvey


def by_weight(*destinations: tuple[Any, ...]) -> Router:
    return Router(TRAFFIC, traffic(BY_WEIGHT, *destinations))


def writes(shares: dict[str, float], *destinations: tuple[Any, ...]) -> list[tuple[str, float, bool]]:
    steps = outline(plan_shift(Shift(CHECKOUT, shares), [by_weight(*destinations)])).steps
    return [(s.change["destination"], s.change["weight"], s.change["enabled"]) for s in steps]


EVEN = (("west", 500), ("east", 500))


def test_raise_first_then_lower() -> None:
    assert writes({"west": 90}, *EVEN) == [("west", 900, True), ("east", 100, True)]


def test_names_ignore_letter_case() -> None:
    assert writes({"WEST": 90}, *EVEN) == [("west", 900, True), ("east", 100, True)]


def test_nothing_means_disabled_last_and_keeps_its_weight() -> None:
    assert writes({"west": 100}, *EVEN) == [("west", 1000, True), ("east", 500, False)]


def test_what_would_not_change_is_not_written() -> None:
    assert writes({"east": 10}, ("west", 900), ("east", 500)) == [("east", 100, True)]


def test_what_is_not_named_shares_the_rest_in_proportion() -> None:
    assert writes({"c": 50}, ("a", 750), ("b", 250), ("c", 500)) == [("c", 1000, True)]
    plan = outline(plan_shift(Shift(CHECKOUT, {"c": 50}), [by_weight(("a", 750), ("b", 250), ("c", 500))]))
    assert {e.what: e.after for e in plan.effects} == {
        "share of a": "37.5%",
        "share of b": "12.5%",
        "share of c": "50%",
    }


def test_a_canary_enters_a_router_of_another_scale_without_a_flood() -> None:
    """Weights 1 and 1: enabling the canary with 50 of 1000 first would give it 98% of everybody."""
    plan = outline(plan_shift(Shift(CHECKOUT, {"new": 5}), [by_weight(("old", 1), ("new", 1, False))]))
    assert [step.change["destination"] for step in plan.steps] == ["old", "new"]
    assert "overshoot" not in codes(plan)


def test_a_foreign_scale_is_kept_where_another_would_push_clients_around() -> None:
    assert writes({"west": 90}, ("west", 1), ("east", 1)) == [("west", 9, True)]


def test_rounding_is_shown() -> None:
    plan = outline(plan_shift(Shift(CHECKOUT, {"a": 33.333}), [by_weight(("a", 1), ("b", 1), ("c", 1))]))
    assert "33.33" in next(risk.text for risk in plan.risks if risk.code == "rounded")


def test_a_router_that_takes_all_at_once_gets_one_write() -> None:
    slots = Router(TRAFFIC, traffic(AT_ONCE, ("production", 100), ("staging", 0)))
    (step,) = outline(plan_shift(Shift(CHECKOUT, {"staging": 12.5}), [slots])).steps
    assert (step.verb, step.change) == ("set_shares", {"shares": {"production": 87.5, "staging": 12.5}})
    assert step.before == {"shares": {"production": 100, "staging": 0}}


def test_a_router_in_order_of_preference_is_moved_by_switching_off() -> None:
    router = Router(TRAFFIC, traffic(IN_ORDER, ("a", 1), ("b", 2), ("c", 3)))
    steps = outline(plan_shift(Shift(CHECKOUT, {"b": 100}), [router])).steps
    assert [(s.change["destination"], s.change["enabled"]) for s in steps] == [("a", False)]
    assert "use 0 or 100" in refusal(plan_shift(Shift(CHECKOUT, {"b": 50}), [router])).hint


@pytest.mark.parametrize(
    ("shares", "destinations", "words"),
    [
        ({}, EVEN, "no share named"),
        ({"west": 60, "east": 50}, EVEN, "110%"),
        ({"west": 60, "east": 30}, EVEN, "nowhere to go"),
        ({"west": -1}, EVEN, "not a share"),
        ({"west": float("nan")}, EVEN, "not a share"),
        ({"west": float("inf")}, EVEN, "not a share"),
        ({"west": 10, "WEST": 20}, EVEN, "twice"),
        ({"north": 10}, EVEN, "no destination north"),
        ({"west": 0.01}, EVEN, "too little"),
        ({"west": 0}, (("west", 500), ("east", 500, False)), "nowhere to go"),
        ({"east": 100}, (("west", 500), ("east", 500, False, "unknown")), "last healthy"),
        ({"east": 100}, (("west", 500), ("east", 500, True, "unhealthy")), "last healthy"),
        ({"east": 100}, (("west", 5, True, "unknown"), ("east", 5, True, "unhealthy")), "only unhealthy"),
    ],
)
def test_what_cannot_be_shifted_is_refused(shares: dict[str, float], destinations: Any, words: str) -> None:
    assert words in refusal(plan_shift(Shift(CHECKOUT, shares), [by_weight(*destinations)])).message


def test_shares_that_are_as_wanted_leave_nothing_to_do() -> None:
    told = refusal(plan_shift(Shift(CHECKOUT, {"west": 50}), [by_weight(*EVEN)]))
    assert told.code == "unchanged"
    assert "already" in told.message


def test_an_emergency_between_ill_destinations_is_possible_but_dangerous() -> None:
    ill = (("west", 500, True, "unhealthy"), ("east", 500, True, "unhealthy"))
    assert codes(outline(plan_shift(Shift(CHECKOUT, {"west": 100}), [by_weight(*ill)])))["destination-unhealthy"]


def test_names_that_are_both_endpoints_and_slots_need_a_region() -> None:
    west = TargetId("production", "checkout", "west")
    slots = Router(Place("slot_traffic", west, Address("az", {"site": "w"})), traffic(AT_ONCE, ("west", 100), ("x", 0)))
    told = refusal(plan_shift(Shift(CHECKOUT, {"west": 90}), [by_weight(*EVEN), slots]))
    assert told.code == "usage"
    assert "production/checkout@west" in told.hint
    assert outline(plan_shift(Shift(west, {"west": 90}), [slots]))


def test_slots_of_every_region_are_shifted_together() -> None:
    routers = [
        Router(
            Place("slot_traffic", TargetId("production", "checkout", region), Address("az", {"site": region})),
            traffic(AT_ONCE, ("production", 100), ("staging", 0)),
        )
        for region in ("west", "east")
    ]
    steps = outline(plan_shift(Shift(CHECKOUT, {"staging": 10}), [by_weight(*EVEN), *routers])).steps
    assert [(step.id, step.target.region) for step in steps] == [("1", "west"), ("2", "east")]


# --- weights that may be 0, written one at a time (HAProxy) -----------------------------------------------------------
ZERO_TO_256 = Limits(units=100, smallest=0, largest=256, atomic=False)


def weights_after(shares: dict[str, float], *destinations: Destination) -> dict[str, Any]:
    place = Place("traffic", CHECKOUT, Address("lb", {"backend": "app"}))
    survey = TrafficSurvey(TrafficReading("roundrobin", destinations), ZERO_TO_256)
    outline = plan_shift(Shift(CHECKOUT, shares), [Router(place, survey)])
    assert isinstance(outline, Outline), outline
    return {step.change["destination"]: (step.change["weight"], step.change["enabled"]) for step in outline.steps}


def test_one_that_is_down_keeps_its_part_of_what_isnt_named() -> None:
    up, down = Destination("up", 100, 50, health="healthy"), Destination("down", 0, 50, health="unhealthy")
    canary = Destination("canary", 0, 0, health="healthy")
    assert weights_after({"canary": 20}, canary, up, down) == {"canary": (25, True)}


def test_what_was_switched_off_and_isnt_named_stays_off() -> None:
    live, off = Destination("live", 100, 100, health="healthy"), Destination("off", 0, 100, enabled=False)
    canary = Destination("canary", 0, 0, health="healthy")
    assert weights_after({"canary": 5}, live, off, canary) == {"canary": (5, True), "live": (95, True)}


def test_a_share_for_what_was_switched_off_switches_it_on() -> None:
    live, off = Destination("live", 100, 100, health="healthy"), Destination("off", 0, 50, enabled=False)
    weight, enabled = weights_after({"off": 50}, live, off)["off"]
    assert enabled
    assert weight > 0


STAGED = Limits(
    units=0, stops=({"stable": 60, "canary": 40}, {"stable": 100}), why="it goes by the steps of its declaration"
)


def test_a_router_that_goes_by_stages_of_its_own_is_shifted_to_one_of_those() -> None:
    router = Router(TRAFFIC, traffic(STAGED, ("stable", 80), ("canary", 20)))
    for shares in ({"canary": 40}, {"canary": 0}):
        (step,) = outline(plan_shift(Shift(CHECKOUT, shares), [router])).steps
        assert step.after["shares"]["canary"] == shares["canary"]


def test_what_lies_between_its_stages_is_refused_with_those_it_has() -> None:
    router = Router(TRAFFIC, traffic(STAGED, ("stable", 80), ("canary", 20)))
    no = refusal(plan_shift(Shift(CHECKOUT, {"canary": 50}), [router]))
    assert "stable 50%, canary 50% can't be reached from here: it goes by the steps" in no.message
    assert no.hint == "what can be reached from here: stable 60%, canary 40%; stable 100%"
