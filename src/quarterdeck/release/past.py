"""What the journal says that the fleet was like at a moment: as much as was read or written on the way, and no more.

A plan notes what it read before it changes something, and a step that is done what was read back. Whatever nobody here
read or changed is unknown, and stays so. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release import guards as guarding
from quarterdeck.release.flag import exposure
from quarterdeck.release.guards import Guards
from quarterdeck.release.plan import Facts, Step

Subject = tuple[TargetId, str]
"""A target and what of it: `build in production`, `share of westeurope`, `weight of northeurope`, `preview in
production`, `serving`, `flag`, `flag under label eu`."""

SERVING = "serving"
"""What of a service its users had when a release of it was planned, whatever slot that is in."""
NO_PREVIEW = "none"
_BUILD = "build in "
_NAME = 60


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a subject.

    Attributes:
        value: in words; "" if nobody knows any more.
        how: `read` (found so), `set` (changed so here, and read back), `moving` (a change is under way, or nobody
            knows whether it was made: it is `value`, `towards`, or between), `lost` (somebody else changed it while
            it was being changed here).
        since: when it was first known to be so; seen: when it was last read. UNIX seconds.
        by: whose change it is; "" for what was found so.
        operation: the operation that read or changed it.
    """

    value: str
    how: Literal["read", "set", "moving", "lost"]
    since: float
    seen: float
    by: str = ""
    operation: str = ""
    towards: str = ""


RECENT = 30
"""As many operations and releases that have ended are kept in sight."""


@dataclass(slots=True)
class Past:
    """The fold of a journal up to its line `seq`. `operations` and `releases`: ids, those that began last at the end,
    with True for those that are open."""

    seq: int = 0
    at: float = 0
    facts: dict[Subject, Fact] = field(default_factory=dict)
    guards: Guards = field(default_factory=Guards)
    operations: dict[str, bool] = field(default_factory=dict)
    releases: dict[str, bool] = field(default_factory=dict)
    _steps: dict[str, Mapping[str, Step]] = field(default_factory=dict)

    def copy(self) -> Past:
        """Another one to go on from; this one stays as it is."""
        return Past(
            self.seq, self.at, {**self.facts}, self.guards, {**self.operations}, {**self.releases}, {**self._steps}
        )

    def advance(self, seq: int, at: float, kind: str, actor: str, operation: str, body: Mapping[str, Any]) -> None:
        """Go on by one line of the journal. Lines of other kinds than `KINDS` change nothing.

        Raises:
            ValueError: the body isn't what its kind says.
        """
        self.seq, self.at = seq, at
        group = kind.partition(".")[0]
        if group == "release":
            self._release(kind, operation, body, at)
        elif kind == "operation.started":
            plan = body.get("plan") or {}
            self._begin(operation, _steps_of(plan), min(at, float(plan.get("made_at") or at)))
        elif kind == "operation.ended":
            _keep(self.operations, operation, is_open=bool(body.get("choices")))
            if not body.get("choices"):
                self._steps.pop(operation, None)
        elif kind == "operator.chose":
            _keep(self.operations, operation, is_open=True)
            self._steps[operation] = {**self._steps.get(operation, {}), **_steps_of(body.get("undoing") or {})}
        elif group == "step":
            self._step(kind, actor, operation, body, at)
        else:
            self.guards = guarding.advance(self.guards, kind, actor, body, at)

    def _begin(self, operation: str, steps: Mapping[str, Step], read_at: float) -> None:
        _keep(self.operations, operation, is_open=True)
        self._steps[operation] = steps
        read: dict[Subject, str] = {}
        for step in steps.values():
            for subject, value in values(step, step.before):
                read.setdefault(subject, value)  # a later step of the plan begins where an earlier one ends
        for subject, value in read.items():
            self._found(subject, value, read_at, operation)

    def _found(self, subject: Subject, value: str, at: float, operation: str) -> None:
        was = self.facts.get(subject)
        if value == NO_PREVIEW and was is None:
            return
        if was is not None and was.value == value and was.how in ("read", "set"):
            self.facts[subject] = replace(was, seen=max(at, was.seen))
        else:
            self.facts[subject] = Fact(value, "read", at, at, "", operation)

    def _step(self, kind: str, actor: str, operation: str, body: Mapping[str, Any], at: float) -> None:
        step = self._steps.get(operation, {}).get(str(body.get("step", "")))
        if step is None:
            return
        match kind:
            case "step.intended" | "step.accepted" | "step.in_doubt":
                before = dict(values(step, step.before))
                for subject, towards in values(step, step.after):
                    value = before.get(subject, "")
                    if value != towards:
                        self.facts[subject] = Fact(value, "moving", at, at, actor, operation, towards)
            case "step.done":
                for subject, value in values(step, step.after):
                    self._set(subject, value, at, actor, operation)
            case "step.not_done":
                for subject, value in values(step, step.before):
                    self.facts.pop(subject, None)
                    self._found(subject, value, at, operation)
            case "step.changed_by_other":
                for subject, _ in values(step, step.after):
                    self.facts[subject] = Fact("", "lost", at, at, "", operation)

    def _set(self, subject: Subject, value: str, at: float, actor: str, operation: str) -> None:
        if subject[1].startswith(_BUILD):
            self.facts.pop((subject[0].whole, SERVING), None)
        was = self.facts.get(subject)
        if was is not None and was.value == value and was.how in ("read", "set"):
            self.facts[subject] = replace(was, seen=at)  # it was so before, and somebody else's doing
        elif value != NO_PREVIEW or was is not None:
            self.facts[subject] = Fact(value, "set", at, at, actor, operation)

    def _release(self, kind: str, release: str, body: Mapping[str, Any], at: float) -> None:
        match kind:
            case "release.started":
                _keep(self.releases, release, is_open=True)
                plan = body.get("plan") or {}
                for member in plan.get("members") or ():
                    if member.get("previous"):
                        served = (from_json(TargetId, member["target"]).whole, SERVING)
                        self._found(
                            served, _name(member["previous"]), min(at, float(plan.get("made_at") or at)), release
                        )
            case "release.ended":
                _keep(self.releases, release, is_open=bool(body.get("choices")))
            case "release.ordered":
                _keep(self.releases, release, is_open=True)


