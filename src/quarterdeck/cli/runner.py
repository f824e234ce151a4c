"""`qd runner`: the background process, in the foreground, asked how it is, or asked to leave."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from contextlib import closing

from quarterdeck.cli import output
from quarterdeck.cli.connected import Watched, connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.patience import wait_for
from quarterdeck.fleet.text import clean
from quarterdeck.store.lifeline import RUNNER_LEASE
from quarterdeck.store.opening import open_store

LEAVING_SECONDS = 30.0
"""How long to wait for a runner to leave; one that carries something out stays longer, as it should."""

_LONG = 1000
"""Characters of a line about the runner: its problem may name a file, a path and a hint."""


def configure(parser: ArgumentParser) -> None:
    """What about the runner."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--foreground", dest="run", action="store_const", const=foreground, help="be it, until Ctrl+C")
    what.add_argument("--status", dest="run", action="store_const", const=status, help="who it is; where its log is")
    what.add_argument("--stop", dest="run", action="store_const", const=stop, help="ask it to leave when nothing runs")
    parser.set_defaults(run=start)


def start(invocation: Invocation) -> int:
    """Start one in the background, unless one lives."""
    with connected(invocation) as fleet:
        return _tell(fleet, invocation)


def foreground(invocation: Invocation) -> int:
    """Be the runner; stands by while another is in charge."""
    import asyncio

    from quarterdeck.runner.process import run
    from quarterdeck.runner.settings import RunnerSettings

    path = invocation.store_path()
    settings = RunnerSettings(path, invocation.config_path(), invocation.sandbox, when_taken="stand by")
    return asyncio.run(run(settings))


def status(invocation: Invocation) -> int:
    """Print who is in charge; starts nothing."""
    path = invocation.store_path()
    with closing(open_store(path, create=False)) as store:
        return _tell(Watched(invocation, store, path), invocation)


def stop(invocation: Invocation) -> int:
    """Ask the runner to leave, and wait until it has."""
    path = invocation.store_path()
    with closing(open_store(path, create=False)) as store:
        fleet = Watched(invocation, store, path)
        if fleet.runner_lives():
            fleet.asker.stop()
            wait_for(store, lambda: True if not fleet.runner_lives() else None, LEAVING_SECONDS)
        if fleet.runner_lives():
            raise CommandError(ExitCode.FAILED, "the runner is still busy; it leaves when nothing runs", "qd operation")
        return _tell(fleet, invocation)


def _tell(fleet: Watched, invocation: Invocation) -> ExitCode:
    lease = fleet.store.lease(RUNNER_LEASE)
    if lease is None or not fleet.runner_lives():
        if invocation.json:
            output.document("runner", {"alive": False})
        else:
            output.data("no runner")
        return ExitCode.DONE
    if invocation.json:
        output.document("runner", {"alive": True, "holder": lease.holder, "expires_at": lease.expires_at, **lease.info})
        return ExitCode.DONE
    output.data(f"alive: {clean(lease.holder)}, lease for another {lease.expires_at - time.time():.0f} s")
    for key, value in lease.info.items():
        output.data(f"  {clean(str(key)):10} {clean(str(value), _LONG)}")
    return ExitCode.DONE
