"""Changes that pour into a store: 200 a second, twenty batches of ten. Run by `keys`: STORE SERVICES FENCE."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

from tests.benchmarks.fleets import LEASE_SECONDS, seen

from quarterdeck.store.base import Lease
from quarterdeck.store.lifeline import RUNNER_LEASE
from quarterdeck.store.opening import open_store

BATCHES, SIZE = 20, 10


def pour(path: Path, services: int, fence: int) -> None:
    """Write for ever, in the name of the lease's holder."""
    store = open_store(path, create=False)
    lease = Lease(RUNNER_LEASE, "benchmark", fence, LEASE_SECONDS)
    due = time.monotonic()
    for batch in itertools.count():
        numbers = {(batch * SIZE + i) % services for i in range(SIZE)}
        store.observe([seen(number, f"1.{batch}.0", time.time()) for number in numbers], lease)
        due += 1 / BATCHES
        time.sleep(max(0, due - time.monotonic()))


if __name__ == "__main__":
    pour(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
