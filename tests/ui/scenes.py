"""A store with a fleet in it, and a stand-in for the runner that writes into it. The store is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import (
    Audience,
    Build,
    Destination,
    FlagReading,
    FlagsReading,
    Reading,
    SlotReading,
    SlotsReading,
    SwapRecord,
    TrafficReading,
)
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Role
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap, command_line
from quarterdeck.release.plan import Effect, Fuse, Plan, Risk, SettingMove, Step
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Lease, Request, Store
from quarterdeck.store.opening import open_store

NOW = 1_795_442_531.0  # 2026-11-23 14:02:11 UTC
LEASE_SECONDS = 1e9


@dataclass
class FrozenClock:
    """Stands still until told otherwise."""

    at: float = NOW

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing in the cockpit sleeps by this clock")


def place(role: Role, target: str, connection: str = "azure") -> Place:
    return Place(role, TargetId.parse(target), Address(connection, {"at": f"{role} {target}"}))


FLEET = Fleet(
    name="contoso-shop",
    environments=(Environment("dev"), Environment("staging"), Environment("production", protected=True)),
    services=("checkout", "cart", "payments"),
    places=(
        place("slots", "dev/checkout"),
        place("slots", "staging/checkout"),
        place("slots", "production/checkout@westeurope"),
        place("slots", "production/checkout@northeurope"),
        place("slot_traffic", "production/checkout@westeurope"),
        place("traffic", "production/checkout"),
        place("slots", "staging/cart"),
        place("slots", "production/cart"),
        place("slots", "production/payments"),
        place("flags", "staging/flags", "flags"),
        place("flags", "production/flags", "flags"),
    ),
)


def slot(name: str, version: str, **more: Any) -> SlotReading:
    host = "checkout" if name == "production" else f"checkout-{name}"
    return SlotReading(
        name,
        Build(version, f"d{version.replace('.', '')}f00d", NOW - 3 * 3600),
        **{"health": "healthy", "host": f"{host}.azurewebsites.net", **more},
    )


def slots(live: str, staging: str, **more: Any) -> SlotsReading:
    swapped = SwapRecord("2026-11-22T09:14:00Z", "staging", "production")
    return SlotsReading((slot("production", live, last_swap=swapped, **more), slot("staging", staging)))


def endpoints(west: float, north: float) -> TrafficReading:
    def one(name: str, share: float) -> Destination:
        return Destination(name, share, share * 10, True, "healthy", "Online", f"checkout-{name}.azurewebsites.net")

    return TrafficReading("Weighted", (one("westeurope", west), one("northeurope", north)), 30, "Online")


FLAGS_STAGING = FlagsReading(
    (
        FlagReading("beta-basket", True, percent=50, modified_at=NOW - 7200),
        FlagReading("new-checkout", True, modified_at=NOW - 90),
    )
)
FLAGS_PRODUCTION = FlagsReading(
    (
        FlagReading("beta-basket", False, description="the new basket", modified_at=NOW - 86400),
        FlagReading(
            "new-checkout", True, "eu", None, (Audience("canary", 100), Audience("early", 25)), ("TimeWindow",)
        ),
        FlagReading("new-checkout", False),
        FlagReading("kill-search", True, locked=True),
    )
)

READINGS: dict[str, Reading] = {
    "slots/dev/checkout": SlotsReading((slot("production", "2.16.0-dev.4"),)),
    "slots/staging/checkout": slots("2.15.0", "2.15.1"),
    "slots/production/checkout@westeurope": slots("2.14.3", "2.15.0"),
    "slots/production/checkout@northeurope": slots("2.14.3", "2.15.0"),
    "slot_traffic/production/checkout@westeurope": TrafficReading(
        "ramp-up rules",
        (Destination("production", 90, 90, health="healthy"), Destination("staging", 10, 10, health="healthy")),
        3600,
        kept_by="cookie",
    ),
    "traffic/production/checkout": endpoints(75, 25),
    "slots/staging/cart": slots("1.9.2", "1.9.3"),
    "slots/production/cart": slots("1.9.1", "1.9.2"),
    "slots/production/payments": slots("4.0.0", "4.0.1", preview_from="staging"),
    "flags/staging/flags": FLAGS_STAGING,
    "flags/production/flags": FLAGS_PRODUCTION,
}


@dataclass
class Scene:
    """A store and the stand-in runner's lease on it."""

    path: Path
    clock: FrozenClock = field(default_factory=FrozenClock)

    def __post_init__(self) -> None:
        self.store: Store = open_store(self.path, create=True)
        lease = self.store.take_lease("runner", "runner@jump1", NOW, LEASE_SECONDS, {})
        assert lease is not None
        self.lease: Lease = lease
        self._operations = 0

    def viewer(self) -> Store:
        """The store as another process sees it."""
        return open_store(self.path, create=False)

    def publish(self, fleet: Fleet = FLEET, readings: dict[str, Reading] | None = None) -> None:
        self.store.put_fleet(fleet, self.lease)
        self.see(READINGS if readings is None else readings)

    def see(self, readings: dict[str, Reading], *, ago: float = 5) -> None:
        at = self.clock.now() - ago
        seen = [Observation(subject, reading, _source(subject), at, at) for subject, reading in readings.items()]
        self.store.observe(seen, self.lease)

    def fail(self, subject: str, trouble: Trouble, *, since: float = 600) -> None:
        was = self.store.observations().get(subject, Observation(subject))
        now = replace(was, trouble=trouble, trouble_since=self.clock.now() - since)
        self.store.observe([replace(now, observed_at=was.observed_at and was.observed_at - since)], self.lease)

    def let_go(self) -> None:
        """The runner leaves."""
        self.store.release_lease(self.lease)

    def say_of_runner(self, **info: Any) -> None:
        """The runner tells something else about itself."""
        self.store.release_lease(self.lease)
        lease = self.store.take_lease("runner", "runner@jump1", self.clock.now(), LEASE_SECONDS, info)
        assert lease is not None
        self.lease = lease

    def record(self, *drafts: Draft, ago: float = 0, answer: Answer | None = None) -> None:
        self.store.record(drafts, self.lease, self.clock.now() - ago, answer=answer)

    def start(self, plan: Plan, *, ago: float = 60, actor: str = "ana@jump1", reason: str = "release day") -> str:
        self._operations += 1
        operation = f"op{self._operations}"
        target = str(plan.action.target)
        self.record(Draft("operation.started", actor, operation, target, {"plan": plan, "reason": reason}), ago=ago)
        return operation

    def step(self, operation: str, kind: str, step: str = "1", *, ago: float = 30, **body: Any) -> None:
        target = self._target(operation)
        self.record(Draft(f"step.{kind}", "runner@jump1", operation, target, {"step": step, **body}), ago=ago)

    def end(
        self, operation: str, ending: str, detail: str = "", choices: Sequence[str] = (), *, ago: float = 20
    ) -> None:
        body = {"ending": ending, "detail": detail, "choices": choices}
        self.record(Draft("operation.ended", "runner@jump1", operation, self._target(operation), body), ago=ago)

    def asked(self, kind: str) -> Request:
        """The newest unanswered request of a kind."""
        return next(request for request in reversed(self.store.pending()) if request.kind == kind)

    def answer(self, request: Request, **made: Any) -> None:
        """`made` is what of the answer applies: plan, operation, refusal, proposal, release, said."""
        self.record(answer=Answer(request.id, self.clock.now(), **made))

    def _target(self, operation: str) -> str:
        found = self.store.operation(operation)
        assert found is not None
        return str(found.plan.action.target)


