"""Operators who plan, release, steer, guard and choose, not always wisely; and a stranger who changes the world."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.physics import PRODUCTION, STAGING, Declined, Site, Split
from tests.simulation.viewers import Viewer

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, SwapMode
from quarterdeck.release.operation import CHOICES, Operation
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import Ask, Pause, ReleasePlan, Wish
from quarterdeck.release.rollout import ORDERS, Order, Release
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request, RequestKind

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

_ROUTED = ("slot_traffic", "traffic")

WAIT = 120.0
"""Seconds that an operator waits for an answer before doing something else."""


class Operator:
    """Somebody at a viewer. `simulation.auditor` is told what was properly asked for, before it is asked."""

    def __init__(self, simulation: Simulation, name: str) -> None:
        self._simulation = simulation
        self._random = simulation.random
        self._name = name
        self._viewer: Viewer | None = None

    async def act(self) -> None:
        """Want things until nobody wants anything more."""
        simulation, random, scene = self._simulation, self._random, self._simulation.scene
        while simulation.wishes > 0:
            simulation.wishes -= 1
            await asyncio.sleep(random.expovariate(1 / 20))
            waiting = [operation for operation in simulation.open_operations() if operation.choices]
            releases = simulation.open_releases()
            if scene.limits and simulation.drastic():
                await self._wish(self._all_clients(random.choice(scene.keys("split"))))
            elif releases and random.random() < simulation.weather.steering:
                simulation.wishes += random.random() < 0.5
                await self.steer(random.choice(releases))
            elif waiting and random.random() < 0.7:
                await self.choose(random.choice(waiting))
            elif random.random() < (0.25 if releases else 0.1):
                await self._guard()
            elif random.random() < 0.6:
                await self._release()
            else:
                await self._wish(self._action())
        self.leave()

    def leave(self) -> None:
        """Close the terminal."""
        if self._viewer:
            self._viewer.close()
            self._viewer = None

    # --- plain actions -----------------------------------------------------------------------------------------------
    def _action(self) -> Action:
        random, scene = self._random, self._simulation.scene
        target = random.choice(scene.services)
        match random.randrange(8):
            case 0 | 1 | 2:
                return self._swap(target)
            case 3 | 4:
                return self._shift(target)
            case 5 if scene.flags:
                enabled = random.choice((None, True, False))
                audience = random.choice((None, None, (), (Audience("beta", 50.0),)))
                flag = random.choice(scene.flags)
                return FlagChange(flag, enabled=enabled, percent=float(random.randrange(101)), audience=audience)
            case 6 if random.random() < 0.3:
                return Deploy(target, self._simulation.version())
        changed = [one.plan.action.target for one in self._simulation.operations() if one.ending == "succeeded"]
        return Rollback(random.choice(changed)) if changed else self._swap(target)

    def _swap(self, target: TargetId) -> Swap:
        places = self._simulation.scene.fleet.places_of(target, "slots")
        if len(places) > 1 and self._random.random() < 0.3:
            target = self._random.choice(places).target
        return Swap(target, mode=self._mode(target))

    def _mode(self, target: TargetId) -> SwapMode:
        site: Site = self._simulation.world.now(self._simulation.scene.sites_of(target)[0])
        if site.preview:
            return self._random.choice(("complete", "complete", "cancel", "swap"))
        return self._random.choice(("swap", "swap", "swap", "preview", "preview", "complete"))

    def _shift(self, target: TargetId) -> Shift:
        share = float(self._random.choice((0, 0, 100, 100, 1, 10, 50, 90)))
        fleet = self._simulation.scene.fleet
        if fleet.places_of(target, "traffic") and self._random.random() < 0.7:
            return Shift(target, {"west": share})
        return Shift(target, {STAGING: share})

    def _all_clients(self, key: str) -> Shift:
        """To one destination of a router alone, which may have fallen ill."""
        random, scene, world = self._random, self._simulation.scene, self._simulation.world
        place = next(one for one in scene.fleet.places if one.role in _ROUTED and _split_of(one) == key)
        sides = world.now(key).sides
        others = [name for name, side in sides.items() if not side.serves]
        chosen = random.choice(sorted(others or sides))
        if random.random() < 0.3:
            world.heal(key, chosen, False)
        return Shift(place.target, {name: 100.0 if name == chosen else 0.0 for name in sides})

    async def _wish(self, action: Action) -> None:
        override = "I know" if self._random.random() < 0.2 else ""
        answer = await self._ask("plan", {"action": to_json(action), "override": override})
        if answer and answer.plan:
            await self._say_yes(answer.plan)

    async def _say_yes(self, plan: Plan | ReleasePlan) -> None:
        """Mostly properly; sometimes twice, too late, to something else, or not at all."""
        random = self._random
        kind: RequestKind = "launch" if isinstance(plan, ReleasePlan) else "confirm"
        if random.random() < 0.06:
            await asyncio.sleep(random.choice((30, 301)))
        body: dict[str, Any] = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        slip = random.random()
        if slip < 0.02:
            await self._ask(kind, {**body, "digest": "0" * 16})
        elif slip < 0.04 and plan.type_to_confirm:
            await self._ask(kind, {**body, "typed": "prod"})
        elif slip < 0.06:
            await self._ask(kind, body, read_only=True)
        elif slip < 0.08 and kind == "confirm":
            await self._ask("dismiss", {"plan": plan.id})
            await self._ask(kind, {**body, "digest": "late"})
        else:
            self._simulation.auditor.confirmed.setdefault(plan.id, self._simulation.wall())
            key = f"yes {plan.id}"
            yes = [self._ask(kind, body, key=key)]
            if slip > 0.8:
                yes.append(self._ask(kind, body, key=key))
            if slip > 0.9:
                yes.append(self._ask(kind, body))
            await asyncio.gather(*yes)

    async def choose(self, operation: Operation, choice: str = "") -> None:
        """Answer an operation that waits; `choice` "" for whichever comes to mind, and perhaps at the wrong step."""
        random = self._random
        step = "" if choice else random.choice(("", "", "1"))
        choice = choice or (random.choice(operation.choices) if random.random() < 0.9 else random.choice(CHOICES))
        self._simulation.auditor.choices[operation.id, choice] += 1
        await self._twice("choose", {"operation": operation.id, "step": step, "choice": choice})

    # --- releases ----------------------------------------------------------------------------------------------------
    async def _release(self) -> None:
        answer = await self._ask("propose", {"wish": to_json(self._dream())})
        if answer and answer.proposal:
            await self._say_yes(answer.proposal)

    def _dream(self) -> Wish:
        random, scene = self._random, self._simulation.scene
        environment = random.choice(("production", "production", "production", "staging"))
        there = [target for target in scene.services if target.environment == environment] or list(scene.services)
        targets = tuple(random.sample(there, min(len(there), random.choice((1, 1, 1, 2, 3)))))
        override = "I know" if random.random() < 0.4 else ""
        if random.random() < 0.2:
            action = self._action()
            within = random.choice((30.0, 200.0))
            return Wish((action.target.whole,), action=action, confirm_within=within, override=override)
        return Wish(
            targets,
            version=self._simulation.version() if random.random() < 0.08 else "",
            strategy=random.choice(("", "", "", "", "", "way-0", "way-1")),
            hotfix=random.random() < 0.12,
            ref="abc123",
            confirm_within=random.choice((None, None, None, 120.0)),
            supersede=random.random() < 0.2,
            override=override,
        )

    async def steer(self, release: Release) -> None:
        """See to a release: what it waits for, or whatever comes to mind."""
        random = self._random
        if self._simulation.contrary():
            await self.order(release, "promote" if _asks(release) else "abort" if release.full else "promote_full")
        elif release.choices and random.random() < 0.7:
            await self.answer_first(release, random.choice(release.choices))
        elif _asks(release) and random.random() < 0.7:
            await self._decide(release)
        elif _pauses(release) and random.random() < 0.6:
            await self.order(release, "promote")
        elif release.paused and random.random() < 0.6:
            await self.order(release, random.choice(("resume", "resume", "promote")))
        elif release.confirm_by and random.random() < 0.5:
            await self.order(release, "confirm")
        else:
            step = random.choice(("", "", random.choice(release.plan.steps).id))
            orders: Sequence[Order] = (*ORDERS, "promote", "undo", "abort", "pause", "pause")
            await self.order(self._or_an_old_one(release), random.choice(orders), step)

    async def answer_first(self, release: Release, order: Order) -> None:
        """An operation of it that waits is answered before the release itself."""
        for operation in self._simulation.open_operations():
            if operation.choices and operation.id.startswith(f"{release.id}-"):
                await self.choose(operation)
        await self.order(release, order)

    def _or_an_old_one(self, release: Release) -> Release:
        old = self._simulation.auditor.log.ended()
        return self._random.choice(old) if old and self._random.random() < 0.05 else release

    async def order(self, release: Release, order: Order, step: str = "") -> None:
        """Tell a release something."""
        if order == "undo" and not step:
            step = self._random.choice(release.plan.steps).id
        self._simulation.auditor.log.orders[release.id, order] += 1
        override = "I know" if self._random.random() < 0.2 else ""
        await self._twice("order", {"release": release.id, "order": order, "step": step, "override": override})

    async def _decide(self, release: Release) -> None:
        """Most say yes; some aren't entitled, some ask again from another machine."""
        random = self._random
        who = random.choice((self._name, self._name, "op0@jump", "op0@elsewhere", "OP0@jump", "op1@jump", "op3@jump"))
        await self.decide(release, who, "reject" if random.random() < 0.1 else "approve")

    async def decide(self, release: Release, who: str, verdict: str) -> None:
        """Approve or reject in somebody's name."""
        later = self._simulation.wall() + 30 if self._random.random() < 0.1 else 0
        self._simulation.auditor.log.words[release.id, who, verdict] += 1
        body = {"release": release.id, "step": "", "verdict": verdict, "effective_at": later}
        await self._twice("decide", body, actor=who)

    # --- guards ------------------------------------------------------------------------------------------------------
    async def _guard(self) -> None:
        random, scene = self._random, self._simulation.scene
        scope = random.choice(("*", "production", "production", str(random.choice(scene.services))))
        until = random.choice((None, self._simulation.wall() + random.uniform(20, 400)))
        holds, conns = self._simulation.guards().holds, self._simulation.guards().conns
        match random.randrange(8):
            case 0 | 1:
                await self.guard("freeze", scope=scope, until=until)
            case 2:
                await self.guard("stop", scope=scope, until=until)
            case 3:
                await self.guard("lock", scope=scope, until=until)
            case 4 | 5 if holds:
                await self.guard("lift", id=random.choice(holds).id)
            case 6 if conns:
                await self.guard("give", scope=random.choice(conns).scope)
            case _:
                await self.guard("take", scope=scope)

    async def guard(self, deed: str, **details: Any) -> None:
        """Change what stands guard."""
        await self._ask("guard", {"deed": deed, **details})

    # --- asking ------------------------------------------------------------------------------------------------------
    async def _twice(self, kind: RequestKind, body: dict[str, Any], *, actor: str = "") -> None:
        """Some press a key twice: the second request is the first one."""
        key = f"{kind} {self._simulation.number()}"
        asked = [self._ask(kind, body, key=key, actor=actor)]
        if self._random.random() < 0.2:
            asked.append(self._ask(kind, body, key=key, actor=actor))
        await asyncio.gather(*asked)

    async def _ask(
        self, kind: RequestKind, body: dict[str, Any], *, key: str = "", read_only: bool = False, actor: str = ""
    ) -> Answer | None:
        """Ask in a viewer; whose viewer dies may open another one and ask the same again."""
        simulation = self._simulation
        number = simulation.number()
        for _ in range(2):
            request = Request(
                number,
                key or number,
                kind,
                body,
                actor or self._name,
                "because",
                at=simulation.wall(),
                read_only=read_only,
            )
            if self._viewer is None or self._viewer.dead:
                self.leave()
                self._viewer = Viewer(simulation, self._name)
            viewer = self._viewer
            answer = await viewer.ask(request, WAIT)
            if not viewer.dead or self._random.random() < 0.5:
                return answer
        return None


