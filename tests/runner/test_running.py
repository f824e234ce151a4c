"""Programs that leave something behind: how they ended is told as soon as they have, whoever holds their output."""

from __future__ import annotations

import sys
import time

import pytest

from quarterdeck.runner import running

DAEMON = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep({})'], {})\n"
"""Starts a process that lives for so many seconds and inherits the output."""


def program(daemon: str, then: str) -> list[str]:
    return [sys.executable, "-c", daemon + then]


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE_SECONDS", 0.3)


@pytest.mark.parametrize("more", ["", "start_new_session=True"])
@pytest.mark.parametrize("code", [0, 3])
async def test_a_program_has_ended_when_it_has_ended_whatever_it_left_behind(code: int, more: str) -> None:
    began = time.monotonic()
    ran = await running.run(program(DAEMON.format(6, more), f"print('fine'); sys.exit({code})"), 30, {})
    assert (ran.code, ran.detail) == (code, f"exit code {code}: fine")
    assert time.monotonic() - began < 5


async def test_one_that_ignores_being_asked_is_ended_whatever_holds_its_output() -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(9)"
    )
    began = time.monotonic()
    ran = await running.run(program(DAEMON.format(9, "start_new_session=True"), deaf), 1, {})
    assert (ran.code, ran.detail) == (None, "ended after 1 s: deaf")
    assert time.monotonic() - began < 5