def _source(subject: str) -> str:
    role = subject.partition("/")[0]
    return {"slots": "azure resource graph", "flags": "app configuration"}.get(role, "azure")


CHECKOUT = TargetId("production", "checkout")


def swap_plan(action: Action | None = None, **more: Any) -> Plan:
    """A plan with something in every section."""
    action = action or Swap(CHECKOUT)
    steps = tuple(
        Step(
            str(i),
            "swap",
            "slots",
            TargetId("production", "checkout", region),
            Address("azure", {"site": f"checkout-{region}"}),
            f"production/checkout@{region}: swap staging into production",
            change={"source": "staging", "destination": "production"},
            before={"source_version": "2.15.0", "destination_version": "2.14.3"},
            after={"source_version": "2.14.3", "destination_version": "2.15.0"},
            undo={"source": "staging", "destination": "production"},
        )
        for i, region in enumerate(("westeurope", "northeurope"), 1)
    )
    effects = tuple(
        effect
        for region in ("westeurope", "northeurope")
        for effect in (
            Effect(f"production/checkout@{region}", "build in production", "2.14.3", "2.15.0"),
            Effect(f"production/checkout@{region}", "build in staging", "2.15.0", "2.14.3"),
        )
    )
    whole = Plan(
        id="p1",
        request="r1",
        action=action,
        steps=steps,
        effects=effects,
        settings=(
            SettingMove("FEATURE_TIMEOUT", "app setting", True),
            SettingMove("DB_CONNECTION", "connection string", False),
            SettingMove("SLOT_NAME", "app setting", False, "has no twin in production"),
        ),
        risks=(
            Risk(
                "warning", "warmup", "warm-up accepts every answer, a 500 too", "set WEBSITE_SWAP_WARMUP_PING_STATUSES"
            ),
            Risk(
                "danger",
                "ramp-rule",
                "a rule sends 10% of new clients to staging; after the swap that is the old build, 2.14.3",
                "qd shift production/checkout@westeurope staging=0 before the swap",
            ),
            Risk("info", "one-by-one", "one place after the other: until the last is done, users meet both builds"),
        ),
        fuse=Fuse(True, "swap back", 120, "sessions held in memory", "somebody deploys to staging"),
        who_feels_it="everybody who uses checkout in production, from the moment the routing switches",
        command=command_line(action),
        type_to_confirm="production",
        made_at=NOW,
        expires_at=NOW + 300,
    )
    return replace(whole, **more)


