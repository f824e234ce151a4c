"""The last known state stands on the screen before Textual is imported, and the cockpit takes over from there."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.first_frame.launching import Launched, launched
from tests.ui.scenes import FrozenClock, Scene, played, slots

from quarterdeck.ui.glance import keeping

pytestmark = pytest.mark.process

LEFT = (b"\x1b[?1049l", b"\x1b[?25h")


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """A store with a fleet, as of now."""
    return played(Scene(tmp_path / "state" / "store.db", FrozenClock(time.time())))


@pytest.fixture
def store(scene: Scene) -> Path:
    return scene.path


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Holds a program before Textual; open it with `open_gate`."""
    path = tmp_path / "gate"
    os.mkfifo(path)
    return path


def open_gate(gate: Path) -> None:
    gate.write_text("go")


def looked_at(store: Path, columns: int = 80, rows: int = 24) -> list[str]:
    """Open the cockpit once and leave it; what stood on the screen."""
    with launched(store, columns, rows) as terminal:
        terminal.wait_for("? keys")
        seen = list(terminal.rows)
        terminal.press(b"q")
        assert terminal.ended() == 0
    return seen


def test_without_a_glance_nothing_is_painted_early(store: Path, gate: Path) -> None:
    with launched(store, gate=gate) as terminal:
        open_gate(gate)
        assert terminal.received == b""
        terminal.wait_for("contoso-shop")


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (200, 50)])
def test_the_last_picture_stands_there_before_textual(store: Path, gate: Path, columns: int, rows: int) -> None:
    live = looked_at(store, columns, rows)
    with launched(store, columns, rows, gate=gate) as terminal:
        terminal.wait_for("? keys")
        early = list(terminal.rows)
        assert early[0].rstrip().endswith("○ last known, just now")
        assert "runner" not in early[0]
        assert _without_ages(early[1 : rows - 2]) == _without_ages(live[1 : rows - 2])
        assert early[-1] == live[-1]
        before = len(terminal.received)
        open_gate(gate)
        terminal.wait_for("● runner")
        handed = terminal.received[before:]
    assert b"\x1b[2J" not in handed
    assert b"\x1b[?1049" not in handed
    # The head's right end, the cursor and the line of detail are new, and nothing else.
    assert b"1 Bridge" not in handed
    assert len(handed) < 1500


def _without_ages(rows: list[str]) -> list[str]:
    """What stands there whatever the time: an age that takes its next step in between may move what follows it."""
    return [re.sub(r"\s+|…", "", re.sub(r"\b(just now|now|\d+[smhd])( ago)?.*", "", row)) for row in rows]


def test_its_age_and_what_the_journal_got_since_are_told(scene: Scene, gate: Path) -> None:
    looked_at(scene.path)
    _made_earlier(scene.path, 3 * 3600)
    scene.end(scene.store.operations(open_only=True)[0].id, "succeeded", ago=0)
    with launched(scene.path, gate=gate) as terminal:
        terminal.wait_for("○ last known, 3h ago")
        terminal.wait_for("this is how it was 3h ago · 1 new entry in the journal since")
        open_gate(gate)


def test_keys_typed_meanwhile_act_on_the_cockpit(store: Path, gate: Path) -> None:
    looked_at(store)
    with launched(store, gate=gate) as terminal:
        terminal.wait_for("last known")
        terminal.press(b"7")
        open_gate(gate)
        terminal.wait_for("7 Log")
        terminal.press(b"q")
        assert terminal.ended() == 0
        assert terminal.modes() == terminal.before


@pytest.mark.parametrize("output", ["cells", "stock"])
def test_q_typed_meanwhile_leaves_and_says_what_goes_on(store: Path, gate: Path, output: str) -> None:
    looked_at(store)
    with launched(store, gate=gate, environment={"QUARTERDECK_OUTPUT": output}) as terminal:
        terminal.wait_for("last known")
        terminal.press(b"q")
        open_gate(gate)
        assert terminal.ended() == 0
        assert terminal.modes() == terminal.before
        assert all(mode in terminal.received for mode in LEFT)
        assert "goes on running: swap production/checkout" in "\n".join(terminal.rows)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_before_textual_leaves_the_terminal_as_it_was(store: Path, gate: Path, number: signal.Signals) -> None:
    looked_at(store)
    with launched(store, gate=gate) as terminal:
        terminal.wait_for("last known")
        assert terminal.modes() != terminal.before
        _wait_for_handlers(terminal)
        terminal.process.send_signal(number)
        assert terminal.ended() == 128 + number
        assert terminal.modes() == terminal.before
        assert all(mode in terminal.received for mode in LEFT)


