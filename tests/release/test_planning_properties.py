"""Whatever the world looks like: weights are never invalid, the last healthy one stays on, and there is a way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.release.surveys import AT_ONCE, BY_WEIGHT, CHECKOUT, SLOTS, TRAFFIC

from quarterdeck.fleet.readings import Build, Destination, Health, SlotReading, SwapRecord, TrafficReading
from quarterdeck.fleet.weights import largest_remainder
from quarterdeck.release.action import Rollback, Shift, Swap
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Step
from quarterdeck.release.rollback import Undoing, in_order_of_undoing, plan_rollback
from quarterdeck.release.settlement import settle_destination, settle_shares, settle_slots
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.survey import Limits, SwapSurvey, TrafficSurvey
from quarterdeck.release.swap import Site, plan_swap
from quarterdeck.release.weighting import by_weight, ordered_writes, receiving, state_of, weights_for

unhurried = settings(deadline=None)
"""Other work on the same machine must not fail a test."""

HEALTHS: list[Health] = ["healthy", "unhealthy", "unknown"]
HEALTH = st.sampled_from(HEALTHS)
NAMES = ("a", "b", "c", "d", "e")


def shared(destinations: list[Destination], limits: Limits) -> TrafficReading:
    """With the shares that the weights amount to."""
    total = sum(d.weight for d in destinations if d.enabled)
    if limits.atomic:
        return TrafficReading("any", tuple(destinations))
    return TrafficReading(
        "any",
        tuple(replace(d, share=100 * d.weight / total if d.enabled and total else 0.0) for d in destinations),
    )


@st.composite
def splits(draw: st.DrawFn, limits: Limits = BY_WEIGHT) -> TrafficReading:
    count = draw(st.integers(1, 5))
    scale = st.sampled_from([1, 2, 5, 10, 50, 100, 333, 500, 999, 1000]) | st.integers(1, 1000)
    rows = [Destination(NAMES[i], 0, draw(scale), draw(st.booleans()), draw(HEALTH)) for i in range(count)]
    if limits.atomic:
        parts = largest_remainder({d.name: d.weight for d in rows}, limits.units)
        rows = [replace(d, enabled=True, share=100 * parts[d.name] / limits.units) for d in rows]
    return shared(rows, limits)


@st.composite
def shifts(draw: st.DrawFn, reading: TrafficReading) -> Shift:
    names = [d.name for d in reading.destinations]
    chosen = draw(st.lists(st.sampled_from(names), unique=True, min_size=1))
    left, shares = 100.0, {}
    for name in chosen:
        shares[name] = draw(st.floats(0, left) | st.integers(0, int(left)).map(float))
        left -= shares[name]
    if len(chosen) == len(names):
        shares[chosen[-1]] += left
    return Shift(CHECKOUT, shares)


def written(reading: TrafficReading, step: Step, limits: Limits) -> TrafficReading:
    """The router after the write of a step."""
    if step.verb == "set_shares":
        shares = step.change["shares"]
        return replace(reading, destinations=tuple(replace(d, share=shares[d.name]) for d in reading.destinations))
    name, weight, on = (step.change[key] for key in ("destination", "weight", "enabled"))
    return shared(
        [replace(d, weight=weight, enabled=on) if d.name == name else d for d in reading.destinations], limits
    )


def planned(reading: TrafficReading, action: Shift, limits: Limits) -> Outline:
    found = plan_shift(action, [Router(TRAFFIC, TrafficSurvey(reading, limits))])
    assume(isinstance(found, Outline))
    assert isinstance(found, Outline)
    return found


@unhurried
@given(st.data())
def test_no_moment_of_a_shift_is_unsafe(data: Any) -> None:
    start = data.draw(splits())
    steps = planned(start, data.draw(shifts(start)), BY_WEIGHT).steps
    well = {d.name for d in start.destinations if d.health == "healthy"}
    had_well = receiving(state_of(start.destinations)) & well
    reading = start
    for step in steps:
        assert settle_destination(step, reading).state == "not_done"
        reading = written(reading, step, BY_WEIGHT)
        assert settle_destination(step, reading).state == "done"
        state = state_of(reading.destinations)
        assert receiving(state) or not receiving(state_of(start.destinations))
        assert all(1 <= weight <= 1000 for weight, on in state.values() if on)
        assert not had_well or receiving(state) & well
    assert receiving(state_of(reading.destinations))


@unhurried
@given(st.data())
def test_a_shift_gives_what_was_asked_to_within_one_unit(data: Any) -> None:
    start = data.draw(splits())
    action = data.draw(shifts(start))
    reading = start
    for step in planned(start, action, BY_WEIGHT).steps:
        reading = written(reading, step, BY_WEIGHT)
    got = {d.name: d.share for d in reading.destinations}
    assert abs(sum(got.values()) - 100) < 1e-6
    assert all(abs(got[name] - share) < 100 / BY_WEIGHT.units + 0.011 for name, share in action.shares.items())


@unhurried
@given(st.data())
def test_shares_written_at_once_add_up_and_settle(data: Any) -> None:
    start = data.draw(splits(AT_ONCE))
    (step,) = planned(start, data.draw(shifts(start)), AT_ONCE).steps
    assert abs(sum(step.change["shares"].values()) - 100) < 1e-6
    assert settle_shares(step, start).state == "not_done"
    assert settle_shares(step, written(start, step, AT_ONCE)).state == "done"


@unhurried
@given(st.data())
def test_the_inverse_of_the_inverse_of_a_shift_is_the_shift(data: Any) -> None:
    limits = data.draw(st.sampled_from([BY_WEIGHT, AT_ONCE]))
    start = data.draw(splits(limits))
    steps = planned(start, data.draw(shifts(start)), limits).steps
    there = through(start, steps, limits)
    back = inverse(there, steps, limits)
    assert through(there, back, limits) == start
    forth = inverse(start, back, limits)
    assert through(start, forth, limits) == there


def through(reading: TrafficReading, steps: tuple[Step, ...], limits: Limits) -> TrafficReading:
    for step in steps:
        reading = written(reading, step, limits)
    return reading


def inverse(now: TrafficReading, steps: tuple[Step, ...], limits: Limits) -> tuple[Step, ...]:
    survey = TrafficSurvey(now, limits)
    undoings = [Undoing(step, survey) for step in in_order_of_undoing(steps)]
    found = plan_rollback(Rollback(CHECKOUT), "op", undoings)
    assume(isinstance(found, Outline))
    assert isinstance(found, Outline)
    assert "changed-since" not in {risk.code for risk in found.risks}
    return found.steps


@unhurried
@given(st.data())
def test_any_order_of_writes_found_is_complete_and_says_how_far_it_strays(data: Any) -> None:
    start = data.draw(splits())
    now = state_of(start.destinations)
    shares = {name: data.draw(st.integers(0, 100)) for name in now}
    assume(any(shares.values()))
    parts = largest_remainder(shares, BY_WEIGHT.units)
    wanted = weights_for(parts, now, set(now), BY_WEIGHT)
    route = ordered_writes(now, wanted, set(now))
    state, worst = dict(now), 0.0
    low = {n: min(by_weight(now)[n], by_weight(wanted)[n]) for n in now}
    high = {n: max(by_weight(now)[n], by_weight(wanted)[n]) for n in now}
    for name, side in route.writes:
        state[name] = side
        at = by_weight(state)
        worst = max([worst, *(max(low[n] - at[n], at[n] - high[n]) for n in now)])
    assert state == wanted
    assert abs(worst - route.overshoot) < 1e-6


@st.composite
def pairs(draw: st.DrawFn) -> SwapSurvey:
    def side(name: str) -> SlotReading:
        version = draw(st.sampled_from(["1", "2", "3"]))
        known = draw(st.booleans())
        record = draw(st.none() | st.just(SwapRecord("t0", "staging", "Production")))
        return SlotReading(
            name,
            Build(version, f"id-{version}-{name}" if known else ""),
            health=draw(HEALTH),
            last_swap=record,
            running=draw(st.sampled_from([True, True, True, False])),
            preview_from=draw(st.sampled_from(["", "", "", "Staging", "qa"])),
        )

    return SwapSurvey(side("staging"), side("production"))


def swapped(survey: SwapSurvey, at: str) -> SwapSurvey:
    record = SwapRecord(at, "staging", "Production")
    return replace(
        survey,
        source=replace(survey.source, build=survey.destination.build, last_swap=record),
        destination=replace(survey.destination, build=survey.source.build, last_swap=record, preview_from=""),
    )


@unhurried
@given(pairs(), st.sampled_from(["swap", "complete"]))
def test_a_swap_is_done_after_one_swap_and_not_after_none_or_two(survey: SwapSurvey, mode: Any) -> None:
    plan = plan_swap(Swap(CHECKOUT, mode=mode), [Site(SLOTS, survey)])
    assume(isinstance(plan, Outline))
    assert isinstance(plan, Outline)
    (step,) = plan.steps
    once = swapped(survey, "t1")
    twice = swapped(once, "t2")
    assert settle_slots(step, survey.source, survey.destination).state == "unclear"
    assert settle_slots(step, once.source, once.destination).state == "done"
    if survey.source.build.id and survey.destination.build.id:  # type: ignore[union-attr]
        assert settle_slots(step, twice.source, twice.destination).state == "changed_by_other"


@unhurried
@given(pairs())
def test_the_inverse_of_the_inverse_of_a_swap_is_the_swap(survey: SwapSurvey) -> None:
    first = plan_swap(Swap(CHECKOUT), [Site(SLOTS, survey)])
    assume(isinstance(first, Outline))
    assert isinstance(first, Outline)
    there = swapped(survey, "t1")
    back = plan_rollback(Rollback(CHECKOUT), "op", [Undoing(first.steps[0], there)])
    assume(isinstance(back, Outline))
    assert isinstance(back, Outline)
    here = swapped(there, "t2")
    assert (here.source.build, here.destination.build) == (survey.source.build, survey.destination.build)
    forth = plan_rollback(Rollback(CHECKOUT), "op2", [Undoing(back.steps[0], here)])
    assume(isinstance(forth, Outline))
    assert isinstance(forth, Outline)
    keys = ("source_build", "destination_build")
    assert [forth.steps[0].after[key] for key in keys] == [first.steps[0].after[key] for key in keys]
