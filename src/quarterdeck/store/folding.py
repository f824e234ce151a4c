"""Operations, folded from the journal: each event of an operation moves it on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from quarterdeck.release.operation import Operation, advance, begin
from quarterdeck.store.base import Event


def fold(events: Iterable[Event], known: Callable[[str], Operation | None] = lambda _: None) -> dict[str, Operation]:
    """The operations that these events touch, as they are after the last of them, by id.

    An operation begins with `operation.started`, which holds the whole plan: the journal alone is enough.

    Args:
        events: in order.
        known: looks up an operation as it was before the first event.

    Raises:
        ValueError: for an `operation.started` without a proper plan.
    """
    folded: dict[str, Operation] = {}
    for event in events:
        if event.kind == "operation.started":
            folded[event.operation] = begin(event.operation, event.actor, event.body, event.at)
        elif event.operation and (was := folded.get(event.operation) or known(event.operation)):
            folded[event.operation] = advance(was, event.kind, event.body, event.at)
    return folded
