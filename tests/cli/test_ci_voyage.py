"""The command line against a Jenkins: what waits there is shown and answered from a shell, and a run is started."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import PATIENCE, YES, Qd

pytestmark = pytest.mark.process

FLEET = """
fleet: shop
connections:
  ci: {{provider: jenkins, url: "{url}", user: ben, token: "${{env:JENKINS_TOKEN}}"}}
environments:
  production: {{protected: true}}
pipelines:
  deploy: {{connection: ci, job: shop/deploy, correlation_input: MARK}}
"""


@pytest.fixture(scope="module")
def qd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qd]:
    """A fleet whose pipeline is a job of the little Jenkins, of which a build waits."""
    command = [sys.executable, "-m", "tests.providers.jenkins.server"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        ready = json.loads(server.stdout.readline())
        folder = tmp_path_factory.mktemp("ci")
        config = folder / "quarterdeck.yaml"
        config.write_text(FLEET.format(url=ready["url"]))
        program = Qd(folder / "state", config)
        program.environment["JENKINS_TOKEN"] = ready["users"]["ben"]
        try:
            program.done("status", "--live")
            yield program
            program.leave()
        finally:
            server.terminate()


def runs(qd: Qd) -> list[Any]:
    qd.done("status", "--live")
    (pipeline,) = qd.json("pipelines")["pipelines"]
    return list(pipeline["runs"])


def test_a_build_that_waits_is_approved_from_a_shell_and_another_one_started(qd: Qd) -> None:
    shown = qd.done("pipelines")
    assert "waits for an answer for Production" in shown, shown
    assert "-> qd approve run:deploy/1/Production" in shown
    plan = qd.json("plan", "approve", "run:deploy/1")["plan"]
    assert plan["type_to_confirm"] == "production"
    assert qd("approve", "run:deploy/1", "--yes").returncode != 0, "its environment has to be typed"
    assert "approved by ben" in qd.done("approve", "run:deploy/1", *YES)
    again = qd("approve", "run:deploy/1", *YES)
    assert (again.returncode, "approved already by ben" in again.stderr) == (0, True), again.stderr
    strange = qd("run", "deploy", "--input", "VERSOIN=2", "--yes")
    assert (strange.returncode, "takes no input VERSOIN" in strange.stderr) == (2, True), strange.stderr
    qd.done("run", "deploy", "--input", "VERSION=2.16.0", "--yes")
    deadline = time.monotonic() + PATIENCE
    while runs(qd)[0]["number"] != "2":
        assert time.monotonic() < deadline
    assert "Jenkins 2.462.3 knows the token as ben" in qd.done("check")


def test_a_fleet_that_no_sandbox_can_play_is_told_as_that_by_check(qd: Qd) -> None:
    result = qd("--sandbox", "check")
    qd("--sandbox", "sandbox", "stop")
    assert (result.returncode, result.stderr) == (2, "")
    assert "plays the fleet: the sandbox has no Jenkins" in result.stdout


def test_a_refused_sign_in_is_told_once_by_check(qd: Qd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(qd.environment, "JENKINS_TOKEN", "revoked")
    result = qd("check")
    assert result.returncode == 6, result.stdout
    assert result.stdout.count("doesn't accept our sign-in") == 1, result.stdout
