"""Design section 10: a durable append costs at most 1.5 times what SQLite itself takes for one."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from tests.store.samples import started, step_event

from quarterdeck.store.opening import open_store

BUDGET = 1.5
ROUNDS = 200


def test_an_append_costs_little_more_than_the_disk(tmp_path: Path) -> None:
    store = open_store(tmp_path / "fleet" / "store.db", create=True)
    lease = store.take_lease("runner", "one", 0, 10, {})
    assert lease
    store.record([started("o1")], lease, 1)
    plain = sqlite3.connect(tmp_path / "plain.db", isolation_level=None)
    plain.execute("PRAGMA journal_mode = WAL")
    plain.execute("PRAGMA synchronous = FULL")
    plain.execute("CREATE TABLE lines (seq INTEGER PRIMARY KEY, body TEXT)")

    def ours() -> None:
        store.record([step_event("progress", "o1", detail="x" * 60)], lease, 2)

    def yardstick() -> None:
        plain.execute("BEGIN IMMEDIATE")
        plain.execute("INSERT INTO lines (body) VALUES (?)", ("x" * 400,))
        plain.execute("COMMIT")

    taken: dict[Callable[[], None], list[float]] = {ours: [], yardstick: []}
    for _ in range(ROUNDS):
        for append, times in taken.items():
            began = time.perf_counter()
            append()
            times.append(time.perf_counter() - began)
    ratio = statistics.median(taken[ours]) / statistics.median(taken[yardstick])
    print(f"append: {ratio:.2f} x plain SQLite, {statistics.median(taken[ours]) * 1000:.2f} ms")
    store.close()
    plain.close()
    assert ratio <= BUDGET
