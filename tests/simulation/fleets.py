"""A fleet, its rules and the things of its world, as chance has them: one draw for each seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from tests.simulation.physics import Flag, Side, Site, Split, State

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Ring
from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.gate import GateSpec, Policy
from quarterdeck.release.release_plan import Member
from quarterdeck.release.rules import Route, Rulebook, Truth, Window
from quarterdeck.release.strategy import (
    AnalysisStep,
    ApprovalStep,
    BakeStep,
    DeployStep,
    FlagStep,
    PauseStep,
    RingStep,
    RollingStep,
    RunStep,
    Strategy,
    StrategyStep,
    SwapStep,
    WeightStep,
)
from quarterdeck.release.survey import Limits
from quarterdeck.release.unfolding import Unfit, unfold

SERVICES = ("checkout", "cart", "payments", "search")
REGIONS = ("west", "east", "north")
FLAG = "banner"
IMAGE = "registry.example/shop:"
"""What a version is deployed from: this, and the version."""

FIRST, NEXT = "1.0.0", "1.1.0"
"""What serves at the beginning, and what waits in the staging slots."""

IN_ONE_GO = Limits(units=100, smallest=0, largest=100, atomic=True)
ONE_BY_ONE = Limits(units=1000, smallest=1, largest=1000, atomic=False)
IN_FRACTIONS = Limits(units=0, smallest=0, largest=100, atomic=True)

GOOD_GATES = ("errors", "errors", "latency")
ALL_GATES = ("errors", "latency", "noise", "steady", "shadow")


@dataclass
class Scene:
    """Everything that a seed's story happens to. `things` and `limits` are by the world's keys."""

    fleet: Fleet
    rules: Rulebook
    things: dict[str, State] = field(default_factory=dict)
    limits: dict[str, Limits] = field(default_factory=dict)

    @property
    def services(self) -> tuple[TargetId, ...]:
        """Services as wholes, without flags."""
        return tuple(dict.fromkeys(place.target.whole for place in self.fleet.places if place.role != "flags"))

    @property
    def flags(self) -> tuple[TargetId, ...]:
        """Every flag there is: one for each store."""
        return tuple(
            TargetId(place.target.environment, FLAG, flag=True) for place in self.fleet.places if place.role == "flags"
        )

    def keys(self, kind: str) -> list[str]:
        """The world's things of a kind: slots, split or flag."""
        return sorted(key for key in self.things if key.startswith(f"{kind}/"))

    def sites_of(self, target: TargetId) -> list[str]:
        """The sites of a service, by the world's keys."""
        return [f"slots/{place.address.parts['name']}" for place in self.fleet.places_of(target, "slots")]


def scene(random: Random, scale: int, start: float) -> Scene:
    """Draw one. `scale`: what the weights of a router that is written one by one add up to; `start`: its UNIX time."""
    environments = (Environment("production", protected=True), Environment("staging"))
    services = SERVICES[: random.choice((1, 2, 2, 3, 4))]
    things: dict[str, State] = {}
    limits: dict[str, Limits] = {}
    places: list[Place] = []
    for number, service in enumerate(services):
        everywhere = ("production", "staging") if number == 0 or random.random() < 0.2 else ("production",)
        for environment in everywhere:
            target = TargetId(environment, service)
            places += _service(random, target, scale, things, limits)
    for environment in ("production", "staging"):
        if random.random() < (0.8 if environment == "production" else 0.5):
            places.append(Place("flags", TargetId(environment, "flags"), Address("az", {"name": environment})))
            things[f"flag/{environment}"] = Flag(random.random() < 0.5, 50.0)
    fleet = Fleet("shop", environments, services, tuple(places), rings=_rings(random))
    return Scene(fleet, _rules(random, fleet, start), things, limits)


