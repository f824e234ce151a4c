"""What an operator may answer to an operation that waits: retry, skip, undo, abandon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.release.policy import PLAN_LIFE
from quarterdeck.runner.executor import stopped_at
from quarterdeck.runner.planner import Planner
from quarterdeck.runner.stepping import Stepper
from quarterdeck.store.base import Draft, Request, Store


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a choice means: lines for the journal, and how the operation goes on."""

    drafts: Sequence[Draft]
    goes_on: bool = True
    retrying: bool = False


class Chooser:
    """Checks a choice and works out what follows from it."""

    def __init__(self, planner: Planner, stepper: Stepper, store: Store, clock: Clock) -> None:
        self._planner = planner
        self._stepper = stepper
        self._store = store
        self._clock = clock

    async def choose(self, operation: Operation, request: Request) -> Chosen | Refusal:
        """What to write down and do for this answer; nothing is written here."""
        choice, step = str(request.body.get("choice", "")), stopped_at(operation)
        if operation.ending != "needs_operator" or step is None or choice not in operation.choices:
            can = ", ".join(operation.choices) or "nothing: it doesn't wait for anybody"
            return Refusal("usage", f"operation {operation.id} can't be answered with {choice!r}", f"it takes: {can}")
        if request.body.get("step", "") not in ("", step.id):
            return Refusal("stale", f"operation {operation.id} waits at step {step.id} now", "look again")
        target = str(operation.plan.action.target)
        body = {"choice": choice, "step": step.id, "reason": request.reason}

        def line(kind: str, body: Mapping[str, object]) -> Draft:
            return Draft(kind, request.actor, operation.id, target, body)

        match choice:
            case "retry":
                return Chosen([line("operator.chose", body)], retrying=True)
            case "skip":
                skipped = {"step": step.id, "detail": f"skipped by {request.actor}"}
                return Chosen([line("operator.chose", body), line("step.skipped", skipped)])
            case "abandon":
                ended = {"ending": "needs_operator", "detail": f"abandoned: {operation.detail}", "choices": []}
                return Chosen([line("operator.chose", body), line("operation.ended", ended)], goes_on=False)
        return await self._undo(operation, body, line("operator.chose", body), request)

    async def _undo(
        self, operation: Operation, body: Mapping[str, object], chose: Draft, request: Request
    ) -> Chosen | Refusal:
        step = stopped_at(operation)
        before: list[Draft] = []
        if step is not None and operation.step(step.id).state == "in_doubt":
            try:
                settlement = await self._stepper.look(step)
            except ProviderError as error:
                return Refusal("unreadable", f"step {step.id} can't be read, so it can't be undone: {error}")
            if settlement.state == "running":
                return Refusal("impossible", f"step {step.id} is still at work: {settlement.detail}", "wait")
            if settlement.state == "done":
                before = [replace(chose, kind="step.done", body={"step": step.id, "detail": settlement.detail})]
                done = replace(operation.step(step.id), state="done")
                operation = replace(operation, steps={**operation.steps, step.id: done})
        inverse = await self._planner.undo(operation)
        if isinstance(inverse, Refusal):
            return inverse
        if danger := self._unsaid(operation, inverse, request):
            return danger
        return Chosen([*before, replace(chose, body={**body, "undoing": to_json(_renamed(inverse))})])

    def _unsaid(self, operation: Operation, inverse: Plan, request: Request) -> Refusal | None:
        """The dangers of going back. They are told once, and whoever then says undo again has seen them."""
        dangers = [risk for risk in inverse.risks if risk.severity == "danger"]
        if not dangers:
            return None
        remedies = "; ".join(dict.fromkeys(risk.remedy for risk in dangers if risk.remedy))
        # What is measured reads differently each time; the dangers are the same ones.
        kinds = f"undoing {operation.id} is dangerous ({', '.join(sorted({risk.code for risk in dangers}))}): "
        told = Refusal(
            "policy",
            clean(kinds + "; ".join(risk.text for risk in dangers), 1000),
            f"{remedies or 'look at it'}; if you are sure: answer undo again",
        )
        seen = any(
            (event.kind, event.actor) == ("request.refused", request.actor)
            and str(event.body.get("message", "")).startswith(kinds)
            and event.at >= self._clock.now() - PLAN_LIFE
            for event in self._store.events(operation=operation.id, newest_first=True)
        )
        return None if seen else told


def _renamed(inverse: Plan) -> Plan:
    """Steps of the inverse get ids of their own: progress is kept by id."""
    return replace(inverse, steps=tuple(replace(step, id=f"undo-{step.id}") for step in inverse.steps))
