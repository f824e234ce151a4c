"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(written: Any, tmp_path: Path) -> Complete:
    """The words offered after a line, on a fleet that has been read; asked for as argcomplete's shell hook does."""
    written.everything()

    def ask(line: str) -> list[str]:
        answer = tmp_path / "answer"
        line = f"qd --config {written.config} {line}"
        question = {
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_SHELL": "bash",
            "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
            "COMP_TYPE": "9",
        }
        subprocess.run([sys.executable, "-m", "quarterdeck"], env={**os.environ, **question}, check=False)
        return [word.strip() for word in answer.read_text().split("\x0b")]

    return ask


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sta", {"status"}),
        ("plan ", {"swap", "shift", "flag", "rollback"}),
        ("plan swap pro", {"production/checkout", "production/checkout@west", "production/checkout@north"}),
        ("swap production/checkout@n", {"production/checkout@north"}),
        ("swap --pre", {"--preview"}),
        ("flag on production/", {"production/new-cart"}),
        ("rollback flag", {"flag:production/new-cart"}),
        ("status pro", {"production", "production/checkout"}),
        ("sandbox s", {"serve", "status", "stop"}),
        ("operation --choose ", {"retry", "skip", "undo", "abandon"}),
    ],
)
def test_words_are_offered(complete: Complete, line: str, offered: set[str]) -> None:
    assert offered <= set(complete(line))


def test_without_a_store_nothing_is_offered_and_nothing_complained(complete: Complete, written: Any) -> None:
    written.store.path.unlink()
    assert complete("swap pro") == [""]


@pytest.mark.parametrize(("shell", "words"), [("bash", "complete"), ("zsh", "compdef"), ("fish", "complete")])
def test_each_shell_gets_its_hook(qd: Any, shell: str, words: str) -> None:
    hook = qd("completion", shell).out
    assert words in hook
    assert "qd" in hook