def _split_of(place: Place) -> str:
    return f"split/{place.address.parts['name']}"


def _asks(release: Release) -> bool:
    step = release.current
    return step is not None and isinstance(step.work, Ask) and release.standing(step.id).state == "running"


def _pauses(release: Release) -> bool:
    step = release.current
    return step is not None and isinstance(step.work, Pause) and release.standing(step.id).state == "running"


async def captain(simulation: Simulation, attempt: int) -> None:
    """Whoever clears up in the end: answers what waits; later ends what can't go on."""
    person = Operator(simulation, "captain@bridge")
    await person.guard("take", scope="*")
    for hold in simulation.guards().holds:
        if not hold.release:
            await person.guard("lift", id=hold.id)
    for operation in simulation.open_operations():
        if operation.ending is not None:
            await person.choose(operation, "abandon" if attempt > 3 else "")
    for release in simulation.open_releases():
        if release.ending is not None:
            choices: Sequence[Order] = [one for one in release.choices if one != "abandon"] or release.choices
            await person.order(release, "abandon" if attempt > 4 else simulation.random.choice(choices))
        elif attempt > 2:
            await person.order(release, "abort")
        elif _asks(release):
            for who in ("captain@bridge", "mate@bridge", "op1@jump"):
                await person.decide(release, who, "approve")
        elif release.paused:
            await person.order(release, simulation.random.choice(("resume", "promote", "abort")))
        elif _pauses(release):
            await person.order(release, "promote")
    person.leave()


