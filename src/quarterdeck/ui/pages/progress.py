"""An operation on its way: steps, what the provider said, and what an operator can answer."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import age
from quarterdeck.release.operation import Choice, Operation
from quarterdeck.release.paint import view_operation
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
        progress = operation.step(step.id)
        lines += wrap(clean(step.summary, 300), cells, first=line(f"  {step.id}. "))
        since = age(now - progress.since) if progress.since else ""
        for_how_long = f" {since}" if operation.open and since not in ("", "now") else ""
        state = marks.STEP[progress.state]
        first = line("     ", (state[0] + for_how_long, state[1]), "  ")
        lines += wrap(clean(progress.detail, 400), cells, first=first)
        if progress.reference:
            lines += wrap(
                clean(progress.reference, 200), cells, first=line(("     provider's id: ", "dim")), word="dim"
            )
    lines += [BLANK, *_ends(operation, cells)]
    return lines


def step_in_question(operation: Operation) -> str:
    """The step that an operator's answer is about: the first that isn't finished ("" if all are)."""
    steps = (step.id for step in operation.plan.steps if operation.step(step.id).state not in _FINISHED)
    return next(steps, "")


def _ends(operation: Operation, cells: int) -> list[Line]:
    if operation.ending is None:
        return wrap("It runs without this screen: Esc leaves it running, and the Bridge shows it.", cells, word="dim")
    if operation.open:
        return [line(("It waits for you. Nothing more is written until you answer:", "attention"))]
    if operation.ending == "succeeded":
        return [line(("WAY BACK", "heading")), *fuse_lines(operation.plan.fuse, cells)]
    return []
