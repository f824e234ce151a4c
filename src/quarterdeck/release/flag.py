"""From a change of a flag that somebody wants to the write that makes it, or the reason why not."""

from __future__ import annotations

from math import isfinite

from quarterdeck.fleet.readings import FlagReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.release.action import FlagChange
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Effect, Facts, Fuse, Refusal, Risk, Severity, Step
from quarterdeck.release.settlement import flag_facts
from quarterdeck.release.survey import FlagLimits, FlagSurvey

_NEARLY = 1e-6
"""Steps of a percentage that are no difference but that of binary fractions."""


def plan_flag(action: FlagChange, place: Place, survey: FlagSurvey) -> Outline | Refusal:
    """One conditional write; whatever the action doesn't name stays as it is."""
    if refusal := _wrong_numbers(action):
        return refusal
    now = flag_facts(survey.reading)
    if action.admit:
        return set_flag(action, place, survey, _admitting(action, now))
    wanted = {
        "enabled": now["enabled"] if action.enabled is None else action.enabled,
        "percent": now["percent"] if action.percent is None else float(action.percent),
        "audience": now["audience"]
        if action.audience is None
        else {ring.group: float(ring.percent) for ring in action.audience},
    }
    return set_flag(action, place, survey, wanted)


def _admitting(action: FlagChange, now: Facts) -> Facts:
    """The flag on for more groups. One that is off is off for everybody: what waits in it isn't let in along."""
    let_in = {ring.group: float(ring.percent) for ring in action.admit}
    if not now["enabled"]:
        return {"enabled": True, "percent": None, "audience": let_in}
    if now["percent"] is None and not now["audience"]:
        return now  # on for everybody: a group would be a limit
    return {"enabled": True, "percent": now["percent"], "audience": {**now["audience"], **let_in}}


def set_flag(action: FlagChange, place: Place, survey: FlagSurvey, wanted: Facts) -> Outline | Refusal:
    """The write that gives a flag these facts (see `release/settlement.py`)."""
    flag, now = survey.reading, flag_facts(survey.reading)
    where = str(action.target)
    wanted = _as_read_back(survey.limits, wanted)
    if flag.locked:
        return Refusal("impossible", f"{where} is locked in the flag store", "unlock it there, if you may")
    if now == wanted:
        return Refusal("unchanged", f"{where} is already as you want it; nothing to do")
    if why := _inexpressible(survey.limits, now, wanted):
        return Refusal("impossible", f"{where}: {why}", "say on, off, or what the flag store can do")
    before, after = difference(now, wanted)
    step = Step(
        id="1",
        verb="set_flag",
        role=place.role,
        target=action.target,
        address=place.address,
        summary=f"{where}: {before} -> {after}",
        change={**survey.facts, "name": flag.name, "label": flag.label, **wanted},
        before={**now, "etag": flag.etag},
        after=dict(wanted),
        undo={**survey.facts, "name": flag.name, "label": flag.label, **now},
        repeatable=True,
    )
    effects = (Effect(where, f"flag{_labelled(flag)}", before, after),)
    fuse = Fuse(True, "set the flag back", 0, "what users did meanwhile", "")
    risks = (*survey.risks, *_risks(where, survey, wanted))
    return Outline((step,), effects, (), risks, fuse, blast_radius(place, survey, now, wanted))


def _as_read_back(limits: FlagLimits, wanted: Facts) -> Facts:
    """The same, as the flag store will say it (see `FlagLimits`)."""
    audience, everybody = wanted["audience"], wanted["percent"]
    if limits.adds_up:
        audience = {group: percent for group, percent in audience.items() if percent}
    if everybody is None and (limits.adds_up or limits.default_rule):
        everybody = 0.0 if audience else 100.0
    return {"enabled": wanted["enabled"], "percent": everybody, "audience": audience}


def shared(action: FlagChange, place: Place, label: str, fleet: Fleet) -> Refusal | Risk | None:
    """What to say when the flags of this label are those of other environments too.

    Whoever names another environment's label gets around all that guards it (its name to type, its freezes, its conn),
    so that is refused. Where environments were declared with the same flags, people are told.

    Args:
        label: the one under which the flag was read.
    """

    def coordinates(one: Place) -> tuple[str, Facts]:
        return one.address.connection, {key: part for key, part in one.address.parts.items() if key != "label"}

    others = [
        one.target.environment
        for one in fleet.places
        if (one.role, one.address.parts.get("label", "")) == ("flags", label)
        and one.target.environment != place.target.environment
        and coordinates(one) == coordinates(place)
    ]
    if not others:
        return None
    named, where = ", ".join(dict.fromkeys(others)), f"label {label}" if label else "no label"
    if place.address.parts.get("label", "") != label:
        hint = f"name the flag there: {TargetId(others[0], action.target.name, flag=True)}"
        return Refusal("policy", f"{action.target}: {where} is that of the flags of {named}", hint)
    text = f"{action.target} is the same flag in {named}: both have {where}"
    protected = {one.name for one in fleet.environments if one.protected}
    unasked = protected.intersection(others) and place.target.environment not in protected
    severity: Severity = "danger" if unasked and action.enabled is not False else "warning"
    return Risk(severity, "shared-flag", text, "give each environment a label of its own")