async def stranger(simulation: Simulation) -> None:
    """Somebody with the portal open."""
    random, world, scene = simulation.random, simulation.world, simulation.scene
    while simulation.weather.stranger:
        await asyncio.sleep(random.expovariate(1 / simulation.weather.stranger))
        if simulation.calm:
            return
        site = random.choice(scene.keys("slots"))
        try:
            match random.randrange(6):
                case 0:
                    world.swap(site, "a stranger", *simulation.swap_length())
                case 1:
                    world.deploy(site, STAGING, f"0.{simulation.number()[1:].lstrip('0')}.0", "a stranger")
                case 2:
                    world.prepare(site, "" if world.now(site).preview else STAGING, "a stranger")
                case 4 if scene.flags:
                    key = random.choice(scene.keys("flag"))
                    flag = world.now(key)
                    world.set_flag(key, replace(flag, enabled=not flag.enabled), None, "a stranger")
                case _ if scene.limits:
                    _shift_by_hand(simulation, random.choice(scene.keys("split")))
        except Declined:
            continue


def _shift_by_hand(simulation: Simulation, key: str) -> None:
    """Valid, and with something healthy left."""
    split: Split = simulation.world.now(key)
    name = simulation.random.choice(sorted(split.sides))
    if split.atomic:
        share = float(simulation.random.randrange(101))
        others = sorted(split.sides.keys() - {name})
        simulation.world.divide(key, {name: share, others[0]: 100 - share}, "a stranger")
        return
    enabled = simulation.random.random() < 0.6
    if enabled or split.healthy() - {name}:
        weight = float(simulation.random.randint(1, simulation.weather.scale))
        simulation.world.weigh(key, name, weight, enabled, "a stranger")


async def illness(simulation: Simulation) -> None:
    """Destinations fall ill and get well again."""
    random, world = simulation.random, simulation.world
    while simulation.weather.health and simulation.scene.limits:
        await asyncio.sleep(random.expovariate(1 / simulation.weather.health))
        if simulation.calm:
            return
        key = random.choice(simulation.scene.keys("split"))
        name = random.choice(sorted(world.now(key).sides))
        world.heal(key, name, random.random() < 0.6)


async def pipeline(simulation: Simulation) -> None:
    """Builds new versions of services and puts each into all of its staging slots; some are sick."""
    random, world, scene = simulation.random, simulation.world, simulation.scene
    number = 1
    while simulation.weather.pipeline:
        await asyncio.sleep(random.expovariate(1 / simulation.weather.pipeline))
        if simulation.calm:
            return
        number += 1
        version, target = f"1.{number}.0", random.choice(scene.services)
        if random.random() < simulation.weather.sickness:
            simulation.sick.add(version)
        for site in scene.sites_of(target):
            if not world.now(site).busy and not world.now(site).preview and world.share(site, PRODUCTION) == 100:
                world.deploy(site, STAGING, version, "the pipeline")
