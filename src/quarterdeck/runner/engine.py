"""Turns requests into plans and operations, and sees every operation to its end."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.topology import Fleet
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.action import Action
from quarterdeck.release.operation import opening
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.release.policy import refuse_confirmation, refuse_late, refuse_writing
from quarterdeck.runner.choosing import Chooser
from quarterdeck.runner.executor import Executor
from quarterdeck.runner.journal import LONGEST_PAUSE, Journal
from quarterdeck.runner.patience import Patience, back_off
from quarterdeck.runner.planner import Planner, in_use
from quarterdeck.runner.ports import Connections, Guard, Seal
from quarterdeck.runner.stepping import Stepper
from quarterdeck.store.base import Answer, Draft, LeaseLost, Lock, Locked, Request, Store, StoreError

log = logging.getLogger(__name__)

IDENTITY_SECONDS = 10.0
"""How long a yes waits to learn who the credentials say we are."""

MANY = 10_000
"""More operations than can be open at once."""


@dataclass(frozen=True, slots=True)
class Household:
    """What requests may ask of the process around the engine.

    Attributes:
        refresh: observe a target soon ("" for all).
        leave: end the process as soon as nothing runs.
    """

    refresh: Callable[[str], None]
    leave: Callable[[], None]


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
        patience: Patience | None = None,
    ) -> None:
        """`patience` for tests and for systems slower than most."""
        self._store = store
        self._guard = guard
        self._connections = connections
        self._clock = clock
        self._household = household
        self._journal = Journal(store, guard, clock)
        self._planner = Planner(fleet, store, connections, clock)
        stepper = Stepper(connections, self._journal, guard, seal, clock, patience or Patience())
        self._chooser = Chooser(self._planner, stepper)
        self._executor = Executor(store, self._journal, stepper, household.refresh)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._answering: set[str] = set()

    def adopt(self) -> None:
        """Take over the operations that an earlier runner left running; each gets a task. Call once, with the lease.

        Raises:
            LeaseLost, StoreError: nothing was taken over.
        """
        orphans = [
            operation for operation in self._store.operations(open_only=True, limit=MANY) if operation.ending is None
        ]
        if not orphans:
            return
        holder = self._guard.lease.holder
        self._journal.write([self._journal.event(orphan, "operation.adopted", {"by": holder}) for orphan in orphans])
        for orphan in orphans:
            self._start(orphan.id)

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
        """Ids of the operations that have a task now."""
        return frozenset(self._tasks)

    async def idle(self) -> None:
        """Return when no operation has a task."""
        while self._tasks:
            await asyncio.wait(self._tasks.values())

    async def close(self) -> None:
        """Stop all tasks where they are. Open operations stay open, for the next runner to adopt."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

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
        body = {"plan": plan.id, "digest": plan.digest, "command": plan.command, "reason": request.reason}
        made = Draft("plan.made", request.actor, plan.id, str(action.target), {**body, "via": request.via})
        self._journal.write([made], answer=self._yes(request, plan=plan))
        return None

    async def _confirm(self, request: Request) -> Refusal | None:
        plan = self._known_plan(request)
        if isinstance(plan, Refusal):
            return plan
        digest, typed = str(request.body.get("digest", "")), str(request.body.get("typed", ""))
        if digest == plan.digest and self._store.operation(plan.id):
            self._journal.write([], answer=self._yes(request, operation=plan.id))
            return None
        if any(event.kind == "plan.dismissed" for event in self._store.events(operation=plan.id)):
            return Refusal("stale", f"plan {plan.id} was dismissed", "plan again")
        if refusal := refuse_confirmation(plan, digest, typed, self._clock.now()) or self._locked(plan):
            return refusal
        changed, identities = await asyncio.gather(self._planner.changed_since(plan), self._identities(plan))
        if isinstance(identities, Refusal):
            return identities
        return changed or self._begin(request, plan, identities)

    def _begin(self, request: Request, plan: Plan, identities: dict[str, str]) -> Refusal | None:
        """Start the operation. Nothing is awaited from the look for an earlier one to the writing of this one."""
        answer = self._yes(request, operation=plan.id)
        if self._store.operation(plan.id):
            self._journal.write([], answer=answer)
            return None
        target, now = str(plan.action.target), self._clock.now()
        started = Draft("operation.started", request.actor, plan.id, target, opening(plan, request.reason, identities))
        locks = [Lock(resource, plan.id, request.actor, request.reason, now) for resource in plan.locks]
        self._start(plan.id)
        try:
            self._journal.write([started], answer=answer, lock=locks)
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
        chosen = await self._chooser.choose(operation, request)
        if isinstance(chosen, Refusal):
            return chosen
        if self._store.operation(operation.id) != operation:
            return Refusal("stale", f"somebody else answered operation {operation.id} meanwhile", "look again")
        unlock = "" if chosen.goes_on else operation.id
        if chosen.goes_on:
            self._start(operation.id, retrying=chosen.retrying)
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

    async def _identities(self, plan: Plan) -> dict[str, str] | Refusal:
        """Who the credentials say we are. A provider that can't tell is no obstacle; not being signed in is."""
        names: Sequence[str] = sorted({step.address.connection for step in plan.steps})
        identities = {}
        for name in names:
            try:
                async with asyncio.timeout(IDENTITY_SECONDS):
                    identities[name] = await self._connections.identity(name)
            except TimeoutError:
                identities[name] = "not known: no answer in time"
            except ProviderError as error:
                if error.trouble.code == "unauthenticated":
                    return Refusal("denied", f"{name}: {error.trouble.message}", error.trouble.hint)
                identities[name] = f"not known: {error.trouble.message}"
        return identities

    def _refuse(self, request: Request, refusal: Refusal) -> None:
        body = {"request": request.id, "kind": request.kind, "code": refusal.code, "message": refusal.message}
        operation = str(request.body.get("operation") or request.body.get("plan") or request.id)
        refused = Draft("request.refused", request.actor, operation, _target(request), body)
        self._journal.write([refused], answer=Answer(request.id, self._clock.now(), refusal=refusal))

    def _yes(self, request: Request, *, plan: Plan | None = None, operation: str = "") -> Answer:
        return Answer(request.id, self._clock.now(), plan, operation)

    # --- operations --------------------------------------------------------------------------------------------------
    def _start(self, operation_id: str, *, retrying: bool = False) -> None:
        """See to an operation, unless somebody does. Called before the line that makes it run is written.

        A store may report a failure for what it has written after all; the task reads what became of it, and an
        operation that doesn't run needs nobody.
        """
        seeing = self._tasks.get(operation_id)
        if seeing and not seeing.done():
            return
        task = asyncio.create_task(self._see_through(operation_id, retrying), name=f"operation {operation_id}")
        self._tasks[operation_id] = task
        task.add_done_callback(lambda _: self._forget(operation_id, task))

    def _forget(self, operation_id: str, task: asyncio.Task[None]) -> None:
        """The operation may have been answered since, and have another task."""
        if self._tasks.get(operation_id) is task:
            del self._tasks[operation_id]

    async def _see_through(self, operation_id: str, retrying: bool) -> None:
        """Carry an operation out. Whatever goes wrong here is this operation's own trouble, and is told."""
        for pause in back_off(LONGEST_PAUSE):
            try:
                return await self._carry_out(operation_id, retrying)
            except LeaseLost as error:
                log.warning("operation %s is left to whoever has the lease: %s", operation_id, error)
                return None
            except StoreError as error:
                log.warning("operation %s waits for the store: %s", operation_id, error)
            # What was chosen is done or in the journal by now: from here on the journal alone decides.
            retrying = False
            await self._clock.sleep(pause)
        return None

    async def _carry_out(self, operation_id: str, retrying: bool) -> None:
        try:
            await self._executor.carry_out(operation_id, retrying=retrying)
        except StoreError:
            raise
        except Exception as error:
            log.error("operation %s: %s", operation_id, without_text(error))
            await self._executor.fail(operation_id, error)


def without_text(error: Exception) -> str:
    """Kind and traceback of an error. Its text is left out: it may hold a signed URL."""
    return f"{type(error).__name__}\n" + "".join(traceback.format_tb(error.__traceback__))


def _target(request: Request) -> str:
    """What a refused request was about, as far as it says."""
    action = request.body.get("action")
    try:
        return str(from_json(Action, action).target) if action else ""
    except ValueError:
        return ""
