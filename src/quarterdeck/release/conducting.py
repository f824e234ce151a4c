"""What a release does next: one move, decided from its journal alone, so that any runner decides the same.

In this order:

1. On its way back, see `release/recovering.py`.
2. The background analysis. It is asked from the first write to the end, also while somebody is asked, while the release
   is paused, and while it waits to be confirmed. When it fails, everything is taken back, or the release pauses, as its
   strategy says.
   What failed already before the first write pauses the release then, and isn't put down to it later.
3. The step it is at.

A step that has failed: everything is taken back (`on_failure` rollback), or an operator decides (`pause`). People's no
is always a no: after a rejection everything is taken back either way. Nothing but a quorum gets past an approval, not
even promoting fully.

A step that nobody can judge (`undecided`) pauses the release with its reason; promoting it counts as passed.
"""

from __future__ import annotations

from quarterdeck.release.approving import standing as approval_standing
from quarterdeck.release.exposure import exposed
from quarterdeck.release.freshness import length
from quarterdeck.release.moves import Confirming, Done, Failed, Finish, Halt, Measure, Move, Outside, Rest, Start, Watch
from quarterdeck.release.operation import Operation
from quarterdeck.release.orders import refuse_order
from quarterdeck.release.recovering import changed, recovery_of, taking_back, unanswered
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleaseStep, Run, Write
from quarterdeck.release.rollout import BACKGROUND, Order, Release
from quarterdeck.release.watching import Alarm, alarm, baseline_due, judged, unasked_before, unseen_alarms

__all__ = ["decide", "exposed", "recovery_of", "refuse_order"]

FAILED: tuple[Order, ...] = ("retry", "skip", "abort", "abandon")
"""What may be answered when a step has failed."""

_FULLY = "left out: promoted fully"


def decide(release: Release, now: float, outside: Outside) -> Move:
    """The next move. The same for the same release, moment and surroundings."""
    if release.ending is not None:
        return Rest(None, "it has ended")
    if release.recovery is not None:
        return taking_back(release, outside)
    watch = alarm(release, now)
    if watch.raised and (move := _raised(release, watch)):
        return move
    if watch.next_at is not None and watch.next_at <= now and not _overdue(release, now):
        return Measure(BACKGROUND, release.plan.background, watch.unasked)
    return _not_longer_than(watch.next_at, _at_step(release, now, outside))


def _overdue(release: Release, now: float) -> bool:
    """Whether it goes back now whatever the background says: nobody has confirmed."""
    return release.confirm_by is not None and now >= release.confirm_by


def _raised(release: Release, watch: Alarm) -> Move | None:
    """What a background analysis does that has failed, or that nobody can judge."""
    why = watch.judgement.why
    if watch.judgement.state == "failed" and release.plan.on_failure == "rollback":
        return _go_back(release, why)
    return Halt(why) if release.paused is None else None


def _not_longer_than(until: float | None, move: Move) -> Move:
    """Waits end when the background is due."""
    match move:
        case Rest(other, why):
            return Rest(_sooner(until, other), why)
        case Watch(operation, other):
            return Watch(operation, _sooner(until, other))
    return move


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _go_back(release: Release, why: str) -> Move:
    recover = recovery_of(release, why)
    return Finish("failed", f"{why}; nothing was changed") if release.untouched and not recover.steps else recover


# --- the step it is at ------------------------------------------------------------------------------------------------
def _at_step(release: Release, now: float, outside: Outside) -> Move:
    step = release.current
    if step is None:
        return _all_through(release, now)
    match release.standing(step.id).state:
        case "running":
            return _under_way(release, step, now, outside)
        case "failed":
            return _failed(release, step)
    return _next(release, step, now, outside)


def _all_through(release: Release, now: float) -> Move:
    within = release.plan.confirm_within
    if within is not None and not release.confirmed_by:
        if release.confirm_by is None:
            return Confirming(now + within)
        if now >= release.confirm_by:
            return _go_back(release, f"not confirmed within {length(within)}")
        return Rest(release.confirm_by, "waits to be confirmed, or everything is taken back")
    if release.paused is not None and within is None:
        return _paused(release, now)
    return Finish("succeeded", _told_of_success(release))


def _told_of_success(release: Release) -> str:
    skipped = [step for step in release.plan.steps if release.standing(step.id).state == "skipped"]
    confirmed = f"confirmed by {release.confirmed_by}" if release.confirmed_by else "all steps are done"
    left_out = ", ".join(f"{step.summary} ({release.standing(step.id).detail})" for step in skipped)
    return f"{confirmed}; left out: {left_out}" if left_out else confirmed


def _paused(release: Release, now: float) -> Move:
    paused, limit = release.paused, release.plan.pause_limit
    if paused is None or limit is None:
        return Rest(None, f"paused by {paused.by}" if paused else "paused")
    if now >= paused.since + limit:
        return _go_back(release, f"paused for longer than {length(limit)}")
    return Rest(paused.since + limit, f"paused by {paused.by}; goes back after {length(limit)}")


def _failed(release: Release, step: ReleaseStep) -> Move:
    why = f"step {step.id} ({step.summary}) failed: {release.standing(step.id).detail}"
    if release.plan.on_failure == "rollback" or isinstance(step.work, Ask):
        return _go_back(release, why)
    return Finish("needs_operator", why, FAILED)