def test_stopped_before_textual_it_gives_the_terminal_back_and_comes_back_with_its_picture(
    store: Path, gate: Path
) -> None:
    """No shell looks after this job, so the kernel lets it go on at once; what it does on the way is the same."""
    looked_at(store)
    with launched(store, gate=gate) as terminal:
        terminal.wait_for("? keys")
        _wait_for_handlers(terminal)
        raw, before = terminal.modes(), len(terminal.received)
        terminal.process.send_signal(signal.SIGTSTP)
        terminal.wait_until(lambda: b"leave" in terminal.received[before:])
        again = terminal.received[before:]
        assert all(mode in again for mode in LEFT)
        assert again.index(LEFT[0]) < again.index(b"\x1b[?1049h") < again.index(b"last known")
        assert terminal.modes() == raw
        open_gate(gate)
        terminal.wait_for("● runner")
        terminal.press(b"q")
        assert terminal.ended() == 0
        assert terminal.modes() == terminal.before


def test_an_import_that_fails_leaves_the_terminal_as_it_was(store: Path, tmp_path: Path) -> None:
    looked_at(store)
    (tmp_path / "textual").mkdir()
    (tmp_path / "textual" / "__init__.py").write_text("raise RuntimeError('broken install')")
    with launched(store, environment={"PYTHONPATH": str(tmp_path)}) as terminal:
        assert terminal.ended() == 1
        assert terminal.modes() == terminal.before
        assert LEFT[0] in terminal.received
        assert "broken install" in "\n".join(terminal.rows)


def test_bad_preferences_are_told_on_a_terminal_as_it_was(store: Path) -> None:
    looked_at(store)
    folder = store.parent / "config"
    folder.mkdir(exist_ok=True)
    (folder / "cockpit.toml").write_text('output = "both"')
    with launched(store) as terminal:
        assert terminal.ended() == 2
        assert terminal.modes() == terminal.before
        assert terminal.received.rindex(b"cockpit.toml:1") > terminal.received.rindex(LEFT[0])


def test_no_colour_and_ascii_hold_from_the_first_byte(store: Path, gate: Path) -> None:
    looked_at(store)
    with launched(store, gate=gate, environment={"NO_COLOR": "1", "QUARTERDECK_ASCII": "1"}) as terminal:
        terminal.wait_for("last known")
        assert b"38;" not in terminal.received
        assert b"48;" not in terminal.received
        assert terminal.received.isascii()
        open_gate(gate)
        terminal.wait_for("* runner")


def test_a_dumb_terminal_gets_no_glance(store: Path) -> None:
    looked_at(store)
    with launched(store, environment={"TERM": "dumb"}) as terminal:
        assert terminal.ended() == 2
        assert b"\x1b" not in terminal.received


@pytest.mark.parametrize("harm", ["another store", "older format", "gone", "no database"])
def test_a_glance_of_something_else_is_not_shown(store: Path, tmp_path: Path, gate: Path, harm: str) -> None:
    looked_at(store)
    other = Scene(tmp_path / "other" / "store.db", FrozenClock(time.time()))
    glance = Path(keeping.path_of(str(store)))
    elsewhere = Path(keeping.path_of(str(other.path)))
    elsewhere.write_bytes(glance.read_bytes())
    if harm == "another store":
        played(other)
        other.store.record([], other.lease, time.time())
    elif harm == "older format":
        with sqlite3.connect(other.path) as database:
            database.execute("PRAGMA user_version = 1")
    elif harm == "gone":
        other.path.unlink()
    else:
        other.path.write_text("hello")
    assert _told_by_the_stage(other.path) == "None"
    assert _told_by_the_stage(store) != "None"


