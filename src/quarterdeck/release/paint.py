"""From the store's content to the picture a viewer shows. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.records import replace
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.attention import attention, attention_of, unheard
from quarterdeck.release.changing import changed_at, moved_at
from quarterdeck.release.freshness import Freshness, Knowledge, age
from quarterdeck.release.guards import Guards
from quarterdeck.release.inbox import inbox
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint_flags import view_flags
from quarterdeck.release.paint_guards import view_guards
from quarterdeck.release.paint_pipelines import troubles, view_pipelines, waiting_runs
from quarterdeck.release.picture import (
    Cell,
    CellState,
    EnvironmentView,
    OperationView,
    Picture,
    Region,
    Row,
    RunnerView,
    Share,
    SlotView,
    Split,
)
from quarterdeck.release.remembering import Memory, Under
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.release.seen import Seen

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView
    from quarterdeck.release.rollout import Release

_NAME = 60
_FINISHED_STEPS = ("done", "skipped")
_WORST_FIRST: tuple[Freshness, ...] = ("trouble", "never", "stale", "fresh")


class HeldLease(Protocol):
    """What is asked of the runner's lease (`store.base.Lease` is one)."""

    @property
    def holder(self) -> str: ...
    @property
    def expires_at(self) -> float: ...
    @property
    def info(self) -> Mapping[str, Any]: ...


def paint(
    fleet: Fleet | None,
    observations: Mapping[str, Observation],
    operations: Sequence[Operation],
    now: float,
    *,
    runner: HeldLease | None = None,
    releases: Sequence[Release] = (),
    rules: Rulebook | None = None,
    guards: Guards | None = None,
    memory: Memory | None = None,
) -> Picture:
    """The picture at `now` (UNIX seconds).

    `operations` and `releases` newest first; an open one missing there isn't shown. Rows that `memory` remembers are
    the same objects as in the picture before.
    """
    memory = memory or Memory()
    fleet, rules, guards = fleet or Fleet(""), rules or Rulebook(), guards or Guards()
    views = tuple(view_operation(operation, now) for operation in operations)
    running = {view.target.whole: view for view in reversed(views) if view.open}
    released = _released(releases, operations, fleet, rules, guards, now)
    standing = view_guards(guards, rules, [env.name for env in fleet.environments], now)
    pipelines = view_pipelines(fleet, observations, views, now)
    waiting = inbox(released, standing.debts, waiting_runs(pipelines))
    claimed = {target: view for view in released if view.open for target in view.targets}
    places = memory.map_of(fleet)
    seen = Seen(fleet, places, observations, now)
    moved = moved_at(operations)

    def row(service: str) -> Row:
        targets = (TargetId(env.name, service) for env in fleet.environments)
        cells = tuple(_cell(seen, target, running, operations, claimed, moved.get(target)) for target in targets)
        return Row(clean(service, _NAME), cells)

    said: tuple[Under, ...] = (*running.items(), *claimed.items(), *moved.items())
    rows, wanting = memory.rows(observations, said, now, row, attention_of)
    holder = _runner(runner, now)
    flags = view_flags(seen, running)
    return Picture(
        at=now,
        fleet=clean(fleet.name, _NAME),
        environments=tuple(
            EnvironmentView(clean(env.name, _NAME), env.protected, env.accent) for env in fleet.environments
        ),
        rows=rows,
        flags=flags,
        operations=views,
        attention=attention(
            (*wanting, *unheard(observations, now)),
            views,
            (*seen.flag_troubles(), *troubles(pipelines)),
            holder,
            bool(fleet.name),
            waiting,
        ),
        connections=seen.connections(),
        runner=holder,
        releases=released,
        inbox=waiting,
        guards=standing,
        row_of=places.row_of,
        pipelines=pipelines,
    )


