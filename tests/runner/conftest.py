"""A store, a clock that a test moves, and a lease."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.runner.crew import CONFIG, Crew
from tests.runner.timepiece import ManualClock

from quarterdeck.paths import store_path
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.sandboxing import stop_sandbox
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


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """A fleet with a state folder of its own; whatever it starts is ended."""
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG)
    path = store_path(config, sandbox=True)
    opened = open_store(path, create=True)
    hired = Crew(config, path, opened)
    try:
        yield hired
    finally:
        hired.dismiss()
        stop_sandbox(config)
        opened.close()
