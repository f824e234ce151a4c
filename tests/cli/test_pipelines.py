"""`qd pipelines`, and `qd approve`, `qd reject` and `qd run` about runs: from words to what is handed in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import FLEET

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Pipeline, Place
from quarterdeck.records import replace

DEPLOY = Place("pipelines", TargetId("", "deploy", pipeline=True), Address("github", {"repository": "contoso/shop"}))
PIPED = replace(
    FLEET, places=(*FLEET.places, DEPLOY), pipelines=(Pipeline("deploy", environments={"live": "production"}),)
)


@pytest.fixture
def piped(written: Any) -> Any:
    """A fleet with a pipeline of which a run waits."""
    now = time.time()
    live = PendingApproval("77", "live", "approval", "deploy", ("ben",), True, now - 700, now + 86400)
    waiting = PipelineRun(
        "9142", "Deploy", "142", "waiting", "Ask once", "main", "3f1c0a52be77", "chen", "push", now - 900, now - 900,
        waits=(live,), parts=(RunPart("deploy", "waiting"),), url="https://github.com/contoso/shop/actions/runs/9142",
    )  # fmt: skip
    older = PipelineRun(
        "9141", "Deploy", "141", "failed", "Old", "main", "aa", "ben", "push", now - 9000, now - 9000, now
    )
    written.store.put_fleet(PIPED, written.lease)
    written.everything()
    written.observe((DEPLOY, RunsReading((waiting, older))))
    return written


def test_runs_are_listed_with_how_to_answer_what_waits(piped: Any, qd: Any) -> None:
    out = qd("pipelines").out
    for words in (
        "deploy  contoso/shop  read just now",
        "#142  waiting  for 15m  Ask once",
        "waits for approval for live (production)",
        "who may: ben; the runner's credentials may",
        "-> qd approve run:deploy/9142/live",
        "#141  failed",
    ):
        assert words in out, out
    assert all(len(line) <= 80 for line in out.splitlines())


def test_programs_get_times_and_everything_that_is_known(piped: Any, qd: Any) -> None:
    (pipeline,) = qd("pipelines", "deploy", "--json").json["pipelines"]
    assert (pipeline["name"], pipeline["trouble"], pipeline["address"]) == (
        "deploy",
        None,
        {"repository": "contoso/shop"},
    )
    waiting = pipeline["runs"][0]
    assert waiting["run"] == "run:deploy/9142"
    (wait,) = waiting["waits"]
    assert (wait["wait"], wait["needs_a_person"], wait["may_decide"]) == ("run:deploy/9142/live", True, True)
    assert wait["expires_at"] > time.time()


def test_the_inbox_has_it_beside_our_own(piped: Any, qd: Any) -> None:
    piped.release().done("1", "2").running("3")
    assert qd("gates").out.count("APPROVAL") == 2
    theirs, ours = qd("gates", "--json").json["inbox"]  # theirs runs out, ours doesn't
    assert (ours["run"], theirs["run"]) == (None, "run:deploy/9142")
    assert theirs["target"] == "pipeline:production/deploy"


def test_answers_stand_in_lines_of_their_own_and_links_in_one_piece(piped: Any, qd: Any) -> None:
    for words in ("pipelines", "gates"):
        lines = [line.strip() for line in qd(words).out.splitlines()]
        assert "-> qd approve run:deploy/9142/live" in lines
        assert "-> qd reject run:deploy/9142/live --reason TEXT" in lines
    assert "see https://github.com/contoso/shop/actions/runs/9142" in lines


def test_who_has_said_yes_and_who_has_not(piped: Any, qd: Any) -> None:
    wait = PendingApproval("12", "live", reviewers=("ben", "chen"), given=("ana",), needed=2, may_decide=True)
    lock = PendingApproval("13", "live", "lock", note="held by deploy #6")
    run = PipelineRun("7", "Deploy", "7", "waiting", created_at=time.time(), waits=(wait, lock))
    piped.observe((DEPLOY, RunsReading((run,))))
    out = qd("gates").out
    assert "so far: 1 of 2 said yes: ana; not yet: ben, chen" in out
    assert "by itself  deploy #7" in out
    assert "another run for live (production): held by deploy #6" in out
    approval, held = qd("gates", "--json").json["inbox"]
    assert (approval["needs_a_person"], held["needs_a_person"], held["command"]) == (True, False, "")
    assert approval["so_far"].startswith("1 of 2")


def test_an_empty_inbox_does_not_speak_for_pipelines_that_cannot_be_read(piped: Any, qd: Any) -> None:
    piped.observe((DEPLOY, RunsReading(())))
    assert qd("gates").out == "nothing waits for a person or a gate\n"
    piped.observe((DEPLOY, Trouble("unauthenticated", "the token has expired", "make another one")))
    out = qd("gates").out
    assert "nothing waits for a person or a gate as far as is known" in out
    assert "! pipeline:deploy can't be read" in out
    assert "-> make another one" in out
    assert qd("gates", "--json").json["unread"] == ["pipeline:deploy"]


def test_trouble_is_told_with_its_hint(piped: Any, qd: Any) -> None:
    piped.observe((DEPLOY, Trouble("unauthenticated", "the token has expired", "make another one")))
    out = qd("pipelines").out
    assert "! the token has expired" in out
    assert "make another one" in out


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("pipelines", "nope"), 2, "there are: deploy"),
        (("approve", "run:deploy", "--yes"), 2, "write run:PIPELINE/RUN"),
        (("approve", "run:deploy/1", "--after", "2h", "--yes"), 2, "can't be approved in advance"),
        (("reject", "run:deploy/1"), 2, "--reason"),
        (("run",), 2, "the pipeline is missing"),
        (("run", "deploy", "--input", "x"), 2, "not NAME=VALUE"),
        (("approve", "run:deploy/1", "--yes", "--read-only"), 3, "read-only"),
        (("run", "deploy", "--yes", "--read-only"), 3, "read-only"),
    ],
)
def test_wrong_words_are_told_and_nothing_is_asked(
    piped: Any, qd: Any, words: tuple[str, ...], code: int, says: str
) -> None:
    try:
        result = qd(*words)
        found, told = result.code, result.err
    except SystemExit as error:  # argparse
        found, told = error.code, "--reason"
    assert (found, says in told) == (code, True), told
    assert piped.store.pending() == ()


def test_a_fleet_without_pipelines_says_so(written: Any, qd: Any) -> None:
    assert "no pipeline is declared" in qd("pipelines").out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("approve run:", {"run:deploy/9142/live"}),
        ("run cancel run:deploy/914", {"run:deploy/9142", "run:deploy/9141"}),
        ("run dep", {"deploy"}),
        ("pipelines d", {"deploy"}),
    ],
)
def test_a_shell_completes_pipelines_and_runs(piped: Any, tmp_path: Path, line: str, offered: set[str]) -> None:
    answer, line = tmp_path / "answer", f"qd --config {piped.config} {line}"
    question = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "fish",  # takes colons as they are; bash is given what comes after the last
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\v",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        "COMP_TYPE": "9",
    }
    subprocess.run([sys.executable, "-m", "quarterdeck"], env={**os.environ, **question}, check=False)
    assert {word.strip().partition("\t")[0] for word in answer.read_text().split("\v")} == offered


def test_what_is_to_be_typed_can_be_pasted_whatever_the_host_calls_things(piped: Any, qd: Any) -> None:
    wait = PendingApproval("12", "Deploy to live", "input")
    run = PipelineRun("7", "Deploy", "7", "waiting", created_at=time.time(), waits=(wait,))
    piped.observe((DEPLOY, RunsReading((run,))))
    typed = "qd approve 'run:deploy/7/Deploy to live'"
    for words in ("pipelines", "gates"):
        assert typed in " ".join(qd(words).out.split())
