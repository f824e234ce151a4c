"""When something last changed in a place, as far as what was read and what was done here tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotReading, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.operation import Operation


def moved_at(operations: Sequence[Operation]) -> Mapping[TargetId, float]:
    """By whole target, when an operation on it last began or ended (UNIX seconds)."""
    found: dict[TargetId, float] = {}
    for one in operations:
        target = one.plan.action.target.whole
        found[target] = max(found.get(target, 0), one.ended_at or one.started_at)
    return found


def changed_at(seen: Iterable[Observation | None], moved: float | None) -> float | None:
    """The latest of: what users reach was deployed or swapped, reading began to fail, an operation moved.

    None where nobody tells any of it. A setting that somebody else changed leaves no trace here.
    """
    moments = [] if moved is None else [moved]
    for one in seen:
        if one is None:
            continue
        if one.trouble is not None and one.trouble_since is not None:
            moments.append(one.trouble_since)
        if isinstance(one.reading, SlotsReading) and one.reading.slots:
            moments += _of_slot(one.reading.slots[0])
    return max(moments, default=None)


def _of_slot(live: SlotReading) -> list[float]:
    moments = [] if live.build is None or live.build.deployed_at is None else [live.build.deployed_at]
    if live.last_swap is not None:
        try:
            swapped = datetime.fromisoformat(live.last_swap.at)
        except ValueError:  # as the provider wrote it
            return moments
        moments.append((swapped if swapped.tzinfo else swapped.replace(tzinfo=UTC)).timestamp())
    return moments
