"""A release played through without a runner: moves become events, writes change a small world, time is a number.

The world knows what each slot holds, how clients are divided, and who sees a flag. An operation changes it in the steps
that a provider's plan would have; taking one back works only if nobody changed the same thing since.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Ring, Role
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.composing import Sight, compose
from quarterdeck.release.conducting import decide, recovery_of, refuse_order
from quarterdeck.release.gate import GateSpec, Measurement, Sample, Verdict
from quarterdeck.release.guards import Guards
from quarterdeck.release.moves import (
    Confirming,
    Done,
    Failed,
    Finish,
    Halt,
    Measure,
    Move,
    Outside,
    Recover,
    Rest,
    Start,
    Undo,
    Undone,
    Watch,
)
from quarterdeck.release.operation import Choice, Ending, Operation, StepProgress
from quarterdeck.release.plan import Plan, Refusal, Step, Verb
from quarterdeck.release.release_plan import ReleasePlan, ReleaseStep, Run, Wish, Write
from quarterdeck.release.rollout import Order, Release, advance, begin, opening
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.strategy import Strategy

CHECKOUT = TargetId("production", "checkout")
PAYMENTS = TargetId("production", "payments")
OLD, NEW = "2.14.3", "2.15.0"
START = 1_000_000.0

Key = tuple[str, str]


def places(target: TargetId, *regions: str) -> tuple[Place, ...]:
    """A service with slots and traffic between them in each region, and traffic between the regions, if it has some."""
    found: list[Place] = []
    for region in regions or ("",):
        here = replace(target, region=region)
        roles: tuple[Role, ...] = ("slots", "slot_traffic")
        found += [Place(role, here, Address("az", {"site": f"{target.name}-{region}"})) for role in roles]
    return (*found, Place("traffic", target, Address("az", {"profile": target.name}))) if regions else tuple(found)


RINGS = (
    Ring("canary", 5),
    Ring("early", 25),
    Ring("broad", 100),
    Ring("west", 50, ("west",)),
    Ring("beta", 10, flag="banner", group="beta"),
    Ring("tenth", 10, flag="banner"),
)
FLEET = Fleet(
    "shop",
    (Environment("staging"), Environment("production", protected=True)),
    ("checkout", "payments"),
    (
        *places(CHECKOUT, "west", "east"),
        *places(PAYMENTS),
        Place("flags", TargetId("production", "flags"), Address("cfg", {})),
    ),
    (),
    RINGS,
)


def gate(name: str, **more: Any) -> GateSpec:
    return GateSpec(name, "metric", success="result < 1", **{"interval": 30.0, **more})


GATES = (gate("errors"), gate("latency"), gate("alarms"))


def rulebook(*strategies: Strategy, **more: Any) -> Rulebook:
    """Rules with gates `errors`, `latency`, `alarms`, and the approvals `sre` and `boss`."""
    routes = more.pop("routes", (Route(CHECKOUT, artifact="shop:$version"), Route(PAYMENTS, artifact="pay:$version")))
    return Rulebook(
        strategies=strategies,
        gates=more.pop("gates", GATES),
        approvals=more.pop("approvals", (ApprovalRule("sre"), ApprovalRule("boss", self_approval=True))),
        routes=routes,
        **more,
    )


def sights(serving: str = OLD, candidate: str = NEW) -> dict[TargetId, Sight]:
    return {
        CHECKOUT: Sight(CHECKOUT, (serving, serving), (candidate, candidate)),
        PAYMENTS: Sight(PAYMENTS, (serving,), (candidate,)),
    }


def composed(wish: Wish, rules: Rulebook, **more: Any) -> ReleasePlan | Refusal:
    more = {"guards": Guards(), "releases": (), "sights": sights(), "now": START, **more}
    return compose("r1", wish, "ana@jump-1", fleet=FLEET, rules=rules, **more)


def plan_of(found: ReleasePlan | Refusal) -> ReleasePlan:
    assert isinstance(found, ReleasePlan), found
    return found


def rehearse(*steps: Any, targets: Sequence[TargetId] = (CHECKOUT,), **more: Any) -> Rehearsal:
    """A release of checkout by a strategy of these steps; keywords of `Strategy`, or `wish`, or `also`: a gate more."""
    wish = more.pop("wish", Wish(tuple(targets), NEW, "careful"))
    gates = (*GATES, more.pop("also")) if "also" in more else GATES
    strategy = Strategy("careful", tuple(steps), **more)
    return Rehearsal(plan_of(composed(wish, rulebook(strategy, gates=gates))))


@dataclass
class World:
    """What is there. Keys are (kind, name)."""

    fleet: Fleet
    things: dict[Key, Any] = field(default_factory=dict)

    def regions(self, target: TargetId) -> list[TargetId]:
        return [place.target for place in self.fleet.places_of(target, "slots")]

    def slots(self, target: TargetId) -> dict[str, str]:
        found: dict[str, str] = self.things.setdefault(
            ("slots", str(target)), {"staging": NEW, "production": OLD, "prepared": ""}
        )
        return found

    def shares(self, target: TargetId) -> dict[str, dict[str, float]]:
        """Percent by slot, under `shares`."""
        usual = {"shares": {"staging": 0.0, "production": 100.0}}
        found: dict[str, dict[str, float]] = self.things.setdefault(("shares", str(target)), usual)
        return found


@dataclass
class Rehearsal:
    """One release, the operations it made, and what its operators and gates will say.

    Attributes:
        verdict: what a gate says now, by name.
        outcome: how an operation ends when it is watched: its id and action are given.
        moves: all that was decided.
        ran: the programs that were run. refused: what the provider said no to.
    """

    plan: ReleasePlan
    verdict: Callable[[str], Verdict] = lambda _: "pass"
    outcome: Callable[[str, Action], Ending] = lambda _, __: "succeeded"
    program: Callable[[str], bool] = lambda _: True
    fleet: Fleet = FLEET
    hindrance: str = ""
    now: float = START
    operations: dict[str, Operation] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.world = World(self.fleet)
        for place in self.fleet.places:
            if place.role == "slots":
                self.world.slots(place.target)
                self.world.shares(place.target)
        self.release: Release = begin(self.plan.id, "ana@jump-1", opening(self.plan, "", {}), self.now)
        self.before = {key: dict(value) for key, value in self.world.things.items()}

    # --- what happens ------------------------------------------------------------------------------------------------
    def tell(self, kind: str, actor: str = "quarterdeck", **body: Any) -> None:
        self.release = advance(self.release, f"release.{kind}", actor, body, self.now)

    @property
    def outside(self) -> Outside:
        return Outside(self.operations, self.hindrance, None, lambda who: self.groups.get(who, frozenset()))

    def decide(self) -> Move:
        move = decide(self.release, self.now, self.outside)
        assert move == decide(self.release, self.now, self.outside), "decided otherwise the second time"
        return move

    def move(self) -> Move:
        """Decide once, and do it."""
        move = self.decide()
        self.moves.append(move)
        self._do(move)
        return move

    def run(self, most: int = 1000) -> Move:
        """Go on until it ends or nothing but a person can make it go on. Waits pass at once."""
        for _ in range(most):
            if self.release.ending is not None:
                break
            move = self.move()
            if isinstance(move, Rest):
                if move.until is None:
                    return move
                self.now = max(self.now, move.until)
        else:
            raise AssertionError(f"no end in sight: {self.moves[-5:]}")
        return self.moves[-1]

    def run_to(self, kind: type[Move], step: str = "") -> Move:
        """Go on until a move of that kind (for that step) has been made."""
        for _ in range(1000):
            move = self.move()
            if isinstance(move, Rest) and move.until is not None:
                self.now = max(self.now, move.until)
            of = getattr(move, "step", "")
            if isinstance(move, kind) and step in ("", of, getattr(of, "id", of)):
                return move
            assert self.release.ending is None, self.release.detail
        raise AssertionError(f"no {kind.__name__}")

    def order(self, order: Order, step: str = "") -> Refusal | None:
        """Tell it something, as the runner writes it down."""
        if refusal := refuse_order(self.release, order, step, self.now):
            return refusal
        at = step or self._concerned()
        self.tell("ordered", "ana@jump-1", order=order, step=at, reason="")
        match order:
            case "promote":
                self.tell("step_done", "ana@jump-1", step=at, detail="promoted by ana@jump-1")
            case "skip":
                self.tell("step_skipped", "ana@jump-1", step=at, detail="skipped by ana@jump-1")
            case "abort" | "undo":
                recover = recovery_of(self.release, f"{order} by ana@jump-1", step if order == "undo" else "")
                self.tell("recovering", "ana@jump-1", why=recover.why, steps=list(recover.steps), to=recover.to)
            case "abandon":
                self.tell("ended", "ana@jump-1", ending="needs_operator", detail="abandoned", choices=[])
        return None

    def say(self, by: str, verdict: str = "approve", step: str = "") -> None:
        at = step or self._concerned()
        self.tell("decided", by, step=at, decision=to_json(Decision(by, self.now, verdict)))  # type: ignore[arg-type]

    def answer(self, operation_id: str, choice: Choice) -> None:
        """Answer an operation that needs an operator."""
        operation = self.operations[operation_id]
        assert operation.open
        assert operation.ending == "needs_operator"
        if choice == "retry":
            self._finish(operation, "succeeded")
        elif choice == "undo":
            for step in reversed(operation.plan.steps):
                if operation.step(step.id).state == "done":
                    self.world.things[_key(step)] = _back(step)
            self.operations[operation_id] = replace(operation, ending="rolled_back", choices=())
        else:
            self.operations[operation_id] = replace(operation, choices=())

    def steps(self, state: str) -> list[str]:
        """Ids of the steps in a state."""
        return [step.id for step in self.plan.steps if self.release.standing(step.id).state == state]

    @property
    def open_operations(self) -> list[str]:
        return [one.id for one in self.operations.values() if one.ending is None]

    @property
    def as_before(self) -> bool:
        """Whether the world is as it was."""
        now = {key: value for key, value in self.world.things.items() if value != self.before.get(key)}
        return not {key: value for key, value in now.items() if key[0] != "flag" or value != _NO_FLAG}

    # --- moves --------------------------------------------------------------------------------------------------------
    def _do(self, move: Move) -> None:
        match move:
            case Start(step, until):
                self._start(step, until)
            case Done(step_id, detail, skipped):
                self.tell("step_skipped" if skipped else "step_done", step=step_id, detail=detail)
            case Failed(step_id, detail):
                self.tell("step_failed", step=step_id, detail=detail)
            case Measure(step_id, gates, unasked):
                self.tell("sampled", step=step_id, sample=to_json(replace(self._sample(gates), unasked=unasked)))
            case Watch(operation):
                found = self.operations[operation]
                self._finish(found, self.outcome(operation, found.plan.action))
            case Recover(why, steps, to):
                self.tell("recovering", why=why, steps=list(steps), to=to)
            case Undo(step):
                self._undo(step)
            case Undone(step_id, detail):
                self.tell("step_undone", step=step_id, detail=detail)
            case Confirming(until):
                self.tell("confirming", until=until)
            case Halt(why):
                self.tell("ordered", order="pause", step="", reason=why)
            case Finish(ending, detail, choices):
                self.tell("ended", ending=ending, detail=detail, choices=list(choices))

    def _start(self, step: ReleaseStep, until: float | None) -> None:
        match step.work:
            case Write() as work:
                self._begin(step, work)
            case Run(command):
                self.tell("step_started", step=step.id)
                self.ran.append(" ".join(command))
                good = self.program(step.id)
                self.tell("step_done" if good else "step_failed", step=step.id, detail="exit code")
            case _:
                self.tell("step_started", step=step.id, until=until)

    def _begin(self, step: ReleaseStep, work: Write) -> None:
        assert not self.open_operations, "two operations at once"
        action = work.action
        if work.undoes:
            action = Rollback(action.target, self.release.standing(work.undoes).operation)
        try:
            writes = self._inverse(action.operation) if isinstance(action, Rollback) else self._writes(action)
        except Refused as refused:
            self.refused.append(str(refused))
            self.tell("step_failed", step=step.id, detail=str(refused))
            return
        assert writes is not None, "what was done can't be taken back in the middle of a release"
        if not writes:
            self.tell("step_done", step=step.id, detail="nothing to do")
            return
        name = self._open(step, action, writes)
        self.tell("step_started", step=step.id, operation=name)

    def _undo(self, step: ReleaseStep) -> None:
        if isinstance(step.work, Run):
            self.tell("step_undoing", step=step.id)
            self.ran.append(" ".join(step.work.undo))
            self.tell("step_undone", step=step.id, detail="exit code 0")
            return
        assert not self.open_operations, "two operations at once"
        done = self.release.standing(step.id).operation
        writes = self._inverse(done)
        if writes is None:
            self.tell("step_undoing", step=step.id, detail="somebody has changed it since")
            return
        name = self._open(step, Rollback(step.target, done), writes)
        self.tell("step_undoing", step=step.id, operation=name)

    def _open(self, step: ReleaseStep, action: Action, writes: Sequence[Step]) -> str:
        name = f"{self.release.id}-{step.id}-{len(self.operations)}"
        self.operations[name] = Operation(name, Plan(name, name, action, tuple(writes)), "ana@jump-1", "", self.now)
        return name

    def _inverse(self, operation_id: str) -> list[Step] | None:
        """The writes that take an operation back; None if somebody has changed the same since."""
        operation = self.operations[operation_id]
        done = [step for step in reversed(operation.plan.steps) if operation.step(step.id).state == "done"]
        if any(self.world.things[_key(step)] != step.after for step in done):
            return None
        return [replace(step, id=str(n), before=step.after, after=_back(step)) for n, step in enumerate(done, 1)]

    def _finish(self, operation: Operation, ending: Ending) -> None:
        """All its writes, none (failed), or the first only (needs an operator)."""
        todo = [step for step in operation.plan.steps if operation.step(step.id).state != "done"]
        count = {"succeeded": len(todo), "needs_operator": 1 if len(todo) > 1 else 0}.get(ending, 0)
        progress = dict(operation.steps)
        for step in todo[:count]:
            assert self.world.things.get(_key(step), dict(step.before)) == step.before
            self.world.things[_key(step)] = dict(step.after)
            progress[step.id] = StepProgress("done")
        if ending in ("succeeded",) and isinstance(operation.plan.action, Rollback):
            undone = self.operations[operation.plan.action.operation]
            self.operations[undone.id] = replace(undone, undone_by=operation.id)
        choices: tuple[Choice, ...] = ("retry", "undo", "abandon") if ending == "needs_operator" else ()
        self.operations[operation.id] = replace(operation, steps=progress, ending=ending, choices=choices)

    def _sample(self, gates: Sequence[str]) -> Sample:
        return Sample(self.now, tuple(Measurement(name, self.verdict(name), 0.5) for name in gates))

    def _concerned(self) -> str:
        if self.release.recovery:
            left = [
                one
                for one in self.release.recovery.steps
                if self.release.standing(one).state not in ("undone", "skipped")
            ]
            if left:
                return left[0]
        return self.release.current.id if self.release.current else ""

    # --- the writes of an action --------------------------------------------------------------------------------------
    def _writes(self, action: Action) -> list[Step]:
        match action:
            case Swap(target, _, _, mode):
                return self._numbered(target, mode, "slots", lambda now: _swapped(now, mode))
            case Shift(target, shares) if set(shares) <= {"staging", "production"}:
                return self._numbered(target, "set_shares", "shares", lambda now: _shared(now, shares))
            case Shift(target, shares):
                (name, share), *_ = shares.items()
                key = ("ends", f"{target}/{name}")
                now = self.world.things.setdefault(key, {"destination": name, "weight": 50.0, "enabled": True})
                self.before.setdefault(key, dict(now))
                after = {**now, "weight": share}
                return [_step("1", "set_destination", f"{target}/{name}", "ends", now, after)] if after != now else []
            case FlagChange(target):
                key = ("flag", str(target))
                now = dict(self.world.things.setdefault(key, dict(_NO_FLAG)))
                after = _flagged(now, action)
                return [_step("1", "set_flag", str(target), "flag", now, after)] if after != now else []
            case Deploy(target, version):
                return self._numbered(target, "deploy", "slots", lambda now: {**now, "staging": version})
        raise AssertionError(action)

    def _numbered(
        self, target: TargetId, verb: Verb, kind: str, change: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> list[Step]:
        found: list[Step] = []
        for region in self.world.regions(target):
            now = dict(self.world.things[kind, str(region)])
            after = change(now)
            if after != now:
                found.append(_step(str(len(found) + 1), verb, str(region), kind, now, after))
        return found


def _back(step: Step) -> dict[str, Any]:
    """What is there after taking a step back: a swap that was completed isn't prepared again."""
    return {**step.before, "prepared": ""} if step.verb == "complete" else dict(step.before)


