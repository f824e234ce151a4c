"""Prints how fast seeds run, and after how many each planted fault is found: python -m tests.simulation [SEEDS]"""

from __future__ import annotations

import logging
import sys
import time

from tests.simulation.mutants import MUTANTS, found_by
from tests.simulation.simulation import simulate


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
        found = found_by(name, 2000)
        after, what = found or ("not found", "")
        print(f"{name:<45} {after:>9}  {what}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