def exposure(facts: Facts) -> str:
    """Who sees the flag on, in words."""
    if not facts["enabled"]:
        return "off for everybody"
    return f"on for {_whom(facts)}"


def difference(now: Facts, wanted: Facts) -> tuple[str, str]:
    """Who sees it before and after; of a flag that stays off, who will once it is on."""
    if now["enabled"] or wanted["enabled"]:
        return exposure(now), exposure(wanted)
    return f"off (once on: {_whom(now)})", f"off (once on: {_whom(wanted)})"


def _whom(facts: Facts) -> str:
    parts = [f"{group} {percent:g}%" for group, percent in facts["audience"].items()]
    if facts["percent"] is not None:
        parts.append(f"everybody else {facts['percent']:g}%" if parts else f"{facts['percent']:g}% of everybody")
    return ", ".join(parts) or "everybody"


def blast_radius(place: Place, survey: FlagSurvey, now: Facts, wanted: Facts) -> str:
    """Who will notice."""
    before, after = _reach(now), _reach(wanted)
    unlabelled = " the flag without a label" if survey.limits.labels else " the flag"
    where = f"everything in {place.target.environment} that reads{_labelled(survey.reading) or unlabelled}"
    if not now["enabled"] and not wanted["enabled"]:
        return f"nobody yet: it stays off for {where}"
    if before == after:
        return f"{where}; about as many users as now see it on"
    return f"{where}; about {before:g}% -> {after:g}% of the users outside named groups see it on"


def _reach(facts: Facts) -> float:
    if not facts["enabled"]:
        return 0.0
    if facts["percent"] is not None:
        return float(facts["percent"])
    return 0.0 if facts["audience"] else 100.0


def _labelled(flag: FlagReading) -> str:
    return f" under label {flag.label}" if flag.label else ""


def _inexpressible(limits: FlagLimits, now: Facts, wanted: Facts) -> str:
    """Why the flag store can't take what would change; "" if it can."""
    percents = []
    if wanted["percent"] != now["percent"] and wanted["percent"] is not None:
        if not limits.percent:
            return limits.why or "the flag store has no percentage for everybody"
        percents.append(wanted["percent"])
    changed = {group: its for group, its in wanted["audience"].items() if now["audience"].get(group) != its}
    if changed and not limits.audience:
        return limits.why or f"the flag store has no groups ({', '.join(changed)})"
    for percent in (*percents, *changed.values()):
        steps = percent / limits.percent_step if limits.percent_step else 0.0
        if abs(steps - round(steps)) > _NEARLY:
            return f"{percent:g}% is finer than the flag store can: it takes steps of {limits.percent_step:g}%"
    return ""


def _wrong_numbers(action: FlagChange) -> Refusal | None:
    if action.enabled is None and action.percent is None and action.audience is None and not action.admit:
        return Refusal("usage", f"nothing to change about {action.target}", "say on, off, rollout, ring or admit")
    named = {"percentage": action.percent} if action.percent is not None else {}
    named.update({ring.group: ring.percent for ring in (*(action.audience or ()), *action.admit)})
    for what, percent in named.items():
        if not isfinite(percent) or not 0 <= percent <= 100:
            return Refusal("usage", f"{what} {percent:g} is not a percentage", "from 0 to 100")
    groups = [ring.group for ring in (*(action.audience or ()), *action.admit)]
    if len(set(groups)) < len(groups):
        return Refusal("usage", "a ring is named twice")
    return None


def _risks(where: str, survey: FlagSurvey, wanted: Facts) -> tuple[Risk, ...]:
    flag = survey.reading
    risks = []
    labels = [other.label for other in survey.same_name]
    if labels and not flag.label:
        text = f"{where} without a label is also read wherever it wins over: {', '.join(labels)}"
        risks.append(Risk("danger", "label-shadowing", text, "name the label of the environment you mean"))
    elif "" in labels:
        text = f"{where}: the same flag without a label exists; applications that load both may see that one"
        risks.append(Risk("warning", "label-shadowing", text, "check which label the application loads last"))
    if flag.other_rules and wanted["enabled"]:
        text = f"{where}: other rules also decide who sees it ({', '.join(flag.other_rules)}); they stay as they are"
        risks.append(Risk("warning", "other-rules", text))
    if not wanted["enabled"] and (wanted["percent"] is not None or wanted["audience"]) and not flag.enabled:
        risks.append(Risk("info", "still-off", f"{where} is off: the new percentages wait until it is switched on"))
    return tuple(risks)
