"""The simulation bites: every fault planted in the program is found by some seed, and soon."""

from __future__ import annotations

import logging

import pytest
from tests.simulation import mutants, release_mutants
from tests.simulation.planting import MUTANTS, fell, found_by
from tests.simulation.simulation import simulate

WITHIN = 2000
DEFINED_BY = (mutants, release_mutants)


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_found(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """At the seed that found it before; after a change of the program or the simulation that may be another one."""
    caplog.set_level(logging.CRITICAL, "quarterdeck")
    before = fell().get(name, 1)
    found = found_by(name, (before, *range(1, WITHIN + 1)))
    assert found
    simulate(found[0])  # without the fault nothing is wrong there


def test_there_are_mutants_of_operations_and_of_releases() -> None:
    assert [len([one for one in vars(module).values() if one in MUTANTS.values()]) for module in DEFINED_BY] == [28, 30]
