"""`qd sandbox serve`: announced on stdout, ended by a signal, never open to the network."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from quarterdeck import paths


@pytest.mark.process
def test_the_fleet_of_a_configuration_is_served_until_somebody_ends_it(tmp_path: Path) -> None:
    config = paths.shared_dir("sample-configs") / "sovereign-usgov.yaml"
    server = subprocess.Popen(
        [sys.executable, "-m", "quarterdeck", "sandbox", "serve", "--config", str(config)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "QUARTERDECK_STATE": str(tmp_path)},
    )
    try:
        assert server.stdout
        announced = json.loads(server.stdout.readline())
        assert announced["schema"] == 1
        with urllib.request.urlopen(f"{announced['control']}/state") as answer:
            sites = {site["name"] for site in json.load(answer)["sites"]}
        assert {"benefits-va", "benefits-tx"} <= sites
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--host", "0.0.0.0"), "loopback only"),
        (("--port", "70000"), "0 to 65535"),
        (("--faults", "/nowhere/faults.json"), "/nowhere/faults.json: No such file"),
    ],
)
def test_what_can_not_be_served_is_explained(qd: Any, words: tuple[str, ...], says: str) -> None:
    result = qd("sandbox", "serve", *words)
    assert result.code == 2
    assert says in result.err


def test_without_a_sandbox_its_status_says_so(written: Any, qd: Any) -> None:
    assert qd("sandbox", "status", "--json").json["running"] is False
    assert "no sandbox runs" in qd("sandbox", "stop").err
