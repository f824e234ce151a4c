"""What a shell is told when somebody presses Tab."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.cli.releases import CHECKOUT, RULES

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Debt, Hold
from quarterdeck.release.strategy import Strategy
from quarterdeck.store.base import Draft

Complete = Callable[[str], list[str]]


@pytest.fixture
def complete(written: Any, tmp_path: Path) -> Complete:
    """The words offered after a line, on a fleet that has been read; asked for as argcomplete's shell hook does."""
    written.everything()
    written.release().done("1", "2").running("3")
    written.store.put_rules(replace(RULES, strategies=(Strategy("careful", ()),)), written.lease)
    hold = Hold("f00d1", "freeze", "production", "ana@jump", "an audit", 0)
    debt = Debt("d1", "merge_back", CHECKOUT, "merge it back", "0199bb02", "ana@jump", 0)
    written.record(Draft("hold.placed", body={"hold": to_json(hold)}), Draft("debt.owed", body={"debt": to_json(debt)}))

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
        ("release ", {"start", "show", "promote", "abort", "undo"}),
        ("release start --confirm-w", {"--confirm-within"}),
        ("release start pro", {"production/checkout"}),
        ("release start production/checkout --strategy ", {"careful"}),
        ("release abort ", {"production/checkout", "0199aa01"}),
        ("release undo 0199aa01 --to ", {"1", "5"}),
        ("approve ", {"0199aa01", "0199aa01/3"}),
        ("freeze ", {"list", "lift", "all", "production", "production/checkout"}),
        ("freeze lift ", {"f00d1"}),
        ("conn take pro", {"production", "production/checkout"}),
        ("conn offer ", {"all"}),
        ("hotfix start ", {"production/checkout"}),
        ("hotfix pay ", {"d1"}),
        ("history --release ", {"0199aa01"}),
        ("report ", {"production/checkout", "0199aa01"}),
        ("report --format ", {"md", "html", "json"}),
        ("report --dora ", {"staging", "production", "production/checkout"}),
        ("drill start ", {"stuck-preview", "dead-runner"}),
        ("drill do sta", {"status"}),
        ("watch --until", {"--until-idle"}),
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
