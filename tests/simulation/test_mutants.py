"""The simulation bites: every fault planted in the engine is found by some seed, and soon."""

from __future__ import annotations

import logging

import pytest
from tests.simulation.mutants import MUTANTS, found_by

WITHIN = 2000


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, "quarterdeck")
    assert found_by(name, WITHIN)
