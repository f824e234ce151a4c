"""Strategies become steps that fit the service."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.release.rehearsal import CHECKOUT, FLEET, NEW, OLD, PAYMENTS, RINGS, rulebook

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place, Ring
from quarterdeck.release.action import FlagChange, Shift, Swap
from quarterdeck.release.gate import Evidence, GateSpec, Sample, Tally, tallied
from quarterdeck.release.judging import judge, measured
from quarterdeck.release.release_plan import Ask, Member, Observe, ReleaseStep, Run, Write
from quarterdeck.release.rules import Route, Rulebook, Truth
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RingStep,
    RollingStep,
    RunStep,
    Strategy,
    SwapStep,
    WeightStep,
)
from quarterdeck.release.traffic_gates import in_words, traffic_gates
from quarterdeck.release.unfolding import Unfit, unfold

TRUTH = Truth("https://$host/", header="x-version", tolerance=4)


def steps_of(*steps: Any, target: TargetId = CHECKOUT, rules: Rulebook | None = None) -> list[ReleaseStep]:
    member = Member(target, NEW, OLD, "careful")
    return list(unfold(Strategy("careful", steps), member, fleet=FLEET, rules=rules or rulebook()))


def summaries(*steps: Any, **more: Any) -> list[str]:
    return [step.summary for step in steps_of(*steps, **more)]


def routed(**more: Any) -> Rulebook:
    return rulebook(routes=(Route(CHECKOUT, artifact="shop:$version", **more),))


def unfit(*steps: Any, **more: Any) -> Unfit:
    with pytest.raises(Unfit) as caught:
        steps_of(*steps, **more)
    assert caught.value.hint
    return caught.value


def test_steps_are_numbered_and_each_needs_the_one_before() -> None:
    steps = steps_of(WeightStep({"": 5}), BakeStep(600, ("errors",)), PauseStep(3600), SwapStep())
    assert [(step.id, step.needs) for step in steps] == [
        ("1", ()), ("2", ("1",)), ("3", ("2",)), ("4", ("3",)), ("5", ("4",)),
    ]  # fmt: skip
    assert [step.summary for step in steps] == [
        "5% to staging",
        "bake 10m under errors",
        "pause 1h",
        "0% to staging: the swap brings everybody",
        "swap staging into production",
    ]


def test_a_swap_expects_the_version_that_people_say_yes_to() -> None:
    (swap,) = steps_of(SwapStep())
    assert swap.work == Write(Swap(CHECKOUT), expects=NEW)


def test_nobody_is_on_a_slot_while_it_is_prepared_or_swapped() -> None:
    assert summaries(WeightStep({"": 25}), SwapStep("preview"), SwapStep("complete"), target=PAYMENTS) == [
        "25% to staging",
        "0% to staging while its swap is prepared",
        "prepare the swap of staging into production",
        "complete the swap of staging into production",
    ]


def test_a_prepared_swap_is_completed_by_a_swap_and_at_the_latest_at_the_end() -> None:
    for later in ((SwapStep(),), (SwapStep("complete"),), ()):
        assert summaries(SwapStep("preview"), *later, target=PAYMENTS)[-1].startswith("complete")


def test_regions_are_prepared_and_completed_each_by_itself() -> None:
    assert summaries(SwapStep("preview"))[0] == "prepare the swap of staging into production@west"
    assert len(summaries(SwapStep("preview"))) == 4


def test_a_ring_of_regions_swaps_them_and_the_next_swap_takes_what_is_left() -> None:
    steps = steps_of(RingStep("west"), SwapStep())
    assert [step.summary for step in steps] == [
        "ring west: swap staging into production@west",
        "swap staging into production@east",
    ]
    assert [step.ring for step in steps] == ["west", ""]
    assert [step.exposure for step in steps] == [50, 100]


def test_rings_of_clients_go_up_by_weight_and_the_last_one_swaps() -> None:
    steps = steps_of(RingStep("canary"), RingStep("early"), RingStep("broad"))
    assert [step.summary for step in steps] == [
        "ring canary: 5% to staging",
        "ring early: 25% to staging",
        "ring broad: 0% to staging: the swap brings everybody",
        "ring broad: swap staging into production",
    ]
    assert [step.exposure for step in steps] == [5, 25, 0, 100]


def test_a_ring_of_a_group_lets_it_in_besides_those_who_are_and_one_without_a_group_sets_the_percentage() -> None:
    beta, tenth = (step.work for step in steps_of(RingStep("beta"), RingStep("tenth")))
    flag = TargetId("production", "banner", flag=True)
    assert beta == Write(FlagChange(flag, admit=(Audience("beta", 100),)))
    assert tenth == Write(FlagChange(flag, enabled=True, percent=10))


def test_rolling_drains_swaps_and_gives_back_region_by_region_and_bakes_between() -> None:
    steps = steps_of(RollingStep(drain=True, seconds=60, gates=("errors",)))
    assert [step.summary for step in steps] == [
        "no new clients to west",
        "swap staging into production@west",
        "new clients to west again",
        "bake 1m under errors",
        "no new clients to east",
        "swap staging into production@east",
        "new clients to east again",
    ]
    back = steps[2].work
    assert isinstance(back, Write)
    assert back.undoes == "1"


def test_a_weight_with_a_tolerance_is_observed_by_a_gate_of_its_own() -> None:
    steps = steps_of(WeightStep({"": 5}, tolerance=3), rules=routed(truth=TRUTH))
    assert steps[1].work == Observe(("traffic-2",))
    (gate,) = traffic_gates(steps)
    assert (gate.name, gate.kind, gate.success) == ("traffic-2", "traffic", "result <= 3")
    assert gate.options["target"] == str(CHECKOUT)
    assert json.loads(gate.options["shares"]) == {"staging": 5}
    assert "by 3 points at most, beyond chance; asked every 15s until that is so, for 10m at most" in in_words(gate)


def test_a_share_that_is_not_there_yet_is_waited_for() -> None:
    """Routers and resolvers take their time: one observation too early takes nothing back."""
    (gate,) = traffic_gates(steps_of(WeightStep({"": 5}, tolerance=3), rules=routed(truth=TRUTH)))
    tally, at = Tally(), 0.0
    while at < gate.timeout:
        tally = observed(gate, tally, at)
        assert judge((gate,), {gate.name: tally}, began=0, now=at).state == "pending"
        at += gate.interval
    assert judge((gate,), {gate.name: observed(gate, tally, at)}, began=0, now=at).state == "failed"


def observed(gate: GateSpec, tally: Tally, at: float) -> Tally:
    """After an observation that was 20 points off."""
    answer = measured(gate, Evidence(20.0, at), at)
    return tallied(tally, answer, Sample(at, (answer,)))


def test_one_point_is_one_point() -> None:
    steps = steps_of(WeightStep({"": 5}, tolerance=1), rules=routed(truth=TRUTH))
    assert steps[1].summary == "observed share: 5% to staging within 1 point"
    assert "by 1 point at most" in in_words(*traffic_gates(steps))


def test_the_share_of_a_ring_is_observed_where_something_tells_the_truth() -> None:
    assert summaries(RingStep("canary"), rules=routed(truth=TRUTH)) == [
        "ring canary: 5% to staging",
        "ring canary: observed share: 5% to staging within 4 points",
    ]


def test_the_approval_of_the_route_stands_before_the_first_change_and_only_once() -> None:
    rules = routed(approval="boss")
    assert summaries(AnalysisStep(("errors",)), SwapStep(), rules=rules) == [
        "analysis errors",
        "approval boss",
        "swap staging into production",
    ]
    asked = [step for step in steps_of(ApprovalStep("boss"), SwapStep(), rules=rules) if isinstance(step.work, Ask)]
    assert len(asked) == 1


def test_a_programs_words_are_filled_in() -> None:
    (run,) = steps_of(RunStep(("./tell", "$service", "$previous..$version", "$$5")))
    assert run.work == Run(("./tell", "checkout", f"{OLD}..{NEW}", "$5"))


def test_what_is_left_to_shift_after_a_ring_of_regions_are_the_other_regions() -> None:
    steps = steps_of(RingStep("west"), WeightStep({"": 20}))
    shift = steps[1].work
    assert isinstance(shift, Write)
    assert shift.action == Shift(replace(CHECKOUT, region="east"), {"staging": 20})
    assert steps[1].exposure == 60


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((SwapStep(), SwapStep()), "a second time"),
        ((RingStep("west"), RingStep("west")), "a second time"),
        ((SwapStep("complete"),), "no step before it prepares"),
        ((SwapStep("preview"), SwapStep("preview")), "while one is prepared"),
        ((SwapStep(), WeightStep({"": 5})), "the old version is there"),
        ((WeightStep({"": 60, "production": 60}),), "add up to 100"),
        ((WeightStep({"": float("nan")}),), "percentages"),
        ((WeightStep({"": 5, "staging": 5}),), "twice"),
        ((WeightStep({"": 5}, tolerance=3),), "nothing says how to observe it"),
        ((RingStep("nobody"),), "names ring nobody"),
        ((AnalysisStep(("nothing",)),), "names gate nothing"),
        ((BakeStep(60, ("nothing",)),), "names gate nothing"),
        ((ApprovalStep("nobody"),), "approval nobody"),
        ((RunStep(("./x", "$nothing")),), "$nothing"),
    ],
)
def test_what_cant_be_is_told_with_what_to_do(steps: tuple[Any, ...], words: str) -> None:
    assert words in str(unfit(*steps))


def test_a_strategy_that_doesnt_fit_the_service_says_what_the_service_lacks() -> None:
    assert "which production/payments hasn't" in str(unfit(RingStep("west"), target=PAYMENTS))
    assert "has no other to take its clients" in str(unfit(RollingStep(drain=True), target=PAYMENTS))
    search = TargetId("production", "search")
    for step in (SwapStep(), RollingStep(), DeployStep()):
        assert "it has no slots" in str(unfit(step, target=search))
    assert "has none" in str(unfit(WeightStep({"": 5}), target=search))
    assert "staging has no flags" in str(
        unfit(FlagStep("banner", enabled=True), target=TargetId("staging", "checkout"))
    )


def test_deploying_needs_a_version_and_what_it_is_made_of() -> None:
    assert "nothing says what" in str(unfit(DeployStep(), rules=rulebook(routes=())))
    member = Member(CHECKOUT, "", OLD, "careful")
    with pytest.raises(Unfit, match="no version is named"):
        unfold(Strategy("careful", (DeployStep(),)), member, fleet=FLEET, rules=rulebook())


def test_the_rings_of_the_rehearsals_are_of_all_three_kinds() -> None:
    assert {(bool(ring.regions), bool(ring.flag)) for ring in RINGS} == {(True, False), (False, True), (False, False)}
    assert isinstance(RINGS[0], Ring)


# --- a service without slots ------------------------------------------------------------------------------------------
BALANCED = TargetId("production", "balanced")
BALANCER = replace(FLEET, places=(*FLEET.places, Place("traffic", BALANCED, Address("lb", {"backend": "app"}))))


@pytest.mark.parametrize(
    ("weights", "reached"),
    [
        ([{"canary": 5}, {"canary": 25}, {"canary": 100}], [5, 25, 100]),
        ([{"stable": 95, "canary": 5}, {"stable": 50, "canary": 50}], [5, 50]),
        ([{"stable": 90}, {"Stable": 0}], [10, 100]),
        ([{"canary": 10}, {"stable": 0, "canary": 100}], [10, 100]),
        ([{"a": 10, "b": 10}, {"a": 50, "b": 50}], [20, 100]),
        ([{"a": 10}, {"b": 10}, {"a": 50, "b": 50}], [100, 100, 100]),  # what isn't named may be the new one's
        ([{"canary": 50}, {"canary": 20}], [50, 20]),
    ],
)
def test_behind_a_load_balancer_the_new_version_is_where_clients_end(
    weights: list[dict[str, float]], reached: list[float]
) -> None:
    strategy = Strategy("canary", tuple(WeightStep(shares) for shares in weights))
    steps = unfold(strategy, Member(BALANCED, NEW, "", "canary"), fleet=BALANCER, rules=rulebook())
    assert [step.exposure for step in steps] == reached


def test_dividing_clients_between_the_regions_of_a_service_gives_nobody_another_version() -> None:
    (step,) = steps_of(WeightStep({"west": 100}))
    assert step.exposure == 0
