"""The rollback fuse of a target: can I go back now, by what, to which build, how long it takes, what is lost, until
when. Told from what the store knows, so it is as old as that; a plan asks afresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Literal

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.release.action import Rollback
from quarterdeck.release.deploy import undo_of
from quarterdeck.release.freshness import STALE_AFTER, about, age
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Fuse, Refusal, Step
from quarterdeck.release.release_plan import Write
from quarterdeck.release.rollback import (
    done_steps,
    in_order_of_undoing,
    in_other_regions,
    still_holds,
    undoable,
)
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.swap import version

IN_FLIGHT = "requests and background work in flight when the slots change"


def fuse_of(
    target: TargetId,
    operations: Sequence[Operation],
    *,
    fleet: Fleet,
    observations: Mapping[str, Observation],
    releases: Sequence[Release] = (),
    rules: Rulebook | None = None,
    now: float,
) -> Fuse:
    """The way back of a target, as far as is known.

    Args:
        operations: those of the target, newest first.
        releases: the open ones at least.
    """
    if claiming := _claiming(target, releases):
        return _whole(claiming, operations)
    operation = undoable(Rollback(target), operations)
    if isinstance(operation, Refusal):
        if settled := _settled(target, operations, now):
            return Fuse(False, settled, lack="needless")
        lack: Literal["gone", "later"] = "later" if operation.code == "locked" else "gone"
        return Fuse(False, operation.message + (f"; {operation.hint}" if operation.hint else ""), lack=lack)
    whole = (*in_other_regions(operation, operations), operation)
    steps = in_order_of_undoing([step for one in whole for step in done_steps(one, target)])
    for step in steps:
        if gone := _gone(step, fleet, observations):
            return Fuse(False, gone)
    command = f"qd rollback {target}"
    how = f"{'; '.join(dict.fromkeys(_how(step) for step in steps))}: {command}"
    lost = IN_FLIGHT if any(step.verb in ("swap", "complete") for step in steps) else "nothing"
    until = _until(steps)
    notes = [*_lag(steps, fleet, observations), *_schema(target, steps, rules), *_old(steps, fleet, observations, now)]
    return Fuse(True, "; ".join([how, *notes]), _seconds(steps, operations), lost, until)


def _settled(target: TargetId, operations: Sequence[Operation], now: float) -> str:
    """Why there is nothing to go back from; "" if there is."""
    if any(one.open for one in operations):
        return ""
    changed = [one for one in operations if done_steps(one, target)]
    standing = [one for one in changed if not one.plan.undoes and not one.undone_by and one.ending != "rolled_back"]
    if standing:
        return ""
    if not changed:
        return f"the journal knows no change of {target}"
    last = changed[0]
    by = last.undone_by or last.actor
    return f"all changes in the journal have been taken back, the last {age(now - last.started_at)} ago by {by}"


def _claiming(target: TargetId, releases: Sequence[Release]) -> Release | None:
    return next((one for one in releases if one.open and target.whole in {t.whole for t in one.targets}), None)


def _whole(release: Release, operations: Sequence[Operation]) -> Fuse:
    """A release goes back as a whole."""
    done = [step for step in release.plan.steps if release.standing(step.id).state in ("done", "running", "failed")]
    writes = [step for step in done if isinstance(step.work, Write)]
    if not writes:
        return Fuse(True, f"nothing is changed yet: qd release abort {release.id}", 0, "nothing", "its first write")
    by_id = {operation.id: operation for operation in operations}
    steps = [
        step
        for one in writes
        if (operation := by_id.get(release.standing(one.id).operation))
        for step in operation.plan.steps
    ]
    count = f"{len(writes)} change" + ("" if len(writes) == 1 else "s")
    lost = IN_FLIGHT if any(step.verb in ("swap", "complete") for step in steps) else "nothing"
    until = "its end" if release.confirm_by is None else "it is confirmed"
    return Fuse(True, f"takes {count} back: qd release abort {release.id}", _seconds(steps, operations), lost, until)


def _gone(step: Step, fleet: Fleet, observations: Mapping[str, Observation]) -> str:
    """Why a step can't be taken back any more; "" if it can, as far as is known."""
    if step.verb == "deploy" and step.undo is None:
        return f"{step.target}: nobody told what {step.change['slot']} held before {step.change['version']}"
    if step.verb == "deploy":
        return _overwritten(step, fleet, observations)
    if step.verb == "set_shares":
        return _without_a_destination(step, fleet, observations)
    if step.role != "slots" or step.verb not in ("swap", "complete", "preview"):
        return ""
    if step.undo is None:
        before = step.before.get("destination_version") or step.before.get("destination_build") or "the build before"
        return f"{step.target}: nothing swaps back here: {before} has to come as a new one"
    source, destination = _sides(step, fleet, observations)
    if source is None or destination is None:
        return ""
    where = str(step.target)
    if step.verb == "preview":
        pending = destination.preview_from.lower() == source.name.lower()
        return "" if pending else f"{where}: the preview of {source.name} isn't pending any more"
    if not still_holds(source.build, step.after, "source"):
        return (
            f"{where}: {source.name} now holds {version(source.build)}, not the build that served before; deploy that "
            f"build to {source.name} again, then swap"
        )
    if not still_holds(destination.build, step.after, "destination"):
        return (
            f"{where}: {destination.name} now serves {version(destination.build)}, which this program didn't put there"
        )
    if destination.preview_from:
        return f"{where}: a preview of {destination.preview_from} is pending: complete or cancel it first"
    if not source.running:
        return f"{where}: {source.name} is stopped: start it first"
    if source.health == "unhealthy" and destination.health != "unhealthy":
        return f"{where}: {source.name} ({version(source.build)}) is unhealthy now: going back would make it worse"
    return ""


