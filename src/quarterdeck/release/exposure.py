"""How many new clients get a version that hasn't finished its release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.series import Point
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.operation import Operation
from quarterdeck.release.release_plan import ReleaseStep
from quarterdeck.release.rollout import Release

_IN_EFFECT = ("done", "undoing")
_MAYBE_IN_EFFECT = ("running", "failed")


def exposed(release: Release) -> float:
    """Percent of new clients on its unfinished version now, summed over its services; 0 once it has ended.

    What is under way, or has failed half-way, counts as done if that is more.
    """
    if not release.open:
        return 0.0
    by_service: dict[TargetId, float] = {}
    for step in release.plan.steps:
        if step.exposure is None:
            continue
        state, known = release.standing(step.id).state, by_service.get(step.target.whole, 0.0)
        if state in _IN_EFFECT:
            by_service[step.target.whole] = step.exposure
        elif state in _MAYBE_IN_EFFECT:
            by_service[step.target.whole] = max(known, step.exposure)
    return sum(by_service.values())


def course(release: Release, operations: Mapping[str, Operation]) -> tuple[Point, ...]:
    """How the share of new clients on its unfinished version went: a point at its start, and one at each change.

    Args:
        operations: those known, by id: they tell when a step ended that has been taken back since.
    """
    changes: list[tuple[float, TargetId, float]] = []
    before: dict[TargetId, float] = {}
    for step in release.plan.steps:
        if step.exposure is None:
            continue
        standing, service = release.standing(step.id), step.target.whole
        if standing.state in ("done", "undoing", "undone"):
            did = operations.get(standing.operation)
            ended = standing.since if standing.state == "done" else standing.begun
            changes.append(((did.ended_at if did else None) or ended, service, step.exposure))
        if standing.state == "undone":
            changes.append((standing.since, service, before.get(service, 0.0)))
        before[service] = step.exposure
    by_service: dict[TargetId, float] = {}
    found = [Point(release.started_at, 0.0)]
    for at, service, share in sorted(changes, key=lambda one: one[0]):
        by_service[service] = share
        found.append(Point(at, sum(by_service.values())))
    return tuple(found) if changes else ()


def peak(steps: Sequence[ReleaseStep]) -> float:
    """The most that it will be, if all steps are done one after the other."""
    by_service: dict[TargetId, float] = {}
    most = 0.0
    for step in steps:
        if step.exposure is not None:
            by_service[step.target.whole] = step.exposure
            most = max(most, sum(by_service.values()))
    return most
