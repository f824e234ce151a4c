"""A store, a clock that a test moves, and a lease."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.timepiece import ManualClock

from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_store(tmp_path / "fleet" / "store.db", create=True)
    yield opened
    opened.close()


@pytest.fixture
def guard(store: SqliteStore, clock: ManualClock) -> LeaseGuard:
    made = LeaseGuard(store, clock, holder="one", ttl=10, info={})
    assert made.take()
    return made