def test_the_glance_follows_what_is_new(scene: Scene) -> None:
    with launched(scene.path) as terminal:
        terminal.wait_for("? keys")
        scene.clock.at = time.time()
        scene.see({"slots/production/cart": slots("9.9.9", "1.9.2")}, ago=0)
        terminal.wait_for("9.9.9")
        terminal.press(b"q")
        assert terminal.ended() == 0
    kept = keeping.read(str(scene.path))
    assert kept is not None
    assert any("9.9.9" in text for row in kept.body for text, _ in row)
    assert Path(keeping.path_of(str(scene.path))).stat().st_mode & 0o077 == 0


def test_a_hostile_version_is_kept_as_harmless_text(scene: Scene, gate: Path) -> None:
    scene.see({"slots/production/cart": slots("1.0\x1b[2J[red]\u202e", "1.9.2")}, ago=0)
    looked_at(scene.path)
    kept = keeping.read(str(scene.path))
    assert kept is not None
    assert all(text.isprintable() for row in kept.body for text, _ in row)
    with launched(scene.path, gate=gate) as terminal:
        terminal.wait_for("? keys")
        assert b"\x1b[2J" not in terminal.received
        assert any("1.0" in row and "[red]" in row for row in terminal.rows)


@pytest.mark.parametrize(
    ("environment", "colours"),
    [
        ({"COLORTERM": "truecolor", "TERM": "xterm-256color"}, b"38;2;"),
        ({"COLORTERM": "", "TERM": "xterm-256color"}, b"38;5;"),
        ({"COLORTERM": "truecolor", "TERM": "screen-256color", "TMUX": ""}, b"38;2;"),
    ],
)
def test_it_has_the_colours_that_the_cockpit_will_have(
    store: Path, gate: Path, environment: dict[str, str], colours: bytes
) -> None:
    looked_at(store)
    with launched(store, gate=gate, environment=environment) as terminal:
        terminal.wait_for("? keys")
        early = terminal.received
        open_gate(gate)
        terminal.wait_for("● runner")
        late = terminal.received[len(early) :]
    assert {one for one in (b"38;2;", b"38;5;") if one in early} == {colours}
    assert {one for one in (b"38;2;", b"38;5;") if one in late} == {colours}


def test_the_first_frame_loads_next_to_nothing(store: Path) -> None:
    looked_at(store)
    loaded = _told_by_the_stage(store, "print(*sys.modules)").split()
    packages = {name.split(".")[0] for name in loaded}
    assert packages.isdisjoint(("textual", "rich", "argparse", "asyncio", "dataclasses", "inspect", "pathlib", "enum"))
    assert not [name for name in loaded if name.startswith(("quarterdeck.release", "quarterdeck.fleet"))]


def _made_earlier(store: Path, seconds: float) -> None:
    kept = keeping.read(str(store))
    assert kept is not None
    from quarterdeck.records import replace

    keeping.write(str(store), replace(kept, made_at=kept.made_at - seconds))


def _told_by_the_stage(store: Path, then: str = "print(told)") -> str:
    """What would be painted, on a terminal of 80x24; or what is printed then."""
    script = f"""
import os, sys
before = set(sys.modules)
os.get_terminal_size = lambda _: os.terminal_size((80, 24))
from quarterdeck.__main__ import main
from quarterdeck.cli.opening import cockpit_options, store_of
from quarterdeck.ui.glance import stage
told = stage._told(store_of(cockpit_options(["--store", {str(store)!r}])), read_only=False)
{then}
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def _wait_for_handlers(terminal: Launched) -> None:
    """Until the process has reached the gate: it catches SIGTERM by then."""
    status = Path(f"/proc/{terminal.process.pid}/status")
    deadline = time.monotonic() + 10
    while not int(status.read_text().partition("SigCgt:\t")[2][:16], 16) & 1 << (signal.SIGQUIT - 1):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_on_a_narrower_terminal_than_last_time_every_environment_is_there(store: Path, gate: Path) -> None:
    looked_at(store, 200, 50)
    with launched(store, gate=gate) as terminal:
        terminal.wait_for("s swap")
        early = list(terminal.rows)
        open_gate(gate)
        terminal.wait_for("● runner")
    head = next(row for row in early if row.startswith("SERVICE"))
    assert "STAGING" in head
    assert "PRODUCTION" in head
    checkout = next(row for row in early if row.startswith("checkout"))
    assert checkout[head.index("STAGING") :].startswith("● 2.15.0")
    assert checkout[head.index("PRODUCTION") :].startswith("▸ 2.14.3")
