"""The sandbox as a process: what it prints, refuses, and when it ends."""

from __future__ import annotations

import json
import os
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quarterdeck.sandbox.settings import Settings

Serve = Callable[..., tuple["subprocess.Popen[str]", dict[str, Any]]]
DEADLINE = 30

pytestmark = pytest.mark.process


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts sandboxes; each is killed at the end if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def begin(*options: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
        process = subprocess.Popen(
            [sys.executable, "-m", "quarterdeck.sandbox", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout
        line = process.stdout.readline()
        return process, json.loads(line) if line else {}

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def test_it_announces_itself_in_one_line_and_ends_on_sigterm(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"
    process, told = serve("--tls", "--tls-folder", str(tmp_path), "--announce", str(file))
    assert set(told) == {
        "schema",
        "arm",
        "authority",
        "app_configuration",
        "subscription",
        "tenant",
        "ca_file",
        "control",
        "metrics",
        "github",
        "azure_devops",
        "web",
    }
    assert set(told["app_configuration"]) == {"endpoint", "connection_string"}
    assert told["app_configuration"]["connection_string"].startswith(f"Endpoint={told['arm']};Id=")
    assert json.loads(file.read_text()) == {**told, "pid": process.pid}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "sandbox-key.pem").stat().st_mode) == 0o600
    trusted = ssl.create_default_context(cafile=told["ca_file"])
    state = httpx.get(f"{told['control']}/state", verify=trusted).json()
    assert "contoso-checkout-weu" in [site["name"] for site in state["sites"]]
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE) == 0
    assert process.stdout
    assert process.stdout.read() == ""
    assert not file.exists()


def test_it_ends_when_told_through_control(serve: Serve) -> None:
    process, told = serve()
    httpx.post(f"{told['control']}/stop")
    assert process.wait(DEADLINE) == 0


def test_it_ends_when_nobody_asks(serve: Serve) -> None:
    process, _ = serve("--idle", "0.2")
    assert process.wait(DEADLINE) == 0


def test_two_with_the_same_seed_and_world_are_alike(serve: Serve, tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text(json.dumps({"start": 1_800_000_000, "speed": 0, "sites": [site("shop")]}))
    states = []
    for _ in range(2):
        _, told = serve("--seed", "7", "--world", str(world))
        states.append(httpx.get(f"{told['control']}/state").json())
    assert states[0] == states[1]
    _, told = serve("--seed", "8", "--world", str(world))
    assert httpx.get(f"{told['control']}/state").json() != states[0]


def test_scale_adds_sites_with_images(serve: Serve) -> None:
    _, told = serve("--scale", "3")
    names = [site["name"] for site in httpx.get(f"{told['control']}/state").json()["sites"]]
    assert [name for name in names if name.startswith("scale-")] == ["scale-00001", "scale-00002", "scale-00003"]


def test_faults_come_from_a_file(serve: Serve, tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text('[{"kind": "status", "status": 503, "path": "metadata"}]')
    _, told = serve("--faults", str(file))
    assert httpx.get(f"{told['arm']}/metadata/endpoints").status_code == 503


def site(name: str) -> dict[str, Any]:
    slots = {"production": {"build": "1"}, "staging": {"build": "2"}}
    return {"group": "g", "name": name, "location": "westeurope", "slots": slots}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"sites": [', "world.json:1:12: not JSON"),
        ("[]", "a world file is a JSON object"),
        ('{"planets": []}', "the world has no planets"),
        (
            '{"sites": [{"name": "x", "group": "g", "location": "here", "slots": {"blue": {}}}]}',
            "no slot called production",
        ),
        ('{"sites": [{"name": "x"}]}', "site x needs a group"),
        ('{"physics": {"apply": -1}}', "apply is a number of 0 or more"),
        ('{"faults": [{"kind": "swap_fails"}]}', "phase from 1 to 6"),
    ],
)
def test_a_wrong_world_is_refused_with_a_reason_and_no_traceback(
    serve: Serve, tmp_path: Path, content: str, told: str
) -> None:
    file = tmp_path / "world.json"
    file.write_text(content)
    process, line = serve("--world", str(file))
    assert line == {}
    assert process.wait(DEADLINE) == 2
    assert process.stderr
    error = process.stderr.read()
    assert told in error
    assert "Traceback" not in error


def test_a_port_that_is_taken_is_refused(serve: Serve) -> None:
    _, told = serve()
    process, line = serve("--port", told["arm"].rpartition(":")[2])
    assert line == {}
    assert process.wait(DEADLINE) == 2
    assert process.stderr
    assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback"):
        Settings(host=host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_every_loopback_name_will_do(host: str) -> None:
    assert Settings(host=host).host == host


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70_000},
        {"scale": -1},
        {"latency_ms": -1},
        {"latency_ms": float("nan")},
        {"latency_ms": float("inf")},
        {"idle_seconds": -1},
    ],
)
def test_impossible_numbers_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"port|negative"):
        Settings(**wrong)


def test_nothing_of_it_is_left_behind(serve: Serve) -> None:
    process, told = serve("--tls")
    assert os.path.exists(told["ca_file"])
    process.send_signal(signal.SIGINT)
    assert process.wait(DEADLINE) == 0
    assert not os.path.exists(told["ca_file"])
