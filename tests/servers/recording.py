"""Which test ran against which real server: `server` properties of its test case in the results.

`program` notes the server where it is called. In a fixture it is noted for every test that uses the fixture, also when
that was set up once for a whole module.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

PROPERTY = "server"

Fixture = tuple[str, str]
"""Where a fixture is defined (the beginning of the ids of its tests), and its name."""

_of_fixtures: dict[Fixture, list[str]] = {}
_setting_up: list[Fixture] = []
_of_test: list[str] = []
"""What the test that runs now has asked for itself."""


def note(name: str) -> None:
    """A server is asked for, by a fixture that is being set up or else by the test that runs."""
    for fixture in _setting_up:
        _of_fixtures[fixture].append(name)
    if not _setting_up:
        _of_test.append(name)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
    fixture = fixturedef.baseid, fixturedef.argname
    _of_fixtures[fixture] = []
    _setting_up.append(fixture)
    try:
        return (yield)
    finally:
        _setting_up.pop()


def pytest_runtest_logstart() -> None:
    _of_test.clear()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose mark names a server that isn't here, before its fixtures are set up."""
    from tests.servers.finding import program

    for mark in item.iter_markers("server"):
        for name in mark.args:
            program(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Every report of a test carries what it ran against so far; the results take those of the last one."""
    nearest: dict[str, list[str]] = {}  # of several fixtures with one name the innermost counts
    for (where, fixture), noted in sorted(_of_fixtures.items(), key=lambda entry: len(entry[0][0])):
        if fixture in getattr(item, "fixturenames", ()) and item.nodeid.startswith(where):
            nearest[fixture] = noted
    names = [*_of_test, *(name for noted in nearest.values() for name in noted)]
    for name in dict.fromkeys(names):
        if (PROPERTY, name) not in item.user_properties:
            item.user_properties.append((PROPERTY, name))
    return (yield)
