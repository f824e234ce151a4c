"""What a test ran against is in the results, whoever asked for it: its mark, its fixture, or the test itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from tests.servers.finding import CHECKOUT

TESTS = """
import pytest
from tests.servers import needs, program

@pytest.fixture(scope="module")
def harbour():
    return program("sh")

@pytest.fixture
def quay(harbour):
    return harbour

def test_first(quay): pass
def test_second(quay): program("true")
def test_alone(): pass

@needs("sh", "true")
def test_marked(): pass

@needs("no-such-server")
def test_missing(): raise AssertionError("it must not run")

class TestElsewhere:
    @pytest.fixture
    def harbour(self): return 1
    def test_with_another_of_that_name(self, harbour): pass
"""


def test_the_results_say_what_each_test_ran_against(tmp_path: Path) -> None:
    """In a pytest of its own, with workers as in CI, because the results come through them."""
    (tmp_path / "test_voyage.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text((CHECKOUT / "tests" / "conftest.py").read_text())
    results = tmp_path / "results.xml"
    words = [
        "-q",
        "-p",
        "no:cacheprovider",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "--strict-markers",
        "-c",
        str(CHECKOUT / "pyproject.toml"),
    ]
    command = [sys.executable, "-m", "pytest", *words, f"--rootdir={tmp_path}", f"--junitxml={results}", str(tmp_path)]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = {
        case.attrib["name"]: [one.attrib["value"] for one in case.iter("property") if one.attrib["name"] == "server"]
        for case in ElementTree.parse(results).iter("testcase")
    }
    assert told == {
        "test_first": ["sh"],
        "test_second": ["sh", "true"],
        "test_alone": [],
        "test_marked": ["sh", "true"],
        "test_missing": ["no-such-server"],
        "test_with_another_of_that_name": [],
    }
