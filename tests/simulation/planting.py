"""Faults that are planted in the program to prove that the simulation finds them; each is a mistake one could make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.simulation.simulation import Broken, simulate

Patch = Any
MUTANTS: dict[str, Callable[[], Sequence[Patch]]] = {}
"""By name; filled by the modules that define them."""


def mutant(plant: Callable[[], Sequence[Patch]]) -> Callable[[], Sequence[Patch]]:
    """Register a fault under the name of its function."""
    MUTANTS[plant.__name__.replace("_", " ")] = plant
    return plant


def replaced(owner: Any, name: str, value: Any) -> Sequence[Patch]:
    """The one patch that a simple fault consists of."""
    return (patch.object(owner, name, value),)


@contextmanager
def planted(name: str) -> Iterator[None]:
    """The program with this fault, for as long as the block runs."""
    patches = MUTANTS[name]()
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


@cache
def fell() -> dict[str, int]:
    """The first seed that found each fault, when that was last looked up (`fallen.txt`)."""
    lines = (Path(__file__).parent / "fallen.txt").read_text().splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    return {name: int(seed) for seed, name in pairs}


def found_by(name: str, seeds: Sequence[int]) -> tuple[int, str] | None:
    """The first of these seeds that finds a planted fault, and what it says; None if none does."""
    with planted(name):
        for seed in seeds:
            try:
                simulate(seed)
            except Broken as broken:
                return seed, str(broken).splitlines()[0]
    return None
