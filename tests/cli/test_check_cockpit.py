"""`qd check` tells what is wrong with a user's own preferences and themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.cli.check_cockpit import faults


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("QUARTERDECK_THEME", raising=False)
    (tmp_path / "themes").mkdir()
    return tmp_path


def test_what_can_be_used_is_not_mentioned(folder: Path) -> None:
    (folder / "cockpit.toml").write_text('theme = "mine"\n')
    (folder / "themes" / "mine.toml").write_text('extends = "quarterdeck-light"\n')
    assert list(faults()) == []


def test_a_theme_that_cant_be_read_is_told_with_its_line_also_if_nobody_wears_it(folder: Path) -> None:
    path = folder / "themes" / "mine.toml"
    path.write_text('extends = "quarterdeck-light"\n[words]\nok = "grn"\n')
    assert list(faults()) == [
        (
            "theme mine",
            f"{path}:3: words.ok: 'grn' is not a colour",
            "the cockpit uses another theme until this is corrected",
        )
    ]


def test_a_theme_that_is_asked_for_and_isnt_there_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "cockpit.toml").write_text('theme = "gone"\n')
    monkeypatch.setenv("QUARTERDECK_THEME", "nowhere")
    told = [(part, message) for part, message, _ in faults()]
    assert told == [
        ("theme nowhere", "QUARTERDECK_THEME asks for a theme that doesn't exist"),
        ("theme gone", "cockpit.toml asks for a theme that doesn't exist"),
    ]


def test_preferences_that_cant_be_read_are_told_with_their_line(folder: Path) -> None:
    (folder / "cockpit.toml").write_text("mouse = true\ntheme = 5\n")
    ((part, message, _),) = faults()
    assert (part, message) == ("cockpit", f"{folder / 'cockpit.toml'}:2: theme must be a text in quotes")
