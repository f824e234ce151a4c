"""A ship whose captain releases: proposes, launches, orders, approves; and a world that gates can be asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.engine.ship import Killed, Moments, Ship
from tests.engine.stepped import Tide
from tests.engine.world import ModelConnections, World, site, split

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import FlagReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import Action
from quarterdeck.release.gate import Evidence, GateSpec, Sample
from quarterdeck.release.judging import measured
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import ReleasePlan, Wish
from quarterdeck.release.rollout import Order, Release
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import (
    AnalysisStep,
    PauseStep,
    Strategy,
    StrategyStep,
    SwapStep,
    WeightStep,
)
from quarterdeck.store.answer import Answer

CHECKOUT = TargetId("production", "checkout")
CART = TargetId("staging", "cart")
BANNER = TargetId("production", "banner", flag=True)

FLEET = Fleet(
    "shop",
    environments=(Environment("production", protected=True), Environment("staging")),
    services=("checkout", "cart", "payments"),
    places=(
        Place("slots", CHECKOUT, Address("az", {"name": "checkout", "site": "checkout"})),
        Place("slot_traffic", CHECKOUT, Address("az", {"name": "ramp", "site": "checkout"})),
        Place("slots", TargetId("production", "payments"), Address("az", {"name": "payments"})),
        Place("slots", CART, Address("az", {"name": "cart"})),
        Place("flags", TargetId("production", "flags"), Address("az", {"name": "flags"})),
    ),
)

ERRORS = GateSpec("errors", "metric", "az", {"query": "errors"}, success="result < 0.01", interval=30, count=2)


def rules(*steps: StrategyStep, target: TargetId = CHECKOUT, **more: Any) -> Rulebook:
    """A rulebook with one strategy, `careful`, for one service."""
    of_strategy = {key: more.pop(key) for key in list(more) if key in Strategy.__dataclass_fields__}
    strategy = Strategy("careful", steps, **of_strategy)
    known = Rulebook(strategies=(strategy,), gates=(ERRORS,), routes=(Route(target, "careful"),))
    return replace(known, **more)


CANARY = rules(WeightStep({"": 5}), PauseStep(), WeightStep({"": 25}), PauseStep(600), SwapStep())
LOOK = AnalysisStep(("errors",))
ANALYSED = rules(WeightStep({"": 5}), LOOK, WeightStep({"": 25}), LOOK, SwapStep())


@dataclass
class Gatekeeper:
    """Answers for gates, from what a test says of the world. `asked` counts by gate."""

    clock: Tide
    values: dict[str, Callable[[], float | None]] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    hold: Callable[[], Any] | None = None

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        at = self.clock.now()
        if self.hold is not None:
            await self.hold()
        self.asked += [(gate.name, names) for gate in gates]
        found = [self.values.get(gate.name, lambda: 0.0)() for gate in gates]
        return Sample(at, tuple(measured(g, Evidence(v, at), at) for g, v in zip(gates, found, strict=True)))


class Mortal(Moments):
    """A process that is gone is gone as a whole: whatever of it still runs touches nothing any more."""

    def __call__(self, name: str) -> None:
        if self.hit:
            raise Killed(self.at)
        super().__call__(name)


class Captain(Ship):
    """A ship on the model world, with requests about releases."""

    clock: Tide

    def __init__(self, folder: Path, known: Rulebook, at: str = "", fleet: Fleet = FLEET) -> None:
        self.clock = clock = Tide()
        moments = Mortal(at)
        self.world = world = World(clock, moment=moments)
        world.sites = {name: site() for name in ("checkout", "payments", "cart")}
        world.routers = {"ramp": split(("production", 1000, True, "healthy"), ("staging", 1, False, "healthy"))}
        world.flags = {"flags": FlagReading("banner", False, percent=None, etag="e")}
        self.gates = Gatekeeper(clock)
        super().__init__(folder, clock, lambda: ModelConnections(world), moments, fleet, known, self.gates)

    async def succeed(self) -> None:
        """The runner is dead; another takes its place, adopts, and answers what waits."""
        dead, self.moments.hit = self.engine, True
        await dead.close()
        self.moments.at, self.moments.hit = "", False
        self.store.release_lease(self.guard.lease)
        self._commission()
        self.engine.adopt()
        for request in self.store.pending():
            await self.engine.answer(request)

    # --- requests ----------------------------------------------------------------------------------------------------
    async def propose(self, wish: Wish | None = None, **who: Any) -> ReleasePlan:
        answer = await self.ask("propose", {"wish": to_json(wish or Wish((CHECKOUT,)))}, **who)
        assert answer
        assert answer.proposal, answer.refusal
        return answer.proposal

    async def unproposable(self, wish: Wish, **who: Any) -> Refusal:
        return refusal(await self.ask("propose", {"wish": to_json(wish)}, **who))

    async def launch(self, plan: ReleasePlan, **who: Any) -> Answer | None:
        body = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        return await self.ask("launch", body, **who)

    async def begin(self, wish: Wish | None = None, **who: Any) -> str:
        """Propose and launch; the release's id."""
        answer = await self.launch(await self.propose(wish, **who), **who)
        assert answer
        assert answer.release, answer.refusal
        return answer.release

    async def order(
        self, release: str, order: Order, step: str = "", *, override: str = "", **who: Any
    ) -> Answer | None:
        body = {"release": release, "order": order, "step": step, "override": override}
        return await self.ask("order", body, **who)

    async def decide(self, release: str, verdict: str = "approve", *, step: str = "", **who: Any) -> Answer | None:
        body = {"release": release, "step": step, "verdict": verdict, "effective_at": who.pop("effective_at", 0)}
        return await self.ask("decide", body, **who)

    # --- what became of it -------------------------------------------------------------------------------------------
    def release(self, release_id: str) -> Release:
        release = self.store.release(release_id)
        assert isinstance(release, Release)
        return release

    async def survive(self, kind: Any, body: dict[str, Any]) -> Answer:
        """Ask; if the runner dies of it, its successor answers."""
        try:
            await self.ask(kind, body)
        except Killed:
            await self.succeed()
        answer = self.store.answer(self.last)
        assert isinstance(answer, Answer)
        return answer

    async def until(self, true: Callable[[], bool], *, days: float = 1) -> None:
        """Let time pass until something is true, or the runner is dead."""
        await self.clock.flow(lambda: self.moments.hit or true(), days=days)

    async def ended(self, release_id: str, *, days: float = 1) -> Release:
        await self.until(lambda: self.release(release_id).ending is not None, days=days)
        return self.release(release_id)

    async def carry_out_with_time(self, action: Action) -> Operation:
        """Plan, confirm, and wait for the end; time passes as it takes."""
        plan = await self.plan(action)
        answer = await self.confirm(plan)
        assert answer
        assert answer.operation, answer.refusal
        await self.until(lambda: self.operation(plan.id).ending is not None)
        return self.operation(plan.id)

    async def at(self, release_id: str, step: str, state: str = "running") -> Release:
        """Let time pass until a step stands so."""
        await self.until(lambda: self.release(release_id).standing(step).state == state)
        return self.release(release_id)

    def shares(self) -> dict[str, float]:
        """Percent of new clients by slot, in the world."""
        return {one.name: round(one.share) for one in self.world.routers["ramp"].destinations}

    def serving(self, where: str = "checkout") -> str:
        build = self.world.sites[where].production.build
        return build.version if build else ""


def refusal(answer: Answer | None) -> Refusal:
    assert answer
    assert answer.refusal, answer
    return answer.refusal
