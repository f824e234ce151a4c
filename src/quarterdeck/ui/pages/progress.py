"""An operation on its way: steps, what the provider said, and what an operator can answer."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import age
from quarterdeck.release.operation import Choice, Operation
from quarterdeck.release.paint import view_operation
from quarterdeck.release.plan import Step
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.plan import fuse_lines
from quarterdeck.ui.spans import BLANK, Line, line, wrap

CHOICES: Mapping[Choice, str] = {
    "retry": "read again; if the step isn't done, send it once more",
    "skip": "count this step as done and go on with the next",
    "undo": "take back what was done, in reverse order",
    "abandon": "end here and leave everything as it is now",
}
"""What each answer does."""

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
    if operation.open:
        return [line(("It waits for you. Nothing more is written until you answer:", "attention"))]
    if operation.ending == "succeeded":
        return [line(("WAY BACK", "heading")), *fuse_lines(operation.plan.fuse, cells)]
    return []