_NO_FLAG: dict[str, Any] = {"on": False, "percent": None, "audience": {}}


class Refused(Exception):
    """The provider would say no."""


def _swapped(now: dict[str, Any], mode: str) -> dict[str, Any]:
    if bool(now["prepared"]) != (mode in ("complete", "cancel")):
        raise Refused(f"{mode} with {now['prepared'] or 'nothing'} prepared")
    if mode in ("preview", "cancel"):
        return {**now, "prepared": "staging" if mode == "preview" else ""}
    return {"staging": now["production"], "production": now["staging"], "prepared": ""}


def _shared(now: dict[str, Any], shares: Mapping[str, float]) -> dict[str, Any]:
    staging = shares.get("staging", 100 - shares.get("production", now["shares"]["production"]))
    assert 0 <= staging <= 100
    return {"shares": {"staging": staging, "production": 100 - staging}}


def _flagged(now: dict[str, Any], change: FlagChange) -> dict[str, Any]:
    groups = {one.group: one.percent for one in (change.audience or change.admit)}
    kept = dict(now["audience"]) if change.audience is None else {}
    on = True if change.admit else now["on"] if change.enabled is None else change.enabled
    percent = now["percent"] if change.percent is None else change.percent
    return {"on": on, "percent": percent, "audience": {**kept, **groups}}


def _step(number: str, verb: Verb, at: str, kind: str, before: Any, after: Any) -> Step:
    target = TargetId.parse(at.rpartition("/")[0] if kind == "ends" else at)
    change = {"destination": at} if kind == "ends" else {}
    return Step(number, verb, _ROLES[kind], target, Address(kind, {"at": at}), "", change, dict(before), dict(after))


_ROLES: Mapping[str, Role] = {"slots": "slots", "shares": "slot_traffic", "ends": "traffic", "flag": "flags"}


def _key(step: Step) -> Key:
    return step.address.connection, step.address.parts["at"]