KINDS = ("operation.started", "operation.ended", "operator.chose", "step.", "release.started", "release.ended",
         "release.ordered", "conn.", "hold.", "debt.", "guard.")  # fmt: skip
"""How the kinds of the events begin that `Past` is folded from."""

MARKING = ("operation.started", "operation.ended", "step.done", "release.started", "release.step_", "release.ended",
           "conn.", "hold.", "debt.")  # fmt: skip
"""How the kinds of the events begin at which it is worth while to stop when looking back."""


def _keep(known: dict[str, bool], one: str, *, is_open: bool) -> None:
    """Note whether one is open; of those that aren't, the last ones stay."""
    known[one] = is_open
    over = [each for each, still in known.items() if not still]
    for each in over[: max(0, len(over) - RECENT)]:
        del known[each]


def _steps_of(plan: Mapping[str, Any]) -> Mapping[str, Step]:
    steps = [from_json(Step, step) for step in plan.get("steps") or ()]
    return {step.id: step for step in steps}


def values(step: Step, facts: Facts) -> Iterator[tuple[Subject, str]]:
    """What the facts before or after a step say, subject by subject; nothing about what they don't tell."""
    target = step.target
    match step.verb:
        case "swap" | "complete" | "preview" | "cancel":
            for side in ("source", "destination"):
                version = facts.get(f"{side}_version") or facts.get(f"{side}_build")
                if version and side in step.change:
                    yield (target, f"{_BUILD}{_name(step.change[side])}"), _name(version)
            if "preview_from" in facts and "destination" in step.change:
                waiting = facts["preview_from"]
                told = f"from {_name(waiting)}" if waiting else NO_PREVIEW
                yield (target, f"preview in {_name(step.change['destination'])}"), told
        case "deploy":
            if (content := facts.get("version") or facts.get("artifact")) and "slot" in step.change:
                yield (target, f"{_BUILD}{_name(step.change['slot'])}"), _name(content)
        case "set_shares":
            for name, share in (facts.get("shares") or {}).items():
                yield (target, f"share of {_name(name)}"), f"{round(share, 2):g}%"
        case "set_destination":
            if "weight" in facts:
                told = f"{facts['weight']:g}" if facts.get("enabled", True) else f"{facts['weight']:g}, disabled"
                yield (target, f"weight of {_name(step.change.get('destination', facts.get('destination')))}"), told
        case "set_flag":
            if {"enabled", "percent", "audience"} <= facts.keys():
                label = step.change.get("label")
                yield (target, f"flag under label {_name(label)}" if label else "flag"), exposure(facts)


