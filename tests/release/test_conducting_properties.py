"""Random strategies, random luck, random orders: a release always ends, and its ending is true."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.release.rehearsal import CHECKOUT, PAYMENTS, Rehearsal, composed, rulebook

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, Swap
from quarterdeck.release.conducting import exposed
from quarterdeck.release.gate import Verdict
from quarterdeck.release.moves import Done, Finish, Rest
from quarterdeck.release.operation import Ending
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import Ask, Pause, Run, Wish, Write
from quarterdeck.release.rollout import ORDERS, Order
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

GATES = st.sampled_from(("errors", "latency", "alarms"))
STEPS: st.SearchStrategy[Any] = st.one_of(
    st.builds(DeployStep),
    st.builds(SwapStep, st.sampled_from(("swap", "preview", "complete", "cancel"))),
    st.builds(WeightStep, st.fixed_dictionaries({"": st.sampled_from((0.0, 5.0, 25.0, 50.0))})),
    st.builds(FlagStep, st.just("banner"), enabled=st.just(True), percent=st.sampled_from((10.0, 50.0))),
    st.builds(FlagStep, st.just("banner"), audience=st.just((Audience("beta", 100.0),))),
    st.builds(PauseStep, st.sampled_from((None, 60.0))),
    st.builds(BakeStep, st.just(90.0), st.lists(GATES, max_size=2, unique=True).map(tuple)),
    st.builds(AnalysisStep, st.lists(GATES, min_size=1, max_size=2, unique=True).map(tuple)),
    st.builds(ApprovalStep, st.sampled_from(("sre", "boss"))),
    st.builds(RingStep, st.sampled_from(("canary", "early", "broad", "west", "beta", "tenth"))),
    st.builds(RollingStep, st.booleans(), st.sampled_from((0.0, 60.0)), st.just(("errors",))),
    st.builds(RunStep, st.just(("./migrate", "up")), undo=st.sampled_from(((), ("./migrate", "down")))),
)
STRATEGIES = st.builds(
    Strategy,
    st.just("careful"),
    st.lists(STEPS, min_size=1, max_size=7).map(tuple),
    st.lists(GATES, max_size=1).map(tuple),
    st.sampled_from(("rollback", "pause")),
    st.sampled_from((None, 300.0)),
    st.sampled_from((None, 600.0)),
)
TARGETS = st.sampled_from(((CHECKOUT,), (PAYMENTS,), (CHECKOUT, PAYMENTS)))


class Fate:
    """How lucky a release is, and what its operators are like. The same seed, the same fate."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.trouble = self.luck.choice((0.0, 0.1, 0.4))

    def outcome(self, _: str, __: Action) -> Ending:
        if self.luck.random() >= self.trouble:
            return "succeeded"
        return self.luck.choice(("failed", "needs_operator"))

    def verdict(self, _: str) -> Verdict:
        if self.luck.random() >= self.trouble:
            return "pass"
        return self.luck.choice(("fail", "no_data", "stale"))

    def program(self, _: str) -> bool:
        return self.luck.random() >= self.trouble


def play(ship: Rehearsal, fate: Fate) -> None:
    """Until it has ended and nobody has to say anything any more. Operators are busy, not always wise."""
    ship.outcome, ship.verdict, ship.program = fate.outcome, fate.verdict, fate.program
    for number in range(600):
        if not ship.release.open:
            return
        calm = number > 300
        fate.trouble = 0.0 if calm else fate.trouble
        if ship.release.ending is not None:
            answer(ship, fate)
            continue
        move = ship.move()
        check(ship)
        if isinstance(move, Rest):
            ship.now = ship.now + 60 if move.until is None else max(ship.now, move.until)
            encourage(ship, fate)
        elif not calm and fate.luck.random() < 0.05:
            tell(ship, fate.luck.choice(ORDERS), fate)
    raise AssertionError(f"no end: {ship.moves[-6:]} {ship.release.ending} {ship.release.detail}")


def encourage(ship: Rehearsal, fate: Fate) -> None:
    """What people do when nothing else goes on."""
    step = ship.release.current
    if ship.release.recovery is None and step and isinstance(step.work, Ask):
        ship.say(fate.luck.choice(("bo@x", "cy@x")), "approve" if fate.luck.random() < 0.9 else "reject")
    for order in ("promote", "confirm", "resume", "abort"):
        if fate.luck.random() < 0.7 and tell(ship, order, fate):
            return


def tell(ship: Rehearsal, order: Order, fate: Fate) -> bool:
    step = fate.luck.choice(ship.plan.steps).id if order == "undo" else ""
    return ship.order(order, step) is None


