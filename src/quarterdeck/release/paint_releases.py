"""From releases to what a viewer shows of them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.action import Deploy, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.exposure import exposed
from quarterdeck.release.freshness import age, left
from quarterdeck.release.gate import GateSpec, Judgement, Tally
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Fuse
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleaseStep, Run, Write
from quarterdeck.release.release_view import (
    AskedView,
    MeasureView,
    MemberView,
    NoteView,
    RecoveryView,
    ReleaseState,
    ReleaseView,
    StepKind,
    StepView,
    WordView,
)
from quarterdeck.release.rollout import BACKGROUND, Release, Standing, StepState
from quarterdeck.release.rules import Rulebook

_NAME = 60
_THROUGH: tuple[StepState, ...] = ("done", "skipped")
_KINDS: Mapping[type, StepKind] = {
    Swap: "swap",
    Shift: "shift",
    FlagChange: "flag",
    Deploy: "deploy",
    Rollback: "rollback",
}
_ENDED: Mapping[str, ReleaseState] = {"succeeded": "succeeded", "failed": "failed", "rolled_back": "rolled back"}
_SHIPS_OVER = ("supersession", "supersedes", "version-untold")
"""Codes of risks that whoever approves has to see first: what a yes would ship over."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a release is judged against.

    Attributes:
        operations: those known, by id.
        groups_of: who belongs to which groups now; members says who is in a group, for reading.
        hindrance: why its next step may not begin now, "" if it may; hindered_until when that ends by itself.
    """

    now: float
    operations: Mapping[str, Operation]
    groups_of: Callable[[str], frozenset[str]] = lambda _: frozenset()
    members: Mapping[str, tuple[str, ...]] | None = None
    hindrance: str = ""
    hindered_until: float | None = None
    protected: bool = False


def view_releases(
    releases: Sequence[Release],
    operations: Sequence[Operation],
    fleet: Fleet,
    rules: Rulebook,
    guards: Guards,
    now: float,
) -> tuple[ReleaseView, ...]:
    """All releases, the open ones first, else in their order."""
    if not releases:
        return ()
    known = {operation.id: operation for operation in operations}
    protected = {env.name for env in fleet.environments if env.protected}
    views = []
    for release in sorted(releases, key=lambda one: not one.open):
        around = Surroundings(
            now, known, rules.groups_of, rules.groups, protected=release.plan.environment in protected
        )
        if release.ending is None and _begins_next(release):
            around = _hindered(around, release, releases, rules, guards)
        views.append(view_release(release, around))
    return tuple(views)


def _begins_next(release: Release) -> bool:
    """Whether its next step hasn't begun: only then does anything stand in its way."""
    current = release.current
    return current is not None and release.recovery is None and release.standing(current.id).state == "waiting"


def _hindered(
    around: Surroundings, release: Release, releases: Sequence[Release], rules: Rulebook, guards: Guards
) -> Surroundings:
    from quarterdeck.release.clearance import clear, next_write  # reads cron lines where there are windows

    what = next_write(release)
    if what is None:
        return around
    # What was overridden stands in the guards; what has come since hinders it, whatever the wish said.
    cleared = clear(what, guards=guards, rules=rules, releases=releases, now=around.now)
    if cleared.refusal is None:
        return around
    return replace(around, hindrance=cleared.refusal.message, hindered_until=cleared.until)


