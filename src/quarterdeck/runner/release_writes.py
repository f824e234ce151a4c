"""Makes operations of a release's writes: plans each afresh when its turn has come, and starts it in one record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Deploy, Rollback
from quarterdeck.release.operation import Operation, opening
from quarterdeck.release.plan import Plan, Refusal, Risk
from quarterdeck.release.recovering import together
from quarterdeck.release.release_plan import ReleaseStep, Write
from quarterdeck.release.rollback import done_steps
from quarterdeck.release.rollout import Release, ReleaseEventKind
from quarterdeck.runner.identities import identities
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.operations import Operations
from quarterdeck.runner.planner import Planner, in_use
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.release_lines import ITSELF, line
from quarterdeck.store.base import Draft, Lock, Locked, Store

_SAID_BY_THE_STRATEGY = frozenset({"deploys-live"})
"""Dangers that a step names in so many words."""

_STOPS_THE_WAY_BACK = frozenset({"changed-since", "source-unhealthy", "both-unhealthy", "schema-unread-going-back"})
"""Dangers that going back might make worse: somebody else's change, a side that is no better, a schema nobody knows.
All others are less than leaving users where they are."""


class Writes:
    """Each method returns why it couldn't, or None: then it stands in the journal, or it was no longer to be done and
    there is to be decided again."""

    def __init__(
        self,
        store: Store,
        journal: Journal,
        planner: Planner,
        connections: Connections,
        operations: Operations,
        clock: Clock,
    ) -> None:
        self._store = store
        self._journal = journal
        self._planner = planner
        self._connections = connections
        self._operations = operations
        self._clock = clock

    async def begin(
        self, release: Release, step: ReleaseStep, work: Write, still: Callable[[], bool]
    ) -> Refusal | None:
        """Start a step's operation, if that is `still` to be done once it is planned. Nothing is awaited from there to
        the record, so that whoever cancels this has stopped it, or it is under way.

        Raises:
            LeaseLost, StoreError: it may or may not have been started; the journal knows.
        """
        action = work.action
        if work.undoes:
            done = release.standing(work.undoes).operation
            if not done:
                return Refusal("unchanged", f"step {work.undoes} has changed nothing")
            action = Rollback(action.target, done)
        name = self._free(f"{release.id}-{step.id}")
        plan = await self._planner.plan(name, action)
        if isinstance(plan, Refusal):
            return plan
        if refusal := _other_version(release, plan, work.expects) or self._unsaid(release, step, _dangers(plan)):
            return refusal
        return await self._start(release, step, plan, "release.step_started", release.actor, still)

    async def take_back(self, release: Release, step: ReleaseStep, still: Callable[[], bool]) -> Refusal | None:
        """Start the operation that takes a step back; a step that has nothing to take back is undone at once.

        Raises:
            LeaseLost, StoreError: as `begin`.
        """
        done = self._store.operation(release.standing(step.id).operation)
        if done is None or done.undone_by or (not done.open and not _changed(done)):
            undone = {"step": step.id, "detail": "nothing is left to take back"}
            self._journal.write([line(release, "release.step_undone", undone)])
            return None
        name = self._free(f"{release.id}-{step.id}-undo")
        also = together(release, step, self._store.operation)
        plan = await self._planner.plan(name, Rollback(done.plan.action.target, done.id, also=also))
        if isinstance(plan, Refusal):
            return plan
        if danger := self._unsaid(release, step, [risk for risk in _dangers(plan) if risk.code in _STOPS_THE_WAY_BACK]):
            return danger
        by = release.recovery.by if release.recovery else ITSELF
        return await self._start(release, step, plan, "release.step_undoing", by, still)

    async def _start(
        self,
        release: Release,
        step: ReleaseStep,
        plan: Plan,
        kind: ReleaseEventKind,
        actor: str,
        still: Callable[[], bool],
    ) -> Refusal | None:
        known = await identities(self._connections, (one.address.connection for one in plan.steps))
        if isinstance(known, Refusal):
            return known
        if not still():
            return None
        going_back = kind == "release.step_undoing"
        reason = f"release {release.id}: " + (f"take back {step.summary}" if going_back else step.summary)
        body: Mapping[str, Any] = {**opening(plan, reason, known), "release": release.id, "step": step.id}
        started = Draft("operation.started", actor, plan.id, str(plan.action.target), body)
        told = line(release, kind, {"step": step.id, "operation": plan.id})
        locks = [Lock(resource, plan.id, actor, reason, self._clock.now()) for resource in plan.locks]
        self._operations.see_to(plan.id)
        try:
            self._journal.write([started, told], lock=locks)
        except Locked as error:
            return in_use(error.lock)
        return None

    def _unsaid(self, release: Release, step: ReleaseStep, dangers: Sequence[Risk]) -> Refusal | None:
        """A danger that nobody has said yes to: neither whoever declared the strategy or launched the release, nor
        anybody since by saying `retry` to this step."""
        said = _SAID_BY_THE_STRATEGY | {risk.code for risk in release.plan.risks}
        found = [risk for risk in dangers if risk.code not in said]
        if not found or self._insisted(release, step):
            return None
        text = "; ".join(risk.text for risk in found)
        remedies = "; ".join(dict.fromkeys(risk.remedy for risk in found if risk.remedy))
        return Refusal("policy", f"danger: {text}", f"{remedies or 'look at it'}; if you are sure: retry")

    def _insisted(self, release: Release, step: ReleaseStep) -> bool:
        since = release.recovery.since if release.recovery else release.started_at
        return any(
            event.kind == "release.ordered"
            and event.at >= since
            and event.body.get("order") == "retry"
            and event.body.get("step") in ("", step.id)
            for event in self._store.events(operation=release.id, newest_first=True)
        )

    def _free(self, wanted: str) -> str:
        """An id that no operation has: a second attempt is another operation."""
        number, name = 1, wanted
        while self._store.operation(name):
            number += 1
            name = f"{wanted}-{number}"
        return name


def _dangers(plan: Plan) -> Sequence[Risk]:
    return [risk for risk in plan.risks if risk.severity == "danger"]


def _other_version(release: Release, plan: Plan, expected: str) -> Refusal | None:
    """People said yes to one version; whatever lies in the slot now must be that one.

    A build that doesn't tell its version is known by its id, and isn't the one that told it; unless people were told
    that nobody knows, or the release has put it there itself, which was read back then.
    """
    for step in plan.steps:
        if not expected or step.role != "slots" or "source" not in step.change:
            continue
        told, build = (str(step.before.get(key, "")) for key in ("source_version", "source_build"))
        found = told or build or "a build that nobody knows"
        if found == expected or (not told and _may_be_untold(release, step.target)):
            continue
        text = f"{step.target}: {step.change['source']} holds {found} now, not {expected}"
        return Refusal("impossible", text, f"deploy {expected} there again, or start another release")
    return None


def _may_be_untold(release: Release, target: TargetId) -> bool:
    deployed = any(
        isinstance(one.work, Write) and isinstance(one.work.action, Deploy) and one.target.whole == target.whole
        for one in release.plan.steps
    )
    return deployed or any(risk.code == "version-untold" for risk in release.plan.risks)


def _changed(operation: Operation) -> bool:
    """Whether something of it may still be in effect."""
    return operation.ending != "rolled_back" and bool(done_steps(operation, operation.plan.action.target))
