"""Prints how fast seeds run, and after how many each planted fault is found: python -m tests.simulation [SEEDS]"""

from __future__ import annotations

import logging
import sys
import time

from tests.simulation.planting import MUTANTS, found_by
from tests.simulation.simulation import simulate
from tests.simulation.test_mutants import WITHIN


def main(seeds: int) -> None:
    logging.disable(logging.CRITICAL)
    began, events = time.process_time(), 0
    for seed in range(1, seeds + 1):
        events += simulate(seed).events
    spent = time.process_time() - began
    print(
        f"{seeds} seeds, {events} events, {spent:.0f} s of one core: {seeds / spent:.0f} seeds a second, nothing wrong"
    )
    for name in MUTANTS:
        after, what = found_by(name, range(1, WITHIN + 1)) or ("not found", "")
        print(f"{after:>9} {name:<52} {what[:200]}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
