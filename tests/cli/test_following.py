"""Following an operation shows everything that happened in it, to its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pytest

from quarterdeck.cli import requesting
from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.following import follow_to_the_end
from quarterdeck.cli.requesting import follow
from quarterdeck.clock import SystemClock
from quarterdeck.release.operation import Operation
from quarterdeck.release.release_plan import Wish
from quarterdeck.store.answer import Answer
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Draft, Event, StoreError


class EndsBetweenTwoReads:
    """A store in which the operation ends just after its events were read for the first time."""

    def __init__(self, written: Any) -> None:
        self._written = written
        self._ended = False

    def version(self) -> int:
        return cast(int, self._written.store.version())

    def operation(self, operation_id: str) -> Operation | None:
        return cast(Operation | None, self._written.store.operation(operation_id))

    def events(self, **which: Any) -> Sequence[Event]:
        events = cast(Sequence[Event], self._written.store.events(**which))
        if not self._ended:
            self._ended = True
            body = {"ending": "succeeded", "detail": ""}
            self._written.record(Draft("operation.ended", "ana@jump", "op1", "production/checkout", body))
        return events


def test_the_last_events_are_shown_even_if_they_come_between_two_reads(written: Any) -> None:
    written.begin("op1", written.plan())
    shown: list[str] = []

    class Fleet:
        store = EndsBetweenTwoReads(written)

    follow(cast(Watched, Fleet()), "op1", lambda event: shown.append(event.kind), after=0)
    assert shown == ["operation.started", "operation.ended"]


@pytest.mark.parametrize("error", [CommandError(ExitCode.FAILED, "the runner can't start"), StoreError("disk is full")])
def test_an_operation_that_cannot_be_followed_is_not_told_as_failed(
    written: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requesting, "RUNNER_CHECK_SECONDS", 0)

    class Fleet:
        store = written.store

        def keep_going(self) -> None:
            raise error

    written.begin("op1", written.plan())
    with pytest.raises(CommandError, match="has begun and can't be followed") as told:
        follow_to_the_end(cast(Watched, Fleet()), "op1", json=False)
    assert told.value.code == ExitCode.NEEDS_OPERATOR
    assert "qd operation op1 --follow" in told.value.hint


def test_a_runner_that_dies_before_it_answers_is_replaced(written: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requesting, "RUNNER_CHECK_SECONDS", 0)
    asker = Asker(written.store, "ana@jump", "test", SystemClock(), read_only=False)
    request = asker.refresh()

    class Fleet:
        store = written.store

        def keep_going(self) -> None:
            answer = Answer(request.id, 0)
            written.store.record((), written.lease, 0, answer=answer)

    assert requesting.answer_to(cast(Watched, Fleet()), request).request == request.id


@pytest.mark.parametrize("error", [CommandError(ExitCode.FAILED, "the runner can't start"), StoreError("disk is full")])
def test_what_was_asked_for_and_may_still_be_done_is_not_told_as_failed(
    written: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requesting, "RUNNER_CHECK_SECONDS", 0)

    class Fleet:
        store = written.store

        def keep_going(self) -> None:
            raise error

    asker = Asker(written.store, "ana@jump", "test", SystemClock(), read_only=False)
    with pytest.raises(CommandError, match=str(error)) as told:
        requesting.answer_to(cast(Watched, Fleet()), asker.order("r1", "abort", ""))
    assert told.value.code == ExitCode.UNREACHABLE
    assert "may still be done" in told.value.hint
    with pytest.raises(type(error)) as plain:
        requesting.answer_to(cast(Watched, Fleet()), asker.propose(Wish(()), ""))
    assert plain.value is error
