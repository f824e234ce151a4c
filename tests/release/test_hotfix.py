"""The hotfix lane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.release.rehearsal import CHECKOUT, FLEET, NEW, Rehearsal, composed, gate, plan_of, rulebook, sights

from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.composing import Sight
from quarterdeck.release.hotfix import debts_of, shortest, travelled
from quarterdeck.release.release_plan import HotfixPath, ReleasePlan, Skipped, Wish
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    PauseStep,
    RingStep,
    RollingStep,
    Strategy,
    SwapStep,
    WeightStep,
)

USUAL = Strategy(
    "careful",
    (
        DeployStep(),
        RingStep("canary"),
        BakeStep(600, ("errors",)),
        WeightStep({"": 25}),
        PauseStep(),
        AnalysisStep(("latency",)),
        ApprovalStep("sre"),
        RingStep("broad"),
    ),
    gates=("alarms",),
)


def rules(skippable: tuple[str, ...] = ("sre",), **more: Any) -> Rulebook:
    """Latency and the approval may be skipped by some; errors and alarms by nobody."""
    gates = (gate("errors"), gate("latency", skippable_by=skippable), gate("alarms"))
    approvals = (ApprovalRule("sre", skippable_by=skippable), ApprovalRule("boss"))
    given = {"groups": {"sre": ("ana",)}, "train": ("staging", "production"), **more}
    return rulebook(USUAL, gates=gates, approvals=approvals, **given)


def hotfix(book: Rulebook) -> ReleasePlan:
    staging = replace(CHECKOUT, environment="staging")
    seen = {**sights(), staging: Sight(staging, ("0.9",), ())}
    return plan_of(composed(Wish((CHECKOUT,), NEW, "careful", hotfix=True, ref="abc123"), book, sights=seen))


def test_the_shortest_path_leaves_out_time_and_what_this_person_may_skip() -> None:
    strategy, path = shortest(USUAL, Route(CHECKOUT), rules(), "abc123", frozenset({"sre"}), FLEET)
    assert strategy.steps == (DeployStep(), AnalysisStep(("errors",)), RingStep("broad"))
    assert strategy.gates == ("alarms",)
    named = {(one.kind, one.name): one.authority for one in path.skipped}
    assert named["gate", "latency"] == ("sre",)
    assert named["approval", "sre"] == ("sre",)
    assert ("environment", "staging") in named
    assert "gate errors: nobody may skip it" in path.kept
    assert path.ref == "abc123"


def test_who_isnt_in_the_group_skips_nothing_of_it() -> None:
    strategy, path = shortest(USUAL, Route(CHECKOUT), rules(), "abc123", frozenset(), FLEET)
    assert ApprovalStep("sre") in strategy.steps
    assert AnalysisStep(("latency",)) in strategy.steps
    assert "approval sre: only sre may skip it" in path.kept


def test_shares_stay_where_no_swap_covers_them() -> None:
    usual = Strategy("careful", (WeightStep({"": 5}), BakeStep(60), WeightStep({"": 50})))
    strategy, _ = shortest(usual, Route(CHECKOUT), rules(), "", frozenset(), FLEET)
    assert strategy.steps == (WeightStep({"": 5}), WeightStep({"": 50}))


def test_regions_go_one_after_the_other_without_the_time_between() -> None:
    usual = Strategy("careful", (RollingStep(True, 600, ("errors", "latency")),))
    strategy, _ = shortest(usual, Route(CHECKOUT), rules(), "", frozenset({"sre"}), FLEET)
    assert strategy.steps == (RollingStep(True, 0, ("errors",)),)


def test_flags_arent_covered_by_a_swap() -> None:
    usual = Strategy("careful", (RingStep("beta"), SwapStep()))
    strategy, _ = shortest(usual, Route(CHECKOUT), rules(), "", frozenset(), FLEET)
    assert RingStep("beta") in strategy.steps


def test_a_strategy_of_hotfixes_is_taken_as_it_is_written() -> None:
    quick = Strategy("quick", (BakeStep(60), SwapStep()))
    strategy, path = shortest(quick, Route(CHECKOUT, hotfix="quick"), rules(), "", frozenset({"sre"}), FLEET)
    assert strategy == quick
    assert "as it is written" in path.kept[0]


def test_what_is_left_out_and_by_whose_authority_is_said_once() -> None:
    _, path = shortest(USUAL, Route(CHECKOUT), rules(), "abc123", frozenset({"sre"}), FLEET)
    said = [one.sentence for one in path.skipped]
    assert "gate latency is left out on the authority of sre" in said
    assert "bake 10m: the time is left out (by authority of anybody: it only takes time)" in said, said
    assert all(text.count("authority") <= 1 for text in said)


def test_what_the_usual_strategy_asks_besides_is_named_and_owed() -> None:
    quick = Strategy("quick", (SwapStep(), AnalysisStep(("errors",))))
    usual = replace(USUAL, gates=("alarms", "tried-out"))
    book = rules()
    gates = (*book.gates, gate("tried-out", shadow=True))
    route = Route(CHECKOUT, strategy="careful", hotfix="quick", artifact="shop:$version")
    book = replace(book, strategies=(usual, quick), gates=gates, routes=(route,))
    plan = plan_of(composed(Wish((CHECKOUT,), NEW, hotfix=True, ref="abc123"), book))
    assert plan.hotfix is not None
    named = [(one.kind, one.name) for one in plan.hotfix.skipped if one.authority == ("the configuration",)]
    assert named == [("gate", "alarms"), ("gate", "latency"), ("approval", "sre")]
    owed = {(debt.kind, debt.text.partition(":")[0]) for debt in debts_of(Rehearsal(plan).release)}
    assert ("skipped_gate", "run alarms afterwards") in owed
    assert ("skipped_approval", "get sre afterwards") in owed


def test_the_plan_of_a_hotfix_names_what_it_skips_and_the_route_approval_too() -> None:
    book = rules(routes=(Route(CHECKOUT, "careful", approval="sre", artifact="$version"),))
    found = hotfix(book)
    assert found.hotfix is not None
    assert not [step for step in found.steps if step.summary.startswith("approval")]
    assert found.background == ("alarms",)
    stays = hotfix(replace(book, groups={}))
    asked = [step.id for step in stays.steps if step.summary == "approval sre"]
    assert len(asked) == 2, "before the first write, and where the strategy has it"


def test_a_hotfix_leaves_debts_and_other_releases_none() -> None:
    ship = Rehearsal(hotfix(rules()))
    ship.run()
    assert ship.release.ending == "succeeded"
    debts = debts_of(ship.release)
    assert {debt.kind for debt in debts} == {
        "merge_back",
        "skipped_gate",
        "skipped_approval",
        "skipped_bake",
        "skipped_environment",
    }
    assert debts[0].text == "merge abc123 back"
    assert len({debt.id for debt in debts}) == len(debts)
    assert all(debt.target == CHECKOUT and debt.by == "ana@jump-1" for debt in debts)
    usual = Rehearsal(
        plan_of(composed(Wish((CHECKOUT,), NEW, "careful"), rulebook(Strategy("careful", (SwapStep(),)))))
    )
    assert debts_of(usual.release) == ()


def test_a_stage_that_serves_the_fix_already_is_not_told_as_passed_over() -> None:
    over = tuple(Skipped("environment", name, (), "") for name in ("development", "test", "staging"))
    gate = Skipped("gate", "calm", ("sre",), "left out")
    path = travelled(
        HotfixPath("abc", (*over, gate)), "2.0", CHECKOUT, {"test": ("1.9", "2.0"), "staging": ("2.0", "2.0")}
    )
    assert [(one.name, one.text) for one in path.skipped] == [
        ("test", "goes to production while test serves 1.9, 2.0"),
        ("calm", "left out"),
    ]
    assert path.kept == ("staging, which serves 2.0 already",)
    unread = travelled(HotfixPath("abc", over[:1]), "2.0", CHECKOUT, {"development": ()})
    assert unread.skipped[0].text == "goes to production while development hasn't been read"
