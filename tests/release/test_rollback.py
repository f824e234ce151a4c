"""Which operation is undone, and whether the way back is still there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.release.surveys import (
    AT_ONCE,
    BANNER,
    BY_WEIGHT,
    CHECKOUT,
    FLAGS,
    SLOTS,
    TRAFFIC,
    codes,
    flag,
    outline,
    refusal,
    site,
    slot,
    traffic,
)

from quarterdeck.fleet.readings import Build
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange, Rollback, Shift, Swap
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.operation import Operation, StepProgress
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Plan, Refusal, Risk, Step, Verb
from quarterdeck.release.rollback import Undoing, done_steps, in_order_of_undoing, plan_rollback, undoable
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.sides import Side
from quarterdeck.release.splitting import way_back
from quarterdeck.release.survey import FORBIDS_SWAP_BACK, Limits, SwapSurvey
from quarterdeck.release.swap import plan_swap

BACK = Rollback(CHECKOUT)
SWAP = outline(plan_swap(Swap(CHECKOUT), [site()])).steps[0]
SHIFT = outline(
    plan_shift(Shift(CHECKOUT, {"west": 90}), [Router(TRAFFIC, traffic(BY_WEIGHT, ("west", 500), ("east", 500)))])
).steps


def operation(name: str = "op1", *, state: Any = "done", undoes: str = "", **more: Any) -> Operation:
    plan = Plan(name, name, Swap(CHECKOUT), (SWAP,), undoes=undoes)
    steps = {"1": StepProgress(state)}
    return Operation(name, plan, "ana", "", 0, steps, **{"ending": "succeeded", **more})


def test_the_last_that_changed_something_is_undone() -> None:
    failed, last, older = operation("c", state="not_done", ending="failed"), operation("b"), operation("a")
    assert undoable(BACK, [failed, last, older]) == last


def test_what_has_been_undone_is_passed_over_and_so_are_rollbacks() -> None:
    undone, back, older = operation("b", undone_by="c"), operation("c", undoes="b"), operation("a")
    taken_back = operation("d", ending="rolled_back")
    assert undoable(BACK, [taken_back, back, undone, older]) == older


def test_asking_twice_does_not_walk_back_into_the_release_whose_last_step_was_taken_back() -> None:
    earlier, drained = operation("r-4", release="r"), operation("r-10", release="r", undone_by="")
    swapped, back = operation("r-11", release="r", undone_by="b"), operation("b", undoes="r-11")
    first = undoable(BACK, [replace(swapped, undone_by=""), drained, earlier])
    assert isinstance(first, Operation)
    assert first.id == "r-11", "the first time is the last step as ever"
    again = undoable(BACK, [back, swapped, drained, earlier])
    assert isinstance(again, Refusal)
    assert "r-11 of release r is taken back already" in again.message
    assert "--operation r-10" in again.hint
    by_name = undoable(Rollback(CHECKOUT, "r-10"), [back, swapped, drained, earlier])
    assert by_name == drained


def test_what_a_release_took_back_itself_is_no_obstacle_to_its_last_step() -> None:
    prepared, cancelled = operation("r-1", release="r", undone_by="r-2"), operation("r-2", release="r", undoes="r-1")
    last = operation("r-0", release="r")
    assert undoable(BACK, [cancelled, prepared, last]) == last


@pytest.mark.parametrize("verb", ["set_shares", "set_destination"])
def test_a_share_of_a_release_that_took_itself_back_is_no_way_back(verb: Verb) -> None:
    """It sets the shares once for all of its stages: the ones before would bring the build again."""
    swapped, back = operation("r-2", release="r", undone_by="r-u"), operation("r-u", release="r", undoes="r-2")
    drained = operation("r-1", release="r")
    drained = replace(drained, plan=replace(drained.plan, steps=(replace(SWAP, verb=verb),)))
    again = undoable(BACK, [back, swapped, drained])
    assert isinstance(again, Refusal)
    assert "--operation r-1" in again.hint
    assert undoable(Rollback(CHECKOUT, "r-1"), [back, swapped, drained]) == drained


def test_a_rollback_can_be_undone_by_name() -> None:
    back = operation("c", undoes="b")
    assert undoable(Rollback(CHECKOUT, "c"), [back]) == back


@pytest.mark.parametrize(
    ("action", "operations", "words"),
    [
        (BACK, [], "knows no change"),
        (BACK, [operation(ending=None)], "still runs"),
        (BACK, [operation(ending="needs_operator", choices=("retry",))], "waits for an operator"),
        (Rollback(CHECKOUT, "zz"), [operation()], "no operation zz"),
        (Rollback(CHECKOUT, "op1"), [operation(undone_by="op2")], "undone by op2"),
        (Rollback(CHECKOUT, "op1"), [operation(ending="rolled_back")], "undone by its operator"),
        (Rollback(CHECKOUT, "op1"), [operation(state="not_done", ending="failed")], "changed nothing"),
    ],
)
def test_why_nothing_can_be_undone(action: Rollback, operations: list[Operation], words: str) -> None:
    found = undoable(action, operations)
    assert isinstance(found, Refusal)
    assert words in found.message


def test_only_the_steps_of_the_region_asked_for_are_undone() -> None:
    west = replace(SWAP, id="1", target=TargetId("production", "checkout", "west"))
    east = replace(SWAP, id="2", target=TargetId("production", "checkout", "east"))
    both = operation()
    both = replace(
        both,
        plan=replace(both.plan, steps=(west, east)),
        steps={"1": StepProgress("done"), "2": StepProgress("done")},
    )
    assert done_steps(both, east.target) == (east,)
    assert done_steps(both, CHECKOUT) == (west, east)


def test_flags_before_traffic_before_slots_and_the_last_first() -> None:
    turn_off = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag())).steps[0]
    steps: list[Step] = [SWAP, *SHIFT, turn_off]
    assert in_order_of_undoing(steps) == (turn_off, SHIFT[1], SHIFT[0], SWAP)


def swapped(**more: Any) -> SwapSurvey:
    """As the swap left it: staging holds what served before."""
    return replace(site(slot("staging", "2.14.3"), slot("production", "2.15.0")).survey, **more)


def back(survey: Any, action: Rollback = BACK, step: Step = SWAP, **more: Any) -> Outline | Refusal:
    return plan_rollback(action, "op1", [Undoing(step, survey, **more)])


def test_a_swap_is_undone_by_swapping_again() -> None:
    plan = outline(back(swapped()))
    assert plan.undoes == "op1"
    assert plan.steps[0].verb == "swap"
    assert plan.steps[0].after["destination_build"] == "id-2.14.3"


def test_a_swap_that_goes_one_way_is_not_swapped_back() -> None:
    final = Risk("warning", FORBIDS_SWAP_BACK, "the former build is gone soon", "declare it again")
    told = refusal(back(swapped(risks=(final,)), step=replace(SWAP, undo=None)))
    assert told.message == "production/checkout: nothing swaps back here: 2.14.3 has to come as a new one"
    assert told.hint == "declare it again"


def test_the_old_build_must_still_be_there() -> None:
    told = refusal(back(swapped(source=slot("staging", "2.16.0"))))
    assert "now holds 2.16.0" in told.message
    assert "deploy" in told.hint


def test_what_serves_must_be_what_the_operation_left() -> None:
    assert "didn't put there" in refusal(back(swapped(destination=slot("production", "2.16.0")))).message


def test_content_that_kept_its_name_but_holds_another_version_is_not_what_was_left() -> None:
    told = refusal(back(swapped(source=replace(slot("staging", "2.16.0"), build=Build("2.16.0", "id-2.14.3")))))
    assert "now holds 2.16.0" in told.message
    served = replace(slot("production"), build=Build("2.16.0", "id-2.15.0"))
    assert "didn't put there" in refusal(back(swapped(destination=served))).message


def test_the_way_back_must_lead_to_the_version_asked_for() -> None:
    assert outline(back(swapped(), Rollback(CHECKOUT, to_version="2.14.3")))
    assert "2.14.3, not 2.13.0" in refusal(back(swapped(), Rollback(CHECKOUT, to_version="2.13.0"))).message


def test_going_back_to_an_ill_side_is_refused_while_the_other_is_well() -> None:
    ill = swapped(source=slot("staging", "2.14.3", health="unhealthy"))
    assert "make it worse" in refusal(back(ill)).message
    both = replace(ill, destination=slot("production", "2.15.0", health="unhealthy"))
    assert codes(outline(back(both)))["source-unhealthy"] == "danger"


def test_what_the_gates_say_of_a_side_counts_like_what_the_provider_says() -> None:
    """Flagger#1898: the way back led to the broken side, and nobody had looked."""
    told = refusal(back(swapped(), sides={"staging": Side("unhealthy", "errors: 0.3")}))
    assert "staging (2.14.3) is unhealthy now (errors: 0.3)" in told.message
    both = outline(back(swapped(), sides={"staging": Side("unhealthy"), "production": Side("unhealthy")}))
    assert codes(both)["source-unhealthy"] == "danger"
    silent = swapped(source=slot("staging", "2.14.3", health="unknown"))
    assert codes(outline(back(silent, sides={"staging": Side("unknown", "no data")})))["health-unknown"] == "warning"


