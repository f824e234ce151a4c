"""`qd swap | shift | flag | deploy | rollback | run`: plan, confirm, carry out, follow to the end."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable

from quarterdeck.cli import confirming, output, wishing
from quarterdeck.cli.action_words import action_of, describe
from quarterdeck.cli.connected import connected
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.flags import list_flags
from quarterdeck.cli.following import follow_to_the_end
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.plan_json import plan_json
from quarterdeck.cli.plan_text import plan_lines
from quarterdeck.cli.release_following import Patience
from quarterdeck.cli.requesting import answer_to, plan
from quarterdeck.release.action import Action
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import Wish


def configure_swap(parser: ArgumentParser) -> None:
    """`qd swap`."""
    _configure(parser, "swap")


def configure_shift(parser: ArgumentParser) -> None:
    """`qd shift`."""
    _configure(parser, "shift")


def configure_flag(parser: ArgumentParser) -> None:
    """`qd flag`."""
    _configure(parser, "flag", "flag list [ENV]")


def configure_deploy(parser: ArgumentParser) -> None:
    """`qd deploy`."""
    _configure(parser, "deploy")


def configure_rollback(parser: ArgumentParser) -> None:
    """`qd rollback`."""
    _configure(parser, "rollback")


def configure_run(parser: ArgumentParser) -> None:
    """`qd run`."""
    _configure(parser, "run")


def _configure(parser: ArgumentParser, verb: str, *also: str) -> None:
    describe(parser, verb, also)
    confirming.configure(parser)
    if verb in ("rollback", "run"):
        wishing.configure_override(parser)
    else:
        wishing.configure_conditions(parser)
    parser.add_argument("--detach", action="store_true", help="return as soon as it has started")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Carry an action out, or list flags."""
    verb = invocation.arguments.takes_words
    if verb == "flag" and invocation.words[:1] == ("list",):
        return list_flags(invocation, invocation.words[1:])
    given = invocation.arguments
    action = action_of([verb, *invocation.words])
    invocation.require_writing("qd plan shows what it would do")
    if getattr(given, "confirm_within", None) is not None:
        return _carry_out_for_now(invocation, action)
    return carry_out(invocation, action, lambda made: confirming.typed_confirmation(made, given))


def _carry_out_for_now(invocation: Invocation, action: Action) -> ExitCode:
    """As a release of this one action, which is taken back unless somebody confirms it in time."""
    given = invocation.arguments
    with connected(invocation) as fleet:
        made = plan(fleet, action, given.reason, given.override)
        fleet.asker.dismiss(made)  # What it shows holds for the release as well, whose own plan says little of it.
        output.narrate("\n".join(plan_lines(made, time.time())))
    wish = Wish((action.target,), action=action, confirm_within=given.confirm_within, override=given.override)
    return wishing.start(invocation, wish, None if given.detach else Patience())


def carry_out(invocation: Invocation, action: Action, confirm: Callable[[Plan], str]) -> ExitCode:
    """Plan an action, show the plan, have it confirmed, and follow it to its end.

    Args:
        confirm: what was typed to confirm a plan; raises CommandError for no yes.
    """
    given = invocation.arguments
    with connected(invocation) as fleet:
        made = plan(fleet, action, given.reason, given.override)
        output.narrate("\n".join(plan_lines(made, time.time())))
        try:
            typed = confirm(made)
        except BaseException:
            fleet.asker.dismiss(made)
            raise
        operation = answer_to(fleet, fleet.asker.confirm(made, typed, given.reason)).operation
        if given.detach:
            if invocation.json:
                output.document("started", {"operation": operation, "plan": plan_json(made)})
            else:
                output.data(operation)
            output.narrate(f"it goes on by itself; follow it with: qd operation {operation} --follow")
            return ExitCode.DONE
        return follow_to_the_end(fleet, operation, json=invocation.json)