def flag_plan(action: Action | None = None, **more: Any) -> Plan:
    """A small plan in an unprotected environment."""
    action = action or FlagChange(TargetId("staging", "beta-basket", flag=True), enabled=False)
    step = Step("1", "set_flag", "flags", action.target, Address("flags", {}), "switch beta-basket off")
    whole = Plan(
        "p2", "r2", action, (step,), (Effect(str(action.target), "flag", "on for 50%", "off"),),
        fuse=Fuse(True, "switch it on again", 1), command=command_line(action), made_at=NOW, expires_at=NOW + 300,
    )  # fmt: skip
    return replace(whole, **more)


def shift_plan(**shares: float) -> Plan:
    """A plan that divides traffic anew."""
    action = Shift(CHECKOUT, shares)
    step = Step(
        "1", "set_shares", "traffic", CHECKOUT, Address("azure", {}), "divide new clients",
        before={"shares": {"westeurope": 75.0, "northeurope": 25.0}}, after={"shares": shares}, repeatable=True,
    )  # fmt: skip
    effects = tuple(Effect(str(CHECKOUT), f"share of {name}", "75%", f"{share:g}%") for name, share in shares.items())
    fuse = Fuse(True, "shift back", 5)
    return Plan(
        "p3", "r3", action, (step,), effects, fuse=fuse, command=command_line(action),
        type_to_confirm="production", made_at=NOW, expires_at=NOW + 300,
    )  # fmt: skip


def undo_plan() -> Plan:
    """A plan that rolls checkout back."""
    return swap_plan(Rollback(CHECKOUT), id="p4")


def played(scene: Scene) -> Scene:
    """The fleet as it usually looks: one swap done, one under way."""
    scene.publish()
    done = scene.start(flag_plan(), ago=2900, actor="ben@jump2", reason="basket errors")
    scene.step(done, "intended", ago=2899)
    scene.step(done, "done", ago=2898, detail="read back: off")
    scene.end(done, "succeeded", ago=2898)
    running = scene.start(swap_plan(), ago=130)
    scene.step(running, "intended", ago=129)
    scene.step(running, "done", ago=70, detail="both slots read back")
    scene.step(running, "intended", "2", ago=69)
    scene.step(running, "accepted", "2", ago=68, detail="warming up", reference="3f1c0a52-swap")
    return scene
