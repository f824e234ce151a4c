"""A Rollout with the strategy canary: how clients are divided, what can be reached from here, and what became of it.
Pure.

The controller walks through `spec.strategy.canary.steps` by itself, and waits at pauses. The steps are a declaration;
what an operator can do is to let it go on, to promote in full, to abort, and to try again (Argo Rollouts documentation,
"Canary", "kubectl argo rollouts promote, abort, retry"). So only some shares can be reached: the next one among the
steps, all, and none. The share that is due is that of the last `setWeight` at or before the current step.

With `trafficRouting` the share is what the router holds (`status.canary.weights`); without, it is that of the pods, and
only as fine as there are pods.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.kubernetes.rollouts import INCONCLUSIVE, Rollout
from quarterdeck.release.plan import Facts, Risk, Step
from quarterdeck.release.settlement import TOLERANCE, Settlement, share_facts
from quarterdeck.release.survey import Limits

STABLE, CANARY = "stable", "canary"

Move = Literal["promote", "in full", "abort", "retry"]


def reading_of(rollout: Rollout) -> TrafficReading:
    """The split of clients between the version that serves and the one on its way. Without an update there is no
    canary at all: `stable` means another version after it than before, and nothing must look as if it had gone back."""
    stable, canary = rollout.of(rollout.stable), rollout.of(rollout.update)
    shares, aim = _shares(rollout), desired(rollout)
    destinations = [Destination(STABLE, shares.pop(STABLE), 100 - aim, True, stable.health, stable.told)]
    if rollout.updating:
        destinations.append(Destination(CANARY, shares.pop(CANARY), aim, True, canary.health, canary.told))
        destinations += [Destination(name, share, share) for name, share in shares.items()]
    return TrafficReading(
        method="argo rollouts, by router" if rollout.weights else "argo rollouts, by pods",
        destinations=tuple(destinations),
        status=_told(rollout),
        automatic=rollout.updating and not rollout.aborted and not _waits(rollout),
    )


def desired(rollout: Rollout) -> float:
    """Percent that the controller is to give the canary now."""
    if not rollout.updating or rollout.aborted:
        return 0.0
    if rollout.in_full or rollout.step >= len(_steps(rollout)):
        return 100.0
    so_far = [_weight(rollout, step) for step in _steps(rollout)[: rollout.step + 1]]
    return next((weight for weight in reversed(so_far) if weight is not None), 0.0)


def moves(rollout: Rollout) -> tuple[Mapping[float, Move], str]:
    """What can be done now, by the percent of the canary that it leads to, and why nothing else can."""
    if not rollout.seen:
        return {}, "the controller hasn't seen the last change of the declaration yet"
    if not rollout.updating:
        return {}, "no update is in progress; one begins when another image is declared"
    if rollout.in_full:
        return {}, "it is being promoted in full, which an abort wouldn't stop"
    if rollout.aborted:
        again = _next(rollout, -1)
        why = f"the update is aborted{_because(rollout)}"
        return ({again: "retry"}, why) if again is not None else ({}, why)
    found: dict[float, Move] = {0.0: "abort", 100.0: "in full"}
    if rollout.held:
        return {0.0: "abort"}, "spec.paused is set: whoever set it has to take it away first"
    if not rollout.pauses:
        return found, "it is on its way and isn't waiting for anybody"
    further = _next(rollout, rollout.step)
    if further is None:
        return found, "it would only go on to another pause with the same share"
    found[further] = "promote"
    return found, "it goes by the steps of its declaration"


def limits_of(rollout: Rollout) -> Limits:
    """Only where a move leads, and where it is."""
    possible, why = moves(rollout)
    stops = tuple({STABLE: 100 - share, CANARY: share} for share in sorted(possible))
    return Limits(units=0, stops=stops, why=why)


def facts_of(rollout: Rollout) -> Facts:
    """Which version is on its way, and how far it is: what a step is planned on."""
    return {"update": rollout.update, "step": rollout.step, "aborted": rollout.aborted}


def risks_of(rollout: Rollout) -> tuple[Risk, ...]:
    """What somebody must know who moves it."""
    if not rollout.updating:
        return ()
    risks = []
    if not rollout.aborted:
        text = "at 100% the former version is taken down: from there the way back is a new update to its image"
        risks.append(Risk("info", "no-way-back", text, "stay below until you are sure"))
    passed = [kind for step in _steps(rollout)[rollout.step :] for kind in ("analysis", "experiment") if kind in step]
    if passed and not rollout.aborted:
        text = f"to 100% at once means without what its steps still ask for: {', '.join(dict.fromkeys(passed))}"
        risks.append(Risk("warning", "skips-steps", text, "go by the next share instead"))
    if INCONCLUSIVE in rollout.pauses:
        text = "it waits because an analysis came to no result: promoting means to overrule that"
        risks.append(Risk("warning", "inconclusive", text, "look at the analysis runs first"))
    if rollout.gitops and not rollout.aborted:
        text = f"an abort leaves the new image declared: {rollout.gitops} still wants it"
        risks.append(Risk("info", "gitops", text, "after an abort take the image back in the repository, too"))
    return tuple(risks)


def patch_of(move: Move, rollout: Rollout) -> Mapping[str, Any]:
    """What to merge into `/status`; as the kubectl plugin of Argo Rollouts does it.

    Conditional on what was read, but for an abort: that is right whatever else has moved, and mustn't fail on a busy
    controller.
    """
    if move == "abort":
        return {"status": {"abort": True}}
    condition = {"metadata": {"resourceVersion": rollout.version}}
    if move == "retry":
        return {**condition, "status": {"abort": False}}
    if move == "in full":
        return {**condition, "status": {"promoteFull": True}}
    if INCONCLUSIVE in rollout.pauses:
        further = {"controllerPause": False, "currentStepIndex": rollout.step + 1}
        return {**condition, "status": {"pauseConditions": None, **further}}
    return {**condition, "status": {"pauseConditions": None}}


def settled(step: Step, rollout: Rollout) -> Settlement:
    """What became of a shift. The shares alone don't tell: by pods they come out as the pods allow, and a controller
    that has got its order may not have done anything yet."""
    now = {**share_facts(reading_of(rollout)), **facts_of(rollout)}
    wanted = float(step.after["shares"].get(CANARY, 0))
    planned = step.change
    if rollout.update != planned["update"]:
        if wanted == 0 and not rollout.updating:
            return Settlement("done", "no update is in progress any more", now)
        return Settlement("changed_by_other", "another version is on its way now", now)
    if not rollout.updating:
        return _at_the_end(wanted, now)
    untouched = rollout.step == planned["step"] and rollout.aborted == planned["aborted"] and not rollout.in_full
    if wanted == 0:
        return _aborted(rollout, untouched, now)
    if rollout.aborted:
        if planned["aborted"]:
            return Settlement("not_done", "it is aborted, as before", now)
        return Settlement("changed_by_other", f"it was aborted{_because(rollout)}", now)
    if untouched and (rollout.pauses or rollout.held):
        return Settlement("not_done", "it waits where it was", now)
    return _on_its_way(rollout, wanted, -1 if planned["aborted"] else int(planned["step"]), now)


def _at_the_end(wanted: float, now: Facts) -> Settlement:
    if wanted == 0:
        return Settlement("changed_by_other", "the new version serves everybody", now)
    return Settlement("done", "the new version serves everybody", now)


def _aborted(rollout: Rollout, untouched: bool, now: Facts) -> Settlement:
    if rollout.aborted and now["shares"].get(CANARY, 0) < TOLERANCE:
        return Settlement("done", "aborted: the version before serves everybody", now)
    if rollout.aborted:
        return Settlement("running", "aborted; clients are on their way back", now)
    if untouched:
        return Settlement("not_done", "it isn't aborted", now)
    return Settlement("changed_by_other", "it has gone on, and isn't aborted", now)


def _on_its_way(rollout: Rollout, wanted: float, since: int, now: Facts) -> Settlement:
    """`since` is the step that it was waiting at."""
    if wanted >= 100:
        last = rollout.in_full or rollout.step >= len(_steps(rollout))
        return Settlement("running", "on the way to all clients" if last else "between its steps", now)
    if rollout.in_full:
        return Settlement("changed_by_other", "it is being promoted in full", now)
    weights = [_weight(rollout, one) for one in _steps(rollout)]
    sets = next((at for at, weight in enumerate(weights) if at > since and weight == wanted), len(weights))
    if rollout.step <= sets:
        return Settlement("running", f"on the way to {wanted:g}%", now)
    if abs(desired(rollout) - wanted) >= TOLERANCE:
        return Settlement("done", f"it came past {wanted:g}% and is on the way to {desired(rollout):g}%", now)
    if _in_force(rollout, wanted):
        return Settlement("done", f"{wanted:g}% of the clients", now)
    return Settlement("running", f"the router is on the way to {wanted:g}%", now)


def _in_force(rollout: Rollout, wanted: float) -> bool:
    """Whether the router holds it. The controller leaves a `setWeight` only when the pods are there."""
    if not rollout.weights:
        return True
    return abs(_shares(rollout)[CANARY] - wanted) < TOLERANCE and rollout.weights.get("verified") is not False


def _shares(rollout: Rollout) -> dict[str, float]:
    if not rollout.updating:
        return {STABLE: 100.0}
    if rollout.weights:
        parts = {name: _number(rollout.weights.get(name)) for name in (STABLE, CANARY)}
        for one in rollout.weights.get("additional") or ():
            parts[clean(str(one.get("serviceName") or "experiment"), 60)] = _number(one)
    elif "trafficRouting" in (rollout.canary or {}):
        parts = {STABLE: 100.0, CANARY: 0.0}
    else:
        parts = {STABLE: rollout.of(rollout.stable).available, CANARY: rollout.of(rollout.update).available}
    whole = sum(parts.values())
    return {name: 100 * part / whole if whole else 0.0 for name, part in parts.items()}


def _next(rollout: Rollout, step: int) -> float | None:
    """The share that comes next after a step; None if another pause without an end comes first."""
    for following in _steps(rollout)[step + 1 :]:
        if (weight := _weight(rollout, following)) is not None:
            return weight
        if "pause" in following and not (following["pause"] or {}).get("duration"):
            return None
    return 100.0


def _waits(rollout: Rollout) -> bool:
    """Whether it stays where it is until somebody says so."""
    if rollout.held:
        return True
    steps = _steps(rollout)
    here = steps[rollout.step] if rollout.step < len(steps) else {}
    return bool(rollout.pauses) and not (here.get("pause") or {}).get("duration")


def _weight(rollout: Rollout, step: Mapping[str, Any]) -> float | None:
    """Percent that a step sets; `maxTrafficWeight` is another scale than 100."""
    if not isinstance(weight := step.get("setWeight"), int):
        return None
    most = ((rollout.canary or {}).get("trafficRouting") or {}).get("maxTrafficWeight") or 100
    return 100.0 * weight / most


def _steps(rollout: Rollout) -> Sequence[Mapping[str, Any]]:
    return [step for step in (rollout.canary or {}).get("steps") or () if isinstance(step, Mapping)]


def _told(rollout: Rollout) -> str:
    if not rollout.updating:
        return rollout.words or "no update in progress"
    count = len(_steps(rollout))
    where = f"step {min(rollout.step + 1, count)} of {count}" if count else "no steps"
    state = "aborted" if rollout.aborted else "in full" if rollout.in_full else "paused" if rollout.pauses else ""
    return ", ".join(one for one in (state, where, rollout.words) if one)


def _because(rollout: Rollout) -> str:
    return f" ({rollout.words})" if rollout.words else ""


def _number(entry: Any) -> float:
    weight = entry.get("weight") if isinstance(entry, Mapping) else None
    return float(weight) if isinstance(weight, int) else 0.0
