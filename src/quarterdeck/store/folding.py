"""Operations, releases and guards, folded from the journal: each event moves them on. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from quarterdeck.release import guards as guarding
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation, advance, begin
from quarterdeck.store.base import Event

if TYPE_CHECKING:
    from quarterdeck.release.rollout import Release


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


def fold_releases(
    events: Iterable[Event], known: Callable[[str], Release | None] = lambda _: None
) -> dict[str, Release]:
    """The releases that these events touch, as they are after the last of them, by id; see `fold`."""
    from quarterdeck.release import rollout  # not for those who only read

    folded: dict[str, Release] = {}
    for event in events:
        if event.kind == "release.started":
            folded[event.operation] = rollout.begin(event.operation, event.actor, event.body, event.at)
        elif event.kind.startswith("release.") and (was := folded.get(event.operation) or known(event.operation)):
            folded[event.operation] = rollout.advance(was, event.kind, event.actor, event.body, event.at)
    return folded


GUARDING = ("conn.", "hold.", "debt.", "guard.")
"""How the kinds of the events begin that guards are folded from."""


def fold_guards(events: Iterable[Event], was: Guards | None = None) -> Guards:
    """What stands guard after these events."""
    guards = was or Guards()
    for event in events:
        if event.kind.startswith(GUARDING):
            guards = guarding.advance(guards, event.kind, event.actor, event.body, event.at)
    return guards
