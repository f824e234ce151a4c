"""The drain clock, the rollback fuse, and what could undo a rollback: told from what the store knows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from tests.release.surveys import AT_ONCE as COOKIES
from tests.release.surveys import BY_WEIGHT as NAMES
from tests.release.surveys import CHECKOUT, SLOTS, TRAFFIC, outline, site, slot, split, traffic

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import Keeper, Reading, SlotReading, SlotsReading
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.automation import Automation, in_releases, in_slots, in_traffic, offer, risks_of
from quarterdeck.release.drain import drains, in_words
from quarterdeck.release.fuse import IN_FLIGHT, fuse_of
from quarterdeck.release.guards import Guards, Hold
from quarterdeck.release.operation import Operation, StepProgress
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Fuse, Plan, Refusal, Risk, Step
from quarterdeck.release.release_plan import Member, ReleasePlan, ReleaseStep, Wish, Write
from quarterdeck.release.rollout import Release, Standing
from quarterdeck.release.rules import Route, Rulebook, SchemaRule
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.survey import FORBIDS_SWAP_BACK
from quarterdeck.release.swap import plan_swap

NOW = 1_795_000_000.0
RAMP = Place("slot_traffic", CHECKOUT, Address("az", {"site": "checkout"}))
FLEET = Fleet("shop", (Environment("production"),), ("checkout",), (SLOTS, RAMP, TRAFFIC))
HOUR = 3600.0


def seen(place: Place, reading: Reading, at: float = NOW) -> dict[str, Observation]:
    return {place.subject: Observation(place.subject, reading, "azure", at, at)}


def ramp(staging: float) -> dict[str, Observation]:
    return seen(RAMP, replace(split(("production", 100 - staging), ("staging", staging)), lag=HOUR, kept_by="cookie"))


def done(name: str, found: Outline | Refusal, at: float, **more: Any) -> Operation:
    steps = outline(found).steps
    progress = {step.id: StepProgress("done", since=at) for step in steps}
    plan = Plan(name, name, Swap(CHECKOUT), steps)
    about = {"ending": "succeeded", "ended_at": at, **more}
    return Operation(name, plan, "ana", "", at - 80, progress, **about)


def shifted(before: float, after: float, at: float, name: str = "op") -> Operation:
    router = Router(RAMP, traffic(COOKIES, ("production", 100 - before), ("staging", before)))
    return done(name, plan_shift(Shift(CHECKOUT, {"staging": after}), [router]), at)


def swapped(at: float, name: str = "swap") -> Operation:
    return done(name, plan_swap(Swap(CHECKOUT), [site()]), at)


# --- the drain clock --------------------------------------------------------------------------------------------------
def draining(*operations: Operation, now: float = NOW, observations: Any = None) -> list[tuple[str, float, float]]:
    found = drains(CHECKOUT, operations, fleet=FLEET, observations=observations or ramp(0), now=now)
    return [(drain.what.split(" ")[0], round(drain.share, 3), drain.ends_at) for drain in found]


def test_nought_percent_is_not_told_before_the_cookies_have_run_out() -> None:
    back = shifted(25, 0, NOW - 600)
    assert draining(back) == [("staging", 25.0, NOW + 3000)]
    assert draining(back, now=NOW + 2999) == [("staging", 25.0, NOW + 3000)]
    assert draining(back, now=NOW + 3000) == []


def test_a_share_that_only_grew_leaves_nobody_behind_but_on_the_other_side() -> None:
    assert draining(shifted(5, 25, NOW - 600), observations=ramp(25)) == [("production", 20.0, NOW + 3000)]


def test_several_shifts_in_one_span_leave_the_highest_share_behind_until_the_last_has_drained() -> None:
    operations = (shifted(50, 10, NOW - 1200, "a"), shifted(10, 0, NOW - 300, "b"))
    assert draining(*operations) == [("staging", 50.0, NOW + 3300)]
    assert draining(*reversed(operations)) == draining(*operations)


def test_clients_that_a_cookie_holds_in_the_source_slot_meet_the_old_build_after_a_swap() -> None:
    found = drains(
        CHECKOUT, [shifted(25, 0, NOW - 900, "a"), swapped(NOW - 600)], fleet=FLEET, observations=ramp(0), now=NOW
    )
    old = next(drain for drain in found if "2.14.3" in drain.what)
    assert (old.share, old.ends_at) == (25.0, NOW + 2700)
    words = in_words(old, NOW)
    assert "up to 25% of the clients" in words
    assert "about 45 min" in words
    assert "cookie" in words


def test_after_swapping_there_and_back_only_the_last_swap_counts_and_lengthens_no_cookie() -> None:
    there = swapped(NOW - 300, "a")
    after = site(slot("staging", "2.14.3"), slot("production", "2.15.0"))
    back = done("b", plan_swap(Swap(CHECKOUT), [after]), NOW - 60)
    operations = [back, there, shifted(25, 0, NOW - 600)]
    (drain,) = drains(CHECKOUT, operations, fleet=FLEET, observations=ramp(0), now=NOW)
    assert "meet 2.15.0" in drain.what
    assert (drain.share, drain.ends_at) == (25.0, NOW + 3000)


def test_a_rule_that_stayed_through_a_swap_keeps_sending_clients_to_the_old_build() -> None:
    """About 15% of the traffic kept going to staging after the swap: the rule names the slot, not the build."""
    (drain,) = drains(CHECKOUT, [swapped(NOW - 600)], fleet=FLEET, observations=ramp(15), now=NOW)
    assert "meet 2.14.3" in drain.what
    assert (drain.share, drain.ends_at) == (15.0, NOW + HOUR)


def test_a_swap_without_a_ramp_leaves_nobody_behind() -> None:
    assert draining(swapped(NOW - 600)) == []


def test_resolvers_keep_an_endpoint_alive_for_their_ttl() -> None:
    before = traffic(NAMES, ("west", 500), ("east", 500))
    away = done("op", plan_shift(Shift(CHECKOUT, {"west": 0}), [Router(TRAFFIC, before)]), NOW - 20)
    now_there = seen(TRAFFIC, replace(split(("west", 500, False), ("east", 1000)), lag=30))
    (drain,) = drains(CHECKOUT, [away], fleet=FLEET, observations=now_there, now=NOW)
    assert (drain.what, round(drain.share), drain.ends_at) == ("west of production/checkout", 50, NOW + 10)
    assert "resolvers" in drain.why


@pytest.mark.parametrize(
    ("keeper", "words"), [("cookie", "their cookie"), ("resolver", "resolvers"), ("edge", "edges")]
)
def test_what_keeps_clients_is_told_as_the_system_says_it(keeper: Keeper, words: str) -> None:
    before = traffic(NAMES, ("west", 500), ("east", 500))
    away = done("op", plan_shift(Shift(CHECKOUT, {"west": 0}), [Router(TRAFFIC, before)]), NOW - 20)
    there = replace(split(("west", 500, False), ("east", 1000)), lag=30, kept_by=keeper)
    (drain,) = drains(CHECKOUT, [away], fleet=FLEET, observations=seen(TRAFFIC, there), now=NOW)
    told = [word for word in ("cookie", "resolvers", "edges") if word in drain.why]
    assert (len(told), words in drain.why) == (1, True), drain.why


def test_what_was_never_read_is_not_told() -> None:
    assert drains(CHECKOUT, [shifted(25, 0, NOW)], fleet=FLEET, observations={}, now=NOW) == ()


# --- the fuse ---------------------------------------------------------------------------------------------------------
def slots(source: SlotReading, destination: SlotReading, at: float = NOW) -> dict[str, Observation]:
    return seen(SLOTS, SlotsReading((destination, source)), at)


AFTER = slots(slot("staging", "2.14.3"), slot("production", "2.15.0"))


def fuse(*operations: Operation, observations: Any = AFTER, **more: Any) -> Fuse:
    return fuse_of(CHECKOUT, operations, fleet=FLEET, observations=observations, now=NOW, **more)


def test_after_a_swap_the_fuse_says_how_to_which_build_how_long_what_is_lost_and_until_when() -> None:
    told = fuse(swapped(NOW - 600))
    assert told.possible
    assert "swap staging back into production: 2.14.3 serves again" in told.how
    assert "qd rollback production/checkout" in told.how
    assert told.seconds == 80
    assert told.lost == IN_FLIGHT
    assert told.until == "the next deployment to staging"


@pytest.mark.parametrize(
    ("source", "destination", "words"),
    [
        (slot("staging", "2.16.0"), slot("production", "2.15.0"), "now holds 2.16.0"),
        (slot("staging", "2.14.3"), slot("production", "2.16.0"), "now serves 2.16.0"),
        (slot("staging", "2.14.3", running=False), slot("production", "2.15.0"), "start it first"),
        (slot("staging", "2.14.3", health="unhealthy"), slot("production", "2.15.0"), "make it worse"),
        (slot("staging", "2.14.3"), slot("production", "2.15.0", preview_from="blue"), "preview of blue is pending"),
    ],
)
def test_a_way_back_that_is_gone_is_told_before_it_is_tried(
    source: SlotReading, destination: SlotReading, words: str
) -> None:
    """Spinnaker's halyard#512, and Argo's 30 s: rollback impossible is told only when it is tried."""
    told = fuse(swapped(NOW - 600), observations=slots(source, destination))
    assert not told.possible
    assert words in told.how


def test_a_swap_that_goes_one_way_has_no_way_back_whatever_the_slots_hold() -> None:
    one = site()
    final = Risk("warning", FORBIDS_SWAP_BACK, "the former build is gone soon")
    swap = plan_swap(Swap(CHECKOUT), [replace(one, survey=replace(one.survey, risks=(final,)))])
    told = fuse(done("swap", swap, NOW - 60))
    assert (told.possible, told.lack) == (False, "gone")
    assert told.how == "production/checkout: nothing swaps back here: 2.14.3 has to come as a new one"


def test_shares_of_a_destination_that_is_gone_cannot_be_set_back() -> None:
    shift = shifted(25, 50, NOW - 60)
    assert fuse(shift, observations=ramp(50)).possible
    assert not fuse(shift, observations=seen(RAMP, split(("production", 100)))).possible


def test_a_deployment_goes_back_to_what_was_there_as_long_as_nobody_deployed_since() -> None:
    facts = {"artifact": "shop/checkout:2.16.0", "version": "2.16.0"}
    before = {"artifact": "shop/checkout:2.15.0", "version": "2.15.0"}
    step = Step(
        "1", "deploy", "slots", CHECKOUT, SLOTS.address, "", {"slot": "staging", **facts}, before, facts,
        {"slot": "staging", **before},
    )  # fmt: skip
    there = slots(slot("staging", "2.16.0"), slot("production", "2.14.3"))
    told = fuse(done("d", Outline((step,)), NOW), observations=there)
    assert told.possible
    assert "deploy 2.15.0 to staging again" in told.how
    since = slots(slot("staging", "2.17.0"), slot("production", "2.14.3"))
    assert "now holds 2.17.0" in fuse(done("d", Outline((step,)), NOW), observations=since).how
    unknown = replace(step, undo=None)
    assert "nobody told what" in fuse(done("d", Outline((unknown,)), NOW), observations=there).how


def test_there_is_nothing_to_go_back_to_without_a_change() -> None:
    told = fuse()
    assert not told.possible
    assert "knows no change" in told.how


def test_what_is_told_from_old_knowledge_says_so() -> None:
    old = slots(slot("staging", "2.14.3"), slot("production", "2.15.0"), NOW - 600)
    assert "as seen 10m ago" in fuse(swapped(NOW - 900), observations=old).how
    assert "hasn't been read since" in fuse(swapped(NOW - 900), observations={}).how


def test_a_shift_goes_back_and_old_clients_follow_later() -> None:
    told = fuse(shifted(0, 25, NOW - 60), observations=ramp(25))
    assert told.possible
    assert "new clients divided as before" in told.how
    assert "old clients follow within about 60 min" in told.how
    assert told.lost == "nothing"


def test_a_schema_rule_is_mentioned() -> None:
    rules = Rulebook(routes=(Route(CHECKOUT, schema=SchemaRule("schema", ())),))
    assert "schema is asked first" in fuse(swapped(NOW), rules=rules).how


def release(state: Any = "done", **more: Any) -> Release:
    step = ReleaseStep("1", CHECKOUT, Write(Swap(CHECKOUT)), "swap")
    plan = ReleasePlan("r1", "r1", Wish((CHECKOUT,)), (Member(CHECKOUT, "2.15.0", "2.14.3", "careful"),), (step,))
    standing = Standing(state, operation="swap" if state == "done" else "")
    return Release("r1", plan, "bob", "", NOW - 900, {"1": standing}, **more)


def test_an_open_release_goes_back_as_a_whole() -> None:
    told = fuse(swapped(NOW - 600), releases=(release(),))
    assert told.possible
    assert "takes 1 change back: qd release abort r1" in told.how
    assert (told.seconds, told.lost) == (80, IN_FLIGHT)
    assert fuse(swapped(NOW), releases=(release(confirm_by=NOW + 60),)).until == "it is confirmed"
    assert "nothing is changed yet" in fuse(releases=(release("waiting"),)).how


# --- automation -------------------------------------------------------------------------------------------------------
def risks(found: Iterable[Automation]) -> dict[str, str]:
    return {risk.code: risk.severity for risk in risks_of(found)}


def test_everything_that_could_undo_a_rollback_is_told() -> None:
    """Kargo#3016, argo-cd#5351: the rollback was undone by what deploys by itself."""
    acting = slot("staging", "2.15.0", auto_swap_to="production", deploys_from="GitHub")
    assert risks(in_slots(CHECKOUT, (acting, slot("production", "x")))) == {
        "undone-by-auto-swap": "warning",
        "undone-by-deploy-source": "warning",
    }
    moving = replace(split(("production", 90), ("staging", 10)), automatic=True)
    assert risks(in_traffic(CHECKOUT, moving)) == {"undone-by-ramp-step": "warning"}
    assert risks(in_releases(CHECKOUT, (release(),), Guards(), NOW)) == {"undone-by-release": "warning"}


def test_a_hold_keeps_our_own_releases() -> None:
    held = Guards(holds=(Hold("h", "automation", "production/checkout", "ana", "rolled back", NOW, NOW + HOUR),))
    assert risks(in_releases(CHECKOUT, (release(),), held, NOW)) == {"undone-by-release": "info"}
    assert risks(in_releases(CHECKOUT, (release(),), held, NOW, "r1")) == {}


def test_a_rollback_that_nothing_holds_is_told_how_to_be_held() -> None:
    (risk,) = offer(CHECKOUT, Guards(), NOW)
    assert "qd hold production/checkout" in risk.remedy
    held = Guards(holds=(Hold("h", "automation", "production", "ana", "rolled back", NOW, NOW + HOUR),))
    assert offer(CHECKOUT, held, NOW) == ()
    assert offer(CHECKOUT, held, NOW + HOUR)
