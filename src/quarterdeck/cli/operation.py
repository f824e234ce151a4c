"""`qd operation [ID]`: what runs and ran; follow one; answer one that needs an operator."""

from __future__ import annotations

import time
from argparse import ArgumentParser

from quarterdeck.cli import output
from quarterdeck.cli.connected import connected, existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode, of_ending
from quarterdeck.cli.following import conclude, follow_to_the_end
from quarterdeck.cli.history import event_line
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.operation_text import operation_lines
from quarterdeck.cli.requesting import answer_to
from quarterdeck.cli.status_json import operation_json
from quarterdeck.cli.status_text import operation_line
from quarterdeck.release.operation import CHOICES, Operation
from quarterdeck.release.paint import view_operation
from quarterdeck.store.base import Store

RECENT = 20


def configure(parser: ArgumentParser) -> None:
    """Which operation, and what about it."""
    parser.add_argument("id", nargs="?", metavar="ID", help="an operation, or the beginning of its id; none lists them")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--follow", action="store_true", help="print its events until it has ended")
    what.add_argument("--choose", choices=CHOICES, help="answer one that needs an operator, and follow it")
    parser.add_argument(
        "--step", default="", metavar="STEP", help="with --choose: which step, if not the one that waits"
    )
    parser.add_argument("--reason", default="", metavar="TEXT", help="with --choose: why; kept in the journal for ever")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """List, show, follow or answer."""
    given = invocation.arguments
    if given.id is None:
        if given.follow or given.choose:
            raise CommandError(ExitCode.USAGE, "which operation?", "qd operation lists them")
        return _list(invocation)
    if given.choose:
        return _choose(invocation)
    return _follow(invocation) if given.follow else _show(invocation)


def _list(invocation: Invocation) -> ExitCode:
    with existing_store(invocation) as store:
        found = {one.id: one for one in (*store.operations(limit=RECENT), *store.operations(open_only=True))}
    views = [view_operation(one, time.time()) for one in found.values()]
    if invocation.json:
        output.document("operations", {"operations": [operation_json(view) for view in views]})
    for view in () if invocation.json else views:
        output.data(operation_line(view))
    return ExitCode.DONE


def _show(invocation: Invocation) -> ExitCode:
    with existing_store(invocation) as store:
        operation = _find(store, invocation.arguments.id)
        events = store.events(operation=operation.id)
    if invocation.json:
        output.document("operation", {"operation": operation_json(view_operation(operation, time.time()))})
    else:
        output.data("\n".join(operation_lines(operation)))
        output.data("\n".join(["", "events", *(f"  {event_line(event)}" for event in events)]))
    return of_ending(operation.ending) if operation.ending else ExitCode.DONE


def _follow(invocation: Invocation) -> ExitCode:
    with existing_store(invocation) as store:
        operation = _find(store, invocation.arguments.id)
    if operation.ending is not None:
        return conclude(operation, json=invocation.json)
    with connected(invocation) as fleet:
        return follow_to_the_end(fleet, operation.id, json=invocation.json)


def _choose(invocation: Invocation) -> ExitCode:
    given = invocation.arguments
    invocation.require_writing()
    with existing_store(invocation) as store:
        operation = _find(store, given.id)
    if given.choose not in operation.choices:
        allowed = ", ".join(operation.choices) or "nothing: it does not wait for an operator"
        message = f"{operation.id} can't be answered with {given.choose}"
        raise CommandError(ExitCode.FAILED, message, f"it takes {allowed}")
    with connected(invocation) as fleet:
        newest = fleet.store.events(limit=1, newest_first=True)
        asked = fleet.asker.choose(operation.id, given.step or _waiting_step(operation), given.choose, given.reason)
        answer_to(fleet, asked)
        return follow_to_the_end(fleet, operation.id, after=newest[0].seq if newest else 0, json=invocation.json)


def _waiting_step(operation: Operation) -> str:
    """The first step that is neither done nor skipped."""
    steps = operation.plan.steps
    return next((step.id for step in steps if operation.step(step.id).state not in ("done", "skipped")), steps[-1].id)


def _find(store: Store, wanted: str) -> Operation:
    exact = store.operation(wanted)
    if exact is not None:
        return exact
    found = [one for one in store.operations(limit=1000) if one.id.startswith(wanted)]
    if len(found) != 1:
        number = "no operation" if not found else f"{len(found)} operations"
        message = f"{number} of the last thousand begin with {wanted!r}"
        raise CommandError(ExitCode.USAGE, message, "qd operation lists them")
    return found[0]
