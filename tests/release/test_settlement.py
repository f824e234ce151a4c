"""Has a step happened? What readings say, and what they don't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.release.surveys import BANNER, BY_WEIGHT, CHECKOUT, FLAGS, TRAFFIC, flag, outline, site, slot, traffic

from quarterdeck.fleet.readings import Build, SwapRecord
from quarterdeck.release.action import FlagChange, Shift, Swap
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import settle_destination, settle_flag, settle_slots
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.swap import plan_swap

OLD, NEW = "2.14.3", "2.15.0"
AFTER = SwapRecord("t1", "staging", "Production")
PENDING = site(destination=slot("production", OLD, preview_from="Staging"))


def step(mode: Any = "swap") -> Step:
    start = PENDING if mode in ("complete", "cancel") else site()
    return outline(plan_swap(Swap(CHECKOUT, mode=mode), [start])).steps[0]


@pytest.mark.parametrize(
    ("mode", "staging", "production", "state"),
    [
        ("swap", slot("staging", NEW), slot("production", OLD), "unclear"),
        ("swap", slot("staging", NEW, operation="op-1"), slot("production", OLD), "running"),
        ("swap", slot("staging", NEW), slot("production", OLD, preview_from="staging"), "running"),
        ("swap", slot("staging", NEW), slot("production", OLD, preview_from="qa"), "changed_by_other"),
        ("swap", slot("staging", OLD), slot("production", NEW), "running"),
        ("swap", slot("staging", OLD), slot("production", NEW, last_swap=AFTER), "done"),
        ("swap", slot("staging", "2.16.0"), slot("production", NEW, last_swap=AFTER), "done"),
        ("swap", slot("staging", NEW), slot("production", OLD, last_swap=AFTER), "changed_by_other"),
        ("swap", slot("staging", "2.16.0"), slot("production", OLD), "changed_by_other"),
        ("swap", slot("staging"), slot("production", last_swap=AFTER), "done"),
        ("complete", slot("staging", NEW), slot("production", OLD, preview_from="staging"), "unclear"),
        ("complete", slot("staging", OLD), slot("production", NEW, last_swap=AFTER), "done"),
        ("complete", slot("staging", NEW), slot("production", OLD), "changed_by_other"),
        ("preview", slot("staging", NEW), slot("production", OLD), "unclear"),
        ("preview", slot("staging", NEW), slot("production", OLD, preview_from="Staging"), "done"),
        ("preview", slot("staging", NEW), slot("production", OLD, preview_from="qa"), "changed_by_other"),
        ("cancel", slot("staging", NEW), slot("production", OLD, preview_from="Staging"), "unclear"),
        ("cancel", slot("staging", NEW), slot("production", OLD), "done"),
        ("cancel", slot("staging", OLD), slot("production", NEW, last_swap=AFTER), "changed_by_other"),
    ],
)
def test_slots(mode: str, staging: Any, production: Any, state: str) -> None:
    assert settle_slots(step(mode), staging, production).state == state


def in_place(version: str, **more: Any) -> Any:
    """Staging, with another version deployed into the same content ("": nobody knows which)."""
    return replace(slot("staging", NEW, **more), build=Build(version, f"id-{NEW}"))


@pytest.mark.parametrize("mode", ["swap", "preview"])
def test_another_version_in_the_same_content_is_a_change(mode: str) -> None:
    production = slot("production", OLD)
    found = settle_slots(step(mode), in_place("2.16.0"), production)
    assert (found.state, found.detail) == ("changed_by_other", "source_version is '2.16.0', was '2.15.0'")
    assert settle_slots(step(mode), in_place(""), production).state == "unclear"
    assert settle_slots(step(mode), in_place("2.16.0", operation="op-1"), production).state == "running"


def test_a_swap_of_other_slots_is_not_ours() -> None:
    record = SwapRecord("t1", "qa", "production")
    found = settle_slots(step(), slot("staging", OLD), slot("production", NEW, last_swap=record))
    assert found.state == "changed_by_other"


def test_a_destination_is_told_by_weight_and_status_and_may_be_gone() -> None:
    survey = traffic(BY_WEIGHT, ("west", 500), ("east", 500))
    first = outline(plan_shift(Shift(CHECKOUT, {"west": 100}), [Router(TRAFFIC, survey)])).steps[-1]
    readings = {
        "not_done": traffic(BY_WEIGHT, ("west", 7), ("east", 500)),
        "done": traffic(BY_WEIGHT, ("west", 7), ("east", 500, False)),
        "changed_by_other": traffic(BY_WEIGHT, ("west", 7), ("east", 400)),
    }
    for state, found in readings.items():
        assert settle_destination(first, found.reading).state == state
    assert settle_destination(first, traffic(BY_WEIGHT, ("west", 1)).reading).state == "changed_by_other"


def test_a_flag_that_was_changed_and_changed_back_is_told_by_its_etag() -> None:
    off = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag())).steps[0]
    reading = flag().reading
    assert settle_flag(off, reading).state == "not_done"
    assert settle_flag(off, replace(reading, etag="e3")).state == "changed_by_other"
    assert settle_flag(off, replace(reading, enabled=False, etag="e2")).state == "done"