def view_release(release: Release, around: Surroundings) -> ReleaseView:
    """One release, with all its steps."""
    plan, now = release.plan, around.now
    current = _current(release)
    several = len(plan.members) > 1
    steps = tuple(
        _step(release, step, before.id if before else "", step is current, around)
        for before, step in zip((None, *plan.steps), plan.steps, strict=False)
    )
    state = _state(release, current, around)
    at = next((view for view in steps if view.current), None)
    told = _Standing(release, state, at, around)
    background = _measures(
        release, BACKGROUND, plan.background, release.started_at, 0, now, asked=release.ending is None
    )
    return ReleaseView(
        id=release.id,
        title=clean(plan.title if several or plan.members else plan.command, 120),
        targets=release.targets,
        environment=clean(plan.environment, _NAME),
        members=tuple(
            MemberView(one.target, clean(one.previous, _NAME), clean(one.version, _NAME), clean(one.strategy, _NAME))
            for one in plan.members
        ),
        state=state,
        short=clean(told.short(), 40),
        waits=clean(told.waits() + _not_well(release, state, background), 300),
        actor=clean(release.actor, _NAME),
        reason=clean(release.reason, 200),
        command=clean(plan.command, 400),
        age=age(now - (release.ended_at or release.started_at)),
        lasted=_lasted((release.ended_at or now) - release.started_at),
        open=release.open,
        started_at=release.started_at,
        ended_at=release.ended_at,
        steps=steps,
        done=_came_to(steps) if _went_back(release) else sum(step.state in _THROUGH for step in steps),
        left=told.left,
        exposed=_exposed(release),
        most_exposed=plan.exposure,
        background=background,
        rings=_rings(steps),
        recovery=_recovery(release, now),
        notes=tuple(NoteView(age(now - note.at), note.severity, clean(note.text, 400)) for note in release.notes),
        fuse=_fuse(release, around) if release.open else plan.fuse,
        ref=clean(plan.hotfix.ref, _NAME) if plan.hotfix else "",
        hotfix=plan.hotfix is not None,
        skipped=tuple(clean(one.text, 300) for one in plan.hotfix.skipped) if plan.hotfix else (),
        kept=tuple(clean(text, 300) for text in plan.hotfix.kept) if plan.hotfix else (),
        overrides=tuple(clean(text, 300) for text in plan.overrides),
        warnings=tuple(clean(risk.text, 300) for risk in plan.risks if risk.code in _SHIPS_OVER),
        truth=tuple(_truth(release, now)) if release.open else (),
        choices=release.choices,
        detail=clean(release.detail, 400),
        paused=release.paused is not None,
        full=release.full,
        protected=around.protected,
        ticks=bool(told.left) or any(one.next_in for one in background) or (at is not None and bool(at.clock)),
    )


def _not_well(release: Release, state: ReleaseState, background: Sequence[MeasureView]) -> str:
    """What the analysis that runs all the time says against it: on a small screen it stands below what is seen."""
    if state not in ("running", "waiting", "paused", "hindered", "confirming"):
        return ""
    asked = [one for one in background if f"{BACKGROUND}/{one.gate}" in release.tallies and not one.shadow]
    spoils = ", ".join(_brief(one) for one in asked if one.verdict != "pass")
    return f"; all the time: {spoils}" if spoils else ""


def _went_back(release: Release) -> bool:
    """Whether it goes or went all the way back."""
    return release.ending in ("rolled_back", "failed") or (release.recovery is not None and not release.recovery.to)


def _came_to(steps: Sequence[StepView]) -> int:
    """How far it had come before it went back."""
    return max((number for number, step in enumerate(steps, 1) if step.state != "waiting"), default=0)


def _fuse(release: Release, around: Surroundings) -> Fuse:
    """As it is now, not as it was foreseen."""
    from quarterdeck.release.fuse import fuse_of  # only while something is under way

    operations = tuple(around.operations.values())
    return fuse_of(
        release.targets[0], operations, fleet=Fleet(""), observations={}, releases=(release,), now=around.now
    )


def _truth(release: Release, now: float) -> Iterator[str]:
    """What was observed last of each target: older shares aren't what users get now."""
    last: dict[str, Tally] = {}
    for spec in release.plan.gates:
        for key, tally in release.tallies.items():
            if spec.kind != "traffic" or not key.endswith(f"/{spec.name}") or tally.last is None:
                continue
            where = spec.options.get("target", "")
            last[where] = max(last.get(where, tally), tally, key=lambda one: one.last_at)
    for tally in last.values():
        if tally.last is not None and tally.last.detail:
            since = age(now - tally.last_at)
            yield clean(tally.last.detail, 300) + ("" if since == "now" else f" ({since} ago)")


def _exposed(release: Release) -> float | None:
    return exposed(release) if release.open else None


def _lasted(seconds: float) -> str:
    told = age(seconds)
    return "<15s" if told == "now" else told


