"""Following an operation on the command line, to its end or until nobody wants to look any more."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from quarterdeck.cli import output
from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode, of_ending
from quarterdeck.cli.requesting import follow
from quarterdeck.cli.status_json import operation_json
from quarterdeck.cli.times import clock
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint import view_operation
from quarterdeck.release.telling import told
from quarterdeck.store.base import Event, StoreError


def follow_to_the_end(fleet: Watched, operation_id: str, *, after: int = 0, json: bool) -> ExitCode:
    """Print each event with `seq > after` as a line, then how it ended. Ctrl+C ends the looking, not the operation.

    Raises:
        CommandError: needs an operator; the operation can't be followed (no store, no runner), so nobody knows.
    """

    def show(event: Event) -> None:
        (output.narrate if json else output.data)(progress_line(event))

    output.narrate("")
    with looking_on(f"operation {operation_id}", f"qd operation {operation_id} --follow"):
        ended = follow(fleet, operation_id, show, after=after)
    return conclude(ended, json=json)


@contextmanager
def looking_on(what: str, again: str) -> Iterator[None]:
    """Whatever keeps us from looking says nothing about what we look at: it has begun, and has no end yet.

    Raises:
        CommandError: needs an operator; `again` is the command that looks on once that is mended.
    """
    try:
        yield
    except KeyboardInterrupt:
        output.narrate(f"\nno longer looking; {what} goes on: {again}")
        raise
    except (StoreError, CommandError) as error:
        text = f"{what} has begun and can't be followed: {error}"
        raise CommandError(ExitCode.NEEDS_OPERATOR, text, f"mend that, then: {again}") from error


def progress_line(event: Event) -> str:
    """An event of an operation whose name, target and actor are known to the reader: time, kind, and what it says."""
    return f"{clock(event.at)}  {event.kind:<20}  {told(event.kind, event.body)}".rstrip()


def conclude(operation: Operation, *, json: bool) -> ExitCode:
    """Say how an operation ended, and what is left to do."""
    view = view_operation(operation, time.time())
    if json:
        output.document("operation", {"operation": operation_json(view)})
    else:
        output.data(f"{view.state.replace('_', ' ')}: {view.step}" if view.step else view.state.replace("_", " "))
    if operation.choices and operation.ending == "needs_operator":
        output.narrate(f"answer it with: qd operation {operation.id} --choose {'|'.join(operation.choices)}")
    return of_ending(operation.ending) if operation.ending else ExitCode.DONE
