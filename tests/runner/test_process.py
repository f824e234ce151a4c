"""A store that can't be used ends a runner that hasn't begun, and not one that operations may depend on."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.runner.crew import CONFIG
from tests.runner.timepiece import ManualClock, settle

from quarterdeck.runner.process import Runner
from quarterdeck.runner.settings import RunnerSettings
from quarterdeck.store.base import StoreError
from quarterdeck.store.sqlite import SqliteStore


class Scripted(Runner):
    """A runner whose turns go as a test says."""

    turns: list[Any]

    async def _turn(self, *_: Any) -> Any:
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


@pytest.fixture
def runner(store: SqliteStore, clock: ManualClock, tmp_path: Path) -> Scripted:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG)
    return Scripted(RunnerSettings(store.path, config), store, clock)


async def test_a_store_that_can_not_be_used_at_the_beginning_is_an_error(runner: Scripted) -> None:
    runner.turns = ["waiting", StoreError("the disk is full")]
    task = asyncio.create_task(runner.run())
    await _pass(runner, 3)
    with pytest.raises(StoreError, match="disk is full"):
        await task


async def test_a_store_that_fails_a_runner_that_has_served_is_tried_again(runner: Scripted) -> None:
    runner.turns = ["lost", StoreError("the disk is full"), StoreError("the disk is full"), "left"]
    task = asyncio.create_task(runner.run())
    await _pass(runner, 5)
    assert await asyncio.wait_for(task, 5) == 0
    assert runner.turns == []


async def _pass(runner: Scripted, seconds: float) -> None:
    clock = runner._clock
    assert isinstance(clock, ManualClock)
    await clock.advance(seconds)
    await settle()
