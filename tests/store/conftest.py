"""A fresh store for each test. A second kind of store joins the contract by one more parameter of `store`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.store.base import Lease, Store
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet" / "store.db"


@pytest.fixture
def sqlite_store(path: Path) -> Iterator[SqliteStore]:
    store = open_store(path, create=True)
    yield store
    store.close()


@pytest.fixture(params=["sqlite"])
def store(request: pytest.FixtureRequest) -> Store:
    opened: Store = request.getfixturevalue(f"{request.param}_store")
    return opened


@pytest.fixture
def lease(store: Store) -> Lease:
    taken = store.take_lease("runner", "one", now=0, ttl=10, info={})
    assert taken is not None
    return taken
