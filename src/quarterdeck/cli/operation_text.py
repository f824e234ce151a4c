"""One operation as text: who, why, how far each step is, what an operator may answer."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.cli.times import clock
from quarterdeck.fleet.text import clean
from quarterdeck.release.operation import Operation


def operation_lines(operation: Operation) -> Iterator[str]:
    """The operation, line by line."""
    plan = operation.plan
    yield f"operation  {operation.id}"
    yield f"command    {clean(plan.command, 300)}"
    yield f"asked by   {clean(operation.actor)}" + (f": {clean(operation.reason)}" if operation.reason else "")
    yield f"started    {clock(operation.started_at)}"
    if operation.ended_at is not None:
        yield f"ended      {clock(operation.ended_at)}"
    state = (operation.ending or "running").replace("_", " ")
    yield f"state      {state}" + (f": {clean(operation.detail)}" if operation.detail else "")
    if operation.choices:
        yield f"answer it  qd operation {operation.id} --choose {'|'.join(operation.choices)}"
    if operation.undone_by:
        yield f"undone by  {operation.undone_by}"
    yield ""
    yield "steps"
    for step in plan.steps:
        progress = operation.step(step.id)
        detail = f" ({clean(progress.detail)})" if progress.detail else ""
        yield f"  {step.id}. [{progress.state.replace('_', ' ')}] {clean(step.summary)}{detail}"
