"""Operators who plan, confirm and choose, not always wisely; and a stranger who changes the world behind our back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.physics import STAGING, Declined, Split

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap, SwapMode
from quarterdeck.release.operation import CHOICES, Operation
from quarterdeck.release.plan import Plan
from quarterdeck.store.base import Answer, Request, RequestKind, StoreError

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

CART = TargetId("staging", "cart")
CHECKOUT = TargetId("production", "checkout")
WEST = TargetId("production", "checkout", "west")
BANNER = TargetId("production", "banner", flag=True)

WAIT = 120.0
"""Seconds that an operator waits for an answer before doing something else."""


class Operator:
    """Somebody at a viewer. `simulation.auditor` is told what was properly asked for."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self._simulation = simulation
        self._random = simulation.random
        self._name = name

    async def act(self) -> None:
        """Want things until nobody wants anything more."""
        simulation, random = self._simulation, self._random
        while simulation.wishes > 0:
            simulation.wishes -= 1
            await asyncio.sleep(random.expovariate(1 / 20))
            waiting = [operation for operation in simulation.open_operations() if operation.choices]
            if waiting and random.random() < 0.7:
                await self.choose(random.choice(waiting))
            else:
                await self._wish(self._action())

    def _action(self) -> Action:
        random = self._random
        match random.randrange(8):
            case 0 | 1 | 2:
                target = random.choice((CART, CHECKOUT, CHECKOUT, WEST))
                return Swap(target, mode=self._mode(target))
            case 3 | 4:
                share = float(random.choice((0, 0, 100, 100, 1, 10, 50, 90)))
                return Shift(CART, {STAGING: share}) if random.random() < 0.4 else Shift(CHECKOUT, {"west": share})
            case 5:
                enabled = random.choice((None, True, False))
                audience = random.choice((None, None, (), (Audience("beta", 50.0),)))
                return FlagChange(BANNER, enabled=enabled, percent=float(random.randrange(101)), audience=audience)
        changed = [one.plan.action.target for one in self._simulation.operations() if one.ending == "succeeded"]
        return Rollback(random.choice(changed)) if changed else Swap(CHECKOUT)

    def _mode(self, target: TargetId) -> SwapMode:
        key = "slots/west" if target.name == "checkout" else "slots/cart"
        if self._simulation.world.now(key).preview:
            return self._random.choice(("complete", "complete", "cancel", "swap"))
        return self._random.choice(("swap", "swap", "swap", "preview", "preview", "complete"))

    async def _wish(self, action: Action) -> None:
        answer = await self._ask("plan", {"action": to_json(action)})
        if answer and answer.plan:
            await self._say_yes(answer.plan)

    async def _say_yes(self, plan: Plan) -> None:
        """Mostly properly; sometimes twice, too late, to something else, or not at all."""
        random = self._random
        if random.random() < 0.06:
            await asyncio.sleep(random.choice((30, 301)))
        body: dict[str, Any] = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        slip = random.random()
        if slip < 0.02:
            await self._ask("confirm", {**body, "digest": "0" * 16})
        elif slip < 0.04 and plan.type_to_confirm:
            await self._ask("confirm", {**body, "typed": "prod"})
        elif slip < 0.06:
            await self._ask("confirm", body, read_only=True)
        elif slip < 0.08:
            await self._ask("dismiss", {"plan": plan.id})
            await self._ask("confirm", {**body, "digest": "late"})
        else:
            self._simulation.auditor.confirmed.setdefault(plan.id, self._simulation.wall())
            key = f"yes {plan.id}"
            yes = [self._ask("confirm", body, key=key)]
            if slip > 0.8:
                yes.append(self._ask("confirm", body, key=key))
            if slip > 0.9:
                yes.append(self._ask("confirm", body))
            await asyncio.gather(*yes)

    async def choose(self, operation: Operation, choice: str = "") -> None:
        """Answer an operation that waits; `choice` "" for whichever comes to mind, and perhaps at the wrong step."""
        random = self._random
        step = "" if choice else random.choice(("", "", "1"))
        choice = choice or (random.choice(operation.choices) if random.random() < 0.9 else random.choice(CHOICES))
        self._simulation.auditor.choices[operation.id, choice] += 1
        body = {"operation": operation.id, "step": step, "choice": choice}
        key = f"choice {self._simulation.number()}"
        asked = [self._ask("choose", body, key=key)]
        if random.random() < 0.2:
            asked.append(self._ask("choose", body, key=key))
        await asyncio.gather(*asked)

    async def _ask(
        self, kind: RequestKind, body: dict[str, Any], *, key: str = "", read_only: bool = False
    ) -> Answer | None:
        simulation = self._simulation
        number = simulation.number()
        request = Request(
            number, key or number, kind, body, self._name, "because", at=simulation.wall(), read_only=read_only
        )
        try:
            stored = simulation.submit(request)
        except StoreError:
            return None
        return await simulation.answer(stored.id, WAIT)


async def stranger(simulation: Simulation) -> None:
    """Somebody with the portal open."""
    random, world = simulation.random, simulation.world
    while simulation.weather.stranger:
        await asyncio.sleep(random.expovariate(1 / simulation.weather.stranger))
        if simulation.calm:
            return
        site = random.choice(("slots/west", "slots/east", "slots/cart"))
        try:
            match random.randrange(6):
                case 0:
                    world.swap(site, "a stranger", *simulation.swap_length())
                case 1:
                    world.deploy(site, f"build-{simulation.number()}", "a stranger")
                case 2:
                    world.prepare(site, "" if world.now(site).preview else STAGING, "a stranger")
                case 3:
                    _shift_by_hand(simulation)
                case 4:
                    flag = world.now("flag/flags")
                    world.set_flag("flag/flags", replace(flag, enabled=not flag.enabled), None, "a stranger")
                case 5:
                    share = float(random.randrange(101))
                    world.divide("split/cart", {STAGING: share, "production": 100 - share}, "a stranger")
        except Declined:
            continue


def _shift_by_hand(simulation: Simulation) -> None:
    """Valid, and with something healthy left."""
    split: Split = simulation.world.now("split/tm")
    name = simulation.random.choice(sorted(split.sides))
    enabled = simulation.random.random() < 0.6
    if enabled or split.healthy() - {name}:
        weight = float(simulation.random.randint(1, simulation.weather.scale))
        simulation.world.weigh("split/tm", name, weight, enabled, "a stranger")


async def illness(simulation: Simulation) -> None:
    """Destinations fall ill and get well again."""
    random, world = simulation.random, simulation.world
    while simulation.weather.health:
        await asyncio.sleep(random.expovariate(1 / simulation.weather.health))
        if simulation.calm:
            return
        key = random.choice(("split/tm", "split/cart"))
        name = random.choice(sorted(world.now(key).sides))
        world.heal(key, name, random.random() < 0.6)
