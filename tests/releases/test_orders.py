"""What people may tell a release, and what becomes of it: retry, skip, undo, abandon; programs; hotfixes; trains."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.releases.captain import ANALYSED, CANARY, CHECKOUT, Captain, refusal, rules

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Order
from quarterdeck.release.rules import Route
from quarterdeck.release.strategy import BakeStep, PauseStep, RunStep, SwapStep, WeightStep
from quarterdeck.runner import conductor as conducting
from quarterdeck.runner.release_lines import closing

PAYMENTS = TargetId("production", "payments")
PATIENT = replace(ANALYSED, strategies=(replace(ANALYSED.strategies[0], on_failure="pause"),))


def allowed(answer: Any) -> None:
    assert answer
    assert answer.refusal is None, answer.refusal


def program(text: str, *, undo: str = "", repeatable: bool = False, timeout: float = 20) -> RunStep:
    python = (sys.executable, "-c")
    return RunStep((*python, text), timeout, repeatable, (*python, undo) if undo else ())


# --- orders -----------------------------------------------------------------------------------------------------------
async def test_promoting_fully_leaves_out_what_only_waits(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    began = ship.clock.now()
    allowed(await ship.order(release, "promote_full"))
    ended = await ship.ended(release)
    assert ended.ending == "succeeded"
    assert ship.clock.now() - began < 600
    assert "left out" in ended.detail


async def test_an_abort_counts_even_when_promoted_fully(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote_full")
    await ship.order(release, "abort")
    assert (await ship.ended(release)).ending == "rolled_back"
    assert ship.world.swaps() == []


async def test_undo_goes_back_to_a_step_and_resume_goes_on_from_there(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote")
    await ship.at(release, "4")
    allowed(await ship.order(release, "undo", "1"))
    await ship.until(lambda: ship.release(release).paused is not None)
    assert ship.shares()["staging"] == 5
    allowed(await ship.order(release, "resume"))
    await ship.until(lambda: ship.release(release).standing("2").state == "running")
    allowed(await ship.order(release, "promote"))
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.world.swaps() == ["swap checkout"]


async def test_a_failed_analysis_may_wait_for_a_person_who_tries_again(tmp_path: Path) -> None:
    ship = Captain(tmp_path, PATIENT)
    errors = [0.5]
    ship.gates.values["errors"] = lambda: errors[0]
    release = await ship.begin()
    ended = await ship.ended(release)
    assert (ended.ending, "retry" in ended.choices) == ("needs_operator", True)
    assert not ship.engine.conducting
    assert ship.shares()["staging"] == 5
    assert refusal(await ship.ask("plan", {"action": to_json(Swap(CHECKOUT))})).code == "locked"
    errors[0] = 0.0
    allowed(await ship.order(release, "retry"))
    assert (await ship.ended(release)).ending == "succeeded"


async def test_a_step_that_is_skipped_names_who_skipped_it(tmp_path: Path) -> None:
    ship = Captain(tmp_path, PATIENT)
    ship.gates.values["errors"] = lambda: 0.5 if ship.shares()["staging"] == 5 else 0.0
    release = await ship.begin()
    await ship.ended(release)
    allowed(await ship.order(release, "skip", reason="known noise"))
    ended = await ship.ended(release)
    assert ended.ending == "succeeded"
    assert "skipped by ana@jump1: known noise" in ended.detail


async def test_what_is_abandoned_says_how_it_stands_and_frees_its_targets(tmp_path: Path) -> None:
    ship = Captain(tmp_path, PATIENT)
    ship.gates.values["errors"] = lambda: 0.5
    release = await ship.begin()
    await ship.ended(release)
    allowed(await ship.order(release, "abandon", reason="moving house"))
    left = ship.release(release)
    assert (left.ending, left.choices, left.open) == ("needs_operator", (), False)
    assert "1 (" in left.detail
    assert "done" in left.detail
    assert (await ship.carry_out_with_time(Swap(CHECKOUT))).ending == "succeeded"


async def test_a_fault_of_ours_stops_the_release_and_not_the_runner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(*_: object) -> None:
        raise RuntimeError("https://signed.example/?s=SECRET")

    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    monkeypatch.setattr(conducting, "decide", faulty)
    await ship.order(release, "promote")
    ended = await ship.ended(release)
    assert (ended.ending, ended.choices) == ("needs_operator", ("retry", "abort", "abandon"))
    assert "RuntimeError" in ended.detail
    assert "SECRET" not in ended.detail
    monkeypatch.undo()
    allowed(await ship.order(release, "abort"))
    assert (await ship.ended(release)).ending == "rolled_back"


async def test_the_background_is_asked_until_the_end(tmp_path: Path) -> None:
    known = rules(WeightStep({"": 5}), PauseStep(), SwapStep(), gates=("errors",))
    ship = Captain(tmp_path, known)
    broken = [False]
    ship.gates.values["errors"] = lambda: 0.3 if broken[0] else 0.0
    release = await ship.begin()
    await ship.at(release, "2")
    later = ship.clock.now() + 300
    await ship.until(lambda: ship.clock.now() > later)
    broken[0] = True
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back"
    assert "errors" in ended.detail


async def test_what_burns_already_is_told_before_anything_begins(tmp_path: Path) -> None:
    known = rules(WeightStep({"": 5}), BakeStep(60, ("errors",)), SwapStep(), gates=("errors",))
    ship = Captain(tmp_path, known)
    ship.gates.values["errors"] = lambda: 0.3
    plan = await ship.propose()
    assert "already-firing" in [risk.code for risk in plan.risks]


# --- programs ---------------------------------------------------------------------------------------------------------
async def ran(ship: Captain, release: str, until: str = "ended") -> None:
    """Programs know no other clock than the world's: let them run."""
    import asyncio

    for _ in range(2000):
        await ship.clock.calm()
        current = ship.release(release)
        if current.ending is not None or any(one.state == until for one in current.steps.values()):
            return
        if not ship.engine.running:
            await ship.until(lambda: bool(ship.engine.running) or ship.release(release).ending is not None)
        await asyncio.sleep(0.01)
    raise AssertionError(ship.release(release))


