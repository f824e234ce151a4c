"""The way back of a release: what is taken back, in which order, and what comes next on that way.

In the order that frees users soonest: flags, then shares of traffic, then everything else; within each the last step
first. Swaps, builds and programs keep strictly to that: what was done to a slot or a database after a swap has to be
gone before the old version serves again. What changed nothing, or has been taken back by a later step, is only ticked
off.

A program that was run is taken back by its undo command, if it has one and it had succeeded. One that failed is left
alone: taking back what may never have happened could reach something older. The ending says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from quarterdeck.release.action import FlagChange, Shift, Swap
from quarterdeck.release.moves import Done, Failed, Finish, Halt, Move, Outside, Recover, Rest, Undo, Undone, Watch
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Step
from quarterdeck.release.release_plan import ReleasePlan, ReleaseStep, Run, Write
from quarterdeck.release.rollout import Order, Release
from quarterdeck.release.settlement import TOLERANCE

STUCK: tuple[Order, ...] = ("retry", "skip", "abandon")
"""What may be answered when a step can't be taken back."""


def recovery_of(release: Release, why: str, to: str = "") -> Recover:
    """Everything that has been done is taken back, or, with `to`, what was done after that step: then it pauses there,
    and goes forward again from there when somebody says so."""
    ids = [step.id for step in release.plan.steps]
    after = release.plan.steps[ids.index(to) + 1 :] if to in ids else release.plan.steps
    drained = {step.work.undoes for step in after if isinstance(step.work, Write) and step.work.undoes}
    touched = [step for step in reversed(after) if _touched(release, step, to)]
    touched.sort(key=lambda step: (not _unsettled(release, step), _rank(step, drained)))  # else as they stand
    return Recover(why, tuple(step.id for step in touched), to)


def taking_back(release: Release, outside: Outside) -> Move:
    """The next move of a release that is on its way back."""
    recovery = release.recovery
    if recovery is None:
        raise ValueError(f"release {release.id} isn't on its way back")
    if move := _settled_first(release, outside):
        return move
    for step_id in recovery.steps:
        step = release.plan.step(step_id)
        if step is not None and (move := _back(release, step, outside)):
            return move
    if not recovery.to:
        return _ended(release, outside)
    if release.paused is None:
        return Halt(f"undone to step {recovery.to}: {recovery.why}")
    return Rest(None, f"undone to step {recovery.to}; waits for resume or abort")


def together(release: Release, step: ReleaseStep, outside: Callable[[str], Operation | None]) -> tuple[str, ...]:
    """The operations whose shares of traffic go back in the same write as this step's, oldest first: those of the
    steps that come right after it on the way back and divide the clients of the same service.

    `outside` looks an operation up.
    """
    steps = [release.plan.step(one) for one in (release.recovery.steps if release.recovery else ())]
    drained = {one.work.undoes for one in release.plan.steps if isinstance(one.work, Write)}
    found: list[str] = []
    for other in steps[steps.index(step) + 1 :] if step in steps and _divides(step, drained) else ():
        if other is None or not _divides(other, drained) or other.target.whole != step.target.whole:
            break
        operation = outside(release.standing(other.id).operation)
        if operation and operation.ending == "succeeded" and not operation.undone_by and changed(operation):
            found.append(operation.id)
    return tuple(reversed(found))


def _divides(step: ReleaseStep, drained: set[str]) -> bool:
    """Whether a step divides clients for good: not to empty a region for as long as it is swapped."""
    work = step.work
    return isinstance(work, Write) and isinstance(work.action, Shift) and not work.undoes and step.id not in drained


def needless(release: Release, step: ReleaseStep, work: Write, outside: Outside) -> str:
    """Why a write of a release needs no taking back, as a sentence; "" if it does."""
    standing = release.standing(step.id)
    if not standing.operation:
        return "it had changed nothing"
    operation = outside.operations.get(standing.operation)
    if operation is None:
        return ""
    if operation.undone_by:
        return f"taken back by operation {operation.undone_by}"
    if not changed(operation):
        return "it had changed nothing"
    if work.undoes:
        return f"it had taken step {work.undoes} back itself"
    match work.action:
        case Swap(mode="cancel"):
            return "a swap that was cancelled isn't prepared again"
        case Swap(mode="preview"):
            if after := _done_with(release, step, work.action, outside):
                return f"step {after.id} was done with what it had prepared"
        case Shift():
            if _even(_shifts(release, step, outside), {_resource(one) for one in operation.plan.steps}):
                return "a later step had set the shares back to what they were"
    return ""


