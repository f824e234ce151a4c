"""Over a real sshd on loopback: slow lines, broken lines, tmux at the far end."""

from __future__ import annotations

import getpass
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from tests.runner.crew import CONFIG, SWAP, Crew, processes, until
from tests.servers import answers, free_port, program, running
from tests.terminal.cockpits import PATIENCE, PROGRAM, Terminal, cockpit
from tests.ui.scenes import Scene

from quarterdeck.paths import store_path
from quarterdeck.runner.sandboxing import stop_sandbox
from quarterdeck.store.opening import open_store

pytestmark = pytest.mark.process

SLOW = Path(__file__).with_name("slow_link.py")


class Host:
    """A host that one can log in to, for as long as a test runs."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port

    def log_in(self, command: str, *, delay: float = 0, rate: float = 1e8) -> AbstractContextManager[Terminal]:
        """A terminal with `ssh` in it that runs the command over there."""
        line = f"{sys.executable} {SLOW} %h %p {delay} {rate}"
        options = {
            "ProxyCommand": line,
            "IdentityFile": str(self.folder / "key"),
            "UserKnownHostsFile": "/dev/null",
            "StrictHostKeyChecking": "no",
            "LogLevel": "ERROR",
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        arguments = [
            "ssh",
            "-tt",
            "-F",
            "none",
            *given,
            "-p",
            str(self.port),
            f"{getpass.getuser()}@127.0.0.1",
            command,
        ]
        return cockpit(self.folder, program=("-c", f"import os; os.execvp('ssh', {arguments!r})"))


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    sshd = program("sshd")
    program("ssh")
    folder = tmp_path / "ssh"
    folder.mkdir(mode=0o700)
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    (folder / "key.pub").rename(folder / "authorized")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port = free_port()
    settings = {
        "Port": port, "ListenAddress": "127.0.0.1", "HostKey": folder / "host", "PidFile": "none", "UsePAM": "no",
        "AuthorizedKeysFile": folder / "authorized", "StrictModes": "no", "PasswordAuthentication": "no",
        "PermitRootLogin": "yes",
    }  # fmt: skip
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
    with running([sshd, "-D", "-e", "-f", config], cwd=folder / "sshd", ready=lambda: answers(port)):
        yield Host(folder, port)


def over_there(store: Path) -> str:
    """The command that opens a cockpit on the far side."""
    return python_over_there(str(PROGRAM), str(store))


def python_over_there(*words: str) -> str:
    """The command that has the far side's Python run these words."""
    names = ("PYTHONPATH", "QUARTERDECK_STATE", "QUARTERDECK_CONFIG_DIR")
    environment = {name: os.environ.get(name, "") for name in names}
    environment |= {"LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"}
    given = [f"{name}={value}" for name, value in environment.items() if value]
    return f"cd {Path(__file__).parents[2]} && exec env {shlex.join([*given, sys.executable, *words])}"


def cockpits_of(store: Path) -> list[int]:
    """Processes that show this store."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            arguments = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if arguments[1:3] == [str(PROGRAM).encode(), str(store).encode()]:
            found.append(int(process.name))
    return found


def test_on_a_line_like_a_phones_a_held_key_is_soon_seen(host: Host, store: Path) -> None:
    with host.log_in(over_there(store), delay=0.075, rate=8000) as terminal:
        terminal.answer()
        terminal.wait_for("LAST OPERATIONS")
        terminal.quiet(0.5)
        for key in b"jkjkjkjkjk752175217521jkjkjkj2":
            terminal.press(bytes([key]))
            terminal.read(1 / 30)
        began = time.monotonic()
        terminal.wait_for("2 Service")
        assert time.monotonic() - began < 3  # the round trip, the work, and one picture; all of them would take ten
        terminal.press(b"q")
        assert terminal.ended() == 0


def test_a_broken_line_ends_the_cockpit_and_the_next_says_what_happened_meanwhile(host: Host, scene: Scene) -> None:
    with host.log_in(over_there(scene.path)) as terminal:
        terminal.answer()
        terminal.wait_for("LAST OPERATIONS")
        assert len(cockpits_of(scene.path)) == 1
        terminal.process.kill()
    deadline = time.monotonic() + PATIENCE
    while cockpits_of(scene.path):
        assert time.monotonic() < deadline, "it goes on without a terminal"
        time.sleep(0.05)
    scene.clock.at = time.time() + 5
    scene.step("op2", "done", "2", ago=1)
    scene.end("op2", "succeeded", ago=0)
    with host.log_in(over_there(scene.path)) as terminal:
        terminal.answer()
        terminal.wait_for("since you left")
        assert "swap production/checkout succeeded" in terminal.text()


@pytest.fixture
def crew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crew]:
    """A fleet in its sandbox with a state folder of its own; whatever it starts is ended."""
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path / "state" / "config"))
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(CONFIG)
    path = store_path(config, sandbox=True)
    with closing(open_store(path, create=True)) as store:
        hired = Crew(config, path, store)
        try:
            yield hired
        finally:
            hired.dismiss()
            stop_sandbox(config)


def test_a_swap_goes_on_when_the_line_breaks_and_the_next_cockpit_tells_its_end(host: Host, crew: Crew) -> None:
    """The whole program: a runner, the sandbox, and two cockpits over SSH, the first of which loses its line."""
    runner = crew.runner()
    crew.in_charge(runner)
    crew.sandbox("POST", "faults", {"kind": "swap_hangs", "phase": 4})
    cockpit = python_over_there("-m", "quarterdeck", "--config", str(crew.config), "--sandbox")
    with host.log_in(cockpit) as terminal:
        terminal.answer()
        terminal.wait_for("little-shop")
        operation = crew.begin(SWAP)
        terminal.wait_for("swap production/checkout")
        terminal.process.kill()
    until(lambda: not processes("quarterdeck", str(crew.config)), "the cockpit ends with its line")
    crew.sandbox("DELETE", "faults")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    assert crew.ended(operation).ending == "succeeded"
    with host.log_in(cockpit) as terminal:
        terminal.answer()
        terminal.wait_for("since you left")
        assert "swap production/checkout succeeded" in terminal.text()
        terminal.press(b"q")
        assert terminal.ended() == 0
    assert runner.poll() is None
    assert crew.swaps_done() == 1


def test_in_tmux_the_same_cockpit_is_there_again_after_the_line_broke(host: Host, store: Path, tmp_path: Path) -> None:
    program("tmux")
    tmux = f"env -u TMUX LC_ALL=C.UTF-8 tmux -S {tmp_path}/tmux"
    try:
        with host.log_in(f"{tmux} new-session -s watch {shlex.quote(over_there(store))}") as terminal:
            terminal.answer()
            terminal.wait_for("LAST OPERATIONS")
            before = cockpits_of(store)
            terminal.process.kill()
        with host.log_in(f"{tmux} attach -t watch") as terminal:
            terminal.answer()
            terminal.wait_for("LAST OPERATIONS")
            assert cockpits_of(store) == before
            terminal.press(b"7")
            terminal.wait_for("7 Log")
            terminal.press(b"q")
            assert terminal.ended() == 0
    finally:
        subprocess.run([*shlex.split(tmux), "kill-server"], capture_output=True, check=False)
