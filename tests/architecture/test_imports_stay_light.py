"""What a viewer and a short command load. Import time is what an operator waits for; see also the contracts in
pyproject.toml, which look at the code and not at what is really loaded."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

OF_RELEASES = ("quarterdeck.release.rollout", "quarterdeck.release.release_plan", "quarterdeck.release.release_view")
"""They take a tenth of a short command to load; who has no release under way doesn't wait for them."""

HEAVY = ("pydantic", "httpx", "azure", "aiohttp", "yaml", "cryptography", "msal")


def loaded_after(script: str, tmp_path: Path) -> set[str]:
    """The packages and modules that a fresh interpreter has loaded after a script."""
    tell = "import json, sys\nprint(json.dumps([*sys.modules]))"
    result = subprocess.run(
        [sys.executable, "-c", f"{script}\n{tell}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "QUARTERDECK_STATE": str(tmp_path / "state")},
    )
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_the_cockpit_loads_no_provider_and_no_configuration(tmp_path: Path) -> None:
    loaded = loaded_after("import quarterdeck.ui.app, quarterdeck.ui.cockpit", tmp_path)
    assert "textual" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_cockpit_opens_without_the_code_of_other_screens_and_of_releases(tmp_path: Path) -> None:
    script = "import quarterdeck.cli.cockpit, quarterdeck.ui.app, quarterdeck.ui.cockpit, quarterdeck.ui.glance.making"
    loaded = loaded_after(script, tmp_path)
    assert {name for name in loaded if name.startswith("quarterdeck.ui.screens.")} == {
        f"quarterdeck.ui.screens.{name}" for name in ("bridge", "catalogue", "deck", "dialog")
    }
    assert loaded.isdisjoint(OF_RELEASES)
    assert loaded.isdisjoint(("argparse", "importlib.metadata", "email"))


def test_status_with_a_living_runner_loads_no_toolkit_either(tmp_path: Path) -> None:
    script = """
import time
from pathlib import Path
from quarterdeck import paths
from quarterdeck.cli.main import main
from quarterdeck.fleet.topology import Environment, Fleet
from quarterdeck.store.opening import open_store

config = Path("quarterdeck.yaml")
config.write_text("fleet: shop")
store = open_store(paths.store_path(config, sandbox=False), create=True)
lease = store.take_lease("runner", "test", time.time(), 3600, {})
store.put_fleet(Fleet("shop", (Environment("production"),)), lease)
assert main(["status", "--json"]) == 0
"""
    loaded = loaded_after(script, tmp_path)
    assert loaded.isdisjoint((*HEAVY, "textual", "rich", "asyncio", "argcomplete"))
    assert loaded.isdisjoint(OF_RELEASES)
    assert loaded.isdisjoint(("dataclasses", "inspect"))  # see quarterdeck.records


@pytest.mark.parametrize("line", ["--help", "--version", "swap --help"])
def test_help_loads_next_to_nothing(tmp_path: Path, line: Any) -> None:
    script = f"""
from quarterdeck.cli.main import main
try:
    main({line.split()!r})
except SystemExit:
    pass
"""
    loaded = loaded_after(script, tmp_path)
    assert loaded.isdisjoint((*HEAVY, "textual", "rich", "asyncio", "argcomplete"))
    if line.startswith("--"):
        assert loaded.isdisjoint(("quarterdeck.store.base", "quarterdeck.release"))