# --- where it stands ----------------------------------------------------------------------------------------------
def _state(release: Release, current: ReleaseStep | None, around: Surroundings) -> ReleaseState:
    if release.ending is not None:
        if release.ending == "needs_operator":
            return "needs operator" if release.open else "abandoned"
        return _ENDED[release.ending]
    if release.recovery is not None and _to_take_back(release):
        return "recovering"
    if release.confirm_by is not None:
        return "confirming"
    if release.paused is not None:
        return "paused"
    if current is None:
        return "running"
    standing = release.standing(current.id)
    if standing.state == "running" and (
        isinstance(current.work, Ask) or (isinstance(current.work, Pause) and standing.until is None)
    ):
        return "waiting"
    return "hindered" if standing.state == "waiting" and around.hindrance else "running"


def _to_take_back(release: Release) -> bool:
    """Whether it is still on its way back. One that pauses at a step has come there, even if something before it can't
    be undone (a program without a way back)."""
    if release.recovery is None:
        return False
    states = [release.standing(step).state for step in release.recovery.steps]
    if release.recovery.to and release.paused is not None:
        return "undoing" in states
    return any(state != "undone" for state in states)


def _current(release: Release) -> ReleaseStep | None:
    """The step that is under way or comes next; after an undo to some step, the one that comes again."""
    if not release.open:
        return None
    if release.recovery is not None and not _to_take_back(release):
        return next((one for one in release.plan.steps if release.standing(one.id).state not in _THROUGH), None)
    return release.current


@dataclass
class _Standing:
    """Where a release stands, in a word or two and in a line."""

    release: Release
    state: ReleaseState
    step: StepView | None
    around: Surroundings

    @property
    def left(self) -> str:
        """What runs down; "" when nothing does, and when a bake is over that still waits for its gates' answer."""
        until = self._until()
        if until is None or (self.state == "running" and until <= self.around.now):
            return ""
        return left(until - self.around.now)

    def short(self) -> str:
        match self.state:
            case "recovering":
                recovery = _recovery(self.release, self.around.now)
                return f"recovering {recovery.done}/{len(recovery.steps)}" if recovery else "recovering"
            case "confirming":
                return f"confirm {self.left}"
            case "needs operator":
                return "needs you"
            case "hindered":
                return f"held {self.left}".rstrip()
            case "waiting" | "running":
                return self._short_of_step()
            case _:
                return self.state

    def waits(self) -> str:
        release, now = self.release, self.around.now
        match self.state:
            case "needs operator":
                return f"{release.detail or 'nobody knows how to go on'}: {_listed(release.choices)}?"
            case "recovering" if release.recovery is not None:
                what = (
                    f"what came after step {release.recovery.to}" if release.recovery.to else "everything that was done"
                )
                return f"takes {what} back: {release.recovery.why}"
            case "confirming":
                return f"confirm within {self.left}, or everything is taken back"
            case "paused" if release.paused is not None:
                paused = release.paused
                why = f": {paused.reason}" if paused.reason else ""
                since = age(now - paused.since)
                return f"paused by {paused.by} {'just now' if since == 'now' else since + ' ago'}{why}"
            case "hindered":
                until = f" ({self.left} more)" if self.left else ""
                return f"can't go on: {self.around.hindrance}{until}"
            case "waiting" | "running":
                return self._waits_of_step()
            case _:
                return release.detail

    def _until(self) -> float | None:
        match self.state:
            case "confirming":
                return self.release.confirm_by
            case "hindered":
                return self.around.hindered_until
            case "running" if self.step is not None:
                return self.release.standing(self.step.id).until
        return None

    def _short_of_step(self) -> str:
        step = self.step
        if step is None:
            return "finishing"
        match step.kind:
            case "bake" | "pause" if self.left:
                return f"{step.kind} {self.left}"
            case "approval":
                return f"approval: {step.asked.rule if step.asked else '?'}"
            case "pause":
                return "waits for you"
            case _:
                return step.kind

    def _waits_of_step(self) -> str:
        step = self.step
        if step is None:
            return "all steps are through"
        if step.state == "waiting":
            return f"next: {step.summary}"
        if step.state == "failed":
            return f"step {step.id} failed: {step.detail}"
        asked = [one for one in step.measures if one.verdict is not None]
        gates = ", ".join(_brief(one) for one in asked) if asked or not step.measures else "gates not asked yet"
        match step.kind:
            case "approval" if step.asked is not None:
                people = step.asked
                expires = f"; expires in {people.expires}" if people.expires else ""
                if people.state == "deferred":
                    return f"approved by {people.rule} for later{expires}"
                return f"waits for approval {people.rule}, {people.missing} of {people.required} missing{expires}"
            case "pause":
                return f"pauses for {self.left} more" if self.left else "waits until somebody promotes it"
            case "bake":
                time = f"bakes for {self.left} more" if self.left else "baked long enough, not passed yet"
                return time + (f": {gates}" if gates else "")
            case "analysis":
                return f"analysis: {gates}" if gates else "analysis"
            case _:
                return f"step {step.id}: {step.detail or step.summary}"


