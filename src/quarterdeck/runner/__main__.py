"""`python -m quarterdeck.runner`: what a command starts, detached, when a fleet has no runner."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.runner.process import run
from quarterdeck.runner.settings import RunnerSettings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until no longer needed; see `process.run` for the exit code."""
    parser = argparse.ArgumentParser(prog="python -m quarterdeck.runner", description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--sandbox", action="store_true", help="point every connection at the fleet's sandbox")
    parser.add_argument("--stand-by", action="store_true", help="wait while another runner is in charge")
    parser.add_argument("--idle", type=float, default=60, metavar="SECONDS", help="leave when unneeded for so long")
    parser.add_argument("--interval", type=float, default=10, metavar="SECONDS", help="between looks")
    parser.add_argument("--lease", type=float, default=10, metavar="SECONDS", help="how long the lease holds")
    parser.add_argument("--grace", type=float, default=5, metavar="SECONDS", help="for what runs, after SIGTERM")
    given = parser.parse_args(arguments)
    settings = RunnerSettings(
        store=given.store,
        config=given.config,
        sandbox=given.sandbox,
        when_taken="stand by" if given.stand_by else "leave",
        idle_after=given.idle,
        interval=given.interval,
        lease_ttl=given.lease,
        grace=given.grace,
    )
    return asyncio.run(run(settings))


if __name__ == "__main__":
    sys.exit(main())
