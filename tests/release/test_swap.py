"""Planning a swap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.release.surveys import CHECKOUT, SLOTS, codes, outline, refusal, site, slot, split

from quarterdeck.fleet.readings import SwapRecord
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP, FORBIDS_SWAP_BACK
from quarterdeck.release.swap import Site, plan_swap

PENDING = slot("production", "2.14.3", preview_from="Staging")


def test_a_swap_is_one_step_that_carries_its_fingerprint() -> None:
    record = SwapRecord("t1", "staging", "Production")
    plan = outline(plan_swap(Swap(CHECKOUT), [site(destination=slot("production", "2.14.3", last_swap=record))]))
    (step,) = plan.steps
    assert (step.id, step.verb, step.repeatable) == ("1", "swap", False)
    assert step.change == {"source": "staging", "destination": "production"}
    assert step.before == {
        "source_build": "id-2.15.0",
        "destination_build": "id-2.14.3",
        "source_version": "2.15.0",
        "destination_version": "2.14.3",
        "last_swap": "t1",
        "preview_from": "",
    }
    assert step.after == {
        "source_build": "id-2.14.3",
        "destination_build": "id-2.15.0",
        "source_version": "2.14.3",
        "destination_version": "2.15.0",
        "preview_from": "",
    }


def test_effects_name_builds_before_and_after() -> None:
    plan = outline(plan_swap(Swap(CHECKOUT), [site()]))
    assert ("build in production", "2.14.3", "2.15.0") in [(e.what, e.before, e.after) for e in plan.effects]
    assert plan.fuse.possible
    assert plan.fuse.until == "the next deployment to staging"
    assert plan.who_feels_it == "all clients of production/checkout"


def test_regions_are_one_step_each_in_order() -> None:
    places = [replace(SLOTS, target=TargetId("production", "checkout", region)) for region in ("west", "east")]
    plan = outline(plan_swap(Swap(CHECKOUT), [site(place=place) for place in places]))
    assert [(step.id, step.target.region) for step in plan.steps] == [("1", "west"), ("2", "east")]
    assert "one-by-one" in codes(plan)


def test_regions_that_would_get_different_builds_are_told() -> None:
    plan = outline(plan_swap(Swap(CHECKOUT), [site(), site(source=slot("staging", "2.16.0"))]))
    assert codes(plan)["builds-differ"] == "warning"


@pytest.mark.parametrize(
    ("swap", "found", "words"),
    [
        (Swap(CHECKOUT, "Staging", "staging"), site(), "itself"),
        (Swap(CHECKOUT), site(source=slot("staging", "2", running=False)), "staging is not running"),
        (Swap(CHECKOUT), site(destination=slot("production", "2", running=False)), "production is not running"),
        (Swap(CHECKOUT), site(destination=slot("production", "2", operation="op-7")), "op-7"),
        (Swap(CHECKOUT), site(destination=PENDING), "preview of Staging in production is pending"),
        (Swap(CHECKOUT, mode="preview"), site(destination=PENDING), "pending"),
        (Swap(CHECKOUT), site(source=slot("staging", "2", preview_from="qa")), "qa into staging"),
        (Swap(CHECKOUT, mode="complete"), site(), "none is pending"),
        (Swap(CHECKOUT, mode="cancel"), site(), "none is pending"),
        (Swap(CHECKOUT, mode="complete"), site(destination=slot("production", "2", preview_from="qa")), "of qa"),
        (Swap(CHECKOUT), site(risks=(Risk("danger", FORBIDS_SWAP, "the service objects"),)), "objects"),
        (Swap(CHECKOUT, mode="preview"), site(risks=(Risk("warning", FORBIDS_PREVIEW, "auth is on"),)), "auth is on"),
    ],
)
def test_what_cannot_be_swapped_is_refused_with_the_reason(swap: Swap, found: Site, words: str) -> None:
    told = refusal(plan_swap(swap, [found]))
    assert words in told.message
    assert told.hint or "objects" in words or "auth" in words


def test_one_region_that_refuses_refuses_all() -> None:
    assert refusal(plan_swap(Swap(CHECKOUT), [site(), site(destination=PENDING)]))


def test_authentication_is_no_obstacle_to_a_swap_without_preview() -> None:
    plan = outline(plan_swap(Swap(CHECKOUT), [site(risks=(Risk("warning", FORBIDS_PREVIEW, "auth is on"),))]))
    assert FORBIDS_PREVIEW not in codes(plan)


def test_a_pending_preview_of_this_pair_can_be_completed_and_cancelled() -> None:
    complete = outline(plan_swap(Swap(CHECKOUT, mode="complete"), [site(destination=PENDING)])).steps[0]
    cancel = outline(plan_swap(Swap(CHECKOUT, mode="cancel"), [site(destination=PENDING)])).steps[0]
    assert (complete.verb, complete.before["preview_from"], complete.repeatable) == ("complete", "staging", False)
    assert (cancel.verb, cancel.after["preview_from"], cancel.repeatable) == ("cancel", "", True)


def test_a_stopped_slot_is_no_reason_to_keep_a_preview() -> None:
    stopped = replace(PENDING, running=False)
    assert outline(plan_swap(Swap(CHECKOUT, mode="cancel"), [site(destination=stopped)]))


def test_risks_an_operator_must_see() -> None:
    both = site(
        source=slot("staging", "2.14.3", health="unhealthy", auto_swap_to="production"),
        traffic=split(("production", 90), ("staging", 10)),
    )
    plan = outline(plan_swap(Swap(CHECKOUT), [both]))
    assert codes(plan) == {
        "source-unhealthy": "danger",
        "same-build": "warning",
        "auto-swap": "warning",
        "ramp-rule": "danger",
    }
    assert plan.who_feels_it == "90% of the clients of production/checkout"


def test_a_ramp_rule_is_told_once() -> None:
    told = Risk("danger", "ramp-rule", "said by the provider")
    both = site(traffic=split(("production", 90), ("staging", 10)), risks=(told,))
    assert [r for r in outline(plan_swap(Swap(CHECKOUT), [both])).risks if r.code == "ramp-rule"] == [told]


def test_a_swap_that_another_one_would_not_take_back_promises_no_way_back() -> None:
    one = site()
    final = Risk("warning", FORBIDS_SWAP_BACK, "the former build is gone soon", "deploy it again")
    plan = outline(plan_swap(Swap(CHECKOUT), [replace(one, survey=replace(one.survey, risks=(final,)))]))
    assert not plan.fuse.possible
    assert plan.fuse.how == "production/checkout: the former build is gone soon; deploy it again"
    assert [effect.what for effect in plan.effects] == ["build in production"]
    assert plan.steps[0].undo is None
    assert codes(plan)[FORBIDS_SWAP_BACK] == "warning"
