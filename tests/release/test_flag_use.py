"""What else is known of a flag that somebody is about to change."""

from __future__ import annotations

from dataclasses import replace

from tests.release.surveys import BANNER

from quarterdeck.fleet.topology import Address, Fleet, Place, Ring
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag_use import of_flag
from quarterdeck.release.operation import Operation, StepProgress
from quarterdeck.release.plan import Plan, Step
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import FlagStep, RingStep, Strategy, SwapStep

FLEET = Fleet("shop")
FLAGS = Place("flags", BANNER, Address("az", {"name": "flags"}))


def flipped(name: str, at: float, *, who: str = "bo@jump2", state: str = "done") -> Operation:
    step = Step("1", "set_flag", "flags", BANNER, FLAGS.address, "switch it")
    plan = Plan(name, name, FlagChange(BANNER, enabled=True), (step,))
    return Operation(name, plan, who, "", at, {"1": StepProgress(state)}, ending="succeeded")  # type: ignore[arg-type]


def test_a_change_of_a_moment_ago_is_told_with_its_author() -> None:
    (risk,) = of_flag(BANNER, [flipped("a", 900)], FLEET, Rulebook(), 1000)
    assert (risk.severity, risk.code) == ("info", "changed-lately")
    assert f"about 2 min ago bo@jump2: flag on {BANNER.environment}/{BANNER.name}" in risk.text


def test_several_changes_are_a_warning_that_somebody_else_is_at_it() -> None:
    (risk,) = of_flag(BANNER, [flipped("b", 990), flipped("a", 900, who="ana@jump1")], FLEET, Rulebook(), 1000)
    assert risk.severity == "warning"
    assert "changed 2 times lately" in risk.text
    assert "bo@jump2" in risk.text
    assert "ana@jump1" in risk.text


def test_what_is_long_ago_or_changed_nothing_is_not_told() -> None:
    old, failed = flipped("a", 1000), flipped("b", 9000, state="not_done")
    assert of_flag(BANNER, [failed, old], FLEET, Rulebook(overlap=600), 9100) == []


def test_what_is_released_with_the_flag_is_named() -> None:
    rings = (Ring("inner", 10, flag=BANNER.name, group="staff"), Ring("all", 100))
    strategies = (
        Strategy("ringed", (RingStep("inner"),)),
        Strategy("flags", (FlagStep(BANNER.name, enabled=True),)),
        Strategy("plain", (SwapStep(), FlagStep("another", enabled=True))),
    )
    (risk,) = of_flag(BANNER, [], replace(FLEET, rings=rings), Rulebook(strategies=strategies), 0)
    assert (risk.severity, risk.code) == ("info", "released-with")
    assert risk.text.startswith("ring inner, strategy ringed, strategy flags: ")