def _brief(one: MeasureView) -> str:
    word = {"pass": "pass", "fail": "FAIL", "no_data": "no data", "stale": "stale", None: "not asked yet"}[one.verdict]
    return f"{one.gate} {word}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(word.replace("_", " ") for word in words) or "nothing"


def _recovery(release: Release, now: float) -> RecoveryView | None:
    one = release.recovery
    if one is None:
        return None
    done = sum(release.standing(step).state == "undone" for step in one.steps)
    return RecoveryView(clean(one.why, 300), clean(one.by, _NAME), age(now - one.since), done, one.steps, one.to)


def _rings(steps: Sequence[StepView]) -> tuple[tuple[str, StepState], ...]:
    """The furthest a ring's steps have all come."""
    found: dict[str, list[StepState]] = {}
    for step in steps:
        if step.ring:
            found.setdefault(step.ring, []).append(step.state)
    return tuple((ring, _together(states)) for ring, states in found.items())


def _together(states: Sequence[StepState]) -> StepState:
    gravest: tuple[StepState, ...] = ("failed", "undoing", "undone", "running")
    for state in gravest:
        if state in states:
            return state
    if all(state in _THROUGH for state in states):
        return "done"
    return "running" if any(state in _THROUGH for state in states) else "waiting"


# --- steps --------------------------------------------------------------------------------------------------------
def _step(release: Release, step: ReleaseStep, before: str, current: bool, around: Surroundings) -> StepView:
    standing, now = release.standing(step.id), around.now
    work = step.work
    usual = (before,) if before else ()
    measures: tuple[MeasureView, ...] = ()
    began = standing.since
    if isinstance(work, Observe):
        running = standing.state == "running" and release.ending is None
        measures = _measures(release, step.id, work.gates, began, work.seconds, now, asked=running)
    kind = _kind(step)
    return StepView(
        id=step.id,
        target=step.target,
        kind=kind,
        summary=clean(step.summary, 200),
        state=standing.state,
        ring=clean(step.ring, _NAME),
        phase=step.phase,
        after="" if step.needs in (usual, ()) else ", ".join(step.needs),
        current=current,
        clock=_clock(standing, now) if release.ending is None else "",
        age=age(now - standing.since) if standing.since else "",
        detail=clean(_detail(release, step, standing, around), 400),
        operation=standing.operation,
        undo=standing.undo,
        measures=measures,
        asked=_asked(release, step, work, standing, around) if isinstance(work, Ask) else None,
    )


def _kind(step: ReleaseStep) -> StepKind:
    match step.work:
        case Write(action=action):
            return _KINDS[type(action)]
        case Pause():
            return "pause"
        case Observe(seconds=seconds):
            return "bake" if seconds else "analysis"
        case Ask():
            return "approval"
        case Run():
            return "run"


def _clock(standing: Standing, now: float) -> str:
    if standing.state == "running" and standing.until is not None and standing.until > now:
        return f"{left(standing.until - now)} left"
    if standing.state in ("running", "undoing"):
        lasted = age(now - standing.since)
        return "just begun" if lasted == "now" else f"for {lasted}"
    return ""


def _detail(release: Release, step: ReleaseStep, standing: Standing, around: Surroundings) -> str:
    """Of a write under way: what its operation is doing."""
    doing = standing.undo if standing.state == "undoing" else standing.operation
    operation = around.operations.get(doing) if standing.state in ("running", "undoing") else None
    if operation is None or operation.ending is not None:
        return standing.detail
    steps = operation.plan.steps
    todo = next((one for one in steps if operation.step(one.id).state not in ("done", "skipped")), None)
    if todo is None:
        return "finishing"
    done = sum(operation.step(one.id).state in ("done", "skipped") for one in steps)
    return f"{done}/{len(steps)} {operation.step(todo.id).detail or todo.summary}"


