"""Operations, folded from the journal: each event of an operation moves it on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from quarterdeck.fleet.codec import from_json
from quarterdeck.release.operation import Operation, advance
from quarterdeck.release.plan import Plan
from quarterdeck.store.base import Event

Folded = dict[str, Operation]


def fold(events: Iterable[Event], known: Callable[[str], Operation | None] = lambda _: None) -> Folded:
    """The operations that these events touch, as they are after the last of them.

    An operation begins with `operation.started`, whose body is `{"plan": ..., "reason": text}`: with the plan in
    it, the journal alone is enough. One that succeeded in undoing another is named in the other's `undone_by`.

    Args:
        events: in order.
        known: looks up an operation as it was before the first event.

    Raises:
        ValueError: for an `operation.started` without a proper plan.
    """
    folded: Folded = {}

    def current(operation_id: str) -> Operation | None:
        return folded.get(operation_id) or known(operation_id)

    for event in events:
        if not event.operation:
            continue
        if event.kind == "operation.started":
            folded[event.operation] = _begin(event)
        elif was := current(event.operation):
            now = folded[event.operation] = advance(was, event.kind, event.body, event.at)
            if now.ending == "succeeded" and event.kind == "operation.ended" and (other := current(now.plan.undoes)):
                folded[other.id] = replace(other, undone_by=now.id)
    return folded


def _begin(event: Event) -> Operation:
    return Operation(
        id=event.operation,
        plan=from_json(Plan, event.body.get("plan")),
        actor=event.actor,
        reason=str(event.body.get("reason", "")),
        started_at=event.at,
    )
