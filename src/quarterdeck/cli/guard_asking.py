"""Changing what stands guard (the conn, freezes, locks, the line, debts) from the command line."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser

from quarterdeck.cli import output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.requesting import answer_to
from quarterdeck.cli.times import ahead_argument, duration_argument
from quarterdeck.fleet.targets import NAME
from quarterdeck.release.guards import Hold, HoldKind
from quarterdeck.store.base import GuardDeed, Store

EVERYTHING = "all"


def scope(text: str) -> str:
    """An argparse type: `all`, `ENV` or `ENV/SERVICE`, as guards write it. The runner knows whether there is one."""
    if text in (EVERYTHING, "*"):
        return "*"
    environment, slash, service = text.partition("/")
    if not NAME.fullmatch(environment) or (slash and not NAME.fullmatch(service)):
        raise argparse.ArgumentTypeError(f"{text!r} is no part of a fleet: write all, ENV or ENV/SERVICE")
    return text


def configure_end(parser: ArgumentParser) -> None:
    """When it ends by itself."""
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--for", dest="lasts", type=duration_argument, metavar="TIME", help="2h, 90m, 3d")
    when.add_argument(
        "--until", type=ahead_argument, metavar="TIME", help="22:00, 2026-12-01T08:00 (here), 2026-12-01T08:00Z"
    )


def end_of(given: argparse.Namespace, now: float) -> float | None:
    """The moment `configure_end` made of the command line; None: until it is lifted."""
    if given.lasts is not None:
        return now + float(given.lasts)
    return None if given.until is None else float(given.until)


def tell(
    invocation: Invocation, deed: GuardDeed, reason: str, next_words: str = "", **details: str | float | None
) -> ExitCode:
    """Hand a deed in, print what became of it, and what could be next.

    Raises:
        CommandError: it was refused, or this session is read-only.
    """
    invocation.require_writing()
    with connected(invocation) as fleet:
        answer = answer_to(fleet, fleet.asker.guard(deed, reason, **details))
    if invocation.json:
        output.document("guard", {"deed": deed, "said": answer.said, **details})
    else:
        output.data(answer.said or f"{deed}: done")
    if next_words:
        output.narrate(next_words)
    return ExitCode.DONE


def find_hold(store: Store, wanted: str, kinds: tuple[HoldKind, ...]) -> Hold:
    """A hold of one of these kinds by its id, or by its scope if that has only one.

    Raises:
        CommandError: there is none, or more than one.
    """
    holds = [hold for hold in store.guards().holds if hold.kind in kinds]
    scoped = "*" if wanted == EVERYTHING else wanted
    found = [hold for hold in holds if hold.id == wanted] or [hold for hold in holds if hold.scope == scoped]
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{hold.id} ({hold.kind} of {hold.scope.replace('*', 'everything')})" for hold in holds) or "none"
    number = "nothing" if not found else f"{len(found)} holds"
    raise CommandError(ExitCode.USAGE, f"{number} to lift by the name {wanted!r}", f"there are: {known}")
