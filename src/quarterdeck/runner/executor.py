"""Carries an operation out, step by step, from wherever its journal says it stands to one of the four endings."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from quarterdeck.release.action import Rollback
from quarterdeck.release.operation import Choice, Operation, StepState
from quarterdeck.release.plan import Plan, Step
from quarterdeck.release.rollback import done_steps
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.stepping import Outcome, Stepper
from quarterdeck.store.base import Draft, Store

_SETTLED = ("done", "skipped")


class Executor:
    """Holds no state of its own: what an operation has done so far stands in the journal."""

    def __init__(self, store: Store, journal: Journal, stepper: Stepper, changed: Callable[[str], None]) -> None:
        """`changed` is told every target that a step has written to."""
        self._store = store
        self._journal = journal
        self._stepper = stepper
        self._changed = changed

    async def carry_out(self, operation_id: str, *, retrying: bool = False) -> None:
        """Return when the operation has ended or waits for an operator.

        Args:
            operation_id: an operation in the journal.
            retrying: an operator asked for the step that stopped it to be sent again.

        Raises:
            LeaseLost: stopped where it was; nothing was written after.
            StoreError: the store can't be read.
        """
        while True:
            operation = self._store.operation(operation_id)
            if operation is None or operation.ending is not None:
                return
            step = next(iter(_left(operation)), None)
            if step is None:
                await self._end(operation, [])
                return
            outcome = await self._outcome(operation, step, retrying)
            retrying = False
            if outcome.said != "unasked":
                self._changed(str(step.target))
            if outcome.state != "done":
                await self._stop(operation, step, outcome)
                return
            done = self._journal.event(operation, "step.done", {"step": step.id, "detail": outcome.detail})
            if len(_left(operation)) > 1:
                await self._journal.insist([done])
            else:
                await self._end(operation, [done])

    async def fail(self, operation_id: str, error: Exception) -> None:
        """End an operation that met a fault of our own. The message holds no text that could hold a secret."""
        operation = self._store.operation(operation_id)
        if operation is None or operation.ending is not None:
            return
        frame = traceback.extract_tb(error.__traceback__)[-1]
        text = f"internal error: {type(error).__name__} at {frame.name}:{frame.lineno}; {_standing(operation, {})}"
        left = _left(operation)
        choices = choices_of(operation, left[0]) if left else ("abandon",)
        body = {"ending": "needs_operator", "detail": text, "choices": list(choices)}
        await self._journal.insist([self._journal.event(operation, "operation.ended", body)])

    async def _outcome(self, operation: Operation, step: Step, retrying: bool) -> Outcome:
        progress = operation.step(step.id)
        match progress.state:
            case "intended" | "accepted":
                return await self._stepper.resume(operation, step, progress, self._sealed(operation, step))
            case "in_doubt" if retrying:
                return await self._stepper.retry(operation, step)
            case "in_doubt":
                return await self._stepper.resume(operation, step, progress, "")
        return await self._stepper.take(operation, step)

    def _sealed(self, operation: Operation, step: Step) -> str:
        """What the step's last acceptance stored for polling."""
        if operation.step(step.id).state != "accepted":
            return ""
        for event in self._store.events(operation=operation.id, newest_first=True):
            if event.kind == "step.accepted" and event.body.get("step") == step.id:
                return str(event.body.get("token", ""))
        return ""

    async def _end(self, operation: Operation, last: Sequence[Draft]) -> None:
        """Everything is done or skipped."""
        ending = "rolled_back" if operation.undoing else "succeeded"
        skipped = [step.id for step in _steps(operation) if operation.step(step.id).state == "skipped"]
        detail = f"without the skipped: {', '.join(skipped)}" if skipped else ""
        drafts = [*last, self._journal.event(operation, "operation.ended", {"ending": ending, "detail": detail})]
        if ending == "succeeded":
            undone = self._undone(operation.plan)
            told = [self._journal.event(one, "operation.undone", {"by": operation.id}) for one in undone]
            drafts += [replace(one, actor=operation.actor) for one in told]
        await self._journal.insist(drafts, unlock=operation.id)

    def _undone(self, plan: Plan) -> Sequence[Operation]:
        """The operations that this plan has undone as a whole; a rollback of one region leaves the others."""
        also = plan.action.also if isinstance(plan.action, Rollback) else ()
        named = [self._store.operation(name) for name in (*also, plan.undoes) if name]
        return [one for one in named if one and len(done_steps(one, plan.action.target)) == _done(one)]

    async def _stop(self, operation: Operation, step: Step, outcome: Outcome) -> None:
        """A step didn't get done. If nothing at all has changed that is the end; else a person decides."""
        body = {"step": step.id, "detail": outcome.detail}
        match outcome.state:
            case "not_done":
                event = self._journal.event(operation, "step.not_done", body)
            case "changed_by_other":
                event = self._journal.event(operation, "step.changed_by_other", body)
            case _:
                event = self._journal.event(operation, "step.in_doubt", body)
        if self._untouched(operation, outcome):
            ended = self._journal.event(operation, "operation.ended", {"ending": "failed", "detail": outcome.detail})
            await self._journal.insist([event, ended], unlock=operation.id)
            return
        standing = _standing(operation, {step.id: outcome.state})
        detail = f"stopped at {step.id} ({step.summary}): {outcome.detail}; {standing}"
        choices = list(choices_of(operation, step))
        ended = self._journal.event(
            operation, "operation.ended", {"ending": "needs_operator", "detail": detail, "choices": choices}
        )
        await self._journal.insist([event, ended])

    def _untouched(self, operation: Operation, outcome: Outcome) -> bool:
        """Whether the world is surely as it was before this operation."""
        if outcome.state == "in_doubt" or (outcome.state == "changed_by_other" and outcome.said != "unasked"):
            return False
        if any(progress.state == "done" for progress in operation.steps.values()):
            return False
        # An operator was asked before: then something was in doubt, whatever this attempt did.
        return all(event.kind != "operator.chose" for event in self._store.events(operation=operation.id))


def choices_of(operation: Operation, stopped: Step) -> tuple[Choice, ...]:
    """What an operator may answer when this step stopped the operation."""
    others = [step for step in _left(operation) if step.id != stopped.id]
    done = any(operation.step(step.id).state == "done" for step in operation.plan.steps)
    choices: list[Choice] = ["retry"]
    if others:
        choices.append("skip")
    if done and operation.undoing is None:
        choices.append("undo")
    return (*choices, "abandon")


def stopped_at(operation: Operation) -> Step | None:
    """The step that an operation waits at."""
    return next(iter(_left(operation)), None)


def _done(operation: Operation) -> int:
    return sum(operation.step(step.id).state == "done" for step in operation.plan.steps)


def _steps(operation: Operation) -> Sequence[Step]:
    return (operation.undoing or operation.plan).steps


def _left(operation: Operation) -> Sequence[Step]:
    return [step for step in _steps(operation) if operation.step(step.id).state not in _SETTLED]


def _standing(operation: Operation, news: Mapping[str, StepState]) -> str:
    """What is half-done, in one line. `news` is what the journal doesn't hold yet."""
    states = {step.id: news.get(step.id, operation.step(step.id).state) for step in _steps(operation)}
    return "steps so far: " + ", ".join(f"{step} {state.replace('_', ' ')}" for step, state in states.items())
