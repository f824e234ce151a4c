"""Strategies: every step as it is written, and what is refused or worth a warning."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.fleet.readings import Audience
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

TOP = """\
fleet: shop
connections:
  azure: {provider: harbour, account: main}
groups: {sre: [ana, bo]}
gates:
  alive: {command: [a]}
  well: {command: [b]}
approvals: {sre: {from: [sre]}}
rings: [{name: canary, weight: 5}, {name: all, weight: 100}]
environments:
  production:
services:
  checkout:
    production: {slots: {connection: azure, pier: one, site: checkout}}
"""


def whole(steps: str, more: str = "") -> str:
    return f"{TOP}strategies: {{careful: {{steps: [{steps}]{more}}}}}\n"


@pytest.mark.parametrize(
    ("text", "step"),
    [
        ("deploy", DeployStep()),
        ("{deploy: {slot: green}}", DeployStep("green")),
        ("swap", SwapStep()),
        ("{swap: {preview: true}}", SwapStep("preview")),
        ("{swap: {complete: true}}", SwapStep("complete")),
        ("{swap: {cancel: true}}", SwapStep("cancel")),
        ("{swap: {from: green, to: live}}", SwapStep("swap", "green", "live")),
        ("{set_weight: 5}", WeightStep({"": 5})),
        ("{set_weight: 2.5%}", WeightStep({"": 2.5})),
        ("{set_weight: {green: 5, blue: 95%}, tolerance: 3}", WeightStep({"green": 5, "blue": 95}, 3)),
        ("{set_flag: {flag: New, on: true}}", FlagStep("New", enabled=True)),
        ("{set_flag: {flag: New, on: no, label: eu}}", FlagStep("New", "eu", enabled=False)),
        ("{set_flag: {flag: New, percent: 25%}}", FlagStep("New", percent=25)),
        ("{set_flag: {flag: New, audience: {beta: 100}}}", FlagStep("New", audience=(Audience("beta", 100),))),
        ("pause", PauseStep()),
        ("{pause: }", PauseStep()),
        ("{pause: 1h30m}", PauseStep(5400)),
        ("{bake: 10m}", BakeStep(600)),
        ("{bake: 10m, analysis: alive}", BakeStep(600, ("alive",))),
        ("{bake: 10m, analysis: [alive, well]}", BakeStep(600, ("alive", "well"))),
        ("{analysis: [alive, well]}", AnalysisStep(("alive", "well"))),
        ("{approval: sre}", ApprovalStep("sre")),
        ("{promote_ring: canary}", RingStep("canary")),
        ("rolling", RollingStep()),
        ("{rolling: {drain: true, bake: 5m, analysis: alive}}", RollingStep(drain=True, seconds=300, gates=("alive",))),
        ("{run: [sh, -c, 'echo $version']}", RunStep(("sh", "-c", "echo $version"))),
        (
            "{run: [/m, up], timeout: 1h, repeatable: true, undo: [/m, down]}",
            RunStep(("/m", "up"), 3600, repeatable=True, undo=("/m", "down")),
        ),
    ],
)
def test_a_step_is_what_it_says(folder: Any, text: str, step: object) -> None:
    (strategy,) = folder.load(whole(text)).rules.strategies
    assert strategy.steps == (step,)


def test_programs_of_steps_are_taken_from_where_the_file_is(folder: Any) -> None:
    text = "strategies: {careful: {steps: [{run: [./up], undo: [bin/down, ./x]}]}}"
    folder.write("parts/release.yaml", text)
    (strategy,) = folder.load(TOP + "include: [parts/release.yaml]\n").rules.strategies
    parts = folder.path / "parts"
    assert strategy.steps == (RunStep((str(parts / "up"),), undo=(str(parts / "bin/down"), "./x")),)


def test_what_holds_for_a_whole_strategy(folder: Any) -> None:
    more = ", analysis: [alive], on_failure: pause, confirm_within: 10m, pause_limit: 4h"
    (strategy,) = folder.load(whole("swap", more)).rules.strategies
    assert strategy == Strategy("careful", (SwapStep(),), ("alive",), "pause", 600, 14400)


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ("swapp", "[0]: there is no step swapp"),
        ("{tolerance: 3}", "[0]: there is no step tolerance"),
        ("[]", "[0]: is not a step"),
        ("{}", "[0]: is not a step"),
        ("{deploy: {slt: green}}", "[0].deploy.slt: unknown key"),
        ("{deploy: , swap: }", "[0]: one step does one thing, and this one does deploy and swap"),
        ("{approval: sre, analysis: alive}", "[0]: one step does one thing, and this one does analysis and approval"),
        ("{swap: {preview: true, cancel: true}}", "[0].swap: is one of `preview`, `complete` and `cancel`"),
        ("{set_weight: 101}", "[0].set_weight: must be less than or equal to 100"),
        ("{set_weight: -1}", "[0].set_weight: must be greater than or equal to 0"),
        ("{set_weight: some}", "[0].set_weight: must be a number"),
        ("{set_weight: nan}", "[0].set_weight: must be a finite number"),
        ("{set_weight: {a: 50, b: 60}}", "[0].set_weight: adds up to 110 percent"),
        ("{set_weight: {}}", "[0].set_weight: must be a percentage"),
        ("{set_weight: 5, tolerance: 0}", "[0].tolerance: must be greater than 0"),
        ("{set_flag: New}", "[0].set_flag: must hold keys with values"),
        ("{set_flag: {flag: New}}", "[0].set_flag: changes nothing"),
        ("{set_flag: {on: true}}", "[0].set_flag.flag: is missing"),
        ("{pause: long}", "[0].pause: must be a length of time"),
        ("{pause: 10}", "[0].pause: must be a length of time: 45s, 10m, 1h30m, 2d (10m if minutes are meant)"),
        ("bake", "[0].bake: "),
        ("{bake: 10m, analysis: aliv}", "[0].analysis: there is no gate aliv"),
        ("{analysis: [alive, wel]}", "[0].analysis[1]: there is no gate wel"),
        ("{analysis: []}", "[0].analysis: must hold at least one"),
        ("{approval: ops}", "[0].approval: there is no approval ops"),
        ("{approval: [sre]}", "[0].approval: must be a text"),
        ("{promote_ring: early}", "[0].promote_ring: there is no ring early"),
        ("{rolling: {analysis: alive}}", "[0].rolling: has gates and no time for them"),
        ("{rolling: {bake: 1m, analysis: aliv}}", "[0].rolling.analysis: there is no gate aliv"),
        ("{run: ./migrate up}", "[0].run: must be a list"),
        ("{run: []}", "[0].run: must hold at least one"),
        ("{run: [./m, $site]}", "[0].run[1]: $site isn't known"),
        ("{run: [./m], timeout: 0s}", "[0].timeout: must be longer than nothing"),
        ("", ": must have at least one step"),
    ],
)
def test_a_step_that_cant_be_taken_is_refused(folder: Any, steps: str, told: str) -> None:
    lines = folder.told(whole(steps))
    assert any(f"strategies.careful.steps{told}" in line for line in lines), lines


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (", on_failure: explode", "on_failure: must be 'rollback' or 'pause'"),
        (", analysis: aliv", "analysis: there is no gate aliv"),
        (", confirm_within: 0s", "confirm_within: must be longer than nothing"),
        (", pause_limit: 4", "pause_limit: must be a length of time"),
        (", setps: [swap]", "setps: unknown key"),
    ],
)
def test_a_strategy_that_cant_be_followed_is_refused(folder: Any, more: str, told: str) -> None:
    lines = folder.told(whole("swap", more))
    assert any(f"strategies.careful.{told}" in line for line in lines), lines


def test_a_strategy_may_use_another_one_and_replaces_its_steps_whole(folder: Any) -> None:
    text = TOP + (
        "strategies:\n"
        "  careful: {analysis: alive, on_failure: pause, steps: [{set_weight: 5}, swap]}\n"
        "  quick: {use: careful, steps: [swap], confirm_within: 5m}\n"
    )
    quick = folder.load(text).rules.strategy("quick")
    assert quick == Strategy("quick", (SwapStep(),), ("alive",), "pause", confirm_within=300)


def test_strategies_that_use_each_other_are_refused(folder: Any) -> None:
    (told,) = folder.told(TOP + "strategies: {a: {use: b, steps: [swap]}, b: {use: a}}\n")[:1]
    assert told.endswith("templates use each other: strategies.b -> strategies.a -> strategies.b")


def test_a_template_of_the_same_name_goes_first(folder: Any) -> None:
    text = TOP + (
        "templates: {careful: {on_failure: pause}}\n"
        "strategies: {careful: {steps: [swap], pause_limit: 1h}, quick: {use: careful, steps: [swap]}}\n"
    )
    assert folder.load(text).rules.strategy("quick") == Strategy("quick", (SwapStep(),), on_failure="pause")


@pytest.mark.parametrize(
    ("steps", "path", "told"),
    [
        ("pause", "strategies.careful", "changes nothing: no step deploys, swaps, shifts or flips"),
        (
            "{set_weight: 50}, {set_weight: 5}",
            "strategies.careful.steps[1]",
            "goes down from 50 to 5 percent",
        ),
    ],
)
def test_what_is_probably_not_meant_is_worth_a_warning(folder: Any, steps: str, path: str, told: str) -> None:
    idle = ("gates.alive", "gates.well", "approvals.sre")
    warnings = [one for one in folder.load(whole(steps)).warnings if one.path not in idle]
    assert [(one.path, one.message) for one in warnings] == [(path, told)]


def test_a_weight_that_goes_to_nothing_before_a_swap_is_usual(folder: Any) -> None:
    warnings = folder.load(whole("{set_weight: 50}, {set_weight: 0}, swap")).warnings
    assert not [one for one in warnings if "goes down" in one.message]


def test_a_strategy_that_doesnt_fit_its_service_is_worth_a_warning(folder: Any) -> None:
    text = whole("deploy, swap").replace("  production:\n", "  production: {strategy: careful}\n")
    (warning,) = [one for one in folder.load(text).warnings if one.path.startswith("services")]
    assert (warning.path, warning.line) == ("services.checkout.production", 14)
    assert warning.message.startswith("strategy careful deploys, but nothing says what production/checkout is made of")
    assert warning.hint == "declare `artifact` for the service, with $version in it"
