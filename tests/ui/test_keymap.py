"""A user's own keys: which can be had, and where they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.terminal.cockpits import cockpit
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene, played

from quarterdeck.ui import preferences
from quarterdeck.ui.actions import DEEDS, Deed, Situation, why_not
from quarterdeck.ui.keymap import FIXED, STANDARD, BadKey, Keymap, called, read
from quarterdeck.ui.preferences import Preferences
from quarterdeck.ui.screens.small import Menu

SIZE = (100, 30)


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        ({"swap": "f2"}, {"swap": "F2"}),
        ({"swap": "@"}, {"swap": "@"}),
        ({"swap": "left_curly_bracket"}, {"swap": "{"}),
        ({"swap": "ctrl+s"}, {"swap": "Ctrl+S"}),
        ({"swap": "q", "quit": "s"}, {"swap": "q", "quit": "s"}),
        ({"undo-to": "b"}, {"undo-to": "b", "undo": "u"}),
        ({"help": "f1", "copy": "?"}, {"help": "F1", "copy": "?"}),
        ({"hold": "delete"}, {"hold": "Del"}),
    ],
)
def test_keys_that_can_be_had(wanted: dict[str, str], keys: dict[str, str]) -> None:
    keymap = read(wanted)
    assert {deed: keymap.shown(deed) for deed in keys} == keys


@pytest.mark.parametrize(
    ("wanted", "deed", "message"),
    [
        ({"swpa": "f2"}, "swpa", "there is nothing called 'swpa'; known are swap, traffic"),
        ({"swap": "hyper"}, "swap", "'hyper' is no key; write a character"),
        ({"swap": ""}, "swap", "'' is no key"),
        ({"swap": "t"}, "swap", "t is the key of traffic on the screen bridge: give traffic another one too"),
        ({"conn": "?"}, "conn", "? is the key of help on every screen"),
        ({"copy": "q"}, "copy", "q is the key of quit on every screen"),
        ({"swap": "f3", "traffic": "f3"}, "swap", "F3 is the key of traffic"),
        ({"swap": "escape"}, "swap", "Esc can't be given to swap: it always goes back"),
        ({"swap": "ctrl+c"}, "swap", "it always leaves"),
        ({"swap": "enter"}, "swap", "it moves the cursor, or answers a dialog"),
        ({"swap": "j"}, "swap", "it moves the cursor"),
        ({"swap": "ctrl+m"}, "swap", "it is Enter to many terminals"),
        ({"dump": "space"}, "dump", "it scrolls in dialogs"),
        ({"back": "b"}, "back", "back keeps its key Esc: there must always be a way out"),
        ({"leave-now": "x"}, "leave-now", "keeps its key Ctrl+C"),
    ],
)
def test_keys_that_cannot_be_had_are_refused_with_the_reason(wanted: dict[str, str], deed: str, message: str) -> None:
    with pytest.raises(BadKey, match=re.escape(message)) as caught:
        read(wanted)
    assert caught.value.deed == deed


@pytest.mark.parametrize("deed", [one for one in DEEDS if one.id not in FIXED], ids=lambda one: one.id)
def test_every_other_deed_takes_another_key(deed: Deed) -> None:
    assert called(read({deed.id: "f11"}).key(deed)) == "F11"
    assert read({deed.id: deed.shown if len(deed.shown) == 1 else deed.key}).key(deed) == STANDARD.key(deed)


async def test_a_new_key_works_and_stands_everywhere_and_the_old_one_is_free(scene: Scene, start: Start) -> None:
    scene.publish()
    own = Preferences(keys={"swap": "f2", "help": "f1", "quit": "Q"})
    async with start(preferences=own).run_test(size=SIZE) as pilot:
        text = await press(pilot, "s", "question_mark")
        assert "F2 swap" in text
        assert "F1 keys" in text
        assert "Q leave" in text
        assert "F2  Swap slots" in await press(pilot, "f1")
        await press(pilot, "escape", "f2")
        assert isinstance(pilot.app.screen, Menu)
        await press(pilot, "escape")
        assert "this is the first screen; Q leaves the cockpit" in await press(pilot, "escape")


async def test_a_key_in_a_dialog_is_the_users_own_too(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start(preferences=Preferences(keys={"dump": "W"})).run_test(size=SIZE) as pilot:
        await press(pilot, "exclamation_mark", "w")
        assert not (scene.path.parent / "screens").exists()
        assert "written: " in await press(pilot, "W")


async def test_refusals_name_the_users_key(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    async with start().run_test(size=SIZE) as pilot:
        await see(pilot)
        now = pilot.app.screen.situation()  # type: ignore[attr-defined]
    undo = next(deed for deed in DEEDS if deed.id == "swap")
    own = Situation(now.picture, now.where, False, now.target, keys=Keymap({"abort": "f12"}))
    assert "A aborts it, 3 shows it" in why_not(undo, now)
    assert "F12 aborts it, 3 shows it" in why_not(undo, own)


def test_a_bad_key_is_told_with_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "cockpit.toml").write_text(
        '# swap = "x"\ntheme = "quarterdeck-dark"\n\n[keys]\nundo = "f5"\nswap = "t"\n'
    )
    told = preferences.fault(tmp_path, "keys", "swap", "t is taken")
    assert str(told) == f"{tmp_path / 'cockpit.toml'}:6: t is taken"


@pytest.mark.process
def test_a_cockpit_with_a_bad_key_does_not_start(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played(scene)
    (tmp_path / "cockpit.toml").write_text('[keys]\nswap = "t"\n')
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path))
    with cockpit(scene.path, columns=240) as terminal:
        assert terminal.ended() == 2
        assert "cockpit.toml:2: t is the key of traffic" in " ".join(terminal.text().split())
