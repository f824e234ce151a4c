"""A fresh store for each test. A second kind of store joins the contract by one more parameter of `store`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB; skips where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no right to mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.fixture
def read_only_disk(small_disk: Path) -> Callable[[], None]:
    """Makes the small disk read-only; root can write to a folder whatever its permissions are."""

    def remount() -> None:
        subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    return remount