def repaint_releases(
    picture: Picture,
    fleet: Fleet | None,
    operations: Sequence[Operation],
    now: float,
    *,
    releases: Sequence[Release],
    rules: Rulebook,
    guards: Guards,
) -> Picture:
    """The same picture with the clocks of its releases, gates and guards as they stand at `now`: cheap, for ticking.

    Nothing may have been written since `picture`; its cells keep the age that they have.
    """
    fleet = fleet or Fleet("")
    released = _released(releases, operations, fleet, rules, guards, now)
    standing = view_guards(guards, rules, [env.name for env in fleet.environments], now)
    waiting = inbox(released, standing.debts, waiting_runs(picture.pipelines))
    return replace(picture, at=now, releases=released, guards=standing, inbox=waiting)


def _released(
    releases: Sequence[Release],
    operations: Sequence[Operation],
    fleet: Fleet,
    rules: Rulebook,
    guards: Guards,
    now: float,
) -> tuple[ReleaseView, ...]:
    if not releases:
        return ()
    from quarterdeck.release.paint_releases import view_releases  # a short command pays for what it loads

    return view_releases(releases, operations, fleet, rules, guards, now)


def view_operation(operation: Operation, now: float) -> OperationView:
    """One operation in one line."""
    plan = operation.plan
    todo = (operation.undoing or plan).steps
    steps = [operation.step(step.id) for step in todo]
    done = sum(step.state in _FINISHED_STEPS for step in steps)
    current = operation.detail
    if operation.ending is None:
        unfinished = (i for i, step in enumerate(steps) if step.state not in _FINISHED_STEPS)
        index = next(unfinished, None)
        current = "finishing" if index is None else steps[index].detail or todo[index].summary
    return OperationView(
        id=operation.id,
        target=plan.action.target,
        verb=_verb(plan.action),
        command=clean(plan.command, 300),
        actor=clean(operation.actor, _NAME),
        reason=clean(operation.reason.removeprefix(f"release {operation.release}: "), 200),
        state=operation.ending or "running",
        done=done,
        total=len(steps),
        step=clean(current, 200),
        started_at=operation.started_at,
        ended_at=operation.ended_at,
        age=age(now - (operation.ended_at or operation.started_at)),
        open=operation.open,
        choices=operation.choices,
        undone_by=operation.undone_by,
        undoing=operation.undoing is not None,
    )


def _verb(action: Action) -> str:
    match action:
        case Swap(mode=mode):
            return mode
        case Shift():
            return "shift"
        case FlagChange():
            return "flag"
        case Rollback():
            return "rollback"
        case Deploy():
            return "deploy"
        case DecideRun(decision=decision):
            return decision
        case StartRun():
            return "run"
        case SteerRun(order=order):
            return order.replace("_", " ")


def _runner(lease: HeldLease | None, now: float) -> RunnerView:
    if lease is None or not lease.holder:  # a lease that was let go has no holder
        return RunnerView(False)
    gone = now - lease.expires_at
    if gone >= 0:
        return RunnerView(False, clean(lease.holder, _NAME), age(gone))
    return RunnerView(True, clean(lease.holder, _NAME), problem=clean(str(lease.info.get("problem", "")), 600))


def _cell(
    seen: Seen,
    target: TargetId,
    running: Mapping[TargetId, OperationView],
    operations: Sequence[Operation],
    claimed: Mapping[TargetId, ReleaseView],
    moved: float | None,
) -> Cell | None:
    slots = seen.places("slots", target)
    routers = (*seen.places("traffic", target), *seen.places("slot_traffic", target))
    if not slots and not routers:
        return None
    regions = tuple(_region(seen, place) for place in slots)
    splits = tuple(_split(seen, place) for place in routers)
    known = _worst([r.known for r in regions] + [s.known for s in splits])
    versions = tuple(dict.fromkeys(r.live.version for r in regions if r.live is not None))
    preview = next((s.preview_from for r in regions for s in r.slots if s.preview_from), "")
    operation, release = running.get(target), claimed.get(target)
    drift = len(versions) > 1 or any(r.drift for r in regions) or any(s.drift for s in splits)
    return Cell(
        target=target,
        state=_cell_state(regions, splits, known, operation, preview, drift, release),
        versions=versions,
        regions=regions,
        splits=splits,
        known=known,
        drift=drift,
        preview=preview,
        target_version=_released_version(release, target) or _leads_to(operation, operations),
        operation=operation,
        release=release,
        changed_at=changed_at(map(seen.observation, (*slots, *routers)), moved),
    )