async def test_a_program_runs_with_few_words_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "hunter2")
    note = tmp_path / "note"
    text = f"import os; open({str(note)!r}, 'a').write(' '.join(sorted(os.environ))); print('fine\\x1b[31m')"
    ship = Captain(tmp_path, rules(program(text)))
    release = await ship.begin()
    await ran(ship, release)
    ended = ship.release(release)
    assert ended.ending == "succeeded", ended.detail
    assert ended.standing("1").detail == "exit code 0: fine"
    words = note.read_text().split()
    assert {"QUARTERDECK_SERVICE", "QUARTERDECK_VERSION", "QUARTERDECK_RELEASE", "PATH"} <= set(words)
    assert "AZURE_CLIENT_SECRET" not in words


async def test_a_program_that_fails_takes_back_what_was_done_before(tmp_path: Path) -> None:
    note = tmp_path / "note"
    undo = f"open({str(note)!r}, 'a').write('undone')"
    ship = Captain(tmp_path, rules(program("", undo=undo), WeightStep({"": 5}), program("raise SystemExit(3)")))
    release = await ship.begin()
    await ran(ship, release)
    ended = ship.release(release)
    assert ended.ending == "rolled_back", ended.detail
    assert "exit code 3" in ended.detail
    assert note.read_text() == "undone"
    assert ship.shares()["staging"] == 0


async def test_a_program_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    text = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    ship = Captain(tmp_path, rules(program(text + "print('begun', flush=True); time.sleep(60)", timeout=1)))
    release = await ship.begin()
    await ran(ship, release)
    assert "ended after 1 s: begun" in ship.release(release).detail


