"""The grammar of the command line, its exit codes, and what it does without a terminal or a configuration."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.cli.action_words import action_of
from quarterdeck.cli.registry import COMMANDS
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap


def test_help_names_every_command_and_the_exit_codes(qd: Any) -> None:
    result = qd("--help")
    assert result.code == 0
    assert all(f"    {command.name} " in result.out for command in COMMANDS)
    assert "5 needs an operator" in result.out


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(qd: Any, command: Any) -> None:
    result = qd(command, "--help")
    assert result.code == 0
    assert "usage: qd" in result.out
    assert "--read-only" in result.out


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "status --nonsense",
        "swap",
        "swap checkout",
        "swap production/checkout extra",
        "shift production/checkout west=150",
        "flag maybe production/beta",
        "plan explode",
        "completion tcsh",
        "operation --follow",
        "sandbox",
    ],
)
def test_a_wrong_line_is_a_usage_error(written: Any, qd: Any, line: Any) -> None:
    result = qd(*line.split())
    assert result.code == 2
    assert result.out == ""
    assert "qd" in result.err
    assert "Traceback" not in result.err


def test_common_options_may_stand_anywhere(written: Any, qd: Any) -> None:
    written.everything()
    before, after = qd("--json", "status").json, qd("status", "--json").json
    assert before["environments"] == after["environments"]


@pytest.mark.parametrize(
    "line", ["swap production/checkout --yes", "flag on production/beta", "rollback production/checkout"]
)
def test_a_read_only_session_asks_for_no_change(written: Any, qd: Any, line: Any) -> None:
    result = qd(*line.split(), "--read-only")
    assert result.code == 3
    assert "read-only" in result.err
    assert written.store.pending() == ()


def test_the_environment_can_make_a_session_read_only(written: Any, qd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_READ_ONLY", "1")
    assert qd("swap", "production/checkout", "--yes").code == 3


def test_without_a_configuration_the_demo_is_pointed_out(
    qd: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("QUARTERDECK_CONFIG", raising=False)
    result = qd("status")
    assert result.code == 2
    assert "qd demo" in result.err


def test_a_configuration_that_is_not_there_is_named(qd: Any, tmp_path: Path) -> None:
    result = qd("status", "--config", str(tmp_path / "none.yaml"))
    assert result.code == 2
    assert "none.yaml: no such file" in result.err


@pytest.mark.parametrize("words", [(), ("demo",)])
def test_the_cockpit_needs_a_terminal(written: Any, qd: Any, words: Any) -> None:
    result = qd(*words)
    assert result.code == 2
    assert "terminal" in result.err


def test_help_after_the_demos_command_is_that_commands(qd: Any) -> None:
    assert "usage: qd swap" in qd("demo", "swap", "--help").out
    assert "usage: qd swap" in qd("demo", "-h", "swap").out
    assert "usage: qd demo [COMMAND" in qd("demo", "--help").out


def test_where_prints_every_place(written: Any, qd: Any) -> None:
    places = qd("where", "--json").json
    assert places["store"] == str(written.store.path)
    assert str(written.store.path) in qd("where").out


def test_a_damaged_store_is_explained(written: Any, qd: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_text("this is no database, whatever it says")
    result = qd("history", "--store", str(broken))
    assert result.code == 1
    assert str(broken) in result.err
    assert "Traceback" not in result.err


def test_a_program_is_told_why_as_well(written: Any, qd: Any) -> None:
    document = qd("swap", "production/checkout", "--read-only", "--json").json
    assert document["kind"] == "error"
    assert document["exit_code"] == 3
    assert "read-only" in document["message"]


def test_a_terminal_without_our_letters_gets_escapes(written: Any) -> None:
    written.everything()
    written.observe((written.places[0], Trouble("provider_error", "Überlast")))
    result = subprocess.run(
        [sys.executable, "-m", "quarterdeck", "--config", str(written.config), "status"],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "\\xdcberlast" in result.stdout


@pytest.mark.parametrize("line", [("status", "--config", "none.yaml"), ("where",)])
def test_when_nobody_reads_any_more_it_ends_as_a_shell_expects(written: Any, line: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run([sys.executable, "-m", "quarterdeck", *line], stdout=writer, stderr=writer, check=False)
    finally:
        os.close(writer)
    assert ended.returncode == 141


def test_options_of_an_action_may_be_joined_with_their_values(written: Any) -> None:
    assert action_of(["swap", "production/checkout", "--from=blue"]) == Swap(TargetId("production", "checkout"), "blue")
    assert action_of(["flag", "on", "--", "production/a=b"]).target.name == "a=b"


def test_flags_are_listed_by_environment(written: Any, qd: Any) -> None:
    written.everything()
    assert "new-cart  on  25%  canary=100%" in qd("flag", "list").out
    assert qd("flag", "list", "production", "--json").json["environments"]["production"][0]["percent"] == 25
    assert qd("flag", "list", "nowhere").code == 2


def test_json_stays_ascii_so_that_any_terminal_and_any_pipe_can_take_it(written: Any, qd: Any) -> None:
    written.everything()
    out = qd("status", "--json").out
    assert out.isascii()
    assert json.loads(out)


@pytest.mark.parametrize("started", [["-m", "interrupted"], ["interrupted.py"]], ids=["as a module", "as a script"])
@pytest.mark.parametrize("where", ["raise KeyboardInterrupt", "exec('raise KeyboardInterrupt')"])
def test_ctrl_c_outside_of_a_command_is_an_exit_code_and_no_traceback(
    tmp_path: Path, started: list[str], where: str
) -> None:
    """While modules are loaded, for instance; also in code that is made from text, as methods of dataclasses are: an
    interpreter that runs a module remembers such an interrupt, and ends by the signal whatever the module returns."""
    (tmp_path / "interrupted.py").write_text(
        "import sys, quarterdeck.__main__ as program, quarterdeck.cli.main as commands\n"
        f"def interrupted(): print('said'); {where}\n"
        "commands.main = interrupted\n"
        "sys.exit(program.main())"
    )
    command = [sys.executable, *started, "--version"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "said\n", "")
