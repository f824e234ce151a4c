"""The program as a user has it: in processes of its own."""

from __future__ import annotations

import json
import os
import signal
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PATIENCE = 120
"""Seconds; far more than anything here takes, for machines that are busy with other things."""
YES = ("--yes", "--confirm", "production", "--reason", "a test")


class Qd:
    """The command line in processes of its own, on one configuration and one state folder."""

    def __init__(self, state: Path, config: Path, *common: str) -> None:
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("QUARTERDECK")},
            "QUARTERDECK_STATE": str(state),
            "QUARTERDECK_CONFIG_DIR": str(state / "config"),
        }
        self._common = ("--config", str(config), *common)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "quarterdeck", *self._common, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def json(self, *words: str) -> Any:
        result = self(*words, "--json")
        assert result.stdout, result.stderr
        return json.loads(result.stdout)

    def done(self, *words: str) -> str:
        result = self(*words)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def control(self, path: str, document: Mapping[str, Any]) -> None:
        """Tell the fleet's sandbox something by its control interface."""
        sandbox = self.json("sandbox", "status")["announcement"]
        request = urllib.request.Request(
            f"{sandbox['control']}/{path}", json.dumps(document).encode(), {"Content-Type": "application/json"}
        )
        trusted = ssl.create_default_context(cafile=sandbox["ca_file"])
        with urllib.request.urlopen(request, timeout=PATIENCE, context=trusted) as answer:
            answer.read()

    def leave(self) -> None:
        """End its runner and its sandbox."""
        runner = self.json("runner", "--status")
        self("runner", "--stop")
        self("sandbox", "stop")
        if self.json("runner", "--status")["alive"]:
            os.kill(runner["pid"], signal.SIGKILL)
