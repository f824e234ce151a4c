"""`qd` without a command: the cockpit."""

from __future__ import annotations

import gc
import sys
from contextlib import closing

from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation, actor
from quarterdeck.cli.waking import ready_to_wake
from quarterdeck.store.opening import open_store


def run(invocation: Invocation) -> ExitCode:
    """Open the cockpit on the fleet's store.

    Raises:
        CommandError: there is no terminal to open it on, or no configuration.
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(ExitCode.USAGE, "the cockpit needs a terminal", "without one: qd status, qd plan, qd --help")
    path = invocation.store_path()
    # Importing a terminal toolkit makes garbage collection walk over many objects that stay for ever.
    gc.disable()
    from quarterdeck.ui import app
    from quarterdeck.ui.settings import Settings

    gc.freeze()
    gc.enable()
    with closing(open_store(path, create=True)) as store:
        fleet = Watched(invocation, store, path)
        settings = Settings(
            actor=actor(), read_only=invocation.read_only, keep_alive=ready_to_wake(fleet), store_path=path
        )
        return ExitCode(app.run(store, settings))
