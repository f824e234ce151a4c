"""Copies of what is under the cursor, and pictures of the screen."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from tests.ui.conftest import Start
from tests.ui.driving import press, shown
from tests.ui.release_scenes import sail
from tests.ui.scenes import Scene, played, swap_plan
from textual.app import App

from quarterdeck.fleet.observation import Trouble
from quarterdeck.ui.dumping import as_text, masked

SIZE = (100, 30)
KEY = "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="
SSH = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22", "TERM": "xterm-256color"}


@pytest.fixture(autouse=True)
def _over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TMUX", "STY", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in SSH.items():
        monkeypatch.setenv(name, value)


def sent(app: App[Any]) -> list[str]:
    """Have what goes to the terminal noted; the headless driver writes nothing."""
    written: list[str] = []
    driver = app._driver
    assert driver is not None
    driver.write = written.append  # type: ignore[method-assign, assignment]
    return written


def copied(written: list[str]) -> str:
    sequence = next(one for one in reversed(written) if one.startswith("\x1b]52;c;"))
    return base64.b64decode(sequence.removeprefix("\x1b]52;c;").removesuffix("\x07")).decode()


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ((), "production/checkout"),
        (("2",), "production/checkout"),
        (("5", "left"), "flag:staging/beta-basket"),
        (("u",), "qd rollback production/checkout"),
    ],
)
async def test_what_is_under_the_cursor_is_sent_to_the_terminal(
    scene: Scene, start: Start, keys: tuple[str, ...], text: str
) -> None:
    scene.publish()
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, *keys)
        if keys == ("u",):
            scene.answer(scene.asked("plan"), plan=swap_plan())
            await press(pilot)
        written = sent(app)
        assert f"sent to the terminal: {text}" in await press(pilot, "C")
        assert copied(written) == text


async def test_nobody_claims_that_it_was_copied_and_the_same_key_shows_it_to_select(scene: Scene, start: Start) -> None:
    sail(scene, "baking")
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "3")
        sent(app)
        told = await press(pilot, "C")
        assert "copied" not in told
        lines = (await press(pilot, "C")).splitlines()
        assert any(row.startswith("k7f2") for row in lines)
        await press(pilot, "escape")
        assert "sent to the terminal" in await press(pilot, "C")


async def test_a_line_of_the_journal_is_copied_whole(scene: Scene, start: Start) -> None:
    played(scene)
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "7")
        written = sent(app)
        await press(pilot, "C")
    event = scene.store.events()[-1]
    assert event.hash in copied(written)
    assert '"reference": "3f1c0a52-swap"' in copied(written)


async def test_nothing_under_the_cursor_is_said(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "nothing is under the cursor to be copied" in await press(pilot, "4", "C")


async def test_a_tool_of_this_machine_takes_it_where_there_is_one(
    scene: Scene, start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "bin" / "xclip"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec cat > "{tmp_path}/clipboard"\n')
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tool.parent}:/usr/bin:/bin")
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION")
    scene.publish()
    async with start().run_test(size=SIZE) as pilot:
        assert "given to xclip: production/checkout" in await press(pilot, "C")
    assert (tmp_path / "clipboard").read_text() == "production/checkout"


async def test_a_screen_is_written_as_it_stands_for_its_owner_only(scene: Scene, start: Start) -> None:
    played(scene)
    app = start()
    async with app.run_test(size=SIZE) as pilot:
        await press(pilot, "2")
        before = shown(app)
        assert "written: " in await press(pilot, "w")
        await press(pilot, "w")
    folder = scene.path.parent / "screens"
    names = sorted(path.name for path in folder.iterdir())
    stem = "2026-11-23T140211Z-service"
    assert names == [f"{stem}-2.svg", f"{stem}-2.txt", f"{stem}.svg", f"{stem}.txt"]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert [row for row in (folder / f"{stem}.txt").read_text().splitlines() if row] == [
        row for row in before.splitlines() if row
    ]
    assert "PROTECTED" in (folder / f"{stem}.svg").read_text()


async def test_a_secret_on_the_screen_reaches_neither_file(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.fail("slots/production/cart", Trouble("garbage", f"AccountKey={KEY}; refused"))
    async with start().run_test(size=SIZE) as pilot:
        assert KEY in await press(pilot, "exclamation_mark")
        assert "written: " in await press(pilot, "w")
    for path in (scene.path.parent / "screens").iterdir():
        assert KEY not in path.read_text()
        assert "AccountKey=***" in path.read_text().replace("&#160;", " ")


def test_a_secret_that_goes_on_in_the_next_row_is_masked_whole() -> None:
    rows = [[Segment(f"│ password={KEY[:20]} │")], [Segment(f"│ {KEY[20:]}             │")], [Segment("│ next │")]]
    text = as_text(masked(rows))
    assert KEY[20:30] not in text
    assert KEY[:8] not in text
    assert "next" in text


async def test_a_folder_that_takes_nothing_is_told(scene: Scene, start: Start) -> None:
    scene.publish()
    (scene.path.parent / "screens").write_text("a file stands in the way")
    async with start().run_test(size=SIZE) as pilot:
        assert "the screen can't be written" in await press(pilot, "w")