def changed(operation: Operation) -> bool:
    """Whether something of an operation may still be in effect, as far as it says itself."""
    return operation.ending != "rolled_back" and any(one.state == "done" for one in operation.steps.values())


def unanswered(operation: Operation) -> str:
    """What to tell an operator whose operation waits for them."""
    return f"operation {operation.id} needs an answer first: {operation.detail} (qd operation {operation.id})"


# --- order ------------------------------------------------------------------------------------------------------------
def _touched(release: Release, step: ReleaseStep, to: str) -> bool:
    """Whether a step has to be looked at: it has, or may have, changed something, or it comes again."""
    standing = release.standing(step.id)
    if standing.state == "undone":
        return False
    if standing.state == "waiting" or (standing.state == "skipped" and not to):
        return _changes(step) and bool(standing.operation)
    return bool(to) or _changes(step)


def _unsettled(release: Release, step: ReleaseStep) -> bool:
    """What is being taken back already, and a program that runs, come first: nothing else begins beside them, and what
    people are asked about is them."""
    state = release.standing(step.id).state
    return state == "undoing" or (state == "running" and isinstance(step.work, Run))


def _changes(step: ReleaseStep) -> bool:
    return isinstance(step.work, Write | Run)


def _rank(step: ReleaseStep, drained: set[str]) -> int:
    """Steps that change nothing come first: they are only forgotten."""
    if not _changes(step):
        return 0
    match step.work.action if isinstance(step.work, Write) else None:
        case FlagChange():
            return 1
        case Shift() if step.id not in drained:  # a region gets its clients back when its swap has been taken back
            return 2
    return 3


# --- moves ------------------------------------------------------------------------------------------------------------
def _settled_first(release: Release, outside: Outside) -> Move | None:
    """What is under way ends by itself: nobody can take back what is still happening."""
    going_again = release.recovery.steps if release.recovery and release.recovery.to else ()
    for step in release.plan.steps:
        standing = release.standing(step.id)
        operation = outside.operations.get(standing.operation)
        if standing.state == "running":
            match step.work:
                case Write():
                    return _end_of_write(step, operation)
                case Run():
                    return _end_of_run(step, outside)
            if step.id not in going_again:
                return Done(step.id, "left: the release goes back", skipped=True)
        elif standing.state == "waiting" and operation is not None and operation.open:
            return _end_of_write(step, operation)
    return None


def _end_of_write(step: ReleaseStep, operation: Operation | None) -> Move:
    if operation is None:
        return Finish("needs_operator", f"step {step.id} began, and its operation is unknown: look there", STUCK)
    if operation.ending is None:
        return Watch(operation.id)
    if operation.open:
        return Finish("needs_operator", unanswered(operation), ("retry", "abandon"))
    if operation.ending == "succeeded":
        return Done(step.id, operation.detail or "done")
    return Failed(step.id, operation.detail or str(operation.ending))


def _end_of_run(step: ReleaseStep, outside: Outside) -> Move:
    if step.id in outside.programs:
        return Rest(None, f"the program of step {step.id} still runs")
    text = f"the program of step {step.id} was interrupted: nobody knows how far it came; look there, then say skip"
    return Finish("needs_operator", text, ("skip", "abandon"))


def _back(release: Release, step: ReleaseStep, outside: Outside) -> Move | None:
    """What to do about one step; None when there is nothing left to do about it."""
    if release.standing(step.id).state == "undone" or _left_by_operator(release, step):
        return None
    move: Move | None = None
    match step.work:
        case Write() as work:
            move = _write_back(release, step, work, outside)
        case Run(undo=undo):
            move = _run_back(release, step, undo, outside)
            if move is None and release.standing(step.id).state == "done":
                return None  # nothing takes it back, so it doesn't come again either
    again = release.recovery is not None and bool(release.recovery.to)
    return Undone(step.id, "comes again") if move is None and again else move


