"""The way back: which operation to undo, and its inverse, planned against what is there now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.readings import Build, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release import splitting
from quarterdeck.release.action import FlagChange, Rollback, Swap, SwapMode, command_line
from quarterdeck.release.automation import in_slots, in_traffic, risks_of
from quarterdeck.release.deploy import plan_undo
from quarterdeck.release.flag import difference, set_flag
from quarterdeck.release.operation import Operation
from quarterdeck.release.outline import Outline, numbered
from quarterdeck.release.plan import Facts, Fuse, Refusal, Risk, Step
from quarterdeck.release.settlement import TOLERANCE, destination_facts, flag_facts, slot_facts
from quarterdeck.release.sides import Sides, because, slot_with, traffic_with, unseen, worse
from quarterdeck.release.splitting import words
from quarterdeck.release.survey import FORBIDS_SWAP_BACK, DeploySurvey, FlagSurvey, SwapSurvey, TrafficSurvey
from quarterdeck.release.swap import Site, plan_swap, version
from quarterdeck.release.weighting import State, by_order, by_weight, state_of


@dataclass(frozen=True, slots=True)
class Undoing:
    """One step that was done, and its place as it is now.

    `survey` is of the kind that the step's verb needs; `traffic` the split between the slots of a swap, if any; `sides`
    what gates say of the slots.
    """

    step: Step
    survey: SwapSurvey | TrafficSurvey | FlagSurvey | DeploySurvey
    traffic: TrafficReading | None = None
    sides: Sides = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where the step was done."""
        return Place(self.step.role, self.step.target, self.step.address)


def undoable(action: Rollback, operations: Sequence[Operation]) -> Operation | Refusal:
    """The operation to undo: the named one, else the last that changed the target and hasn't been undone.

    A rollback is undone only by name: whoever asks twice for the way back doesn't mean forward again. So are the steps
    of a release before one that was taken back by hand: a share set to nothing before a swap would give users to
    whatever that slot holds now.

    Args:
        operations: those of the target, newest first.
    """
    where = str(action.target)
    if action.operation:
        named = next((operation for operation in operations if operation.id == action.operation), None)
        if named is None:
            return Refusal("usage", f"no operation {action.operation} on {where}", f"see: qd history {where}")
        candidates: Sequence[Operation] = (named,)
    else:
        candidates = operations
    for operation in candidates:
        if operation.open:
            state = "still runs" if operation.ending is None else "waits for an operator"
            hint = "wait for its end" if operation.ending is None else "answer it: retry, skip, undo or abandon"
            return Refusal("locked", f"operation {operation.id} on {where} {state}", hint)
        undone_by = "its operator" if operation.ending == "rolled_back" else operation.undone_by
        if action.operation and undone_by:
            return Refusal("impossible", f"operation {operation.id} was undone by {undone_by}")
        changed = done_steps(operation, action.target)
        if action.operation and not changed:
            return Refusal("impossible", f"operation {operation.id} changed nothing: there is nothing to undo")
        if changed and not undone_by and (action.operation or not operation.plan.undoes):
            later = None if action.operation else _taken_out_of(operation, operations)
            return _halfway(operation, later, action.target) if later else operation
    return Refusal(
        "impossible",
        f"the journal knows no change of {where} that could be undone",
        f"to exchange the slots again: qd swap {where}" if not action.target.flag else "set the flag yourself",
    )


def _taken_out_of(operation: Operation, operations: Sequence[Operation]) -> Operation | None:
    """The operation of the same release, later than this one, that was taken back, and not by the release itself.

    A share is a stage whoever took back what came after it: a release that goes back sets the shares once for all of
    its stages, and those before the last would give users to the build again that they were just freed from.
    """
    if not operation.release:
        return None
    newer = operations[: operations.index(operation)]
    of_release = {one.id for one in newer if one.release == operation.release}
    here = operation.plan.action.target
    forgiven = () if _only_shares(operation) else of_release
    later = (one for one in newer if one.id in of_release and one.undone_by and one.undone_by not in forgiven)
    return next((one for one in later if _overlap(one.plan.action.target, here)), None)


def _only_shares(operation: Operation) -> bool:
    return all(step.verb in ("set_shares", "set_destination") for step in operation.plan.steps)


