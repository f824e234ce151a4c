"""From an action to a plan, from a plan to an operation, from an operation to its end; for the command line."""

from __future__ import annotations

import time
from collections.abc import Callable

from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError, NothingToDo
from quarterdeck.cli.exit_codes import ExitCode, of_refusal
from quarterdeck.cli.patience import wait_for
from quarterdeck.release.action import Action
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Event, Request, StoreError

ANSWER_SECONDS = 120.0
"""How long a plan or a confirmation may take: fresh reads of slow systems, and a few retries."""

RUNNER_CHECK_SECONDS = 5.0
"""How often whoever waits makes sure that the runner still lives."""

ONLY_LOOKS = frozenset({"plan", "propose"})
"""Requests that change nothing, whenever they are answered."""


def answer_to(fleet: Watched, request: Request) -> Answer:
    """Wait for the runner's answer.

    Raises:
        CommandError: it was refused (with the refusal's exit code), or nobody answered in time.
        NothingToDo: all is as it is wanted already.
    """
    answer = _answer(fleet, request)
    if answer is None:
        text = f"the runner has not answered request {request.id} for {ANSWER_SECONDS:.0f} s"
        raise _unanswered(request, text, "see what it is doing: qd runner --status")
    if answer.refusal is not None and answer.refusal.code == "unchanged":
        raise NothingToDo(answer.refusal.message)
    if answer.refusal is not None:
        raise CommandError(of_refusal(answer.refusal.code), answer.refusal.message, answer.refusal.hint)
    return answer


def _answer(fleet: Watched, request: Request) -> Answer | None:
    """The answer, None if nobody gave one in time. Meanwhile, see to it that a runner lives."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        answer = wait_for(fleet.store, lambda: fleet.store.answer(request.id), RUNNER_CHECK_SECONDS)
        if answer is not None or time.monotonic() >= deadline:
            return answer
        try:
            fleet.keep_going()
        except (CommandError, StoreError) as error:
            if request.kind in ONLY_LOOKS:
                raise
            raise _unanswered(request, f"request {request.id} is not answered: {error}", error.hint) from error


def _unanswered(request: Request, text: str, hint: str) -> CommandError:
    """What has been asked for is in the store: a runner that comes soon will still do it."""
    if request.kind not in ONLY_LOOKS:
        hint += "; it may still be done: qd operation, qd release list"
    return CommandError(ExitCode.UNREACHABLE, text, hint.removeprefix("; "))


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
