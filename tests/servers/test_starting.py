"""What starts the real servers, tried on small programs and on a real PostgreSQL."""

from __future__ import annotations

import os
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.servers import Database, Server, answers, free_port, needs, postgres, program, running

FAMILY = """
import os, signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
if (child := os.fork()) == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as a worker that is stuck
    time.sleep(600)
print("child", child, sorted(os.environ), flush=True)
with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as here:
    while True:
        here.accept()[0].close()
"""


def is_alive(pid: int) -> bool:
    """Whether a process does anything still: one that nobody has buried yet doesn't."""
    with suppress(FileNotFoundError, ProcessLookupError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state not in "ZX"
    return False


def family(folder: Path, port: int) -> Server:
    return Server([sys.executable, "-c", FAMILY, str(port)], cwd=folder / "its", ready=lambda: answers(port))


@pytest.mark.parametrize("how", [Server.stop, Server.kill])
def test_what_a_server_started_ends_with_it(tmp_path: Path, how: object) -> None:
    port = free_port()
    server = family(tmp_path, port)
    server.start()
    parent, child = server.pid, int(server.log().split()[1])
    assert is_alive(parent)
    assert is_alive(child)
    assert callable(how)
    how(server)
    assert not is_alive(parent)
    until = time.monotonic() + 10
    while is_alive(child):  # it was told to, and the kernel takes its time
        assert time.monotonic() < until
        time.sleep(0.005)
    assert not answers(port)


def test_a_server_can_be_started_again_and_its_words_are_kept(tmp_path: Path) -> None:
    server = family(tmp_path, free_port())
    for _ in range(2):
        server.start()
        server.stop()
        server.stop()
    assert server.log().count("child") == 2


def test_a_server_sees_a_bare_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example")
    port = free_port()
    command = [sys.executable, "-c", FAMILY, str(port)]
    with running(command, cwd=tmp_path, env={"EXTRA": "1"}, ready=lambda: answers(port)) as server:
        names = server.log()
    assert "'EXTRA', 'HOME', 'LANG'" in names
    assert "PROXY" not in names


def test_one_that_ends_at_once_tells_its_last_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "print('the port is taken'); raise SystemExit(3)"]
    with (
        pytest.raises(AssertionError, match=r"ended with 3:\nthe port is taken"),
        running(command, cwd=tmp_path, ready=lambda: False),
    ):
        pass


def test_one_that_never_gets_ready_is_ended_and_told(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", FAMILY, str(port)]
    with (
        pytest.raises(AssertionError, match=r"isn't there after 0.2 s"),
        running(command, cwd=tmp_path, ready=lambda: False, patience=0.2),
    ):
        pass
    assert not answers(port)


def test_free_ports_are_free_and_never_the_same() -> None:
    ports = {free_port() for _ in range(50)}
    assert len(ports) == 50
    for port in ports:
        socket.create_server(("127.0.0.1", port)).close()


def test_a_program_that_is_nowhere_skips_and_says_which() -> None:
    with pytest.raises(pytest.skip.Exception, match=r"no-such-server isn't installed here: \.ci/servers installs it"):
        program("no-such-server")


def test_daemons_are_found_without_their_folders_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert os.access(program("sshd"), os.X_OK)


@needs("postgres")
def test_a_postgresql_of_its_own_that_nothing_is_left_of() -> None:
    with postgres() as database:
        assert isinstance(database, Database)
        url = database.create("fleet")
        database.say("CREATE TABLE ships (name text)", "fleet")
        database.say("INSERT INTO ships VALUES ('ana'), ('bo')", "fleet")
        assert url.endswith(f"127.0.0.1:{database.port}/fleet")
        database.server.kill()
        database.server.start()
        assert database.say("SELECT count(*), min(name) FROM ships", "fleet") == "2|ana"
        folder, pid = database.server.folder, database.server.pid
    assert not folder.exists()
    assert not is_alive(pid)
    assert not answers(database.port)
