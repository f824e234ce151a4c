"""Providers are found by entry point; a broken one hurts nobody but those who use it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError

PACKAGES = {
    "good.py": """
class Good:
    names = ("good", "good.other")
    def schema(self, name): return {"connection": dict}
    def open(self, connection, context): raise NotImplementedError
    def sandboxed(self, connection, announcement): return connection
provider = Good()
""",
    "raising.py": "raise RuntimeError('needs a license\\nand more')\n",
    "exiting.py": "import sys\nsys.exit('no such platform')\n",
    "hollow.py": "class Hollow:\n    names = ('hollow',)\nprovider = Hollow()\n",
}


def look_again() -> None:
    """As a new process would."""
    registry._installed.cache_clear()
    registry._import.cache_clear()


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Packages from elsewhere beside our own."""
    for name, text in PACKAGES.items():
        (tmp_path / f"elsewhere_{name}").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    entries = [
        EntryPoint("azure", "elsewhere_good:provider", registry.GROUP),
        EntryPoint("azure", "quarterdeck.providers.azure:provider", registry.GROUP),
        *(
            EntryPoint(name, f"elsewhere_{name}:provider", registry.GROUP)
            for name in ("good", "raising", "exiting", "hollow", "missing")
        ),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: [e for e in entries if e.group == group])
    look_again()
    yield
    look_again()
    for name in PACKAGES:
        sys.modules.pop(f"elsewhere_{name.removesuffix('.py')}", None)


def test_our_own_provider_is_installed() -> None:
    assert "azure" in registry.names()
    assert "azure.app_configuration" in registry.load("azure").names
    assert [one.fault for one in registry.installed()] == [""] * len(registry.installed())
    assert all(one.ours for one in registry.installed())


def test_listing_the_names_imports_no_provider(installed: None) -> None:
    assert registry.names() == ("azure", "exiting", "good", "hollow", "missing", "raising")
    assert "elsewhere_good" not in sys.modules


def test_the_part_before_the_dot_finds_the_provider(installed: None) -> None:
    assert registry.load("good.other") is registry.load("good")


def test_an_unknown_provider_is_told_with_the_installed_ones(installed: None) -> None:
    with pytest.raises(ProviderError) as caught:
        registry.load("heroku")
    assert caught.value.trouble.code == "misconfigured"
    assert caught.value.trouble.message == "no provider heroku is installed"
    assert caught.value.trouble.hint == "installed: azure, exiting, good, hollow, missing, raising"


def test_an_unknown_part_of_a_provider_is_told_with_the_known_ones(installed: None) -> None:
    with pytest.raises(ProviderError) as caught:
        registry.load("good.third")
    assert caught.value.trouble.hint == "it has: good, good.other"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("raising", "RuntimeError: needs a license"),
        ("exiting", "SystemExit: no such platform"),
        ("hollow", "it has no schema, open, sandboxed"),
        ("missing", "ModuleNotFoundError: No module named 'elsewhere_missing'"),
    ],
)
def test_a_broken_provider_is_told_why_to_those_who_use_it(installed: None, name: str, why: str) -> None:
    with pytest.raises(ProviderError) as caught:
        registry.load(name)
    assert caught.value.trouble.message == f"the provider {name} can't be used: {why}"
    assert registry.schemas(name) is None
    assert registry.schemas("good") == {"connection": dict}


def test_a_check_lists_them_all_and_says_what_is_wrong(installed: None) -> None:
    found = {(one.name, one.package): one.fault for one in registry.installed()}
    assert {name for (name, _), fault in found.items() if not fault} == {"azure", "good"}
    assert {name for (name, _), fault in found.items() if fault} == {"azure", "exiting", "hollow", "missing", "raising"}
    assert "is used instead" in found["azure", "elsewhere_good:provider"]


def test_one_that_cannot_say_what_it_needs_is_as_good_as_none(installed: None) -> None:
    (found,) = [one for one in registry.installed() if one.name == "raising"]
    assert registry.schemas("raising") is None
    assert found.fault.startswith("RuntimeError: needs a license")


def test_our_own_name_can_not_be_taken_over(installed: None) -> None:
    assert type(registry.load("azure")).__module__ == "quarterdeck.providers.azure"


def test_the_registry_and_our_provider_load_none_of_the_sdks() -> None:
    """A provider is asked for its name and schema long before anything is sent."""
    script = (
        "import sys; from quarterdeck.providers import registry; registry.load('azure');"
        "print([m for m in sys.modules if m.split('.')[0] in ('azure', 'aiohttp', 'pydantic', 'yaml')])"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