def _left_by_operator(release: Release, step: ReleaseStep) -> bool:
    """Whether somebody said on the way back that what this step changed is to be left as it is."""
    standing, recovery = release.standing(step.id), release.recovery
    skipped = _changes(step) and standing.state == "skipped"
    return skipped and recovery is not None and standing.since >= recovery.since


def _write_back(release: Release, step: ReleaseStep, work: Write, outside: Outside) -> Move | None:
    standing = release.standing(step.id)
    undo = outside.operations.get(standing.undo)
    if standing.state == "undoing" and undo is None:
        return _stuck(step, standing.detail or "the operation that takes it back is unknown")
    if undo is not None and undo.ending is None:
        return Watch(undo.id)
    if undo is not None and undo.ending == "succeeded":
        return Undone(step.id, undo.detail or "taken back")
    if undo is not None and undo.open:
        return Finish("needs_operator", unanswered(undo), ("retry", "abandon"))
    if undo is not None and standing.state == "undoing":
        return _stuck(step, standing.detail or undo.detail or str(undo.ending))
    if why := needless(release, step, work, outside):
        return Undone(step.id, why) if standing.state == "done" else None
    return Undo(step)


def _run_back(release: Release, step: ReleaseStep, undo: Sequence[str], outside: Outside) -> Move | None:
    standing = release.standing(step.id)
    if standing.state == "done" and undo:
        return Undo(step)
    if standing.state != "undoing":
        return None
    if step.id in outside.programs:
        return Rest(None, f"the undo command of step {step.id} runs")
    return _stuck(step, standing.detail or "its undo command was interrupted: nobody knows how far it came")


def _stuck(step: ReleaseStep, why: str) -> Finish:
    return Finish("needs_operator", f"step {step.id} ({step.summary}) can't be taken back: {why}", STUCK)


# --- the end ----------------------------------------------------------------------------------------------------------
def _ended(release: Release, outside: Outside) -> Finish:
    recovery = release.recovery
    why = recovery.why if recovery else ""
    left = [step for step in release.plan.steps if _left_in_place(release, step, outside)]
    programs = [step for step in release.plan.steps if isinstance(step.work, Run) and _has_run(release, step)]
    words = "; not taken back: " + ", ".join(step.summary for step in programs) if programs else ""
    if left:
        names = ", ".join(f"{step.id} ({step.summary})" for step in left)
        return Finish("needs_operator", f"{why}; left in place by an operator: step {names}{words}")
    if doubtful := [step.id for step in release.plan.steps if _given_up(release, step, outside)]:
        text = f"{why}; given up before anybody knew what it had changed: step {', '.join(doubtful)}{words}"
        return Finish("needs_operator", text)
    if any(_was_changed(release, step, outside) for step in release.plan.steps):
        return Finish("rolled_back", f"{why}; everything is taken back{' but what follows' if words else ''}{words}")
    return Finish("failed", f"{why}; nothing {'else ' if words else ''}was changed{words}")


def _given_up(release: Release, step: ReleaseStep, outside: Outside) -> bool:
    """Whether the operation of a step was abandoned while nobody knew what became of something it had sent."""
    operation = outside.operations.get(release.standing(step.id).operation)
    if operation is None or operation.ending != "needs_operator" or operation.undone_by:
        return False
    return any(one.state in ("in_doubt", "changed_by_other") for one in operation.steps.values())


def _has_run(release: Release, step: ReleaseStep) -> bool:
    """Whether a program was run and not taken back: also one that failed, and was to be tried again or left out."""
    standing = release.standing(step.id)
    return standing.state in ("done", "failed") or (standing.state in ("waiting", "skipped") and standing.begun > 0)