# --- gates --------------------------------------------------------------------------------------------------------
def _measures(
    release: Release, step: str, gates: Sequence[str], began: float, seconds: float, now: float, *, asked: bool
) -> tuple[MeasureView, ...]:
    specs = [spec for name in gates if (spec := release.plan.gate(name)) is not None]
    tallies = {spec.name: release.tallies.get(f"{step}/{spec.name}", Tally()) for spec in specs}
    if not asked or not specs:
        return tuple(
            _measure(spec, _recalled(release, step, spec.name, tallies[spec.name]), now, seconds) for spec in specs
        )
    views = tuple(_measure(spec, tallies[spec.name], now, seconds) for spec in specs)
    judgement = _judged(specs, tallies, began, now, seconds)
    next_in = left(judgement.next_at - now) if judgement.state == "pending" and judgement.next_at else ""
    return tuple(replace(view, next_in=next_in, judged=judgement.state) for view in views)


def _recalled(release: Release, step: str, gate: str, tally: Tally) -> Tally:
    """What counts no more (a release that goes back forgets why) is still what was measured last."""
    if tally.last is not None:
        return tally
    samples = reversed(release.samples.get(step, ()))
    found = ((one, sample.at) for sample in samples for one in sample.measurements if one.gate == gate)
    last = next(found, None)
    return tally if last is None else replace(tally, last=last[0], last_at=last[1])


def _judged(
    specs: Sequence[GateSpec], tallies: Mapping[str, Tally], began: float, now: float, seconds: float
) -> Judgement:
    from quarterdeck.release.judging import judge  # only while gates are asked

    known = {name: tally for name, tally in tallies.items() if tally.last is not None}
    return judge(specs, known, began=began, now=now, seconds=seconds)


def _measure(spec: GateSpec, tally: Tally, now: float, seconds: float) -> MeasureView:
    """`seconds` of a bake stand for the count: then it isn't told how many have to pass."""
    last = tally.last
    wanted = spec.success or (f"not {spec.failure}" if spec.failure else "")
    spoils = [
        f"{many} {word}"
        for many, word in ((tally.failed, "failed"), (tally.no_data, "no data"), (tally.stale, "stale"))
        if many
    ]
    short = f"/{spec.count}" if tally.passed < spec.count and not seconds else ""
    return MeasureView(
        gate=clean(spec.name, _NAME),
        verdict=None if last is None else last.verdict,
        value="" if last is None or last.value is None else f"{last.value:.4g}",
        wanted=clean(wanted, 80),
        count=", ".join([f"{tally.passed}{short} passed", *spoils]),
        age="" if last is None else age(now - tally.last_at),
        detail="" if last is None else clean(last.detail, 200),
        shadow=spec.shadow,
        telling=spec.kind == "traffic",
    )


# --- approvals ----------------------------------------------------------------------------------------------------
def _asked(
    release: Release, step: ReleaseStep, work: Ask, standing: Standing, around: Surroundings
) -> AskedView | None:
    rule = release.plan.approval(work.rule)
    if rule is None:
        return None
    from quarterdeck.release.approving import standing as where_it_stands  # only where people are asked

    now = around.now
    decisions = release.decisions.get(step.id, ())
    asked_at = standing.since or now
    result = where_it_stands(
        rule, decisions, starter=release.actor, asked_at=asked_at, now=now, groups_of=around.groups_of
    )
    waits = standing.state == "running" and release.ending is None
    members = around.members or {}
    groups = [f"{group} ({', '.join(members[group])})" if members.get(group) else group for group in rule.groups]
    who = " or ".join(groups) or "anybody"
    if not rule.self_approval:
        who += f", not {release.actor}, who started it"
    words = tuple(
        WordView(
            clean(one.by, _NAME),
            one.verdict,
            age(now - one.at),
            clean(one.reason, 200),
            left(one.effective_at - now) if one.effective_at > now else "",
        )
        for one in decisions
    )
    expires = result.until if result.until is not None and result.until > now else None
    return AskedView(
        rule=clean(rule.name, _NAME),
        state=result.state,
        required=rule.required,
        missing=result.missing,
        who=clean(who, 300),
        words=words,
        expires=left(expires - now) if waits and expires is not None else "",
        note=clean(rule.note, 300),
        why=clean(result.why, 300),
    )