def answer(ship: Rehearsal, fate: Fate) -> None:
    waiting = [one for one in ship.operations.values() if one.open]
    assert len(waiting) <= 1
    for one in waiting:
        ship.answer(one.id, fate.luck.choice(("retry", "retry", "undo", "abandon")))
    choices = ship.release.choices
    likely = [choice for choice in choices if choice != "abandon" or len(choices) == 1] or ["abandon"]
    if not tell(ship, fate.luck.choice(likely), fate):
        assert tell(ship, "abort", fate) or tell(ship, "abandon", fate), choices


def check(ship: Rehearsal) -> None:
    """What holds at every moment."""
    assert len(ship.open_operations) <= 1
    running = [step for step in ship.plan.steps if ship.release.standing(step.id).state == "running"]
    assert len(running) <= 1
    assert 0 <= exposed(ship.release) <= 300
    for kind, thing in ((key[0], value) for key, value in ship.world.things.items()):
        if kind == "shares":
            assert sum(thing["shares"].values()) == 100
            assert all(0 <= share <= 100 for share in thing["shares"].values())


def judge(ship: Rehearsal) -> None:
    """Whether the ending is true."""
    release = ship.release
    states = {step.id: release.standing(step.id).state for step in ship.plan.steps}
    match release.ending:
        case "succeeded":
            assert set(states.values()) <= {"done", "skipped"}
        case "rolled_back":
            assert ship.as_before, (release.detail, ship.world.things)
            assert "done" not in {
                states[step.id]
                for step in ship.plan.steps
                if isinstance(step.work, Write) and release.standing(step.id).operation
            }
        case "failed":
            assert ship.as_before, (release.detail, ship.world.things)
            assert re.search("nothing (else )?was changed", release.detail)
        case "needs_operator":
            assert not release.choices
    assert all(one.ending is not None for one in ship.operations.values())
    if release.detail != "abandoned":
        assert all(not one.open for one in ship.operations.values())
    for move in ship.moves:
        if isinstance(move, Done) and move.skipped:
            step = ship.plan.step(move.step)
            assert step is not None
            assert not isinstance(step.work, Ask) or release.recovery is not None, "an approval was left out"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STRATEGIES, TARGETS, st.integers(0, 2**20))
def test_every_release_comes_to_a_true_end(strategy: Strategy, targets: tuple[TargetId, ...], seed: int) -> None:
    plan = composed(Wish(targets, "2.15.0", "careful"), rulebook(strategy))
    if isinstance(plan, Refusal):
        return
    ship = Rehearsal(plan)
    play(ship, Fate(seed))
    judge(ship)


@settings(max_examples=100, deadline=None)
@given(STRATEGIES, TARGETS)
def test_with_good_luck_every_release_succeeds(strategy: Strategy, targets: tuple[TargetId, ...]) -> None:
    plan = composed(Wish(targets, "2.15.0", "careful"), rulebook(strategy))
    if isinstance(plan, Refusal):
        return
    ship = Rehearsal(plan)
    for _ in range(600):
        if ship.release.ending is not None:
            break
        move = ship.move()
        check(ship)
        if isinstance(move, Rest):
            step = ship.release.current
            if step and isinstance(step.work, Ask):
                ship.say("bo@x")
            elif step and isinstance(step.work, Pause) and step.work.seconds is None:
                assert ship.order("promote") is None
            elif ship.release.confirm_by is not None:
                assert ship.order("confirm") is None
            else:
                assert move.until is not None
                ship.now = max(ship.now, move.until)
    assert ship.release.ending == "succeeded", ship.release.detail
    assert not ship.refused
    if any(isinstance(one.work, Write) and isinstance(one.work.action, Swap) for one in plan.steps):
        for place in ship.fleet.places:
            if place.role == "slots" and place.target.whole in targets:
                assert not ship.world.slots(place.target)["prepared"]


@settings(max_examples=100, deadline=None)
@given(STRATEGIES, TARGETS, st.integers(0, 60))
def test_an_abort_at_any_moment_takes_everything_back(
    strategy: Strategy, targets: tuple[TargetId, ...], moment: int
) -> None:
    steps = tuple(step for step in strategy.steps if not isinstance(step, RunStep))
    plan = composed(Wish(targets, "2.15.0", "careful"), rulebook(replace(strategy, steps=steps)))
    if isinstance(plan, Refusal):
        return
    ship = Rehearsal(plan)
    for _ in range(moment):
        if ship.release.ending is not None:
            return
        move = ship.move()
        if isinstance(move, Rest):
            ship.say("bo@x")
            ship.order("promote")
            ship.now += 60
    if ship.release.ending is not None:
        return
    assert ship.order("abort") is None or ship.release.recovery
    last = ship.run()
    assert isinstance(last, Finish)
    assert last.ending in ("rolled_back", "failed")
    assert ship.as_before, ship.world.things
    assert not any(isinstance(step.work, Run) for step in plan.steps)
