"""An operation on its way: steps, what the provider said, and what an operator can answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import age
from quarterdeck.release.operation import Choice, Operation, StepState
from quarterdeck.release.paint import view_operation
from quarterdeck.release.plan import Step
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.plan import effect_lines, way_back_lines
from quarterdeck.ui.spans import BLANK, Line, line, wrap

CHOICES: Mapping[Choice, str] = {
    "retry": "read again; if the step isn't done, send it once more",
    "skip": "count this step as done and go on with the next",
    "undo": "take back what was done, in reverse order",
    "abandon": "end here and leave everything as it is now",
}
"""What each answer does."""

_UNDONE: Mapping[StepState, str] = {
    "in_doubt": "in doubt: nobody knows",
    "intended": "begun",
    "accepted": "begun",
    "changed_by_other": "changed by somebody else",
    "not_done": "not done",
    "skipped": "counted as done by an operator",
    "waiting": "not changed: never begun",
}
_FINISHED = ("done", "skipped")


def progress_lines(operation: Operation, now: float, cells: int) -> list[Line]:
    """Everything about an operation in lines of at most `cells`."""
    view = view_operation(operation, now)
    lasted = age((operation.ended_at or now) - operation.started_at)
    took = "less than 15s" if lasted == "now" else lasted
    how_long = f"for {took}" if operation.open else f"took {took}"
    when = f"started {marks.clock_time(operation.started_at)}, {how_long}"
    lines: list[Line] = [line(marks.of_operation(view), (f"   {when}, by {view.actor}", "dim"))]
    if view.reason:
        lines += wrap(view.reason, cells, first=line(("because: ", "dim")))
    if operation.ending is not None and operation.detail:
        lines += wrap(clean(operation.detail, 600), cells, word="attention" if view.open else "text")
    lines.append(BLANK)
    for step in operation.plan.steps:
        lines += _step(operation, step, now, cells)
    if operation.undoing is not None:
        lines += [BLANK, line(("UNDOING", "heading"), ("  what was done, in reverse order", "dim"))]
        for step in operation.undoing.steps:
            lines += _step(operation, step, now, cells)
    lines += [BLANK, *_ends(operation, cells)]
    return lines


def step_in_question(operation: Operation) -> str:
    """The step that an operator's answer is about: the first that isn't finished ("" if all are)."""
    todo = (operation.undoing or operation.plan).steps
    return next((step.id for step in todo if operation.step(step.id).state not in _FINISHED), "")


def _step(operation: Operation, step: Step, now: float, cells: int) -> list[Line]:
    progress = operation.step(step.id)
    lines = wrap(clean(step.summary, 300), cells, first=line(f"  {step.id}. "))
    since = age(now - progress.since) if progress.since else ""
    for_how_long = f" {since}" if operation.open and since not in ("", "now") else ""
    state, word = marks.STEP[progress.state]
    first = line("     ", (state + for_how_long, word), "  ")
    lines += wrap(clean(progress.detail, 400), cells, first=first)
    if progress.reference:
        reference = line(("     provider's id: ", "dim"))
        lines += wrap(clean(progress.reference, 200), cells, first=reference, word="dim")
    return lines


def _ends(operation: Operation, cells: int) -> list[Line]:
    if operation.ending is None:
        return wrap("It runs without this screen: Esc leaves it running, and the Bridge shows it.", cells, word="dim")
    lines = [*_outcome(operation, cells)]
    if operation.open:
        return [*lines, line(("It waits for you. Nothing more is written until you answer:", "attention"))]
    if operation.ending == "succeeded":
        lines += [BLANK, *way_back_lines(operation.plan.fuse, cells)]
    return lines


def _outcome(operation: Operation, cells: int) -> Iterator[Line]:
    """What is different now, how that is known, and what is as it was."""
    plan = operation.plan
    match operation.ending:
        case "failed":
            yield line(("NOT CHANGED", "heading"), "  everything is as it was before")
            return
        case "rolled_back":
            yield line(("NOT CHANGED", "heading"), "  what had been done was taken back")
            return
        case "succeeded":
            yield line(("CHANGED", "heading"))
            yield from effect_lines(plan.effects, cells)
    counted = Counter(operation.step(step.id).state for step in plan.steps)
    checked = counted["done"]
    rest = len(plan.steps) - checked
    if operation.ending == "succeeded" and not rest:
        steps = "its step" if checked == 1 else f"all {checked} steps"
        yield from wrap(f"{steps} read back from the provider after the write", cells, first=line(("  ✓ ", "ok")))
    elif operation.undoing is None:
        told = [f"{checked} of {len(plan.steps)} steps done and read back"]
        told += [f"{counted[state]} {words}" for state, words in _UNDONE.items() if counted[state]]
        yield from wrap(", ".join(told), cells, first=line(("SO FAR  ", "heading")))