@pytest.mark.parametrize("repeatable", [True, False])
async def test_a_program_whose_runner_died_is_run_again_only_if_it_may(repeatable: bool, tmp_path: Path) -> None:
    note, go = tmp_path / "note", tmp_path / "go"
    text = (
        f"import os, time; open({str(note)!r}, 'a').write('x'); "
        f"[time.sleep(0.01) for _ in range(6000) if not os.path.exists({str(go)!r})]"
    )
    ship = Captain(tmp_path, rules(program(text, repeatable=repeatable, timeout=60)))
    release = await ship.begin()
    await ran(ship, release, until="running")
    while not note.exists() or not note.read_text():
        await ship.clock.calm()
    await ship.succeed()
    go.touch()
    await ran(ship, release)
    ended = ship.release(release)
    assert ended.ending == ("succeeded" if repeatable else "needs_operator"), ended.detail
    assert note.read_text() == ("xx" if repeatable else "x")


# --- several services, hotfixes ---------------------------------------------------------------------------------------
TRAIN = replace(
    rules(SwapStep(), PauseStep(60)),
    routes=(Route(CHECKOUT, "careful", needs=("payments",)), Route(PAYMENTS, "careful")),
)


async def test_services_are_committed_in_the_order_of_their_needs(tmp_path: Path) -> None:
    ship = Captain(tmp_path, TRAIN)
    release = await ship.begin(Wish((CHECKOUT, PAYMENTS)))
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.world.swaps() == ["swap payments", "swap checkout"]
    assert [line for line in ship.world.log if line.startswith("preview")] == ["preview payments", "preview checkout"]


async def test_services_go_back_in_reverse(tmp_path: Path) -> None:
    ship = Captain(tmp_path, TRAIN)
    release = await ship.begin(Wish((CHECKOUT, PAYMENTS)))
    await ship.until(lambda: len(ship.world.swaps()) == 2)
    await ship.order(release, "abort")
    ended = await ship.ended(release)
    assert ended.ending == "rolled_back", ended.detail
    assert ship.world.swaps() == ["swap payments", "swap checkout", "swap checkout", "swap payments"]
    assert (ship.serving("checkout"), ship.serving("payments")) == ("1.0", "1.0")


async def test_a_hotfix_holds_the_train_and_leaves_its_debts(tmp_path: Path) -> None:
    ship = Captain(tmp_path, rules(BakeStep(3600), SwapStep()))
    began = ship.clock.now()
    release = await ship.begin(Wish((CHECKOUT,), hotfix=True, ref="abc123"))
    (hold,) = ship.store.guards().holds
    assert (hold.kind, hold.scope, hold.release) == ("hotfix", "production/checkout", release)
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.clock.now() - began < 3600
    guards = ship.store.guards()
    assert guards.holds == ()
    assert {debt.kind for debt in guards.owed} >= {"merge_back", "skipped_bake"}
    assert all(debt.release == release for debt in guards.owed)


@pytest.mark.parametrize("order", ["retry", "abandon"])
async def test_what_still_runs_is_neither_left_alone_nor_begun_beside_itself(tmp_path: Path, order: Order) -> None:
    """The conductor met a fault of its own while a program ran: people are asked, and the program goes on."""
    begun = tmp_path / "begun"
    text = f"import time; open({str(begun)!r}, 'a').write('x'); time.sleep(0.5)"
    ship = Captain(tmp_path, rules(program(text), PauseStep(), SwapStep()))
    release = await ship.begin()
    await ship.clock.calm()
    choices: list[Order] = ["retry", "abort", "abandon"]
    asked = closing(ship.release(release), "needs_operator", "a fault of ours", choices, ship.store.guards())
    ship.store.record(asked, ship.guard.lease, ship.clock.now())
    refused = refusal(await ship.order(release, order))
    assert "the program of step 1" in refused.message
    await ship.engine.idle()
    allowed(await ship.order(release, order))
    await ship.clock.calm()
    assert begun.read_text() == "x"