def test_a_stopped_side_is_no_way_back() -> None:
    """Spinnaker's orca#3341: the automatic rollback chose a disabled server group."""
    assert "not running" in refusal(back(swapped(source=slot("staging", "2.14.3", running=False)))).message


def test_what_never_changed_anything_is_not_rolled_back() -> None:
    """Spinnaker's Undo Rollout took a healthy version back though the failed pipeline had deployed nothing."""
    assert isinstance(undoable(BACK, [operation(state="not_done", ending="failed")]), Refusal)
    assert undoable(BACK, [operation("b", state="not_done", ending="failed"), operation("a")]) == operation("a")


def test_automation_that_could_undo_the_rollback_is_listed() -> None:
    auto = swapped(source=slot("staging", "2.14.3", auto_swap_to="production"))
    assert "auto-swap" in codes(outline(back(auto)))
    deployed = swapped(destination=slot("production", "2.15.0", deploys_from="GitHub"))
    assert codes(outline(back(deployed)))["undone-by-deploy-source"] == "warning"
    moving = replace(traffic(AT_ONCE, ("production", 100), ("staging", 0)).reading, automatic=True)
    assert codes(outline(back(swapped(), traffic=moving)))["undone-by-ramp-step"] == "warning"


def test_new_clients_are_not_sent_back_to_a_side_that_the_gates_call_broken() -> None:
    before = Router(replace(SLOTS, role="slot_traffic"), traffic(AT_ONCE, ("production", 100), ("staging", 0)))
    (step,) = outline(plan_shift(Shift(CHECKOUT, {"staging": 10}), [before])).steps
    left = traffic(AT_ONCE, ("production", 90), ("staging", 10))
    told = refusal(back(left, step=step, sides={"production": Side("unhealthy", "errors: 0.3")}))
    assert "errors: 0.3" in told.message
    ill = {"production": Side("unhealthy"), "staging": Side("unhealthy")}
    assert codes(outline(back(left, step=step, sides=ill)))["both-unhealthy"] == "danger"
    leaving = codes(outline(back(left, step=step, sides={"staging": Side("unhealthy")})))
    assert "danger" not in leaving.values()


