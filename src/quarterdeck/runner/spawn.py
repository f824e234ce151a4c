"""Making sure that a runner lives. On the path of every command: the standard library, the store, nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from quarterdeck.runner.detached import Detached
from quarterdeck.store.base import StoreError
from quarterdeck.store.lifeline import runner_lives
from quarterdeck.store.opening import open_store

PATIENCE = 30.0
"""Seconds until a runner must be in charge: it reads the configuration first, and may start a sandbox."""

LOOK_SECONDS = 0.02


class RunnerDied(Exception):
    """No runner could be started.

    Attributes:
        exit_code: what it ended with (2: the configuration is wrong); None if it lives, but isn't in charge.
        said: the last lines it wrote; they say what is wrong.
    """

    def __init__(self, exit_code: int | None, said: str) -> None:
        super().__init__(said or "the runner ended without a word")
        self.exit_code = exit_code
        self.said = said


def output_path(store: Path) -> Path:
    """What a store's runner wrote to stdout and stderr: its complaints when it couldn't begin."""
    return store.with_name("runner.out")


def ensure_runner(store_path: Path, config: Path, sandbox: bool, *, patience: float = PATIENCE) -> None:
    """Return when a runner is in charge of the store; start one if none is.

    Several may do this at once: one runner wins, the others leave.

    Raises:
        RunnerDied: it couldn't begin, or isn't in charge after `patience` seconds.
        StoreError: the store can't be used.
    """
    with closing(open_store(store_path, create=True)) as store:

        def lives() -> bool:
            return runner_lives(store, time.time())

        if lives():
            return
        arguments = ["--store", str(store_path.absolute()), "--config", str(config.absolute())]
        try:
            started = Detached(
                "quarterdeck.runner", [*arguments, *(["--sandbox"] if sandbox else [])], output_path(store_path)
            )
        except OSError as error:
            raise StoreError(f"no runner can be started: {error}", "check the state folder") from error
        _wait(started, lives, patience)


def _wait(started: Detached, lives: Callable[[], bool], patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if lives():
            return
        code = started.exit_code()
        if code is not None and code != 0:
            raise RunnerDied(code, started.said())
        time.sleep(LOOK_SECONDS)
    said = started.said()
    raise RunnerDied(
        started.exit_code(), f"no runner is in charge after {patience:g} s" + (f":\n{said}" if said else "")
    )
