"""Waking a runner beside a cockpit: it waits for nothing, and keeps what went wrong."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.waking import Waker

pytestmark = pytest.mark.process


def test_a_runner_that_can_not_start_is_told_afterwards_and_never_raised(tmp_path: Path) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text("fleet: shop\nservises: {}\n")
    waker = Waker(Invocation(config=str(config)), tmp_path / "state" / "store.db")
    began = time.process_time()
    waker.wake()
    waker.wake()
    assert time.process_time() - began < 1
    for attempt in [thread for thread in threading.enumerate() if thread.daemon]:
        attempt.join(60)
    assert waker.failure is not None
    assert "did you mean services?" in waker.failure.hint
