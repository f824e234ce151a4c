"""`qd plan ACTION ...`: what an action would do, worked out against fresh readings. Writes nothing to the world."""

from __future__ import annotations

import time
from argparse import ArgumentParser

from quarterdeck.cli import output
from quarterdeck.cli.action_words import action_of, describe
from quarterdeck.cli.connected import connected
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.plan_json import plan_json
from quarterdeck.cli.plan_text import plan_lines
from quarterdeck.cli.requesting import plan


def configure(parser: ArgumentParser) -> None:
    """Any action, in its own words."""
    describe(parser, "")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the plan, and forget it."""
    action = action_of(invocation.words)
    with connected(invocation) as fleet:
        made = plan(fleet, action, reason="")
        fleet.asker.dismiss(made)
    if invocation.json:
        output.document("plan", {"plan": plan_json(made)})
    else:
        output.data("\n".join(plan_lines(made, time.time())))
    return ExitCode.DONE
