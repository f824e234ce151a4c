"""A store with a fleet, and a cockpit on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.ui.scenes import Scene

from quarterdeck import paths
from quarterdeck.ui import theming
from quarterdeck.ui.cockpit import Cockpit
from quarterdeck.ui.settings import Settings

Start = Callable[..., Cockpit]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """An empty store."""
    return Scene(tmp_path / "state" / "store.db")


@pytest.fixture
def start(scene: Scene) -> Start:
    """Makes a cockpit on the scene's store, as another process would see it."""

    def make(theme: str = "quarterdeck-dark", **settings: Any) -> Cockpit:
        chosen, problem = theming.choose(theme, (paths.shared_dir("themes"),))
        options = {"actor": "ana@jump1", "clock": scene.clock, "state": scene.path.parent, "theme": theme, **settings}
        return Cockpit(scene.viewer(), Settings(**options), chosen, problem=problem)

    return make