def _cell_state(
    regions: Sequence[Region],
    splits: Sequence[Split],
    known: Knowledge,
    operation: OperationView | None,
    preview: str,
    drift: bool,
    release: ReleaseView | None,
) -> CellState:
    live = [region.live for region in regions if region.live is not None]
    destinations = [share for split in splits for share in split.shares if share.enabled and share.share > 0]
    judged: Sequence[SlotView | Share] = [*live, *destinations]
    unhealthy = any(not slot.running for slot in live) or any(part.health == "unhealthy" for part in judged)
    possible: tuple[tuple[CellState, bool], ...] = (
        (
            "needs operator",
            (operation is not None and operation.state == "needs_operator")
            or (release is not None and release.state == "needs operator"),
        ),
        ("trouble", known.trouble is not None),
        ("waiting", release is not None and release.waits_for_people),
        ("moving", operation is not None or release is not None),
        ("unhealthy", unhealthy),
        ("preview", bool(preview)),
        ("drift", drift),
        ("unread", known.state == "never"),
        ("stale", known.state == "stale"),
        ("ok", any(part.health == "healthy" for part in judged)),
    )
    return next((state for state, holds in possible if holds), "unknown")


def _released_version(release: ReleaseView | None, target: TargetId) -> str:
    """The version that an open release brings to a target."""
    members = release.members if release is not None else ()
    return next((member.version for member in members if member.target == target), "")


def _leads_to(view: OperationView | None, operations: Sequence[Operation]) -> str:
    """The version that the operation under way brings to users, as its plan announced it."""
    if view is None:
        return ""
    plan = next(operation.plan for operation in operations if operation.id == view.id)
    announced = (
        effect for effect in plan.effects if effect.what.startswith("build in ") and effect.before != effect.after
    )
    first = next(announced, None)
    return "" if first is None else clean(first.after, _NAME)


def _worst(known: Sequence[Knowledge]) -> Knowledge:
    return min(known, key=lambda k: (_WORST_FIRST.index(k.state), k.observed_at or 0), default=Knowledge())


def _region(seen: Seen, place: Place) -> Region:
    reading = seen.reading(place)
    slots = reading.slots if isinstance(reading, SlotsReading) else ()
    views = tuple(_slot(slot, seen.now, live=index == 0) for index, slot in enumerate(slots))
    drift = clean(reading.drift, 200) if isinstance(reading, SlotsReading) else ""
    return Region(place.target.region, place.target, views, seen.known(place), drift)


def _slot(slot: SlotReading, now: float, *, live: bool) -> SlotView:
    build, swap = slot.build, slot.last_swap
    return SlotView(
        name=clean(slot.name, _NAME),
        live=live,
        version=clean(build.version, _NAME) if build else "",
        build=clean(build.id, _NAME) if build else "",
        deployed=age(now - build.deployed_at) if build and build.deployed_at is not None else "",
        running=slot.running,
        health=slot.health,
        host=clean(slot.host, 100),
        preview_from=clean(slot.preview_from, _NAME),
        auto_swap_to=clean(slot.auto_swap_to, _NAME),
        last_swap=clean(f"{swap.source} -> {swap.destination} {swap.at}", 100) if swap else "",
        operation=clean(slot.operation, _NAME),
    )


def _split(seen: Seen, place: Place) -> Split:
    reading = seen.reading(place)
    traffic = reading if isinstance(reading, TrafficReading) else TrafficReading("", ())
    shares = tuple(
        Share(
            name=clean(one.name, _NAME),
            share=one.share,
            weight=one.weight,
            enabled=one.enabled,
            health=one.health,
            status=clean(one.status, 40),
            host=clean(one.host, 100),
        )
        for one in traffic.destinations
    )
    return Split(
        target=place.target,
        between="slots" if place.role == "slot_traffic" else "endpoints",
        method=clean(traffic.method, 40),
        shares=shares,
        lag=traffic.lag,
        status=clean(traffic.status, 40),
        known=seen.known(place),
        drift=clean(traffic.drift, 200),
    )
