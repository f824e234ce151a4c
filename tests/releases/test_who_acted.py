"""Whose name stands in the journal: people's where people acted, the runner's where it went on by itself."""

from __future__ import annotations

from pathlib import Path

from tests.releases.captain import ANALYSED, CANARY, Captain

from quarterdeck.runner.release_lines import ITSELF


def actors(ship: Captain, release: str, *kinds: str) -> set[str]:
    return {event.actor for event in ship.store.events(operation=release) if event.kind in kinds}


async def test_what_the_runner_does_by_itself_is_not_put_down_to_whoever_started_it(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    release = await ship.begin()
    assert (await ship.ended(release)).ending == "succeeded"
    assert actors(ship, release, "release.planned", "release.started") == {"ana@jump1"}
    alone = ("release.step_started", "release.sampled", "release.step_done", "release.ended")
    assert actors(ship, release, *alone) == {ITSELF}


async def test_an_order_and_what_follows_from_it_at_once_bear_a_name(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote", actor="bo@jump2")
    promoted = [e for e in ship.store.events(operation=release) if e.kind == "release.step_done"][-1]
    assert (promoted.body["step"], promoted.actor) == ("2", "bo@jump2")


async def test_who_takes_a_step_back_is_whoever_said_so_or_the_runner(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    ship.gates.values["errors"] = lambda: 0.03
    failed = await ship.ended(await ship.begin())
    assert failed.ending == "rolled_back"
    assert ship.operation(failed.standing("1").undo).actor == ITSELF
    undone = [e for e in ship.store.events(operation=failed.standing("1").operation) if e.kind == "operation.undone"]
    assert [event.actor for event in undone] == [ITSELF]

    ship.gates.values["errors"] = lambda: None
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "abort", actor="bo@jump2")
    aborted = await ship.ended(release)
    assert ship.operation(aborted.standing("1").undo).actor == "bo@jump2"
