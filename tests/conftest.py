"""What holds for every test."""

from __future__ import annotations

import gc
import os
import signal

from tests.servers.recording import (
    pytest_fixture_setup,
    pytest_runtest_logstart,
    pytest_runtest_makereport,
    pytest_runtest_setup,
)

__all__ = ["pytest_fixture_setup", "pytest_runtest_logstart", "pytest_runtest_makereport", "pytest_runtest_setup"]


def pytest_configure() -> None:
    """Programs under test hear Ctrl+C, also where the tests were started in the background by a shell that has it
    ignored: what is ignored is inherited, and nothing in between could tell."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """What is loaded and collected by now stays: looking through it again and again, as hundreds of thousands of
    objects of tests come and go, took a sixth of the time of the tests of the cockpit."""
    gc.collect()
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: two workers a core, because most tests wait for programs longer than they compute."""
    return 2 * (os.cpu_count() or 1)
