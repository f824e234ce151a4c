"""`qd` without a command: the cockpit."""

from __future__ import annotations

import gc
import sys
from contextlib import closing

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation, actor
from quarterdeck.cli.waking import Waker, wake_runner
from quarterdeck.store.opening import open_store
from quarterdeck.ui.glance.stage import STAGE


def run(invocation: Invocation) -> int:
    """Open the cockpit on the fleet's store.

    What an earlier runner left is shown at once, while the next one starts; only where there is nothing to show yet
    is it waited for, so that a configuration that can't be used is told here.

    Raises:
        CommandError: there is no terminal to open it on, no configuration, or no runner for the first time.
    """
    try:
        return _open(invocation)
    finally:
        STAGE.clear()  # whatever is said about a start that failed is said on the terminal as it was


def _open(invocation: Invocation) -> int:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(ExitCode.USAGE, "the cockpit needs a terminal", "without one: qd watch, qd status")
    path = invocation.store_path()
    with closing(open_store(path, create=True)) as store:
        if store.fleet() is None:
            STAGE.clear()
            output.narrate("starting the runner ...")
            wake_runner(invocation, path)
        # The toolkit makes many objects that stay; looking through them as they come costs a fifth of the start.
        gc.disable()
        from quarterdeck.ui import app
        from quarterdeck.ui.settings import Settings, Tour

        waker = Waker(invocation, path)
        tour: Tour = getattr(invocation.arguments, "tour", "never")
        settings = Settings(actor(), invocation.read_only, keep_alive=waker.wake, store_path=path, tour=tour)
        code = app.run(store, settings)
    from quarterdeck.cli.connected import tell_who_else_can_read  # what is said at the end is loaded at the end

    tell_who_else_can_read(path)
    if waker.failure is not None:
        output.complain(str(waker.failure), waker.failure.hint)
    return code