def _overlap(one: TargetId, other: TargetId) -> bool:
    """Whether two targets of the same service have a region in common: one region is no stage on the way to another."""
    return not (one.region and other.region) or one.region == other.region


def in_other_regions(operation: Operation, operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """The swaps of the same release in the other regions, oldest first: a release that went region by region is taken
    back in all of them, or users would get one version here and another there.

    Args:
        operations: those of the target, newest first.
    """
    if not operation.release or not _gave_users_a_build(operation):
        return ()
    found: dict[str, Operation] = {operation.plan.action.target.region: operation}
    for one in operations:
        region = one.plan.action.target.region
        if one.release == operation.release and region and region not in found and _gave_users_a_build(one):
            found[region] = one
    return tuple(one for one in reversed(operations) if one in found.values() and one != operation)


def _gave_users_a_build(operation: Operation) -> bool:
    """Whether it swapped in one region, and that stands."""
    swapped = any(step.verb in ("swap", "complete") for step in done_steps(operation, operation.plan.action.target))
    return bool(operation.plan.action.target.region) and swapped and not operation.undone_by and not operation.open


def _halfway(operation: Operation, later: Operation, target: TargetId) -> Refusal:
    text = (
        f"{later.id} of release {operation.release} is taken back already; {operation.id} "
        f"({command_line(operation.plan.action)}) was a stage on the way there"
    )
    return Refusal("impossible", text, f"to take that back as well: qd rollback {target} --operation {operation.id}")


def done_steps(operation: Operation, target: TargetId) -> tuple[Step, ...]:
    """The steps that took effect on a target (or a region of it), in the order they were done."""
    return tuple(
        step
        for step in operation.plan.steps
        if operation.step(step.id).state == "done" and (step.target == target or step.target.whole == target)
    )


def in_order_of_undoing(steps: Sequence[Step]) -> tuple[Step, ...]:
    """What frees users soonest comes first: flags, then traffic, then slots; within each the last step first."""
    rank = {"set_flag": 0, "set_shares": 1, "set_destination": 1}
    numbers = sorted(range(len(steps)), key=lambda number: (rank.get(steps[number].verb, 2), -number))
    return tuple(steps[number] for number in numbers)


def plan_rollback(action: Rollback, operation: str, undoings: Sequence[Undoing]) -> Outline | Refusal:
    """The inverse of the done steps of an operation.

    Args:
        operation: its id.
        undoings: its done steps in the order of undoing, each with a fresh survey; those of `action.also` after them.
    """
    outlines: list[Outline] = []
    for group in _by_resource(undoings):
        outline = _inverse(action, group)
        if isinstance(outline, Refusal):
            return outline
        outlines.append(outline)
    steps = numbered(tuple(step for outline in outlines for step in outline.steps))
    if not steps:
        return Refusal("unchanged", f"operation {operation} is undone already: everything is as it was before")
    return Outline(
        steps=steps,
        effects=tuple(effect for outline in outlines for effect in outline.effects),
        settings=tuple(dict.fromkeys(move for outline in outlines for move in outline.settings)),
        risks=tuple(dict.fromkeys(risk for outline in outlines for risk in outline.risks)),
        fuse=Fuse(True, f"undo the rollback: qd rollback {action.target} --operation ID", None, "", ""),
        who_feels_it=", ".join(dict.fromkeys(o.who_feels_it for o in outlines if o.who_feels_it)),
        undoes=operation,
    )


def _by_resource(undoings: Sequence[Undoing]) -> list[list[Undoing]]:
    """Steps of the same kind on the same resource are undone together: a split is restored as a whole."""
    groups: dict[tuple[str, str], list[Undoing]] = {}
    for undoing in undoings:
        groups.setdefault((undoing.step.address.key, undoing.step.role), []).append(undoing)
    return list(groups.values())


def _inverse(action: Rollback, group: Sequence[Undoing]) -> Outline | Refusal:
    last = group[0]
    if action.to_version and not isinstance(last.survey, (SwapSurvey, DeploySurvey)):
        return Refusal(
            "usage", f"what is to be undone on {action.target} changed no build", "leave --to out, or name --operation"
        )
    match last.survey:
        case SwapSurvey() as survey:
            return _slots_back(action, last, survey)
        case TrafficSurvey() as survey:
            if last.step.verb == "set_shares":
                return _shares_back(group, survey)
            return _destinations_back(group, survey)
        case FlagSurvey() as survey:
            return _flag_back(last, survey)
        case DeploySurvey() as survey:
            return _build_back(action, last, survey)


_BACK: Mapping[str, SwapMode] = {"swap": "swap", "complete": "swap", "preview": "cancel", "cancel": "preview"}


def _slots_back(action: Rollback, undoing: Undoing, survey: SwapSurvey) -> Outline | Refusal:
    step, sides = undoing.step, undoing.sides
    where, mode = str(step.target), _BACK[step.verb]
    survey = replace(survey, source=slot_with(survey.source, sides), destination=slot_with(survey.destination, sides))
    source, destination = survey.source, survey.destination
    if _as_before(step, survey):
        return Outline(())
    if mode == "swap" and step.undo is None:
        before = step.before.get("destination_version") or step.before.get("destination_build") or "the build before"
        text = f"{where}: nothing swaps back here: {before} has to come as a new one"
        final = next((risk for risk in survey.risks if risk.code == FORBIDS_SWAP_BACK), None)
        return Refusal("impossible", text, final.remedy if final else f"deploy it, then: qd swap {where}")
    if mode == "swap":
        if not still_holds(source.build, step.after, "source"):
            return Refusal(
                "impossible",
                f"{where}: {source.name} no longer holds the build that served before; it now holds "
                f"{version(source.build)}",
                f"deploy that build to {source.name} again, then: qd swap {where}",
            )
        if not still_holds(destination.build, step.after, "destination"):
            return Refusal(
                "impossible",
                f"{where}: {destination.name} now serves {version(destination.build)}, which this operation didn't "
                "put there",
                f"see what happened since: qd history {where}",
            )
        if action.to_version and version(source.build) != action.to_version:
            return Refusal(
                "impossible",
                f"{where}: going back would serve {version(source.build)}, not {action.to_version}",
                f"deploy {action.to_version} to {source.name}, then: qd swap {where}",
            )
        if source.health == "unhealthy" and destination.health != "unhealthy":
            return Refusal(
                "impossible",
                f"{where}: {source.name} ({version(source.build)}) is unhealthy now{because(sides, source.name)}, "
                f"{destination.name} is not: going back would make it worse",
                f"mend {source.name}; if you are sure: qd swap {where} --from {source.name} --to {destination.name}",
            )
    swap = Swap(step.target, source.name, destination.name, mode)
    outline = plan_swap(swap, (Site(undoing.place, survey, undoing.traffic),))
    if mode != "swap":
        return outline
    acting = [*in_slots(step.target, (source, destination))]
    acting += in_traffic(step.target, undoing.traffic) if undoing.traffic else ()
    told = {risk.code for risk in outline.risks} if isinstance(outline, Outline) else set()
    news = (one for one in acting if one.code not in told)
    return _with_risks(outline, *unseen(where, sides, (source,)), *risks_of(news))


def _as_before(step: Step, survey: SwapSurvey) -> bool:
    """Whether both slots are as the step had found them: somebody has taken it back already."""
    now = slot_facts(survey.source, survey.destination)
    tells = [key for key, then in step.after.items() if key in now and step.before.get(key) != then]
    return bool(tells) and all(now[key] == step.before.get(key) for key in tells)


def _with_risks(outline: Outline | Refusal, *risks: Risk) -> Outline | Refusal:
    return outline if isinstance(outline, Refusal) else replace(outline, risks=(*outline.risks, *risks))


def still_holds(build: Build | None, left: Facts, side: str) -> bool:
    """Whether a slot holds what the operation left there, as far as is known. Content may keep its name when another
    version is deployed into it."""
    if build is None:
        return True
    pairs = ((build.id, left.get(f"{side}_build", "")), (build.version, left.get(f"{side}_version", "")))
    return all(not now or not then or now == then for now, then in pairs)


def _shares_back(group: Sequence[Undoing], survey: TrafficSurvey) -> Outline | Refusal:
    """The split gets the shares that it had before the first of the writes, in one write."""
    undoing, step = group[0], group[0].step
    now = {d.name: d.share for d in survey.reading.destinations}
    left, wanted = step.after["shares"], group[-1].step.before["shares"]
    if gone := sorted(set(wanted) - set(now)):
        return Refusal("impossible", f"{step.target}: {', '.join(gone)} is gone", "shift traffic by hand")
    whole = {name: wanted.get(name, 0.0) for name in now}
    aim = splitting.way_back(survey.limits, now, whole)
    outline = _judged(undoing, survey, splitting.shares_outline(undoing.place, survey, aim), aim)
    if aim != whole:
        text = f"{step.target} can't go back to {words(whole)} from here: it goes to {words(aim)}"
        outline = _with_risks(outline, Risk("info", "stages", text))
    moved = any(abs(now.get(name, 0) - left.get(name, 0)) >= TOLERANCE for name in {*now, *left})
    return _warned(outline, step, words(now), words(left)) if moved else outline


def _destinations_back(group: Sequence[Undoing], survey: TrafficSurvey) -> Outline | Refusal:
    """All destinations that were written get the weight and status they had before the first of the writes."""
    by_name = {d.name: d for d in survey.reading.destinations}
    wanted: State = state_of(survey.reading.destinations)
    strange = {}
    seen: set[str] = set()
    for undoing in group:
        before, after = undoing.step.before, undoing.step.after
        name = before["destination"]
        if name not in by_name:
            return Refusal("impossible", f"{undoing.step.target}: {name} is gone", "shift traffic by hand")
        now = destination_facts(by_name[name])
        if name not in seen and now != dict(after):
            strange[name] = (now, after)
        seen.add(name)
        wanted = {**wanted, name: (before["weight"], before["enabled"])}
    shares = by_order if survey.limits.ordered else by_weight
    outline = _judged(group[0], survey, splitting.outline(group[0].place, survey, wanted), shares(wanted))
    if not strange:
        return outline
    found = "; ".join(f"{name} {_side(now)}" for name, (now, _) in strange.items())
    expected = "; ".join(f"{name} {_side(after)}" for name, (_, after) in strange.items())
    return _warned(outline, group[0].step, found, expected)


def _judged(
    undoing: Undoing, survey: TrafficSurvey, outline: Outline | Refusal, wanted: Mapping[str, float]
) -> Outline | Refusal:
    """What is to be said of where clients would go, and of what moves them by itself."""
    if isinstance(outline, Refusal) or not outline.steps:
        return outline
    target = undoing.step.target
    judged = worse(str(target), traffic_with(survey.reading, undoing.sides), wanted, undoing.sides, least=TOLERANCE)
    if isinstance(judged, Refusal):
        return judged
    told = (judged,) if judged else ()
    return _with_risks(outline, *told, *risks_of(in_traffic(target, survey.reading)))


def _flag_back(undoing: Undoing, survey: FlagSurvey) -> Outline | Refusal:
    step, now = undoing.step, flag_facts(survey.reading)
    wanted = {key: step.before[key] for key in ("enabled", "percent", "audience")}
    if now == wanted:
        return Outline(())
    outline = set_flag(FlagChange(step.target, survey.reading.label), undoing.place, survey, wanted)
    if now == dict(step.after):
        return outline
    return _warned(outline, step, *difference(now, step.after))


def _build_back(action: Rollback, undoing: Undoing, survey: DeploySurvey) -> Outline | Refusal:
    step = undoing.step
    before = str(step.before["version"])
    if action.to_version and action.to_version != before:
        return Refusal(
            "impossible",
            f"{step.target}: going back would bring {before or 'what was there before'}, not {action.to_version}",
            f"deploy it: qd deploy {step.target} --slot {step.change['slot']} --version {action.to_version}",
        )
    return plan_undo(step, undoing.place, survey)


def _warned(outline: Outline | Refusal, step: Step, found: str, expected: str) -> Outline | Refusal:
    """Somebody changed it since: going back takes their change back too."""
    if isinstance(outline, Refusal) or not outline.steps:
        return outline
    text = f"{step.target} was changed since: it is {found}; the operation left {expected}"
    risk = Risk("danger", "changed-since", text, "ask who changed it: going back takes that back too")
    return replace(outline, risks=(risk, *outline.risks))


def _side(facts: Facts) -> str:
    return f"weight {facts['weight']:g}" if facts["enabled"] else "disabled"
