"""The provider that the README shows is built, installed as a package of its own, and used; broken ones hurt nobody."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import Qd

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers.base import Provider, SessionContext
from quarterdeck.testing.conformance import check_flag, check_observing

pytestmark = pytest.mark.process

SECTION = (Path(__file__).parents[2] / "README.md").read_text().split("### Adding a provider")[1].split("\n## ")[0]
FILES = dict(re.findall(r"(?ms)^`([\w./]+)`[^\n`]*:\n\n```\w+\n(.*?)^```", SECTION))
CONFIGURATION = re.findall(r"(?ms)^```yml\n(.*?)^```", SECTION)[0]
"""Marked `yml`: only with that package installed it can be loaded, as what is marked `yaml` can."""

BROKEN = {
    "pyproject.toml": FILES["pyproject.toml"]
    .replace("toggles", "sinking")
    .replace(
        'sinking = "', 'azure = "quarterdeck_sinking:provider"\nhollow = "quarterdeck_sinking:nothing"\nsinking = "'
    ),
    "quarterdeck_sinking/__init__.py": """
import pydantic

class Empty(pydantic.BaseModel):
    pass

class Sinking:
    names = ("sinking", "sinking.deeper", "sinking.deepest")
    def schema(self, name):
        if name == "sinking.deepest": raise KeyError("hull")
        return {"connection": Empty, "flags": pydantic.BaseModel if name == "sinking.deeper" else Empty}
    def open(self, connection, context): raise KeyError("keel")
    def sandboxed(self, connection, announcement): raise KeyError("anchor")

provider = Sinking()
""",
}


def install(files: dict[str, str], folder: Path, into: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run([*pip, "--target", str(into), str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where packages from elsewhere are installed."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="module")
def toggles(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    install(FILES, tmp_path_factory.mktemp("toggles"), site)


@pytest.fixture(scope="module")
def sinking(site: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    install(BROKEN, tmp_path_factory.mktemp("sinking"), site)


@pytest.fixture
def qd(site: Path, tmp_path: Path) -> Iterator[Qd]:
    (tmp_path / "toggles.json").write_text('{"banner": true, "search": false}')
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIGURATION)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    found = Qd(state, config)
    found.environment["PYTHONPATH"] = str(site)
    yield found
    found("runner", "--stop")


def test_the_shown_provider_is_listed_and_flips_a_flag_and_takes_it_back(toggles: None, qd: Qd, tmp_path: Path) -> None:
    said = qd.done("check")
    assert "ok    provider  quarterdeck-toggles 0.1: toggles" in said
    assert "connection switches  2 toggles" in said
    qd.done("flag", "on", "live/search", "--yes", "--reason", "a test")
    assert '"search": true' in (tmp_path / "toggles.json").read_text()
    qd.done("rollback", "flag:live/search", "--yes", "--reason", "a test")
    assert '"search": false' in (tmp_path / "toggles.json").read_text()
    refused = qd("flag", "rollout", "10", "live/search", "--yes", "--reason", "a test")
    assert "a toggle is on or off" in refused.stdout + refused.stderr
    assert refused.returncode != 0


async def test_the_shown_provider_conforms(
    toggles: None, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(site))
    provider: Provider = importlib.import_module("quarterdeck_toggles").provider
    file = tmp_path / "toggles.json"
    file.write_text('{"banner": true}')
    session = provider.open(Connection("switches", "toggles", {"file": str(file)}), context())
    flags: Any = session.capability("flags")
    place = Place("flags", TargetId("live", "flags"), Address("switches", {}))
    await check_observing(flags, [place])
    await check_flag(flags, place, "banner")


def fleet_with(provider: str) -> str:
    """The README's, with a second connection in a second environment."""
    connections, _, environments = CONFIGURATION.partition("environments:\n")
    return f"""{connections}  ship: {{provider: {provider}}}
environments:
{environments}  sea:
    flags: {{connection: ship}}
"""


def test_what_cannot_be_used_is_listed_and_hurts_nobody(toggles: None, sinking: None, qd: Qd, tmp_path: Path) -> None:
    checked = qd("check")
    assert checked.returncode != 0
    assert "provider  hollow (quarterdeck-sinking 0.1): " in checked.stdout
    assert "provider  azure (quarterdeck-sinking 0.1): its name is that of quarterdeck" in checked.stdout
    assert "sinking.deepest can't say what it needs: KeyError" in checked.stdout
    qd.done("flag", "on", "live/search", "--yes", "--reason", "a test")
    assert '"search": true' in (tmp_path / "toggles.json").read_text()


def test_one_that_raises_as_it_is_opened_costs_its_own_rows_only(
    toggles: None, sinking: None, qd: Qd, tmp_path: Path
) -> None:
    (tmp_path / "quarterdeck.yaml").write_text(fleet_with("sinking"))
    checked = qd("check")
    assert "connection ship  can't be used: the provider sinking failed: KeyError" in checked.stdout
    assert "Traceback" not in checked.stdout + checked.stderr
    assert "the provider sinking failed: KeyError" in json.dumps(qd.json("status", "--live"))
    qd.done("flag", "on", "live/search", "--yes", "--reason", "a test")
    assert '"search": true' in (tmp_path / "toggles.json").read_text()


@pytest.mark.parametrize(
    ("provider", "words"),
    [
        ("sinking.deeper", "environments.sea.flags: the provider can't tell what this means"),
        ("sinking.deepest", "no provider sinking.deepest can be used"),
    ],
)
def test_one_whose_models_are_none_is_a_fault_of_the_configuration(
    sinking: None, qd: Qd, tmp_path: Path, provider: str, words: str
) -> None:
    (tmp_path / "quarterdeck.yaml").write_text(fleet_with(provider))
    checked = qd("check")
    assert checked.returncode == 2
    assert words in checked.stderr
    assert "Traceback" not in checked.stderr


def context() -> SessionContext:
    return SessionContext(SystemClock(), lambda _: None, lambda reference: reference)
