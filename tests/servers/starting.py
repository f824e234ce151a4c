"""Programs that serve while a test runs: started in a folder and a process group of their own, waited for, ended."""

from __future__ import annotations

import os
import pwd
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

PATIENCE = 30.0
"""Seconds until what should come within one or two counts as never coming."""

LISTENERS = range(15_000, 32_000)
"""Ports below those that a system gives to outgoing connections: what is free here isn't taken by a client."""

_given: set[int] = set()


def free_port() -> int:
    """A TCP port of loopback that nobody listens on, and that wasn't given before in this process."""
    while True:
        port = random.choice(LISTENERS)
        if port in _given:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port


def ids(account: str) -> tuple[int, int]:
    """Of an account of the system: user and group."""
    entry = pwd.getpwnam(account)
    return entry.pw_uid, entry.pw_gid


def as_account(account: str | None) -> dict[str, Any]:
    """What makes `subprocess` start something as another account, with nothing of this one's groups."""
    if account is None:
        return {}
    user, group = ids(account)
    return {"user": user, "group": group, "extra_groups": []}


def answers(port: int) -> bool:
    """Whether somebody takes connections on a port of loopback."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


class Server:
    """A program that serves. It can be ended and started again, with what it keeps in its folder.

    It sees none of this process's environment but the PATH: `HOME` and `TMPDIR` are its folder. Its words go to the
    file `log` in there.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        ready: Callable[[], bool],
        user: str | None = None,
        patience: float = PATIENCE,
    ) -> None:
        cwd.mkdir(parents=True, exist_ok=True)
        self.command = [str(word) for word in command]
        self.folder = cwd
        self._ready = ready
        self._user = user
        self._patience = patience
        basics = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        self._environment = {**basics, "HOME": str(cwd), "TMPDIR": str(cwd), **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the program, which is also the id of its process group."""
        assert self._process is not None, "it was never started, or it was ended"
        return self._process.pid

    def log(self) -> str:
        """What it has said so far, over all its starts."""
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Back when it is ready. Raises AssertionError with the end of the log when it ends or doesn't get there."""
        assert self._process is None, "it runs already"
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self._environment,
                start_new_session=True,
                **as_account(self._user),
            )
        try:
            self.wait_for(self._ready)
        except BaseException:
            self.kill()
            raise

    def wait_for(self, there: Callable[[], bool]) -> None:
        """Until something holds. Raises AssertionError with the end of the log when it ends before, or it takes too
        long."""
        assert self._process is not None
        until = time.monotonic() + self._patience
        while not there():
            name = Path(self.command[0]).name
            code = self._process.poll()
            assert code is None, f"{name} ended with {code}:\n{self._last_words()}"
            assert time.monotonic() < until, f"{name} isn't there after {self._patience:g} s:\n{self._last_words()}"
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask it to end, and see to it that it and all it has started have. Nothing happens if it doesn't run."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As the kernel does when there is no memory: without a last word."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._patience)
        with suppress(ProcessLookupError):  # those that it started, or itself, deaf
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _last_words(self) -> str:
        return "\n".join(self.log().splitlines()[-30:])


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    ready: Callable[[], bool],
    user: str | None = None,
    patience: float = PATIENCE,
) -> Iterator[Server]:
    """A server that is ready now and gone afterwards.

    `cwd` is a folder for it alone; it is made if it isn't there. `env` is added to a bare environment. `ready` is asked
    every 20 ms, at most for `patience` seconds. `user` is the account it runs as, if this process may choose.
    """
    server = Server(command, cwd=cwd, env=env, ready=ready, user=user, patience=patience)
    server.start()
    try:
        yield server
    finally:
        server.stop()