def _service(
    random: Random, target: TargetId, scale: int, things: dict[str, State], limits: dict[str, Limits]
) -> Iterator[Place]:
    name = f"{target.environment[0]}-{target.name}"
    regions = REGIONS[: random.choice((1, 2, 2, 3))]
    alone = len(regions) == 1
    between_slots = random.random() < (0.8 if alone else 0.5)
    for region in regions:
        place = target if alone else replace(target, region=region)
        address = Address("az", {"name": f"{name}-{region}"})
        yield Place("slots", place, address)
        things[f"slots/{name}-{region}"] = Site(NEXT, FIRST)
        if between_slots:
            yield Place("slot_traffic", place, address)
            things[f"split/{name}-{region}"] = Split({"production": Side(100.0), "staging": Side(0.0)}, atomic=True)
            limits[f"split/{name}-{region}"] = random.choice((IN_ONE_GO, IN_ONE_GO, IN_FRACTIONS))
    if not alone and random.random() < 0.8:
        yield Place("traffic", target, Address("az", {"name": name}))
        atomic = random.random() < 0.2
        each = 100 // len(regions) if atomic else max(1, scale // len(regions))
        rest = 100 - each * len(regions) if atomic else 0
        sides = {one: Side(float(each + (rest if number == 0 else 0))) for number, one in enumerate(regions)}
        things[f"split/{name}"] = Split(sides, atomic=atomic)
        limits[f"split/{name}"] = IN_ONE_GO if atomic else ONE_BY_ONE


def _rings(random: Random) -> tuple[Ring, ...]:
    return (
        Ring("canary", random.choice((5.0, 10.0))),
        Ring("everybody", 100.0),
        Ring("first", 30.0, regions=("west",)),
        Ring("rest", 100.0, regions=("east",)),
        Ring("beta", 10.0, flag=FLAG, group="beta"),
        Ring("some", 25.0, flag=FLAG),
    )


# --- rules ------------------------------------------------------------------------------------------------------------
def _rules(random: Random, fleet: Fleet, start: float) -> Rulebook:
    strategies = tuple(_strategy(random, f"way-{number}") for number in range(4))
    targets = dict.fromkeys(place.target.whole for place in fleet.places if place.role != "flags")
    known = Rulebook(
        strategies=strategies,
        gates=_gates(random),
        approvals=(
            ApprovalRule(
                "sre",
                required=random.choice((1, 2, 2)),
                groups=("sre",),
                self_approval=random.random() < 0.3,
                expires_after=random.choice((None, 400.0)),
                skippable_by=random.choice(((), ("sre",))),
            ),
            ApprovalRule("anybody", self_approval=True),
        ),
        windows=tuple(_windows(random, start)),
        groups={"sre": ("op0", "op1", "captain", "mate"), "dev": ("op2", "captain")},
        exposure={"production": random.choice((25.0, 60.0, 100.0))} if random.random() < 0.4 else {},
        overlap=600,
        train=random.choice(((), ("staging", "production"))),
    )
    return replace(known, routes=tuple(_route(random, target, fleet, known) for target in targets))


def _gates(random: Random) -> tuple[GateSpec, ...]:
    policies: tuple[Policy, ...] = ("wait", "wait", "pass", "fail", "pause")

    def gate(name: str, **more: object) -> GateSpec:
        known = GateSpec(
            name,
            "metric",
            "az",
            {"query": f"{name} $environment/$service"},
            success="result < 0.5",
            interval=random.choice((10.0, 20.0)),
            count=random.choice((1, 1, 2)),
            failure_limit=random.choice((0, 0, 1)),
            inconclusive_limit=random.choice((0, 2)),
            timeout=200,
            max_age=60,
            on_no_data=random.choice(policies),
            on_stale=random.choice(policies),
            skippable_by=random.choice(((), ("dev",))),
        )
        return replace(known, **more)  # type: ignore[arg-type]

    return (
        gate("errors"),
        gate("latency", evaluation_delay=5.0),
        gate("noise"),
        gate("steady", steady_for=30.0),
        gate("shadow", shadow=True),
    )


def _windows(random: Random, start: float) -> Iterator[Window]:
    if random.random() < 0.3:
        since = start + random.uniform(0, 500)
        until = since + random.uniform(60, 900)
        where = random.choice(((), ("production",)))
        yield Window("calendar", environments=where, since=since, until=until, reason="quarter end")


def _fits(strategy: Strategy, target: TargetId, fleet: Fleet, known: Rulebook) -> bool:
    try:
        unfold(strategy, Member(target, NEXT, FIRST, strategy.name), fleet=fleet, rules=known)
    except Unfit:
        return False
    return True


