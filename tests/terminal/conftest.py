"""A store with a fleet as of now: cockpits on terminals have the machine's clock."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.ui.scenes import FrozenClock, Scene, played


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return played(Scene(tmp_path / "state" / "store.db", FrozenClock(time.time())))


@pytest.fixture
def store(scene: Scene) -> Path:
    """Where that store lies."""
    return scene.path
