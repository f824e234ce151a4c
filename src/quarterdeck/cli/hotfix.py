"""`qd hotfix`: the shortest legal way of a fix, and what it left to be done."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict

from quarterdeck.cli import output, wishing
from quarterdeck.cli.connected import connected, existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.guard_asking import tell
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.passages import wrapped
from quarterdeck.cli.times import shown
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.guards import Debt
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rules import Rulebook


def configure(parser: ArgumentParser) -> None:
    """Start one, list what is owed, pay."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, prog="qd hotfix")
    wishing.configure_beginning(
        deeds,
        _configure_wish,
        start,
        show_plan,
        start_help="show the shortest legal path, with all it leaves out; then take it",
        plan_help="show that path; starts nothing",
    )
    debts_parser = deeds.add_parser("debts", help="what hotfixes left to be done")
    debts_parser.add_argument("--all", action="store_true", help="the paid ones too")
    debts_parser.set_defaults(run=debts)
    pay_parser = deeds.add_parser("pay", help="say that a debt is paid, and where that can be seen")
    pay_parser.add_argument("id", metavar="ID", help="of the debt, or the beginning of it")
    pay_parser.add_argument("--evidence", required=True, metavar="TEXT", help="a merge, a run, a ticket")
    pay_parser.set_defaults(run=pay)


def _configure_wish(parser: ArgumentParser) -> None:
    parser.add_argument("target", metavar="[ENV/]SERVICE", help="without ENV: the protected end of the train")
    parser.add_argument("--ref", required=True, metavar="REF", help="what is fixed: a commit, a branch, a build")
    parser.add_argument(
        "--version", default="", metavar="V", help="what is to serve users (default: what the slot to swap from holds)"
    )
    parser.add_argument(
        "--supersede", action="store_true", help="a release of the same service that changed nothing yet gives way"
    )
    wishing.configure_conditions(parser)


def start(invocation: Invocation) -> ExitCode:
    """Take the shortest legal way."""
    invocation.require_writing("qd hotfix plan shows the way")
    return wishing.start(invocation, _wish(invocation), wishing.patience_of(invocation.arguments))


def show_plan(invocation: Invocation) -> ExitCode:
    """Show it."""
    return wishing.show(invocation, _wish(invocation))


def _wish(invocation: Invocation) -> Wish:
    given = invocation.arguments
    return Wish(
        (_target(invocation),),
        version=given.version,
        hotfix=True,
        ref=given.ref,
        confirm_within=given.confirm_within,
        supersede=given.supersede,
        override=given.override,
    )


def _target(invocation: Invocation) -> TargetId:
    text = invocation.arguments.target
    if "/" not in text:
        with connected(invocation) as fleet:
            text = f"{end_of_the_train(fleet.store.fleet() or Fleet(''), fleet.store.rules())}/{text}"
    try:
        return TargetId.parse(text)
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error)) from error


def end_of_the_train(fleet: Fleet, rules: Rulebook) -> str:
    """Where a version arrives: the last protected environment of the train, in the order of the file if it has none.

    Raises:
        CommandError: nothing is protected, so that nobody can know which is meant.
    """
    protected = {environment.name for environment in fleet.environments if environment.protected}
    names = rules.train or tuple(environment.name for environment in fleet.environments)
    found = [name for name in names if name in protected]
    if not found:
        message = "no environment is protected, so the one that is meant must be named"
        raise CommandError(ExitCode.USAGE, message, "qd hotfix start ENV/SERVICE --ref REF")
    return found[-1]


def debts(invocation: Invocation) -> ExitCode:
    """What is owed."""
    with connected(invocation) as fleet:
        guards = fleet.store.guards()
    found = guards.debts if invocation.arguments.all else guards.owed
    if invocation.json:
        output.document("debts", {"debts": [{**asdict(one), "target": str(one.target)} for one in found]})
        return ExitCode.DONE
    for debt in found:
        output.data("\n".join(debt_lines(debt)))
    if not found:
        output.data("nothing is owed")
    elif guards.owed:
        output.narrate("pay one with: qd hotfix pay ID --evidence TEXT")
    return ExitCode.DONE


def debt_lines(debt: Debt) -> list[str]:
    """One debt: what, where, since when; or how it was paid."""
    head = f"{debt.id}  {debt.target}  {debt.kind.replace('_', ' ')}: {debt.text}"
    state = f"since {shown(debt.since)}, by {debt.by}, release {debt.release}"
    if debt.paid_at is not None:
        state = f"paid {shown(debt.paid_at)} by {debt.paid_by}: {debt.evidence}"
    return [*wrapped(head, "", hang=4, limit=500), *wrapped(state, "    ", limit=500)]


def pay(invocation: Invocation) -> ExitCode:
    """Pay one."""
    given = invocation.arguments
    invocation.require_writing()
    with existing_store(invocation) as store:
        debt = _debt(store.guards().debts, given.id)
    return tell(invocation, "pay", given.evidence, "what is still owed: qd hotfix debts", id=debt)


def _debt(known: tuple[Debt, ...], wanted: str) -> str:
    found = [debt.id for debt in known if debt.id == wanted] or [d.id for d in known if d.id.startswith(wanted)]
    if len(found) != 1:
        number = "no debt" if not found else f"{len(found)} debts"
        raise CommandError(ExitCode.USAGE, f"{number} called {wanted!r}", "qd hotfix debts lists them")
    return found[0]
