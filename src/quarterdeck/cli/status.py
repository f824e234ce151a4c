"""`qd status`: what runs where, what moves, what is wrong; as last read, with its age, or read afresh."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import Watched, connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode, of_trouble
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.patience import wait_for
from quarterdeck.cli.scope import Scope, knowledges
from quarterdeck.cli.status_json import picture_json
from quarterdeck.cli.status_text import picture_lines
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Picture
from quarterdeck.store.base import Store

REPAINT_SECONDS = 15.0
"""With --watch: ages grow even when nothing is written."""


def configure(parser: ArgumentParser) -> None:
    """What to show, and how fresh."""
    parser.add_argument(
        "scope", nargs="?", type=_scope, default=Scope(), metavar="ENV[/SERVICE]", help="only this part"
    )
    parser.add_argument("--watch", action="store_true", help="print again whenever something changes; Ctrl+C ends it")
    parser.add_argument("--live", action="store_true", help="read the systems now, and wait for it")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the picture once, or for as long as somebody looks."""
    with connected(invocation) as fleet:
        if invocation.arguments.live:
            fleet.refresh()
        seen = _look(fleet, invocation)
        _print(fleet, seen, invocation)
        while invocation.arguments.watch:
            _wait_for_change(fleet)
            before, seen = seen, _look(fleet, invocation)
            if _content(seen) != _content(before):
                _print(fleet, seen, invocation)
    return exit_code(seen)


def exit_code(picture: Picture) -> ExitCode:
    """Done if anything could be read; otherwise why not."""
    known = list(knowledges(picture))
    troubles = [one.trouble for one in known if one.trouble is not None]
    return of_trouble(troubles[0].code) if troubles and len(troubles) == len(known) else ExitCode.DONE


def _look(fleet: Watched, invocation: Invocation) -> Picture:
    try:
        scope: Scope = invocation.arguments.scope
        return scope.of(fleet.picture())
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error)) from error


def _content(seen: Picture) -> list[str]:
    """What would be printed, without the line that tells the time."""
    return list(picture_lines(seen))[1:]


def _print(fleet: Watched, seen: Picture, invocation: Invocation) -> None:
    scope: Scope = invocation.arguments.scope
    if invocation.json:
        output.document("status", {**picture_json(seen), **_outlook_json(fleet.store, scope, seen.at)})
    else:
        lines = [*picture_lines(seen), *_outlook(fleet.store, scope, seen.at)]
        output.data("\n".join(lines) + ("\n" if invocation.arguments.watch else ""))


def _outlook(store: Store, scope: Scope, now: float) -> Iterator[str]:
    """Of one service there is room to say what is to be expected."""
    if scope.service:
        from quarterdeck.cli.indicators import indicator_lines
        from quarterdeck.cli.outlook import outlook_lines, outlook_of

        yield from indicator_lines(store, TargetId(scope.environment, scope.service), now)
        yield from outlook_lines(outlook_of(store, TargetId(scope.environment, scope.service), now))


def _outlook_json(store: Store, scope: Scope, now: float) -> Mapping[str, Any]:
    if not scope.service:
        return {}
    from quarterdeck.cli.indicators import indicators_json
    from quarterdeck.cli.outlook import outlook_json, outlook_of

    target = TargetId(scope.environment, scope.service)
    return {**outlook_json(outlook_of(store, target, now)), "indicators": indicators_json(store, target, now)}


def _wait_for_change(fleet: Watched) -> None:
    """Until somebody writes, or what is shown has grown older."""
    before = fleet.store.version()
    wait_for(fleet.store, lambda: True if fleet.store.version() != before else None, REPAINT_SECONDS)
    fleet.keep_going()


def _scope(text: str) -> Scope:
    try:
        return Scope.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
