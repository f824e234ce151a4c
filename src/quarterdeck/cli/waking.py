"""Starting a fleet's runner for a command or a cockpit, and saying why when it can't be started."""

from __future__ import annotations

import threading
from pathlib import Path

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.runner.spawn import RunnerDied, ensure_runner
from quarterdeck.store.base import StoreError


def wake_runner(invocation: Invocation, store: Path) -> None:
    """Return when a runner is in charge.

    Raises:
        CommandError: none can be started; it says what the runner said.
        StoreError: the store can't be used.
    """
    try:
        ensure_runner(store, invocation.config_path(), invocation.sandbox)
    except RunnerDied as error:
        code = ExitCode.USAGE if error.exit_code == ExitCode.USAGE else ExitCode.FAILED
        raise CommandError(code, "the runner can't start", str(error)) from error


class Waker:
    """Wakes a runner in the background, for a cockpit that must not wait."""

    def __init__(self, invocation: Invocation, store: Path) -> None:
        self._invocation = invocation
        self._store = store
        self._thread: threading.Thread | None = None
        self.failure: CommandError | StoreError | None = None
        """Why the last attempt failed; None if it didn't."""

    def wake(self) -> None:
        """Begin, unless an attempt is going on. Returns at once, never raises."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._attempt, daemon=True)
            self._thread.start()

    def _attempt(self) -> None:
        try:
            wake_runner(self._invocation, self._store)
            self.failure = None
        except (CommandError, StoreError) as error:
            self.failure = error