def test_a_preview_is_undone_by_cancelling_it_while_it_is_pending() -> None:
    step = outline(plan_swap(Swap(CHECKOUT, mode="preview"), [site()])).steps[0]
    pending = site(destination=slot("production", "2.14.3", preview_from="staging")).survey
    assert outline(back(pending, step=step)).steps[0].verb == "cancel"
    assert "undone already" in refusal(back(site().survey, step=step)).message


def test_traffic_goes_back_to_the_weights_it_had() -> None:
    left = traffic(BY_WEIGHT, ("west", 900), ("east", 100))
    undoings = [Undoing(step, left) for step in in_order_of_undoing(SHIFT)]
    plan = outline(plan_rollback(BACK, "op1", undoings))
    assert [(s.change["destination"], s.change["weight"]) for s in plan.steps] == [("east", 500), ("west", 500)]
    assert "changed-since" not in codes(plan)


def test_traffic_that_somebody_else_moved_since_is_shown_as_a_danger() -> None:
    moved = traffic(BY_WEIGHT, ("west", 700), ("east", 100))
    plan = outline(plan_rollback(BACK, "op1", [Undoing(step, moved) for step in in_order_of_undoing(SHIFT)]))
    text = next(risk.text for risk in plan.risks if risk.code == "changed-since")
    assert "weight 700" in text
    assert "weight 900" in text


