"""Whether something may be carried out: a yes on the command line, or one from the terminal."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import Protocol

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.plan import Risk


class Confirmable(Protocol):
    """What waits for a yes: the plan of an action, that of a release, or an order to one."""

    @property
    def type_to_confirm(self) -> str: ...
    @property
    def risks(self) -> tuple[Risk, ...]: ...


@dataclass(frozen=True, slots=True)
class Question:
    """Something to say yes to that has no plan of its own."""

    type_to_confirm: str = ""
    risks: tuple[Risk, ...] = ()


def configure(parser: ArgumentParser) -> None:
    """The options that say yes."""
    parser.add_argument("--yes", action="store_true", help="carry it out without asking")
    parser.add_argument(
        "--confirm",
        default="",
        metavar="ENV",
        help="with --yes: the protected environment's name, on purpose",
    )
    reason(parser)


def reason(parser: ArgumentParser, *, required: bool = False) -> None:
    """The option that says why."""
    parser.add_argument(
        "--reason", default="", required=required, metavar="TEXT", help="why; kept in the journal for ever"
    )


def typed_confirmation(plan: Confirmable, given: Namespace) -> str:
    """What was typed to confirm it ("" where a plain yes was enough).

    Raises:
        CommandError: no yes, in one way or another; nothing was carried out.
    """
    if given.yes:
        return _given(plan, given.confirm)
    if not sys.stdin.isatty():
        raise CommandError(
            ExitCode.USAGE,
            "nobody is at a terminal to confirm it",
            "add --yes" + (f" --confirm {plan.type_to_confirm}" if plan.type_to_confirm else ""),
        )
    return _asked(plan)


def _given(plan: Confirmable, confirm: str) -> str:
    wanted = plan.type_to_confirm
    if wanted and not confirm:
        raise CommandError(ExitCode.USAGE, f"{wanted} is protected", f"--yes is not enough: add --confirm {wanted}")
    if wanted and confirm != wanted:
        raise CommandError(
            ExitCode.REFUSED, f"--confirm says {confirm!r}, but it acts on {wanted}", "is this the right target?"
        )
    return confirm


def _asked(plan: Confirmable) -> str:
    wanted = plan.type_to_confirm
    dangers = any(risk.severity == "danger" for risk in plan.risks)
    expected = wanted or ("yes" if dangers else "y")
    question = f"type {clean(expected)} to carry it out" if expected != "y" else "carry it out? [y/N]"
    output.narrate("")
    print(f"{question}: ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip()
    if answer == expected or (expected == "y" and answer.lower() in ("y", "yes")):
        return answer if wanted else ""
    raise CommandError(ExitCode.REFUSED, "not confirmed: nothing was changed")
