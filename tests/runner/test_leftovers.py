"""What a killed runner's programs leave running is ended before anybody goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.release_plan import ReleasePlan, ReleaseStep, Run, Wish
from quarterdeck.release.rollout import Release, Standing, StepState
from quarterdeck.runner import leftovers
from quarterdeck.runner.leftovers import end_leftovers

CHECKOUT = TargetId("production", "checkout")
SLEEP = "import time; print('begun', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process was given")


@contextmanager
def program(text: str, release: str, step: str) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "QUARTERDECK_RELEASE": release, "QUARTERDECK_STEP": step}
    with subprocess.Popen([sys.executable, "-c", text], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def release(name: str, state: StepState) -> Release:
    step = ReleaseStep("2", CHECKOUT, Run(("migrate",)), "migrates")
    plan = ReleasePlan(name, name, Wish((CHECKOUT,)), (), (step,))
    return Release(name, plan, "ana", "", 0, steps={"2": Standing(state)})


@pytest.mark.parametrize("text", [SLEEP, DEAF])
@pytest.mark.parametrize("state", ["running", "undoing"])
async def test_a_program_that_runs_without_its_runner_is_ended(
    text: str, state: StepState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "GRACE_SECONDS", 0.3)
    with program(text, "r1", "2") as process:
        await end_leftovers([release("r1", state)])
        assert await asyncio.to_thread(process.wait, 10) != 0


async def test_programs_of_others_and_what_is_meant_to_stay_are_left_alone() -> None:
    with program(SLEEP, "r1", "2") as kept:
        await end_leftovers([release("r1", "done"), release("r2", "running"), release("r10", "running")])
        assert kept.poll() is None


async def test_where_nobody_tells_what_a_process_was_given_nothing_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "PROCESSES", tmp_path / "none")
    with program(SLEEP, "r1", "2") as kept:
        await end_leftovers([release("r1", "running")])
        assert kept.poll() is None
