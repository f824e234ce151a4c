"""Several services in one release: which goes first, and whose step follows whose.

All are prepared before the first is committed: what fails while it is prepared has cost no user anything. Then one
service after the other is committed, those that others need first; taking back goes the other way round. One thing at a
time is a principle: what happens can be put down to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, replace
from quarterdeck.release.release_plan import Ask, Observe, ReleaseStep, Work, Write
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    PauseStep,
    Strategy,
    SwapStep,
)
from quarterdeck.release.traffic_gates import TRAFFIC_GATE


class Cycle(ValueError):
    """Services need each other in a circle. The text names it."""


def in_order(targets: Sequence[TargetId], rules: Rulebook) -> tuple[TargetId, ...]:
    """The services so that what others need comes first; else in the order given.

    Raises:
        Cycle: there is no such order.
    """
    by_name = {target.name: target for target in targets}
    ordered: list[TargetId] = []

    def visit(target: TargetId, path: tuple[str, ...]) -> None:
        if target.name in path:
            circle = (*path[path.index(target.name) :], target.name)
            raise Cycle(" needs ".join(circle))
        if target in ordered:
            return
        for needed in rules.route(target).needs:
            if needed in by_name:
                visit(by_name[needed], (*path, target.name))
        ordered.append(target)

    for target in targets:
        visit(target, ())
    return tuple(ordered)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A strategy whose first `steps` steps prepare, and the others commit."""

    strategy: Strategy
    steps: int


def prepared(strategy: Strategy) -> Prepared:
    """Where preparing ends: before the first step that gives anything to users, or runs a program (nobody knows what it
    does). A swap that would be that step is prepared before, and only completed then."""
    harmless = (DeployStep, PauseStep, BakeStep, AnalysisStep, ApprovalStep)
    steps = strategy.steps
    count = 0
    while count < len(steps) and (isinstance(steps[count], harmless) or _is_preview(steps[count])):
        count += 1
    if count < len(steps):
        first = steps[count]
        if isinstance(first, SwapStep) and first.mode == "swap" and not any(map(_is_preview, steps[:count])):
            preview = SwapStep("preview", first.source, first.destination)
            steps, count = (*steps[:count], preview, *steps[count:]), count + 1
    return Prepared(replace(strategy, steps=steps), count)


def _is_preview(step: object) -> bool:
    return isinstance(step, SwapStep) and step.mode == "preview"


def interleaved(courses: Sequence[Sequence[ReleaseStep]], rules: Rulebook) -> tuple[ReleaseStep, ...]:
    """The steps of several services, each in its own phases and its own numbers, as those of one release."""
    asked: set[str] = set()
    kept = [tuple(_once(course, rules, asked)) for course in courses]
    order = [(index, step) for phase in ("prepare", "commit") for index, course in enumerate(kept)
             for step in course if step.phase == phase]  # fmt: skip
    ids = {(index, step.id): str(number) for number, (index, step) in enumerate(order, 1)}
    last_prepared = [ids[index, step.id] for index, course in enumerate(kept)
                     for step in [_last(course, "prepare")] if step]  # fmt: skip
    committed: str = ""
    steps: list[ReleaseStep] = []
    for index, step in order:
        mapping = {old: new for (owner, old), new in ids.items() if owner == index}
        own = tuple(mapping[need] for need in step.needs if need in mapping)
        begins = step.phase == "commit" and not any(
            one.phase == "commit" and one.target.whole == step.target.whole for one in steps
        )
        before = (committed,) if committed else tuple(last_prepared)
        needs = tuple(dict.fromkeys((*own, *before))) if begins else own
        steps.append(replace(step, id=mapping[step.id], needs=needs, work=_renamed(step.work, mapping)))
        if step.phase == "commit":
            committed = mapping[step.id]
    return tuple(steps)


def _once(course: Sequence[ReleaseStep], rules: Rulebook, asked: set[str]) -> list[ReleaseStep]:
    """Without the approval of the route, if the same one has been asked for another service: it is one release."""
    kept: list[ReleaseStep] = []
    dropped: Mapping[str, tuple[str, ...]] = {}
    for step in course:
        needs = tuple(other for need in step.needs for other in dropped.get(need, (need,)))
        rule = step.work.rule if isinstance(step.work, Ask) else ""
        if rule and rule == rules.route(step.target).approval:
            if rule in asked:
                dropped = {**dropped, step.id: needs}
                continue
            asked.add(rule)
        kept.append(replace(step, needs=needs))
    return kept


def _last(course: Sequence[ReleaseStep], phase: str) -> ReleaseStep | None:
    return next((step for step in reversed(course) if step.phase == phase), None)


def _renamed(work: Work, ids: Mapping[str, str]) -> Work:
    """The same work, where it names steps by the new numbers."""
    match work:
        case Write(undoes=undoes) if undoes:
            return replace(work, undoes=ids[undoes])
        case Observe(gates, seconds):
            return Observe(tuple(_renamed_gate(gate, ids) for gate in gates), seconds)
    return work


def _renamed_gate(gate: str, ids: Mapping[str, str]) -> str:
    old = gate.removeprefix(TRAFFIC_GATE)
    return f"{TRAFFIC_GATE}{ids[old]}" if gate.startswith(TRAFFIC_GATE) and old in ids else gate
