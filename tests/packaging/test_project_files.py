"""README, .ci/run, lock and metadata agree with each other."""

import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

CHECKOUT = Path(__file__).parents[2]
README = (CHECKOUT / "README.md").read_text()
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
LOCK = tomllib.loads((CHECKOUT / "uv.lock").read_text())


def first_command_under(heading: str) -> str:
    """The first fenced block of a section of the README."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return section.split("```sh\n")[1].split("```")[0].strip()


def test_the_checks_begin_with_the_command_that_the_readme_gives_for_the_tests() -> None:
    assert first_command_under("Run the tests") in (CHECKOUT / ".ci" / "run").read_text().splitlines()


@pytest.mark.parametrize("heading", ["Try it", "Run the tests"])
def test_the_readmes_commands_set_everything_up_by_themselves(heading: Any) -> None:
    command = first_command_under(heading)
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")
    assert "\n" not in command


def test_every_command_of_the_readme_exists() -> None:
    from quarterdeck.cli.registry import COMMANDS

    names = {command.name for command in COMMANDS}
    listing = README.split("## The command line")[1].split("```text\n")[1].split("```")[0]
    told = set(re.findall(r"^qd ([a-z]+)", listing, re.MULTILINE))
    assert told == names


def test_the_lock_has_every_requirement() -> None:
    locked = {package["name"] for package in LOCK["package"]}
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]
    names = {re.split(r"[<>=\[ ;]", one)[0].lower().replace("_", "-") for one in wanted}
    assert names <= locked


def test_the_lock_names_one_index_and_no_machine() -> None:
    """One index and the one place its files lie; a mirror, a proxy or a folder would be somebody's own."""
    text = (CHECKOUT / "uv.lock").read_text()
    indexes = {package["source"]["registry"] for package in LOCK["package"] if "registry" in package["source"]}
    assert len(indexes) == 1
    places = {urlsplit(url).hostname for url in re.findall(r'url = "([^"]+)"', text)}
    assert len(places) == 1
    assert all(url.startswith("https://") for url in {*indexes, *re.findall(r'url = "([^"]+)"', text)})
    assert "path =" not in text