def _route(random: Random, target: TargetId, fleet: Fleet, known: Rulebook) -> Route:
    strategies = known.strategies
    fitting = [one for one in strategies if _fits(one, target, fleet, known)]
    before = fleet.services[: fleet.services.index(target.name)]
    return Route(
        target,
        random.choice(fitting if fitting and random.random() < 0.85 else strategies).name,
        hotfix=random.choice(("", "", "way-0")),
        needs=tuple(one for one in before if random.random() < 0.4),
        approval="sre" if random.random() < 0.15 else "",
        artifact=f"{IMAGE}$version" if random.random() < 0.8 else "",
        health=("errors",) if random.random() < 0.4 else (),
        truth=Truth("https://$host/") if random.random() < 0.4 else None,
    )


def _strategy(random: Random, name: str) -> Strategy:
    steps = list(random.choice(_COURSES)(random))
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        steps.insert(random.randrange(len(steps) + 1), _between(random))
    return Strategy(
        name,
        tuple(steps),
        gates=random.choice(((), ("errors",), ("errors",), ("noise",), ("errors", "shadow"))),
        on_failure=random.choice(("rollback", "rollback", "pause")),
        confirm_within=random.choice((None, None, None, 90.0)),
        pause_limit=random.choice((None, 300.0)),
    )


def _canary(random: Random) -> Iterator[StrategyStep]:
    tolerance = random.choice((None, None, 2.0))
    yield WeightStep({"": float(random.choice((1, 5, 10)))}, tolerance)
    yield _look(random)
    if random.random() < 0.6:
        yield WeightStep({"": float(random.choice((25, 50)))})
        yield _look(random)
    yield SwapStep()


def _blue_green(random: Random) -> Iterator[StrategyStep]:
    yield SwapStep("preview")
    yield _look(random)
    yield SwapStep(random.choice(("complete", "complete", "complete", "cancel")))


def _plain(random: Random) -> Iterator[StrategyStep]:
    if random.random() < 0.3:
        yield DeployStep()
    yield SwapStep()
    yield _look(random)


def _rings_of_regions(random: Random) -> Iterator[StrategyStep]:
    yield RingStep("first")
    yield _look(random)
    yield RingStep("rest")
    if random.random() < 0.3:
        yield SwapStep()


def _rings_of_shares(random: Random) -> Iterator[StrategyStep]:
    yield RingStep("canary")
    yield _look(random)
    yield RingStep("everybody")


def _rolling(random: Random) -> Iterator[StrategyStep]:
    gates = random.choice(((), ("errors",)))
    yield RollingStep(drain=random.random() < 0.5, seconds=random.choice((0.0, 20.0)), gates=gates)


def _flags(random: Random) -> Iterator[StrategyStep]:
    yield random.choice((RingStep("beta"), FlagStep(FLAG, enabled=True, percent=10.0)))
    yield _look(random)
    yield random.choice((RingStep("some"), FlagStep(FLAG, enabled=random.random() < 0.8, percent=100.0)))


def _anything(random: Random) -> Iterator[StrategyStep]:
    for _ in range(random.randint(1, 4)):
        yield random.choice(
            (
                DeployStep(random.choice(("", "", "staging", "production"))),
                SwapStep(random.choice(("swap", "preview", "complete", "cancel"))),
                WeightStep({random.choice(("", "west", "staging")): float(random.choice((0, 20, 70)))}),
                FlagStep(FLAG, percent=30.0, audience=(Audience("beta", 50.0),)),
                RingStep(random.choice(("canary", "first", "beta", "nowhere"))),
                RollingStep(),
                _between(random),
            )
        )


_COURSES = (_canary, _canary, _blue_green, _plain, _rings_of_regions, _rings_of_shares, _rolling, _flags, _anything)


def _look(random: Random) -> StrategyStep:
    gates: Mapping[int, tuple[str, ...]] = {0: (random.choice(GOOD_GATES),), 1: (random.choice(ALL_GATES), "errors")}
    names = tuple(dict.fromkeys(gates[random.randrange(2)]))
    return random.choice((AnalysisStep(names), BakeStep(random.choice((20.0, 40.0)), random.choice((names, ())))))


def _between(random: Random) -> StrategyStep:
    return random.choice(
        (
            PauseStep(random.choice((None, 15.0, 40.0))),
            ApprovalStep(random.choice(("sre", "sre", "anybody"))),
            RunStep(
                ("migrate", "$version"),
                timeout=60,
                repeatable=random.random() < 0.5,
                undo=random.choice(((), ("migrate", "back"))),
            ),
            _look(random),
        )
    )