def test_traffic_never_goes_back_to_the_only_ill_one() -> None:
    router = Router(TRAFFIC, traffic(BY_WEIGHT, ("west", 500), ("east", 500, False)))
    steps = outline(plan_shift(Shift(CHECKOUT, {"west": 0, "east": 100}), [_awake(router)])).steps
    ill = traffic(BY_WEIGHT, ("west", 500, False, "unhealthy"), ("east", 1000))
    undoings = [Undoing(step, ill) for step in in_order_of_undoing(steps)]
    told = refusal(plan_rollback(BACK, "op1", undoings))
    assert "last healthy" in told.message


def _awake(router: Router) -> Router:
    return replace(router, survey=traffic(BY_WEIGHT, ("west", 500), ("east", 500, False, "healthy")))


def test_shares_go_back_at_once() -> None:
    before = Router(replace(SLOTS, role="slot_traffic"), traffic(AT_ONCE, ("production", 100), ("staging", 0)))
    (step,) = outline(plan_shift(Shift(CHECKOUT, {"staging": 10}), [before])).steps
    left = traffic(AT_ONCE, ("production", 90), ("staging", 10))
    (undo,) = outline(back(left, step=step)).steps
    assert undo.change["shares"] == {"production": 100, "staging": 0}
    assert "already" not in undo.summary
    assert "undone already" in refusal(back(before.survey, step=step)).message


def test_a_flag_goes_back_and_a_later_change_is_shown() -> None:
    step = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag(percent=25.0))).steps[0]
    plan = outline(back(flag(enabled=False, percent=25.0, etag="e2"), step=step))
    assert plan.steps[0].after == {"enabled": True, "percent": 25.0, "audience": {}}
    assert plan.steps[0].before["etag"] == "e2"
    later = outline(back(flag(enabled=False, percent=50.0, etag="e3"), step=step))
    assert codes(later)["changed-since"] == "danger"


def test_a_version_means_nothing_to_a_flag() -> None:
    step = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag())).steps[0]
    assert refusal(back(flag(enabled=False), Rollback(BANNER, to_version="1"), step)).code == "usage"


@pytest.mark.parametrize(
    ("stops", "aim"),
    [
        (None, {"stable": 80, "canary": 20}),
        (({"stable": 100}, {"canary": 100}, {"stable": 20, "canary": 80}), {"stable": 100, "canary": 0}),
        (({"stable": 80, "canary": 20}, {"stable": 100}), {"stable": 80, "canary": 20}),
        (({"canary": 100},), {"stable": 80, "canary": 20}),
    ],
)
def test_where_a_system_goes_by_stages_the_way_back_is_the_nearest_that_is_fair(stops: Any, aim: Any) -> None:
    limits = Limits(units=0, stops=stops)
    assert way_back(limits, {"stable": 60, "canary": 40}, {"stable": 80, "canary": 20}) == aim
