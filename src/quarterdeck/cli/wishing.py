"""From a wish to a release under way: propose, show the whole plan, ask, launch; for the command line."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Callable

from quarterdeck.cli import confirming, output
from quarterdeck.cli.connected import Watched, connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.proposal_json import proposal_json
from quarterdeck.cli.proposal_text import proposal_lines
from quarterdeck.cli.release_following import WELL, Patience, follow_release
from quarterdeck.cli.requesting import answer_to
from quarterdeck.cli.times import duration_argument
from quarterdeck.release.release_plan import ReleasePlan, Wish

Command = Callable[[Invocation], ExitCode]


def configure_waiting(parser: ArgumentParser, default: str = "lines") -> None:
    """How long to look on, and how much to say meanwhile."""
    how = parser.add_mutually_exclusive_group()
    for name, value, text in (
        ("--follow", "lines", "print each event until it has ended"),
        ("--wait", "end", "wait until it has ended, and print only that"),
        ("--no-wait", "", "return at once"),
    ):
        usual = " (the default)" if value == default else ""
        how.add_argument(name, dest="waiting", action="store_const", const=value, default=default, help=text + usual)
    parser.add_argument(
        "--timeout", type=duration_argument, metavar="TIME", help="look on for so long at most; it goes on all the same"
    )


def configure_beginning(
    deeds: _SubParsersAction[ArgumentParser],
    configure_wish: Callable[[ArgumentParser], None],
    start: Command,
    plan: Command,
    *,
    start_help: str,
    plan_help: str,
) -> None:
    """The two deeds that begin with a wish: `start`, which asks and looks on, and `plan`, which only shows."""
    start_parser = deeds.add_parser("start", help=start_help)
    configure_wish(start_parser)
    confirming.configure(start_parser)
    configure_waiting(start_parser)
    start_parser.set_defaults(run=start)
    plan_parser = deeds.add_parser("plan", help=plan_help)
    configure_wish(plan_parser)
    plan_parser.set_defaults(run=plan)


def configure_conditions(parser: ArgumentParser) -> None:
    """What makes a release reversible by itself, and what it may set aside."""
    parser.add_argument(
        "--confirm-within",
        type=duration_argument,
        metavar="TIME",
        help="taken back by itself unless `qd release confirm` comes within 10m, 1h, ...",
    )
    configure_override(parser)


def configure_override(parser: ArgumentParser) -> None:
    """The option that sets aside what stands guard."""
    parser.add_argument(
        "--override",
        default="",
        metavar="REASON",
        help="set aside what would stop it (a freeze, a lock, an older version); the reason is kept for ever",
    )


def propose(fleet: Watched, wish: Wish, reason: str) -> ReleasePlan:
    """Have a wish worked out. Raises CommandError if it is refused, NothingToDo if all is so already."""
    proposal = answer_to(fleet, fleet.asker.propose(wish, reason)).proposal
    if proposal is None:
        raise CommandError(ExitCode.FAILED, "the runner answered without a plan", "qd and its runner differ in version")
    return proposal


def show(invocation: Invocation, wish: Wish) -> ExitCode:
    """Print how a release would go; starts nothing."""
    with connected(invocation) as fleet:
        proposal = propose(fleet, wish, reason="")
    if invocation.json:
        output.document("release-plan", {"plan": proposal_json(proposal)})
    else:
        output.data("\n".join(proposal_lines(proposal, time.time())))
    return ExitCode.DONE


def patience_of(given: Namespace, wanted: frozenset[str] = WELL) -> Patience | None:
    """What `configure_waiting` made of the command line; None: nobody looks on."""
    return Patience(given.waiting == "lines", given.timeout, wanted) if given.waiting else None


def start(invocation: Invocation, wish: Wish, patience: Patience | None) -> ExitCode:
    """Show how it would go, ask, start it, and look on."""
    invocation.require_writing("qd release plan shows how it would go")
    given = invocation.arguments
    with connected(invocation) as fleet:
        proposal = propose(fleet, wish, given.reason)
        output.narrate("\n".join(proposal_lines(proposal, time.time())))
        typed = confirming.typed_confirmation(proposal, given)
        newest = fleet.store.events(limit=1, newest_first=True)
        release = answer_to(fleet, fleet.asker.launch(proposal, typed, given.reason)).release
        if patience is None:
            if invocation.json:
                output.document("release-started", {"release": release, "plan": proposal_json(proposal)})
            else:
                output.data(release)
            output.narrate(f"it goes on by itself; follow it with: qd release follow {release}")
            return ExitCode.DONE
        return follow_release(fleet, release, patience, after=newest[0].seq if newest else 0, json=invocation.json)
