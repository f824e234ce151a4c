"""Where the programs of real servers are on this machine."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from tests.servers import recording

CHECKOUT = Path(__file__).parents[2]
INSTALLED = CHECKOUT / ".servers"
"""What `.ci/servers` installs that isn't a package of the system."""


BUILT = {"kube-apiserver"}
"""What nobody offers ready to be installed, so that it takes longer than every run of the tests should."""


def places() -> list[Path]:
    """The folders that are searched, the first one first: the PATH, those of system daemons, and `.servers`.

    `QUARTERDECK_KUBE_BIN` is where a kube-apiserver is that was built elsewhere."""
    path = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    databases = sorted(versions, key=lambda folder: (len(folder.parent.name), folder.parent.name), reverse=True)
    ours = [INSTALLED / "venv" / "bin", INSTALLED / "node" / "node_modules" / ".bin", INSTALLED / "kubernetes"]
    built = [Path(folder) for folder in [os.environ.get("QUARTERDECK_KUBE_BIN", "")] if folder]
    return [*built, *path, Path("/usr/sbin"), Path("/usr/local/sbin"), *databases, *ours]


def program(name: str) -> Path:
    """The program of a server, or of something that is used beside one; without it the test is skipped.

    Called in a fixture or in a test, it also notes what they run against.
    """
    recording.note(name)
    found = shutil.which(name, path=os.pathsep.join(map(str, places())))
    if found is None:
        how = ".ci/build-kubernetes builds it, in ten minutes" if name in BUILT else ".ci/servers installs it"
        pytest.skip(f"{name} isn't installed here: {how}", allow_module_level=True)
    return Path(found)


def servers_python() -> Path:
    """The interpreter that has the servers written in Python; without it the test is skipped."""
    found = INSTALLED / "venv" / "bin" / "python"
    if not found.exists():
        pytest.skip("the servers written in Python aren't installed here: .ci/servers installs them")
    return found


def node_package(name: str) -> Path:
    """The folder of a server that Node runs, to be started with `program("node")`; without it the test is skipped."""
    recording.note(name)
    found = INSTALLED / "node" / "node_modules" / name
    if not found.is_dir():
        pytest.skip(f"{name} isn't installed here: .ci/servers installs it", allow_module_level=True)
    return found


def needs(*names: str) -> pytest.MarkDecorator:
    """The mark of tests that run against these programs: `pytestmark = needs("haproxy")`."""
    return pytest.mark.server(*names)
