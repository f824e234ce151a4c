"""An operation: a confirmed plan on its way to one of four endings, folded from the journal's events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.plan import Plan

Ending = Literal["succeeded", "failed", "rolled_back", "needs_operator"]
StepState = Literal["waiting", "intended", "accepted", "in_doubt", "done", "not_done", "changed_by_other", "skipped"]
Choice = Literal["retry", "skip", "undo", "abandon"]
CHOICES: tuple[Choice, ...] = ("retry", "skip", "undo", "abandon")

EventKind = Literal[
    "request.refused",
    "plan.made",
    "plan.dismissed",
    "operation.started",
    "step.intended",
    "step.accepted",
    "step.in_doubt",
    "step.done",
    "step.not_done",
    "step.changed_by_other",
    "step.skipped",
    "step.progress",
    "operator.chose",
    "operation.ended",
    "operation.adopted",
    "operation.undone",
    "runner.started",
    "runner.stopped",
]


@dataclass(frozen=True, slots=True)
class StepProgress:
    """Where one step stands. `detail` is one line for people; `reference` the provider's operation id."""

    state: StepState = "waiting"
    detail: str = ""
    reference: str = ""
    since: float = 0


@dataclass(frozen=True, slots=True)
class Operation:
    """A confirmed plan and what became of it so far. `ending` is None while it runs.

    With `ending == "needs_operator"` it keeps its locks, and `choices` are what an operator may answer. `undoing` is
    the inverse of what was done, once an operator chose `undo`; progress of its steps is in `steps` too. `release` is
    the release whose step it is ("": nobody's, somebody asked for it alone).
    """

    id: str
    plan: Plan
    actor: str
    reason: str
    started_at: float
    steps: Mapping[str, StepProgress] = field(default_factory=dict)
    ending: Ending | None = None
    detail: str = ""
    ended_at: float | None = None
    choices: tuple[Choice, ...] = ()
    undone_by: str = ""
    undoing: Plan | None = None
    release: str = ""

    @property
    def open(self) -> bool:
        """True while it runs or waits for an operator."""
        return self.ending is None or (self.ending == "needs_operator" and bool(self.choices))

    def step(self, step_id: str) -> StepProgress:
        """Progress of a step of the plan."""
        return self.steps.get(step_id, StepProgress())


def opening(plan: Plan, reason: str, identities: Mapping[str, str]) -> Mapping[str, Any]:
    """The body of `operation.started`.

    `identities` says who the credentials prove us to be, by connection: the actor of the event is only what a viewer
    claimed.
    """
    return {"plan": to_json(plan), "reason": reason, "identities": dict(identities)}


def begin(operation_id: str, actor: str, body: Mapping[str, Any], at: float) -> Operation:
    """The operation as its `operation.started` event describes it.

    Raises:
        ValueError: if the body isn't one that `opening` made.
    """
    plan, reason, release = from_json(Plan, body.get("plan")), str(body.get("reason", "")), str(body.get("release", ""))
    return Operation(operation_id, plan, actor, reason, at, release=release)


_STEP_STATES: Mapping[str, StepState] = {
    "step.intended": "intended",
    "step.accepted": "accepted",
    "step.in_doubt": "in_doubt",
    "step.done": "done",
    "step.not_done": "not_done",
    "step.changed_by_other": "changed_by_other",
    "step.skipped": "skipped",
}


def advance(operation: Operation, kind: str, body: Mapping[str, Any], at: float) -> Operation:
    """The operation after one more event of its journal. Events of unknown kinds change nothing."""
    if kind in _STEP_STATES or kind == "step.progress":
        step_id = str(body["step"])
        was = operation.step(step_id)
        now = StepProgress(
            state=_STEP_STATES.get(kind, was.state),
            detail=str(body.get("detail", "")),
            reference=str(body.get("reference", was.reference)),
            since=at if kind in _STEP_STATES else was.since,
        )
        return replace(operation, steps={**operation.steps, step_id: now})
    if kind == "operator.chose":
        undoing = from_json(Plan, body["undoing"]) if "undoing" in body else operation.undoing
        detail = str(body.get("choice", ""))
        return replace(operation, ending=None, detail=detail, choices=(), ended_at=None, undoing=undoing)
    if kind == "operation.ended":
        ending: Ending = body["ending"]
        choices: tuple[Choice, ...] = tuple(body.get("choices", ()))
        return replace(operation, ending=ending, detail=str(body.get("detail", "")), ended_at=at, choices=choices)
    if kind == "operation.undone":
        return replace(operation, undone_by=str(body["by"]))
    return operation
