"""`qd watch` in a process of its own: as a log, at a terminal, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import IO, Any

import pytest
from tests.cli.conftest import slots
from tests.cli.line_terminal import LineTerminal, line_terminal
from tests.cli.test_asking import Runner

from quarterdeck.store.answer import Answer

pytestmark = pytest.mark.process

Watching = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def runner(written: Any) -> Iterator[Runner]:
    """Answers a plan with one that asks to type `production`, and everything else with a yes."""
    thread = Runner(written)
    thread.answers["plan"] = lambda one: Answer(one.id, one.at, plan=written.plan(expires_at=one.at + 600))
    thread.answers["confirm"] = lambda one: Answer(one.id, one.at, operation="op1")
    thread.start()
    yield thread
    thread.stop()


@pytest.fixture
def watch(written: Any) -> Iterator[Watching]:
    """Starts watches without a terminal."""
    started: list[subprocess.Popen[str]] = []
    written.everything()

    def start(*words: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "quarterdeck", "--config", str(written.config), "watch", *words]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def terminal(written: Any) -> Iterator[LineTerminal]:
    """A watch at a terminal, past its greeting."""
    written.everything()
    with line_terminal("--config", str(written.config), "watch") as opened:
        opened.wait_for("watching contoso-shop")
        opened.wait_for("users have 2.14.3\n")
        yield opened


def line_of(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.readline()


# --- as a log -----------------------------------------------------------------------------------------------------
def test_every_change_is_one_line_of_the_log(written: Any, watch: Watching) -> None:
    log = watch()
    assert line_of(log.stdout).endswith("versions production/checkout: users have 2.14.3\n")
    written.observe((written.places[0], slots("2.15.0", "2.14.3")), (written.places[1], slots("2.15.0", "2.14.3")))
    assert line_of(log.stdout).endswith("versions production/checkout: users have 2.15.0\n")


def test_json_is_one_object_a_line_with_the_number_of_its_schema(written: Any, watch: Watching) -> None:
    log = watch("--json")
    first = json.loads(line_of(log.stdout))
    assert (first["schema"], first["kind"], first["picture"]["fleet"]) == (1, "watching", "contoso-shop")
    written.begin("op1", written.plan())
    change = json.loads(line_of(log.stdout))
    assert (change["schema"], change["kind"], change["what"]) == (1, "change", "operation started")
    assert (change["where"], change["operation"], change["actor"]) == ("production/checkout@west", "op1", "ana@jump")


def test_only_lines_with_the_letters_that_were_asked_for_are_printed(written: Any, watch: Watching) -> None:
    log = watch("--find", "TRAFFIC")
    line_of(log.stderr)
    written.observe((written.places[0], slots("2.15.0", "2.14.3")))
    written.observe((written.places[2], written.traffic(75, 25)))
    assert line_of(log.stdout).endswith("traffic production/checkout: west 75%, north 25%\n")


def test_it_leaves_after_the_time_it_was_given(watch: Watching) -> None:
    assert watch("--for", "1s").wait(30) == 0


def test_it_leaves_when_nothing_moves_any_more(written: Any, watch: Watching) -> None:
    written.begin("op1", written.plan())
    log = watch("--until-idle")
    assert "goes on running: swap production/checkout@west" in line_of(log.stderr) + line_of(log.stderr)
    written.record(written.ended("op1", "succeeded"))
    assert log.wait(30) == 0


def test_what_waits_for_a_person_is_idle_and_is_the_exit_code(written: Any, watch: Watching) -> None:
    written.release().done("1", "2").running("3")
    assert watch("--until-idle").wait(30) == 5


def test_a_log_that_nobody_reads_any_more_ends_although_nothing_happens(watch: Watching) -> None:
    log = watch()
    line_of(log.stdout)
    assert log.stdout is not None
    log.stdout.close()
    assert log.wait(30) == 141


def test_a_store_that_cannot_be_read_is_told_once_and_the_watch_stays(written: Any, watch: Watching) -> None:
    log = watch()
    line_of(log.stderr)
    line_of(log.stdout)
    with closing(sqlite3.connect(written.store.path)) as database:
        database.execute("ALTER TABLE events RENAME TO hidden")
    assert line_of(log.stderr).startswith("qd: ")
    with closing(sqlite3.connect(written.store.path)) as database:
        database.execute("ALTER TABLE hidden RENAME TO events")
    written.observe((written.places[2], written.traffic(75, 25)))
    assert line_of(log.stdout).endswith("traffic production/checkout: west 75%, north 25%\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_it_with_the_code_that_says_which(watch: Watching, number: int, code: int) -> None:
    log = watch()
    line_of(log.stdout)
    log.send_signal(number)
    assert log.wait(30) == code


def test_it_never_loads_the_toolkit_of_the_cockpit(written: Any) -> None:
    written.everything()
    words = ["--config", str(written.config), "watch", "--for", "1s"]
    program = f"import sys; from quarterdeck.cli.main import main; main({words!r}); sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60).returncode == 0


# --- at a terminal ------------------------------------------------------------------------------------------------
def test_a_key_asks_in_lines_and_prints_its_command_before_it_acts(terminal: LineTerminal, runner: Runner) -> None:
    terminal.type("s")
    terminal.wait_for("1 production/checkout\n")
    terminal.wait_for("nothing to leave it: ")
    terminal.type("1\n")
    terminal.wait_for("1 swap staging in all regions: warm up, then users move to it\n")
    terminal.wait_for("nothing to leave it: ")
    assert runner.asked == []
    terminal.type("1\n")
    terminal.wait_for("$ qd swap production/checkout --detach\n")
    terminal.wait_for("who feels it\n")
    terminal.wait_for("type production to carry it out: ")
    assert [one.kind for one in runner.asked] == ["plan"]
    terminal.type("production\n")
    terminal.wait_for("it goes on by itself")
    assert [one.kind for one in runner.asked] == ["plan", "confirm"]
    assert runner.body["typed"] == "production"


def test_what_is_not_confirmed_is_not_done_and_the_watch_goes_on(
    terminal: LineTerminal, runner: Runner, written: Any
) -> None:
    ask_for_a_swap(terminal)
    terminal.type("no\n")
    terminal.wait_for("not confirmed: nothing was changed")
    written.observe((written.places[2], written.traffic(75, 25)))
    terminal.wait_for("traffic production/checkout: west 75%, north 25%\n")
    assert "confirm" not in [one.kind for one in runner.asked]


def test_ctrl_c_leaves_the_question_and_not_the_watch(terminal: LineTerminal, runner: Runner) -> None:
    ask_for_a_swap(terminal)
    terminal.type("\x03")
    terminal.wait_for("what wasn't confirmed isn't done")
    terminal.type("!")
    terminal.wait_for("nothing needs you")
    assert "confirm" not in [one.kind for one in runner.asked]


def test_what_was_typed_ahead_answers_no_question(terminal: LineTerminal) -> None:
    terminal.type("s1\n1\nproduction\n")
    terminal.wait_for("nothing to leave it: ")
    terminal.type("\n")
    assert "qd swap" not in terminal.wait_for("nothing was done")


def test_the_keys_are_those_of_the_registry_with_their_commands(terminal: LineTerminal) -> None:
    terminal.type("?")
    terminal.wait_for("s  swap: qd swap ENV/SERVICE; Swap slots")
    terminal.wait_for("A  ABORT: qd release abort ID; ")
    terminal.wait_for("(not now: no release is under way)")


def test_keys_that_mean_nothing_without_a_screen_say_so(terminal: LineTerminal) -> None:
    terminal.type("w")
    terminal.wait_for("w means nothing here; ? lists the keys")
    terminal.type("\x1b[A\x1bOP!")
    assert "means nothing" not in terminal.wait_for("nothing needs you")


def test_a_slash_leaves_only_lines_with_those_letters(terminal: LineTerminal, written: Any) -> None:
    terminal.type("/")
    terminal.wait_for("nothing: all: ")
    terminal.type("traffic\n")
    terminal.wait_for("printing only lines with 'traffic' from now on")
    written.observe((written.places[0], slots("2.15.0", "2.14.3")), (written.places[2], written.traffic(75, 25)))
    assert "versions" not in terminal.wait_for("traffic production/checkout: west 75%")


def test_a_read_only_watch_says_why_it_changes_nothing(written: Any, runner: Runner) -> None:
    written.everything()
    with line_terminal("--config", str(written.config), "--read-only", "watch") as terminal:
        terminal.wait_for("watching contoso-shop read-only")
        terminal.wait_for("users have 2.14.3")
        terminal.type("s")
        terminal.wait_for("s swap: not now: this cockpit is read-only")
        assert runner.asked == []


def test_own_keys_count_here_too(written: Any, tmp_path: Any) -> None:
    written.everything()
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "cockpit.toml").write_text('[keys]\nquit = "Q"\n')
    with line_terminal("--config", str(written.config), "watch") as terminal:
        terminal.wait_for("? lists the keys, Q leaves")
        terminal.wait_for("users have 2.14.3")
        terminal.type("Q")
        assert terminal.ended() == 0


def test_leaving_says_what_goes_on_and_leaves_the_terminal_as_it_was(written: Any) -> None:
    written.everything()
    written.begin("op1", written.plan())
    with line_terminal("--config", str(written.config), "watch") as terminal:
        terminal.wait_for("goes on running")
        terminal.type("q")
        assert terminal.ended() == 0
        terminal.wait_for("goes on running: swap production/checkout@west 0/1 (op1)")
        assert terminal.modes() == terminal.initial


def test_suspending_gives_the_terminal_back_and_going_on_takes_keys_again(terminal: LineTerminal) -> None:
    pid = terminal.process.pid
    os.kill(pid, signal.SIGTSTP)
    assert os.WIFSTOPPED(os.waitpid(pid, os.WUNTRACED)[1])
    assert terminal.modes() == terminal.initial
    os.kill(pid, signal.SIGCONT)
    terminal.type("!")
    terminal.wait_for("nothing needs you")


def test_what_wants_a_look_includes_what_waits_for_a_word(written: Any) -> None:
    written.everything()
    written.release().done("1", "2").running("3")
    with line_terminal("--config", str(written.config), "watch") as terminal:
        terminal.wait_for("goes on: release checkout 2.15.0")
        terminal.type("!")
        terminal.wait_for("WAITS checkout 2.15.0: approval sre: 1 of 1 missing; answer with: qd approve 0199aa01/3\n")


def test_an_approval_is_a_key_a_number_and_a_yes(written: Any, runner: Runner) -> None:
    written.everything()
    written.release().done("1", "2").running("3")
    with line_terminal("--config", str(written.config), "watch") as terminal:
        terminal.wait_for("goes on: release checkout 2.15.0")
        terminal.type("a")
        terminal.wait_for("1 checkout 2.15.0 in production")
        terminal.wait_for("nothing to leave it: ")
        terminal.type("checkout\n")
        terminal.wait_for("$ qd approve 0199aa01\n")
        terminal.wait_for("carry it out? [y/N]: ")
        terminal.type("y\n")
        terminal.wait_for("done so")
    assert [(one.kind, one.body["verdict"]) for one in runner.asked] == [("decide", "approve")]


def test_a_terminal_that_cannot_move_its_cursor_is_told_of_the_watch(written: Any) -> None:
    written.everything()
    with line_terminal("--config", str(written.config)) as terminal:
        terminal.wait_for("this terminal can't move its cursor")
        terminal.wait_for("qd watch prints a line for every change")
        assert terminal.ended() == 2


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_in_the_middle_of_a_question_leaves_the_terminal_as_it_was(
    terminal: LineTerminal, number: int, code: int
) -> None:
    terminal.type("s")
    terminal.wait_for("nothing to leave it: ")
    os.kill(terminal.process.pid, number)
    assert terminal.ended() == code
    assert terminal.modes() == terminal.initial


def ask_for_a_swap(terminal: LineTerminal) -> None:
    terminal.type("s")
    terminal.wait_for("nothing to leave it: ")
    terminal.type("1\n")
    terminal.wait_for("nothing to leave it: ")
    terminal.type("1\n")
    terminal.wait_for("type production to carry it out: ")