def _name(of: Any) -> str:
    return clean(str(of), _NAME)


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that isn't the same at two moments. `before` and `after` are "" for what isn't known or wasn't there;
    `by` and `at` say whose change it is and of when, as far as the journal knows."""

    where: str
    what: str
    before: str
    after: str
    by: str = ""
    at: float = 0


def differing_facts(before: Mapping[Subject, Fact], after: Mapping[Subject, Fact]) -> Sequence[Difference]:
    """What the later facts say otherwise than the earlier ones, by target. What is known at one moment only is told
    too: as unknown at the other."""
    found = []
    for subject in sorted({*before, *after}):
        one, other = before.get(subject), after.get(subject)
        said, now = spoken(one), spoken(other)
        if said != now:
            target, what = subject
            by, at = (other.by, other.since) if other is not None else ("", 0.0)
            found.append(Difference(clean(str(target), 100), what, said, now, by, at))
    return found


def spoken(fact: Fact | None) -> str:
    """A fact in words, "" for what nobody knows."""
    if fact is None or fact.how == "lost":
        return ""
    return f"{fact.value or '?'} -> {fact.towards}, under way" if fact.how == "moving" else fact.value


def differing_guards(before: Guards, after: Guards, then: float, now: float) -> Sequence[Difference]:
    """What stood guard at one of two moments only, or was in somebody else's hands."""
    found = []
    conns = {one.scope: one for one in before.conns}, {one.scope: one for one in after.conns}
    for scope in sorted({*conns[0], *conns[1]}):
        was, has = conns[0].get(scope), conns[1].get(scope)
        if (was and was.holder) != (has and has.holder):
            at = has.since if has else 0.0
            had, got = (one.holder if one else "nobody" for one in (was, has))
            found.append(Difference(_scope(scope), "conn", had, got, at=at))
    holds = {one.id: one for one in before.active(then)}, {one.id: one for one in after.active(now)}
    for hold_id in sorted({*holds[0], *holds[1]}, key=lambda each: (holds[0].get(each) or holds[1][each]).since):
        old, new = holds[0].get(hold_id), holds[1].get(hold_id)
        if old is None and new is not None:
            found.append(Difference(_scope(new.scope), new.kind, "", f"placed: {new.reason}", new.by, new.since))
        elif old is not None and new is None:
            found.append(Difference(_scope(old.scope), old.kind, f"placed by {old.by}: {old.reason}", "over"))
    debts = {one.id for one in before.owed}, {one.id for one in after.owed}
    for debt in after.debts:
        if debt.id in debts[1] - debts[0]:
            found.append(Difference(str(debt.target), "debt", "", f"owed: {debt.text}", debt.by, debt.since))
        elif debt.id in debts[0] - debts[1]:
            told = f"paid: {debt.evidence}"
            found.append(Difference(str(debt.target), "debt", "owed", told, debt.paid_by, debt.paid_at or 0))
    return found


def _scope(of: str) -> str:
    return "everything" if of == "*" else of