def _without_a_destination(step: Step, fleet: Fleet, observations: Mapping[str, Observation]) -> str:
    """Why shares can't be set back: one of those that had them isn't there any more."""
    place = _place(step, fleet)
    known = observations.get(place.subject) if place else None
    if known is None or not isinstance(known.reading, TrafficReading):
        return ""
    left = set(step.before["shares"]) - {destination.name for destination in known.reading.destinations}
    return f"{step.target}: {', '.join(sorted(left))} is gone" if left else ""


def _overwritten(step: Step, fleet: Fleet, observations: Mapping[str, Observation]) -> str:
    """Why a deployment can't be taken back any more."""
    undo = undo_of(step)
    if isinstance(undo, Refusal):
        return f"{undo.message}; {undo.hint}"
    place, left = _place(step, fleet), str(step.after.get("version") or "")
    known = observations.get(place.subject) if place else None
    slot = known.reading.slot(undo.slot) if known and isinstance(known.reading, SlotsReading) else None
    holds = slot.build.version if slot and slot.build else ""
    if not left or not holds or holds == left:
        return ""
    return f"{step.target}: {undo.slot} now holds {holds}, not {left}: going back would take that back too"


def _how(step: Step) -> str:
    match step.verb:
        case "swap" | "complete":
            back = step.before.get("destination_version") or step.before.get("destination_build") or "the build before"
            return f"swap {step.change['source']} back into {step.change['destination']}: {back} serves again"
        case "preview":
            return f"cancel the preview of {step.change['source']}"
        case "cancel":
            return f"prepare {step.change['source']} again"
        case "set_shares":
            shares = ", ".join(f"{name} {share:.4g}%" for name, share in step.before["shares"].items())
            return f"new clients divided as before: {shares}"
        case "set_destination":
            weight = f"{step.before['weight']:g}" if step.before["enabled"] else "off"
            return f"{step.change['destination']} weighs {weight} as before"
        case "set_flag":
            return f"flag {step.change['name']} as before"
        case "deploy":
            before = step.before.get("version") or step.before.get("artifact") or "what was there"
            return f"deploy {before} to {step.change['slot']} again"
        case "decide_run" | "start_run" | "cancel_run" | "rerun_run":
            return "what a pipeline did can't be taken back"


def _until(steps: Sequence[Step]) -> str:
    """What ends it."""
    slots = sorted({str(step.change["source"]) for step in steps if step.verb in ("swap", "complete")})
    return f"the next deployment to {', '.join(slots)}" if slots else "somebody else changes it"


def _seconds(steps: Sequence[Step], operations: Sequence[Operation]) -> float | None:
    """About how long it takes: what the last operations with such steps took; None if there is none to go by."""
    verbs = {step.verb for step in steps}
    took = [
        operation.ended_at - operation.started_at
        for operation in operations
        if operation.ending == "succeeded" and operation.ended_at and verbs & {s.verb for s in operation.plan.steps}
    ]
    return median(took[:5]) if took else None


def _lag(steps: Sequence[Step], fleet: Fleet, observations: Mapping[str, Observation]) -> list[str]:
    lags = [
        known.reading.lag
        for step in steps
        if (place := _place(step, fleet))
        and (known := observations.get(place.subject))
        and isinstance(known.reading, TrafficReading)
    ]
    longest = max(lags, default=0.0)
    return [f"old clients follow within {about(longest)}"] if longest else []


def _schema(target: TargetId, steps: Sequence[Step], rules: Rulebook | None) -> list[str]:
    ruled = rules is not None and rules.route(target).schema is not None
    swaps = any(step.verb in ("swap", "complete") for step in steps)
    return ["the database's schema is asked first"] if ruled and swaps else []


def _old(steps: Sequence[Step], fleet: Fleet, observations: Mapping[str, Observation], now: float) -> list[str]:
    """What is told is no younger than what it is told from."""
    seen = [
        known.observed_at
        for step in steps
        if (place := _place(step, fleet)) and (known := observations.get(place.subject))
    ]
    if len(seen) < len(steps) or any(at is None for at in seen):
        return ["as far as the journal tells: it hasn't been read since"]
    oldest = min((at for at in seen if at is not None), default=now)
    return [f"as seen {age(now - oldest)} ago"] if now - oldest > STALE_AFTER else []


def _sides(
    step: Step, fleet: Fleet, observations: Mapping[str, Observation]
) -> tuple[SlotReading | None, SlotReading | None]:
    place = _place(step, fleet)
    known = observations.get(place.subject) if place else None
    if known is None or not isinstance(known.reading, SlotsReading):
        return None, None
    return known.reading.slot(str(step.change["source"])), known.reading.slot(str(step.change["destination"]))


def _place(step: Step, fleet: Fleet) -> Place | None:
    if step.role == "flags":
        return next((p for p in fleet.places_of(step.target, "flags")), None)
    return next((p for p in fleet.places_of(step.target, step.role) if p.address.key == step.address.key), None)
