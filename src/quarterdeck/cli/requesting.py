"""From an action to a plan, from a plan to an operation, from an operation to its end; for the command line."""

from __future__ import annotations

from collections.abc import Callable

from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError, NothingToDo
from quarterdeck.cli.exit_codes import ExitCode, of_refusal
from quarterdeck.cli.patience import wait_for
from quarterdeck.release.action import Action
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Event, Request

ANSWER_SECONDS = 120.0
"""How long a plan or a confirmation may take: fresh reads of slow systems, and a few retries."""

RUNNER_CHECK_SECONDS = 5.0
"""How often a follower makes sure that the runner still lives."""


def answer_to(fleet: Watched, request: Request) -> Answer:
    """Wait for the runner's answer.

    Raises:
        CommandError: it was refused (with the refusal's exit code), or nobody answered in time.
        NothingToDo: all is as it is wanted already.
    """
    answer = wait_for(fleet.store, lambda: fleet.store.answer(request.id), ANSWER_SECONDS)
    if answer is None:
        raise CommandError(
            ExitCode.UNREACHABLE,
            f"the runner has not answered request {request.id} for {ANSWER_SECONDS:.0f} s",
            "see what it is doing: qd runner --status"
            + ("" if request.kind in ("plan", "propose") else "; it may still do it: qd operation, qd release list"),
        )
    if answer.refusal is not None and answer.refusal.code == "unchanged":
        raise NothingToDo(answer.refusal.message)
    if answer.refusal is not None:
        raise CommandError(of_refusal(answer.refusal.code), answer.refusal.message, answer.refusal.hint)
    return answer


def plan(fleet: Watched, action: Action, reason: str, override: str = "") -> Plan:
    """Have an action worked out. Raises CommandError if it is refused, NothingToDo if all is so already."""
    made = answer_to(fleet, fleet.asker.plan(action, reason, override)).plan
    if made is None:
        raise CommandError(ExitCode.FAILED, "the runner answered without a plan", "qd and its runner differ in version")
    return made


def follow(fleet: Watched, operation_id: str, show: Callable[[Event], None], *, after: int) -> Operation:
    """Show each event of an operation with `seq > after` as it comes, until the operation has ended; return it.

    While nothing comes, see to it that a runner lives: one that was killed is replaced, and the next goes on.
    """
    store, shown = fleet.store, after

    def look() -> Operation | None:
        nonlocal shown
        # The operation first: when it has ended, all of its events are there to be shown.
        operation = store.operation(operation_id)
        for event in store.events(after=shown, operation=operation_id):
            shown = event.seq
            show(event)
        return operation if operation is not None and operation.ending is not None else None

    while (ended := wait_for(store, look, RUNNER_CHECK_SECONDS)) is None:
        fleet.keep_going()
    return ended
