"""The theme of a cockpit that runs: tried on while choosing, kept, and read again when its file is written."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see, type_in
from tests.ui.scenes import Scene
from textual.widgets import Input

from quarterdeck.ui import theme_choice
from quarterdeck.ui.looks import look
from quarterdeck.ui.preferences import Preferences

SIZE = (100, 30)
MINE = 'extends = "quarterdeck-dark"\n[words]\nok = "{}"\n'


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A theme of the user's own, on a terminal with all colours."""
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("QUARTERDECK_THEME", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config" / "themes" / "mine.toml"
    path.parent.mkdir(parents=True)
    path.write_text(MINE.format("#00ff00"))
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text)


async def test_what_is_marked_in_the_list_is_tried_on_and_esc_takes_it_off(
    scene: Scene, start: Start, mine: Path
) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        told = await press(pilot, "T")
        assert (app.theme, "this one" in told) == ("quarterdeck-dark", True)
        told = await type_in(pilot, "light")
        assert app.theme == "quarterdeck-light"
        assert "▸ moving" in told
        assert await press(pilot, "escape")
        assert app.theme == "quarterdeck-dark"
    assert theme_choice.chosen(str(app.settings.state), "quarterdeck-dark") == ""


async def test_what_is_chosen_is_kept_for_the_next_cockpit(scene: Scene, start: Start, mine: Path) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "light")
        told = await press(pilot, "enter")
        assert app.theme == "quarterdeck-light"
        assert "this cockpit wears quarterdeck-light, and the next one, too" in told
    assert theme_choice.chosen(str(app.settings.state), "quarterdeck-dark") == "quarterdeck-light"


async def test_who_asks_for_a_theme_elsewhere_is_told_that_it_wins(scene: Scene, start: Start, mine: Path) -> None:
    scene.publish()
    app = start(preferences=Preferences(theme="quarterdeck-dark"))
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "light")
        assert "; the next one wears what cockpit.toml says" in await press(pilot, "enter")


async def test_a_theme_file_that_is_written_is_worn_at_once(scene: Scene, start: Start, mine: Path) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "mine")
        await press(pilot, "enter")
        assert (app.theme, app.theme_variables["qd-ok"]) == ("mine", "#00ff00")
        write(mine, MINE.format("#123456").replace("6", ""))
        told = await see(pilot)
        assert app.theme_variables["qd-ok"] == "#00ff00"
        assert "mine.toml:3: " in told
        assert "the look stays as it is" in told
        write(mine, MINE.format("#123456"))
        await see(pilot)
        assert (app.theme, app.theme_variables["qd-ok"]) == ("mine", "#123456")


async def test_nothing_is_painted_again_for_a_file_that_says_the_same(scene: Scene, start: Start, mine: Path) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "mine")
        await press(pilot, "enter")
        changes: list[str] = []
        app.theme_changed_signal.subscribe(app, lambda theme: changes.append(theme.name))
        write(mine, "# the same, in other words\n" + MINE.format("#00ff00"))
        await see(pilot)
        await see(pilot)
        assert changes == []


async def test_a_file_that_could_not_be_read_at_the_start_is_worn_once_it_is_mended(
    scene: Scene, start: Start, mine: Path
) -> None:
    scene.publish()
    write(mine, "[")
    app = start("mine")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "1")
        assert app.theme == "quarterdeck-dark"
        write(mine, MINE.format("#123456"))
        await see(pilot)
        assert (app.theme, app.theme_variables["qd-ok"]) == ("mine", "#123456")


async def test_a_theme_that_cant_be_used_changes_nothing_when_it_is_chosen(
    scene: Scene, start: Start, mine: Path
) -> None:
    scene.publish()
    write(mine, "dark = 5\n")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "mine")
        told = await press(pilot, "enter")
        assert app.theme == "quarterdeck-dark"
        assert "mine.toml:1: dark must be true or false" in told


async def test_where_no_colour_is_wanted_every_theme_is_worn_without(
    scene: Scene, start: Start, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    scene.publish()
    app = start("quarterdeck-mono")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        await type_in(pilot, "mine")
        await press(pilot, "enter")
        assert app.theme == "mine"
        assert app.theme_variables["qd-ok"] == "ansi_default"
    assert theme_choice.chosen(str(app.settings.state), "quarterdeck-mono") == "mine"


async def test_what_stands_in_an_empty_line_is_as_readable_as_what_matters_less(
    scene: Scene, start: Start, mine: Path
) -> None:
    scene.publish()
    app = start("quarterdeck-light")
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "T")
        line = app.screen.query_one(Input)
        hint, cursor = (line.get_component_rich_style(f"input--{part}") for part in ("placeholder", "cursor"))
        assert (hint.color, hint.bgcolor) == (look(app, "dim").color, look(app, "dim").bgcolor)
        assert (cursor.color, cursor.bgcolor) == (look(app, "cursor").color, look(app, "cursor").bgcolor)