# --- beginning a step -------------------------------------------------------------------------------------------------
def _next(release: Release, step: ReleaseStep, now: float, outside: Outside) -> Move:
    if release.full and isinstance(step.work, Pause | Observe):
        return Done(step.id, _FULLY, skipped=True)
    if release.paused is not None:
        return _paused(release, now)
    match step.work:
        case Write() as work:
            before = _before_writing(release, step, work, outside)
            return before or _ready(release, now, outside, needed=bool(work.undoes)) or Start(step)
        case Run():
            return _ready(release, now, outside, needed=False) or Start(step)
        case Pause(float() | int() as seconds):
            return Start(step, now + seconds)
        case Observe(_, seconds) if seconds:
            return Start(step, now + seconds)
    return Start(step)


def _ready(release: Release, now: float, outside: Outside, *, needed: bool) -> Move | None:
    """What has to be waited for, or looked at, before something is changed. What gives clients back what a step before
    took away (`needed`) is never kept waiting."""
    if outside.hindrance and not needed:
        return Rest(outside.hindered_until, outside.hindrance)
    if baseline_due(release, now):
        return Measure(BACKGROUND, release.plan.background)
    if alarms := unseen_alarms(release):
        return Halt(f"failing already, before anything was changed: {', '.join(alarms)}")
    return None


def _before_writing(release: Release, step: ReleaseStep, work: Write, outside: Outside) -> Move | None:
    """What became of an earlier attempt, if there was one; None if the write can be begun."""
    standing = release.standing(step.id)
    if work.undoes:
        drained = outside.operations.get(release.standing(work.undoes).operation)
        if drained is None or drained.undone_by or not changed(drained):
            return Done(step.id, f"nothing of step {work.undoes} is left to take back")
    operation = outside.operations.get(standing.operation)
    if operation is None or standing.state != "waiting":
        return None
    if operation.open:
        return _operation_under_way(operation)
    if operation.ending == "succeeded" and not operation.undone_by:
        return Done(step.id, operation.detail or "done")
    if changed(operation) and not operation.undone_by:
        text = f"operation {operation.id} of step {step.id} was left half-done: beginning again would repeat that"
        return Finish("needs_operator", text, ("skip", "abort", "abandon"))
    return None


# --- a step under way -------------------------------------------------------------------------------------------------
def _under_way(release: Release, step: ReleaseStep, now: float, outside: Outside) -> Move:
    standing = release.standing(step.id)
    match step.work:
        case Write():
            operation = outside.operations.get(standing.operation)
            if operation is None:
                text = f"step {step.id} ({step.summary}) began, and its operation is unknown: look there"
                return Finish("needs_operator", text, FAILED)
            return _operation_under_way(operation) if operation.open else _operation_ended(step, operation)
        case Run(repeatable=repeatable):
            if step.id in outside.programs:
                return Rest(None, f"runs {step.summary}")
            if repeatable:  # it was interrupted: running it again is beginning it again
                paused = None if release.paused is None else _paused(release, now)
                return paused or _ready(release, now, outside, needed=False) or Start(step)
            text = f"the program of step {step.id} ({step.summary}) was interrupted: nobody knows how far it came"
            return Finish("needs_operator", text, FAILED)
        case Pause():
            return _pausing(release, step, now)
        case Observe() as work:
            return _observing(release, step, work, now)
        case Ask(rule):
            return _asking(release, step, rule, now, outside)


def _operation_under_way(operation: Operation) -> Move:
    if operation.ending is None:
        return Watch(operation.id)
    return Finish("needs_operator", unanswered(operation), ("retry", "abort", "abandon"))


def _operation_ended(step: ReleaseStep, operation: Operation) -> Move:
    if operation.ending == "succeeded":
        return Done(step.id, operation.detail or "done")
    words = {"rolled_back": "its operator took it back", "needs_operator": "it was left half-done"}
    told = words.get(operation.ending or "", "")
    return Failed(step.id, "; ".join(part for part in (told, operation.detail) if part) or "failed")


def _pausing(release: Release, step: ReleaseStep, now: float) -> Move:
    standing, limit = release.standing(step.id), release.plan.pause_limit
    if release.full:
        return Done(step.id, _FULLY, skipped=True)
    if standing.until is not None:
        return Done(step.id, "the time is over") if now >= standing.until else Rest(standing.until, step.summary)
    if limit is None:
        return Rest(None, "waits until somebody promotes")
    if now >= standing.since + limit:
        return _go_back(release, f"nobody promoted within {length(limit)}")
    return Rest(standing.since + limit, f"waits until somebody promotes; goes back after {length(limit)}")


def _observing(release: Release, step: ReleaseStep, work: Observe, now: float) -> Move:
    standing = release.standing(step.id)
    if release.full:
        return Done(step.id, _FULLY, skipped=True)
    if not work.gates:
        until = standing.until if standing.until is not None else standing.since + work.seconds
        return Done(step.id, "the time is over") if now >= until else Rest(until, step.summary)
    found = judged(release, step, work, now)
    match found.state:
        case "passed":
            return Done(step.id, found.why or "passed")
        case "failed":
            return Failed(step.id, found.why)
        case "undecided":
            return Halt(found.why) if release.paused is None else _paused(release, now)
    if now < found.next_at:
        return Rest(found.next_at, found.why or step.summary)
    return Measure(step.id, work.gates, unasked_before(release, work, found.next_at, now))


def _asking(release: Release, step: ReleaseStep, name: str, now: float, outside: Outside) -> Move:
    rule, standing = release.plan.approval(name), release.standing(step.id)
    if rule is None:
        return Failed(step.id, f"the plan holds no approval {name}")
    found = approval_standing(
        rule,
        release.decisions.get(step.id, ()),
        starter=release.actor,
        asked_at=standing.since,
        now=now,
        groups_of=outside.groups_of,
    )
    match found.state:
        case "approved":
            return Done(step.id, found.why)
        case "rejected" | "expired":
            return Failed(step.id, found.why)
    return Rest(found.until, found.why)
