"""A runner without its process: engine, real store, real lease; it can be killed and succeeded by another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from tests.engine.stepped import SteppedClock, Tide
from tests.engine.world import ModelConnections, World, site, split

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import FlagReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import Action
from quarterdeck.release.gate import GateSpec, Sample
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.engine import NO_RULES, Engine, Household
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.measuring import Samples
from quarterdeck.runner.ports import Connections
from quarterdeck.runner.seal import FileSeal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Event, Lease, Lock, Request, StoreError
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore


class Killed(BaseException):
    """The process is gone. Nothing of ours may catch this."""


class Moments:
    """Counts moments by name and kills at the one that was asked for."""

    def __init__(self, at: str = "") -> None:
        self.at = at
        self.hit = False
        self.seen: list[str] = []

    def __call__(self, name: str) -> None:
        number = sum(1 for one in self.seen if one.rpartition(" ")[0] == name) + 1
        self.seen.append(f"{name} {number}")
        if self.seen[-1] == self.at:
            self.hit = True
            raise Killed(self.at)


class WatchedStore:
    """The real store; says when a line of the journal is about to be written and when it has been."""

    def __init__(self, store: SqliteStore, moment: Callable[[str], None]) -> None:
        self._store = store
        self._moment = moment
        self.full: Callable[[Sequence[Draft]], bool] = lambda _: False
        self.lying: Callable[[Sequence[Draft]], bool] = lambda _: False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def record(
        self,
        drafts: Sequence[Draft],
        lease: Lease,
        at: float,
        *,
        answer: Answer | None = None,
        lock: Sequence[Lock] = (),
        unlock: str = "",
    ) -> Sequence[Event]:
        self._moment("before journal write")
        if self.full(drafts):
            raise StoreError("the disk is full", "make room")
        events = self._store.record(drafts, lease, at, answer=answer, lock=lock, unlock=unlock)
        self._moment("after journal write")
        if self.lying(drafts):
            raise StoreError("the answer of the disk was lost", "")
        return events


FLEET = Fleet(
    "shop",
    environments=(Environment("production", protected=True), Environment("staging")),
    services=("checkout", "cart"),
    places=(
        Place("slots", TargetId("production", "checkout", "west"), Address("az", {"name": "west"})),
        Place("slots", TargetId("production", "checkout", "east"), Address("az", {"name": "east"})),
        Place("traffic", TargetId("production", "checkout"), Address("az", {"name": "tm"})),
        Place("slots", TargetId("staging", "cart"), Address("az", {"name": "cart"})),
        Place("slot_traffic", TargetId("production", "checkout", "west"), Address("az", {"name": "ramp"})),
        Place("flags", TargetId("production", "flags"), Address("az", {"name": "flags"})),
    ),
)
CART = TargetId("staging", "cart")
CHECKOUT = TargetId("production", "checkout")
BANNER = TargetId("production", "banner", flag=True)


class Nobody:
    """Whoever is asked for a gate: no answer."""

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        raise AssertionError(f"asked for {[gate.name for gate in gates]}")


NOBODY = Nobody()


class Ship:
    """`moments` sees the boundaries; requests are handed in as a viewer would."""

    def __init__(
        self,
        folder: Path,
        clock: SteppedClock | Tide,
        connections: Callable[[], Connections],
        moments: Moments,
        fleet: Fleet,
        rules: Rulebook = NO_RULES,
        samples: Samples = NOBODY,
    ) -> None:
        self.folder = folder
        self.rules = rules
        self.samples = samples
        self.clock = clock
        self._connections = connections
        self.moments = moments
        self._fleet = fleet
        self._numbers = count(1)
        self.last = ""
        self.refreshed: list[str] = []
        store = open_store(folder / "store.db", create=True)
        store._db.execute("PRAGMA synchronous = OFF")  # runners die here, machines don't
        self.store = WatchedStore(store, moments)
        self._commission()

    def _commission(self) -> None:
        self.guard = LeaseGuard(
            self.store,
            self.clock,
            holder=f"runner-{next(self._numbers)}",
            ttl=1e7,
            info={},
        )
        assert self.guard.take()
        self.engine = Engine(
            fleet=self._fleet,
            store=self.store,
            guard=self.guard,
            connections=self._connections(),
            seal=FileSeal(self.folder / "key"),
            clock=self.clock,
            household=Household(self.refreshed.append, lambda: None),
            rules=self.rules,
            samples=self.samples,
        )

    async def succeed(self) -> None:
        """The runner is dead; another takes its place, adopts, answers what waits, and sees everything through."""
        self.moments.at, self.moments.hit = "", False
        await self.engine.close()
        self.store.release_lease(self.guard.lease)
        self._commission()
        self.engine.adopt()
        for request in self.store.pending():
            await self.engine.answer(request)
        await self.engine.idle()

    async def survive(self, kind: Any, body: dict[str, Any]) -> Answer:
        """Ask; if the runner dies of it, then or later, its successor answers or goes on."""
        try:
            await self.ask(kind, body)
            await self.engine.idle()
        except Killed:
            pass
        if self.moments.hit:
            await self.succeed()
        answer = self.store.answer(self.last)
        assert isinstance(answer, Answer)
        return answer

    async def voyage(self, action: Action) -> Operation:
        """From plan to end, whenever the runner dies; an operator who is asked says retry."""
        answer = await self.survive("plan", {"action": to_json(action)})
        assert answer.plan, answer.refusal
        plan = answer.plan
        body = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        answer = await self.survive("confirm", body)
        assert answer.operation == plan.id, answer.refusal
        while (operation := self.operation(plan.id)).open:
            assert operation.ending == "needs_operator"
            await self.survive("choose", {"operation": plan.id, "step": "", "choice": "retry"})
        return operation

    async def ask(
        self,
        kind: Any,
        body: dict[str, Any],
        *,
        key: str = "",
        read_only: bool = False,
        actor: str = "ana@jump1",
        reason: str = "because",
    ) -> Answer | None:
        """Hand in a request, have it answered; the answer may be None if the runner died."""
        number = f"r{next(self._numbers):04d}"
        request = Request(number, key or number, kind, body, actor, reason, at=self.clock.now(), read_only=read_only)
        stored = self.store.submit(request)
        self.last = stored.id
        await self.engine.answer(stored)
        answer: Answer | None = self.store.answer(stored.id)
        return answer

    async def plan(self, action: Action) -> Plan:
        answer = await self.ask("plan", {"action": to_json(action)})
        assert answer
        assert answer.plan, answer.refusal
        return answer.plan

    async def confirm(self, plan: Plan, **options: Any) -> Answer | None:
        body = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        return await self.ask("confirm", body, **options)

    async def choose(self, operation: Operation, choice: str) -> Answer | None:
        answer = await self.ask("choose", {"operation": operation.id, "step": "", "choice": choice})
        await self.engine.idle()
        return answer

    async def carry_out(self, action: Action) -> Operation:
        """Plan, confirm, and wait for the end."""
        plan = await self.plan(action)
        answer = await self.confirm(plan)
        assert answer
        assert answer.operation, answer.refusal
        await self.engine.idle()
        return self.operation(plan.id)

    def operation(self, operation_id: str) -> Operation:
        operation = self.store.operation(operation_id)
        assert isinstance(operation, Operation)
        return operation

    def kinds(self, operation_id: str) -> list[str]:
        return [event.kind for event in self.store.events(operation=operation_id)]


def launch(folder: Path, at: str = "") -> tuple[Ship, World]:
    """A ship on the model world, to be killed at a moment ("" for never)."""
    clock = SteppedClock()
    moments = Moments(at)
    world = World(clock, moment=moments)
    world.sites = {"west": site(), "east": site(), "cart": site()}
    world.routers = {
        "tm": split(("west", 500, True, "healthy"), ("east", 500, True, "healthy")),
        "ramp": split(("production", 1000, True, "healthy"), ("staging", 1, False, "healthy")),
    }
    world.flags = {"flags": FlagReading("banner", True, percent=50.0, etag="e")}
    return Ship(folder, clock, lambda: ModelConnections(world), moments, FLEET), world
