"""Turns requests into plans, operations and releases, and sees every one of them to its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.action import Action, FlagChange, Rollback, Swap
from quarterdeck.release.clearance import Clearance, Undertaking, clear
from quarterdeck.release.operation import opening
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.release.policy import refuse_confirmation, refuse_late, refuse_writing
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun, stops_something
from quarterdeck.runner.choosing import Chooser
from quarterdeck.runner.conductor import Instruments
from quarterdeck.runner.conductors import Conductors
from quarterdeck.runner.executor import Executor
from quarterdeck.runner.guarding import Warden
from quarterdeck.runner.identities import identities
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.measuring import Measuring, Samples
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.operations import Operations
from quarterdeck.runner.outlook import Outlook
from quarterdeck.runner.patience import Patience
from quarterdeck.runner.planner import Planner, in_use
from quarterdeck.runner.ports import Connections, Guard, Seal
from quarterdeck.runner.programs import Programs
from quarterdeck.runner.proposing import Proposer
from quarterdeck.runner.refused import id_named, target_named
from quarterdeck.runner.release_lines import line, subject
from quarterdeck.runner.release_writes import Writes
from quarterdeck.runner.releasing import Office, Releases, overriding
from quarterdeck.runner.running import Starts, run
from quarterdeck.runner.sounding import Soundings
from quarterdeck.runner.stepping import Stepper
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, LeaseLost, Lock, Locked, Request, Store, StoreError

log = logging.getLogger(__name__)

MANY = 10_000
"""More operations than can be open at once."""


NO_RULES = Rulebook()


@dataclass(frozen=True, slots=True)
class Household:
    """What requests may ask of the process around the engine.

    Attributes:
        refresh: observe a target soon ("" for all).
        leave: end the process as soon as nothing runs.
        written: hear that the journal has new lines.
    """

    refresh: Callable[[str], None]
    leave: Callable[[], None]
    written: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Shown:
    """What a plan told whoever confirms it: the sentences that are set aside, and the reason for that."""

    override: str
    overridden: tuple[str, ...]


class Engine:
    """One per runner. It writes nothing, neither to the store nor to the world, unless its guard holds the lease."""

    def __init__(
        self,
        *,
        fleet: Fleet,
        store: Store,
        guard: Guard,
        connections: Connections,
        seal: Seal,
        clock: Clock,
        household: Household,
        samples: Samples,
        rules: Rulebook = NO_RULES,
        patience: Patience | None = None,
        starts: Starts = run,
    ) -> None:
        """`samples` asks gates, `starts` begins programs; `patience` is for worlds of another pace (a simulation's)."""
        self._store = store
        self._guard = guard
        self._connections = connections
        self._clock = clock
        self._household = household
        self._rules = rules
        self._journal = journal = Journal(store, guard, clock, household.written)
        sounding = Soundings(fleet, rules, samples)
        self._planner = planner = Planner(fleet, store, connections, clock, sounding, rules=rules)
        stepper = Stepper(connections, journal, guard, seal, clock, patience or Patience())
        self._chooser = Chooser(planner, stepper, store, clock)
        self._operations = operations = Operations(
            Executor(store, journal, stepper, household.refresh), clock, self._something_ended
        )
        self._programs = programs = Programs(journal, clock, self._something_ended, starts)
        measuring = Measuring(samples, fleet, store, clock)
        outlook = Outlook(store, rules, programs)
        writes = Writes(store, journal, planner, connections, operations, clock)
        self._conductors = Conductors(
            Instruments(store, journal, clock, outlook, writes, measuring, operations, programs)
        )
        proposer = Proposer(fleet, rules, store, connections, planner, measuring, sounding, clock)
        self._releases = Releases(Office(fleet, rules, store, journal, connections, proposer, self._conductors, clock))
        self._warden = Warden(fleet, store, journal, clock)
        self._answering: set[str] = set()

    def adopt(self) -> None:
        """Take over the operations and releases that an earlier runner left running; each gets a task. Call once, with
        the lease.

        Raises:
            LeaseLost, StoreError: nothing was taken over.
        """
        orphans = [one for one in self._store.operations(open_only=True, limit=MANY) if one.ending is None]
        releases = [one for one in self._store.releases(open_only=True) if one.ending is None]
        if not orphans and not releases:
            return
        by = {"by": self._guard.lease.holder}
        adopted = [self._journal.event(orphan, "operation.adopted", by) for orphan in orphans]
        adopted += [line(release, "release.adopted", by) for release in releases]
        self._journal.write(adopted)
        for orphan in orphans:
            self._operations.see_to(orphan.id)
        for release in releases:
            self._conductors.see_to(release.id)

    async def answer(self, request: Request) -> None:
        """Deal with one request and record its answer. May be called for several requests at once.

        A request that has been answered, or is being answered, is left alone.

        Raises:
            LeaseLost: nothing was answered.
            StoreError: the answer couldn't be stored.
        """
        if request.id in self._answering or self._store.answer(request.id):
            return
        self._answering.add(request.id)
        try:
            refusal = await self._dealt_with(request)
        except (LeaseLost, StoreError):
            raise
        except Exception as error:
            log.error("request %s: %s", request.id, without_text(error))
            refusal = Refusal("impossible", f"internal error: {type(error).__name__}", "see the runner's log")
        finally:
            self._answering.discard(request.id)
        if refusal:
            self._refuse(request, refusal)

    @property
    def running(self) -> frozenset[str]:
        """What must not be left alone now: ids of operations, and `RELEASE/STEP` of programs."""
        return self._operations.running | self._programs.running

    @property
    def conducting(self) -> frozenset[str]:
        """Ids of the releases that are under way. Between two steps another runner can take over at any moment."""
        return self._conductors.running

    async def idle(self) -> None:
        """Return when no operation and no program is running."""
        while self.running:
            await self._operations.idle()
            await self._programs.idle()

    async def wind_down(self) -> None:
        """Begin nothing more; return when what is under way has ended."""
        self._conductors.leave()
        await self._conductors.idle()
        await self.idle()

    async def close(self) -> None:
        """Stop all tasks where they are. What is open stays open, for the next runner to adopt."""
        await self._conductors.close()
        await self._programs.close()
        await self._operations.close()

    def _something_ended(self) -> None:
        self._conductors.wake()

    # --- requests: each answers by itself, or returns why not --------------------------------------------------------
    async def _dealt_with(self, request: Request) -> Refusal | None:
        match request.kind:
            case "plan":
                return await self._plan(request)
            case "confirm":
                return refuse_writing(request.read_only) or await self._confirm(request)
            case "dismiss":
                return self._dismiss(request)
            case "choose":
                late = refuse_late(request.at, self._clock.now())
                return refuse_writing(request.read_only) or late or await self._choose(request)
            case "propose":
                return await self._releases.propose(request)
            case "launch":
                return refuse_writing(request.read_only) or await self._releases.launch(request)
            case "order":
                return self._releases.order(request)
            case "decide":
                return self._releases.decide(request)
            case "guard":
                refusal = self._warden.deal(request)
                self._conductors.wake()
                return refusal
            case "refresh":
                try:
                    self._household.refresh(str(request.body.get("target", "")))
                except ValueError as error:
                    return Refusal("usage", str(error))
            case "stop":
                self._household.leave()
            case _:
                return Refusal(
                    "usage", f"this runner doesn't know the request {request.kind}", "qd and its runner differ"
                )
        self._journal.write([], answer=self._yes(request))
        return None

    async def _plan(self, request: Request) -> Refusal | None:
        try:
            action = from_json(Action, request.body.get("action"))
        except ValueError as error:
            return Refusal("usage", f"that is not an action: {error}")
        if not isinstance(action, Action):
            return Refusal("usage", "the request names no action")
        plan = await self._planner.plan(request.id, action)
        if isinstance(plan, Refusal):
            return plan
        override = clean(str(request.body.get("override", "") or ""), 500)
        cleared = self._clearance(plan, request.actor, override)
        if cleared.refusal:
            return cleared.refusal
        plan = replace(plan, risks=(*cleared.risks, *plan.risks))
        body: dict[str, object] = {
            "plan": plan.id,
            "digest": plan.digest,
            "command": plan.command,
            "reason": request.reason,
        }
        if cleared.overridden:
            body |= {"override": override, "overridden": cleared.overridden}
        made = Draft("plan.made", request.actor, plan.id, str(action.target), {**body, "via": request.via})
        self._journal.write([made], answer=self._yes(request, plan=plan))
        return None

    def _clearance(self, plan: Plan, actor: str, override: str) -> Clearance:
        """Whether what stands guard lets somebody do this now. Reads the store only."""
        action = plan.action
        what = Undertaking(
            targets=(action.target,),
            actor=actor,
            kind="recovery" if self._goes_back(plan) else "action",
            eases=_eases(action),
        )
        return self._cleared(what, override)

    def _goes_back(self, plan: Plan) -> bool:
        """Whether users get what they had. Who takes a way back back goes forward, however it is called."""
        back = isinstance(plan.action, Swap) and plan.action.mode == "cancel"
        while isinstance(plan.action, Rollback):
            back, undone = not back, self._store.operation(plan.undoes)
            if undone is None:
                break
            plan = undone.plan
        return back

    def _cleared(self, what: Undertaking, override: str = "") -> Clearance:
        guards, releases, now = self._store.guards(), self._store.releases(open_only=True), self._clock.now()
        return clear(what, guards=guards, rules=self._rules, releases=releases, now=now, override=override)

    async def _confirm(self, request: Request) -> Refusal | None:
        plan = self._known_plan(request)
        if isinstance(plan, Refusal):
            return plan
        digest, typed = str(request.body.get("digest", "")), str(request.body.get("typed", ""))
        if digest == plan.digest and self._store.operation(plan.id):
            self._journal.write([], answer=self._yes(request, operation=plan.id))
            return None
        told = {event.kind: event.body for event in self._store.events(operation=plan.id)}
        if "plan.dismissed" in told:
            return Refusal("stale", f"plan {plan.id} was dismissed", "plan again")
        if refusal := refuse_confirmation(plan, digest, typed, self._clock.now()) or self._locked(plan):
            return refusal
        changed, known = await asyncio.gather(
            self._planner.changed_since(plan),
            identities(self._connections, (step.address.connection for step in plan.steps)),
        )
        if isinstance(known, Refusal):
            return known
        made = told.get("plan.made", {})
        shown = Shown(str(made.get("override", "")), tuple(map(str, made.get("overridden", ()))))
        return changed or self._begin(request, plan, known, shown)

    def _begin(self, request: Request, plan: Plan, known: Mapping[str, str], shown: Shown) -> Refusal | None:
        """Start the operation. Nothing is awaited from the look for an earlier one to the writing of this one."""
        answer = self._yes(request, operation=plan.id)
        if self._store.operation(plan.id):
            self._journal.write([], answer=answer)
            return None
        cleared = self._clearance(plan, request.actor, shown.override)
        if cleared.refusal:
            return cleared.refusal
        if news := [one for one in cleared.overridden if one not in shown.overridden]:
            return Refusal("stale", f"since this was planned: {'; '.join(news)}", "plan again")
        target, now = str(plan.action.target), self._clock.now()
        started = Draft("operation.started", request.actor, plan.id, target, opening(plan, request.reason, known))
        overridden = overriding(request.actor, plan.id, target, cleared.overridden, shown.override)
        locks = [Lock(resource, plan.id, request.actor, request.reason, now) for resource in plan.locks]
        self._operations.see_to(plan.id)
        try:
            self._journal.write([started, *overridden], answer=answer, lock=locks)
        except Locked as error:
            return in_use(error.lock)
        return None

    def _dismiss(self, request: Request) -> Refusal | None:
        plan = self._known_plan(request)
        if isinstance(plan, Refusal):
            return plan
        if self._store.operation(plan.id):
            return Refusal("impossible", f"plan {plan.id} is being carried out", "see the operation")
        dismissed = Draft("plan.dismissed", request.actor, plan.id, str(plan.action.target), {"plan": plan.id})
        self._journal.write([dismissed], answer=self._yes(request))
        return None

    async def _choose(self, request: Request) -> Refusal | None:
        operation = self._store.operation(str(request.body.get("operation", "")))
        if operation is None:
            return Refusal("usage", f"there is no operation {request.body.get('operation', '')}")
        what = Undertaking((operation.plan.action.target,), request.actor, "order")
        if refusal := self._cleared(what).refusal:
            return refusal
        chosen = await self._chooser.choose(operation, request)
        if isinstance(chosen, Refusal):
            return chosen
        if self._store.operation(operation.id) != operation:
            return Refusal("stale", f"somebody else answered operation {operation.id} meanwhile", "look again")
        unlock = "" if chosen.goes_on else operation.id
        if chosen.goes_on:
            self._operations.see_to(operation.id, retrying=chosen.retrying)
        self._journal.write(chosen.drafts, answer=self._yes(request, operation=operation.id), unlock=unlock)
        return None

    def _known_plan(self, request: Request) -> Plan | Refusal:
        plan_id = str(request.body.get("plan", ""))
        answer = self._store.answer(plan_id)
        if answer is None or answer.plan is None:
            return Refusal("stale", f"there is no plan {plan_id}", "plan again")
        return answer.plan

    def _locked(self, plan: Plan) -> Refusal | None:
        return next((in_use(lock) for lock in self._store.locks() if lock.resource in plan.locks), None)

    def _refuse(self, request: Request, refusal: Refusal) -> None:
        body = {"request": request.id, "kind": request.kind, "code": refusal.code, "message": refusal.message}
        operation = str(id_named(request))
        release = self._store.release(operation)
        target = subject(release.plan) if release else target_named(request)
        refused = Draft("request.refused", request.actor, operation, target, body)
        self._journal.write([refused], answer=Answer(request.id, self._clock.now(), refusal=refusal))

    def _yes(self, request: Request, *, plan: Plan | None = None, operation: str = "") -> Answer:
        return Answer(request.id, self._clock.now(), plan, operation)


def _eases(action: Action) -> bool:
    """Whether it only keeps something from users."""
    match action:
        case FlagChange(enabled=enabled):
            return enabled is False
        case DecideRun() | StartRun() | SteerRun():
            return stops_something(action)
    return False
