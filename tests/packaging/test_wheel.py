"""The wheel: built from this checkout, unpacked, and asked for what must have come along."""

import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

from quarterdeck import __version__, paths

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: Any) -> Any:
    """The content of the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=CHECKOUT,
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "content")
    return folder / "content"


def metadata(unpacked: Any) -> Any:
    (file,) = unpacked.glob("*.dist-info/METADATA")
    return Parser().parsestr(file.read_text())


@pytest.mark.parametrize("name", ["themes", "sample-configs"])
def test_shared_files_are_found_in_the_checkout_and_in_the_wheel(unpacked: Any, name: Any) -> None:
    inside = {file.name for file in paths.shared_dir(name).iterdir()}
    assert inside
    script = f"from quarterdeck import paths; print(paths.shared_dir({name!r}))"
    # -P and PYTHONPATH: this wheel's package and nobody else's.
    found = subprocess.run(
        [sys.executable, "-P", "-c", script],
        env={"PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    assert Path(found).is_relative_to(unpacked)
    assert {file.name for file in Path(found).iterdir()} == inside


def test_the_wheel_says_who_it_is(unpacked: Any) -> None:
    told = metadata(unpacked)
    assert (told["Name"], told["Version"]) == ("quarterdeck", __version__)
    assert told["License-Expression"] == "Apache-2.0"
    assert told["Requires-Python"] == ">=3.11"
    assert list(unpacked.glob("*.dist-info/licenses/LICENSE"))


def test_it_offers_both_names_of_the_program_and_the_providers(unpacked: Any) -> None:
    (file,) = unpacked.glob("*.dist-info/entry_points.txt")
    text = file.read_text()
    for line in ("qd = quarterdeck.", "quarterdeck = quarterdeck.", "[quarterdeck.providers]"):
        assert line in text
    for name in ("azure", "prometheus", "alertmanager", "http"):
        assert f"\n{name} = quarterdeck.providers." in text


def test_it_holds_the_program_and_nothing_of_the_tests(unpacked: Any) -> None:
    files = [str(file.relative_to(unpacked)) for file in unpacked.rglob("*") if file.is_file()]
    assert "quarterdeck/py.typed" in files
    assert not [name for name in files if not name.startswith("quarterdeck")]
    assert not [name for name in files if re.match(r"test|conftest", Path(name).name) or "/tests/" in name]
