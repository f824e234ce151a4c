"""The viewer's process stays light: no provider, no configuration code, nothing slow."""

import subprocess
import sys

FORBIDDEN = ("pydantic", "httpx", "azure", "aiohttp", "yaml", "requests", "msal", "cryptography")
OURS = ("quarterdeck.providers", "quarterdeck.config", "quarterdeck.runner", "quarterdeck.sandbox")


def modules_after(code: str) -> set[str]:
    printed = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return set(printed.split())


def test_the_cockpit_imports_no_provider_and_nothing_slow() -> None:
    loaded = modules_after("import quarterdeck.ui.app, quarterdeck.ui.cockpit, quarterdeck.ui.theming")
    assert "textual.app" in loaded
    assert {name for name in loaded if name.split(".")[0] in FORBIDDEN} == set()
    assert {name for name in loaded if name.startswith(OURS)} == set()


def test_saying_that_this_is_no_terminal_costs_no_textual() -> None:
    assert not any(name.startswith(("textual", "rich")) for name in modules_after("import quarterdeck.ui.app"))


def test_no_screen_or_dialog_brings_a_provider_or_anything_slow_when_it_is_opened() -> None:
    """What is loaded late is loaded all the same: every module of the cockpit, at once."""
    loaded = modules_after(
        "import importlib, pkgutil, quarterdeck.ui as ui\n"
        "for one in pkgutil.walk_packages(ui.__path__, 'quarterdeck.ui.'): importlib.import_module(one.name)"
    )
    assert "quarterdeck.ui.screens.plan" in loaded
    assert {name for name in loaded if name.split(".")[0] in FORBIDDEN} == set()
    assert {name for name in loaded if name.startswith(OURS)} == set()
