"""Whether a release may be told something now. An order that would mean nothing is refused, with what would help."""

from __future__ import annotations

from quarterdeck.release.plan import Refusal
from quarterdeck.release.recovering import halves
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleaseStep
from quarterdeck.release.rollout import Order, Release
from quarterdeck.release.watching import judged


def refuse_order(release: Release, order: Order, step: str, now: float) -> Refusal | None:
    """Why a release can't be told this; None if it can. `step` is the one that is meant, "" the one it is at."""
    if not release.open:
        return _impossible(release, f"has ended: {release.ending}", "start another one")
    if step and release.plan.step(step) is None:
        return Refusal("usage", f"release {release.id} has no step {step}", f"see: qd release show {release.id}")
    if release.recovery is not None:
        return _on_its_way_back(release, order, step)
    if release.ending is not None:
        return _waiting_for_answer(release, order, step)
    return _running(release, order, step, now)


def _impossible(release: Release, text: str, hint: str = "") -> Refusal:
    return Refusal("impossible", f"release {release.id} {text}", hint)


def _on_its_way_back(release: Release, order: Order, step: str) -> Refusal | None:
    recovery = release.recovery
    if release.ending is not None:
        if order in release.choices:
            return _not_asked(release, step) if order == "skip" else None
        return _impossible(release, f"needs an operator on its way back: {release.detail}", _offer(release))
    if recovery is None or not recovery.to:
        if order == "abort":
            return Refusal("unchanged", f"release {release.id} is on its way back already")
        return _impossible(release, "is on its way back", f"see: qd release show {release.id}")
    if order == "abort":
        return None
    if order in ("resume", "promote_full") and release.paused is not None:
        return None
    if release.paused is None:
        return _impossible(release, f"goes back to step {recovery.to}", "wait for it, or abort")
    return _impossible(release, f"is back at step {recovery.to}", "resume, or abort")


def _waiting_for_answer(release: Release, order: Order, step: str) -> Refusal | None:
    if order == "undo":
        return _refuse_undo(release, step)
    if order in release.choices or order == "abort":
        return _not_asked(release, step) or _no_way_around(release, _meant(release, step)) if order == "skip" else None
    return _impossible(release, f"waits for an operator: {release.detail}", _offer(release))


def _running(release: Release, order: Order, step: str, now: float) -> Refusal | None:
    match order:
        case "abort":
            return None
        case "undo":
            return _refuse_undo(release, step)
        case "promote":
            return _refuse_promoting(release, step)
        case "promote_full":
            return _refuse_full(release)
        case "pause":
            return _refuse_pause(release)
        case "resume":
            return _refuse_resume(release, now)
        case "confirm":
            return _refuse_confirm(release, now)
        case "retry" | "skip":
            return _refuse_trying(release, order, step, now)
        case "abandon":
            return _impossible(release, "runs: what it does can be taken back", "abort it")


def _refuse_promoting(release: Release, step: str) -> Refusal | None:
    at = release.current
    if at is None:
        return _impossible(release, "has no step left to promote", "confirm it" if release.confirm_by else "")
    if step not in ("", at.id):
        return Refusal("stale", f"release {release.id} is at step {at.id} now, not at {step}", "look again")
    if isinstance(at.work, Ask):
        return _impossible(release, f"waits for an approval: {at.summary}", f"qd approve {release.id}")
    if isinstance(at.work, Pause | Observe) and release.standing(at.id).state == "running":
        return None
    hint = "resume" if release.paused else "wait, pause or abort"
    return _impossible(release, f"is at step {at.id} ({at.summary}), which can't be promoted", hint)


def _refuse_full(release: Release) -> Refusal | None:
    if release.current is None:
        return _impossible(release, "is through all its steps", "confirm it" if release.confirm_by else "")
    if release.full and release.paused is None:
        return Refusal("unchanged", f"release {release.id} is promoted fully already")
    return None


def _refuse_pause(release: Release) -> Refusal | None:
    if release.paused is not None:
        return Refusal("unchanged", f"release {release.id} is paused already, by {release.paused.by}")
    if release.confirm_by is not None:
        return _impossible(release, "has nothing to pause: it waits to be confirmed", "confirm it, or abort it")
    return None


def _refuse_resume(release: Release, now: float) -> Refusal | None:
    if release.paused is None:
        return Refusal("unchanged", f"release {release.id} isn't paused", _unpaused_hint(release))
    if why := _undecided(release, now):
        return _impossible(release, f"can't tell by itself: {why}", "promote (it counts as passed), retry or abort")
    return None


def _unpaused_hint(release: Release) -> str:
    at = release.current
    waits = at is not None and isinstance(at.work, Pause) and release.standing(at.id).state == "running"
    return "its pause ends with promote" if waits else ""


def _refuse_confirm(release: Release, now: float) -> Refusal | None:
    if release.confirm_by is None:
        return _impossible(release, "doesn't wait to be confirmed", f"see: qd release show {release.id}")
    if now >= release.confirm_by:
        return Refusal("stale", f"release {release.id} wasn't confirmed in time and is taken back")
    return None


def _refuse_trying(release: Release, order: Order, step: str, now: float) -> Refusal | None:
    at = release.current
    if _undecided(release, now) and at is not None and step in ("", at.id):
        return None
    hint = "promote ends a pause, a bake or an analysis" if order == "skip" else ""
    return _impossible(release, f"has no step that has failed, so there is nothing to {order}", hint)


def _not_asked(release: Release, step: str) -> Refusal | None:
    """Only what somebody was asked about can be left out: not what is over, nor what is to come."""
    if not step:
        return None
    if release.recovery is None:
        at = release.current
        asked = at is not None and at.id == step
    else:
        asked = release.standing(step).state not in ("done", "skipped", "undone")
    return None if asked else Refusal("stale", f"release {release.id} isn't asking about step {step} now", "look again")


def _no_way_around(release: Release, step: ReleaseStep | None) -> Refusal | None:
    if step is None or not isinstance(step.work, Ask):
        return None
    return Refusal("policy", f"{step.summary}: nobody gets around an approval", f"qd approve {release.id}")


def _refuse_undo(release: Release, step: str) -> Refusal | None:
    if not step:
        return Refusal("usage", "to which step?", "name the last step that stays done; abort takes everything back")
    ids = [one.id for one in release.plan.steps]
    if release.standing(step).state not in ("done", "skipped"):
        return _impossible(release, f"hasn't done step {step}", "name a step that is done")
    for began, ended in halves(release.plan):
        between = ids.index(began) <= ids.index(step) < ids.index(ended)
        if between and release.standing(ended).state == "done":
            text = f"can't go back to step {step}: step {ended} was done with what step {began} had begun"
            return _impossible(release, text, f"name step {ended}, or one before step {began}")
    if all(release.standing(later).state in ("waiting", "undone") for later in ids[ids.index(step) + 1 :]):
        return Refusal("unchanged", f"nothing was done after step {step} of release {release.id}")
    return None


def _undecided(release: Release, now: float) -> str:
    """Why the analysis that it is at can't tell; "" if it can, or if it is at none."""
    at = release.current
    if at is None or not isinstance(at.work, Observe) or release.standing(at.id).state != "running":
        return ""
    found = judged(release, at, at.work, now)
    return found.why if found.state == "undecided" and release.paused else ""


def _meant(release: Release, step: str) -> ReleaseStep | None:
    return release.plan.step(step) if step else release.current


def _offer(release: Release) -> str:
    return "answer " + ", ".join(release.choices) if release.choices else ""