def _left_in_place(release: Release, step: ReleaseStep, outside: Outside) -> bool:
    """Whether an operator chose to leave what it did, or nobody could tell."""
    if not _left_by_operator(release, step) or release.recovery is None or step.id not in release.recovery.steps:
        return False
    if isinstance(step.work, Run):
        return True
    return isinstance(step.work, Write) and not needless(release, step, step.work, outside)


def _was_changed(release: Release, step: ReleaseStep, outside: Outside) -> bool:
    standing = release.standing(step.id)
    if isinstance(step.work, Run):
        return standing.state in ("done", "undone")
    operation = outside.operations.get(standing.operation)
    return bool(standing.undo) or (operation is not None and (changed(operation) or bool(operation.undone_by)))


# --- what cancels out -------------------------------------------------------------------------------------------------
def halves(plan: ReleasePlan) -> Iterator[tuple[str, str]]:
    """Steps of which the second uses up what the first has begun (a swap is prepared and completed, a region is drained
    and gets its clients back): they are taken back together or not at all."""
    for number, step in enumerate(plan.steps):
        if not isinstance(step.work, Write):
            continue
        if step.work.undoes:
            yield step.work.undoes, step.id
        elif isinstance(step.work.action, Swap) and step.work.action.mode == "preview":
            for later in plan.steps[number + 1 :]:
                if _uses_up(step.work.action, later):
                    yield step.id, later.id
                    break


def _uses_up(prepared: Swap, later: ReleaseStep) -> bool:
    action = later.work.action if isinstance(later.work, Write) else None
    if not isinstance(action, Swap) or action.mode not in ("complete", "cancel"):
        return False
    return (action.target, action.source, action.destination) == (
        prepared.target,
        prepared.source,
        prepared.destination,
    )


def _done_with(release: Release, step: ReleaseStep, prepared: Swap, outside: Outside) -> ReleaseStep | None:
    """The later step that has completed or cancelled what a step has prepared."""
    later = release.plan.steps[release.plan.steps.index(step) + 1 :]
    for other in later:
        operation = outside.operations.get(release.standing(other.id).operation)
        if operation is None or not _uses_up(prepared, other) or not _goes_back_too(release, other):
            continue
        if all(operation.step(one.id).state == "done" for one in operation.plan.steps):
            return other
    return None


def _shifts(release: Release, step: ReleaseStep, outside: Outside) -> Iterator[Step]:
    """The writes of all shifts of a service that go back now, in the order in which they were done: first those that
    set shares, then those that have taken some of them back, also where they came only half-way."""
    shifts = [
        release.standing(other.id)
        for other in release.plan.steps
        if other.target.whole == step.target.whole
        and isinstance(other.work, Write)
        and isinstance(other.work.action, Shift)
        and _goes_back_too(release, other)
    ]
    for name in (*(one.operation for one in shifts), *(one.undo for one in reversed(shifts))):
        operation = outside.operations.get(name)
        if operation is not None and operation.ending != "rolled_back":
            yield from (one for one in operation.plan.steps if operation.step(one.id).state == "done")


def _goes_back_too(release: Release, step: ReleaseStep) -> bool:
    """Whether a step is part of this recovery: what was taken back on an earlier one is history."""
    return release.recovery is not None and step.id in release.recovery.steps


def _resource(write: Step) -> tuple[str, str]:
    return write.address.key, str(write.change.get("destination", ""))


def _even(writes: Iterator[Step], resources: set[tuple[str, str]]) -> bool:
    """Whether writes that follow each other end where they began, each of these resources for itself."""
    first: dict[tuple[str, str], Step] = {}
    last: dict[tuple[str, str], Step] = {}
    for write in writes:
        first.setdefault(_resource(write), write)
        last[_resource(write)] = write
    first = {key: write for key, write in first.items() if key in resources}
    return bool(first) and all(_same(first[key], last[key]) for key in first)


def _same(first: Step, last: Step) -> bool:
    """Whether the last left what the first had found."""
    if first.verb != "set_shares":
        return all(first.before.get(key) == last.after.get(key) for key in ("weight", "enabled"))
    before, after = first.before["shares"], last.after["shares"]
    return all(abs(before.get(name, 0) - after.get(name, 0)) < TOLERANCE for name in {*before, *after})
