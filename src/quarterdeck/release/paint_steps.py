"""From the steps of a release to what a viewer shows of them: what each does, what its gates and people say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass, replace
from quarterdeck.release.action import Deploy, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.freshness import age, left
from quarterdeck.release.gate import GateSpec, Judgement, Sample, Tally
from quarterdeck.release.indicator import Scale
from quarterdeck.release.operation import Operation
from quarterdeck.release.release_plan import Ask, Observe, Pause, ReleaseStep, Run, Write
from quarterdeck.release.release_view import AskedView, MeasureView, StepKind, StepView, WordView
from quarterdeck.release.rollout import Release, Standing, StepState

NAME = 60
"""As much of a name is shown."""

THROUGH: tuple[StepState, ...] = ("done", "skipped")
"""Nothing more happens to a step in one of these states, unless it is taken back."""

_KINDS: Mapping[type, StepKind] = {
    Swap: "swap",
    Shift: "shift",
    FlagChange: "flag",
    Deploy: "deploy",
    Rollback: "rollback",
}


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


def view_step(release: Release, step: ReleaseStep, before: str, current: bool, around: Surroundings) -> StepView:
    """One step; `before` is the id of the one above it, `current` that it is under way or comes next."""
    standing, now = release.standing(step.id), around.now
    work = step.work
    usual = (before,) if before else ()
    measures: tuple[MeasureView, ...] = ()
    began = standing.since
    if isinstance(work, Observe):
        running = standing.state == "running" and release.ending is None
        measures = view_measures(release, step.id, work.gates, began, work.seconds, now, asked=running)
    kind = kind_of(step)
    return StepView(
        id=step.id,
        target=step.target,
        kind=kind,
        summary=clean(step.summary, 200),
        state=standing.state,
        ring=clean(step.ring, NAME),
        phase=step.phase,
        after="" if step.needs in (usual, ()) else ", ".join(step.needs),
        current=current,
        clock=_clock(standing, now) if release.ending is None else "",
        age=age(now - standing.since) if standing.since else "",
        detail=clean(_detail(release, step, standing, around), 400),
        operation=standing.operation,
        undo=standing.undo,
        measures=measures,
        exposure=step.exposure,
        passed=now - standing.since if (lasts := _lasts(standing)) else 0,
        lasts=lasts,
        asked=_asked(release, step, work, standing, around) if isinstance(work, Ask) else None,
    )


def kind_of(step: ReleaseStep) -> StepKind:
    """What a step does, in a word."""
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


def _lasts(standing: Standing) -> float:
    """How long it takes, if it runs and ends by the clock."""
    running = standing.state == "running" and standing.until is not None
    return max(standing.until - standing.since, 0) if running and standing.until is not None else 0


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
def view_measures(
    release: Release, step: str, gates: Sequence[str], began: float, seconds: float, now: float, *, asked: bool
) -> tuple[MeasureView, ...]:
    """What gates said: those of a step, or of the background analysis; `asked` while they are still asked."""
    specs = [spec for name in gates if (spec := release.plan.gate(name)) is not None]
    tallies = {spec.name: release.tallies.get(f"{step}/{spec.name}", Tally()) for spec in specs}
    if not asked or not specs:
        return tuple(
            _measure(
                spec,
                _recalled(release, step, spec.name, tallies[spec.name]),
                release.samples.get(step, ()),
                now,
                seconds,
            )
            for spec in specs
        )
    views = tuple(_measure(spec, tallies[spec.name], release.samples.get(step, ()), now, seconds) for spec in specs)
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


def _measure(spec: GateSpec, tally: Tally, samples: Sequence[Sample], now: float, seconds: float) -> MeasureView:
    """`seconds` of a bake stand for the count: then it isn't told how many have to pass."""
    last = tally.last
    wanted = spec.success or (f"not {spec.failure}" if spec.failure else "")
    spoils = [
        f"{many} {word}"
        for many, word in ((tally.failed, "failed"), (tally.no_data, "no data"), (tally.stale, "stale"))
        if many
    ]
    short = f"/{spec.count}" if tally.passed < spec.count and not seconds else ""
    # A release that goes back counts anew: what is recalled is the last answer, and no count.
    forgotten = last is not None and not tally.passed and not spoils
    return MeasureView(
        gate=clean(spec.name, NAME),
        verdict=None if last is None else last.verdict,
        value="" if last is None or last.value is None else f"{last.value:.4g}",
        wanted=clean(wanted, 80),
        count="counts no more" if forgotten else ", ".join([f"{tally.passed}{short} passed", *spoils]),
        age="" if last is None else age(now - tally.last_at),
        detail="" if last is None else clean(last.detail, 200),
        shadow=spec.shadow,
        telling=spec.kind == "traffic",
        samples=tuple((m.verdict, m.value) for one in samples for m in one.measurements if m.gate == spec.name),
        scale=scale_of(spec.success),
    )


@lru_cache(maxsize=128)
def scale_of(condition: str) -> Scale | None:
    """A scale on which the limits of a condition can be seen: with as much room beyond them as within."""
    from quarterdeck.release.condition import bounds  # a parser, only where gates are shown

    least, most = bounds(condition) if condition else (None, None)
    if least is None and most is not None and most > 0:
        return Scale(0, 2 * most, bad_above=most)
    if most is None and least is not None and least > 0:
        return Scale(0, 2 * least, bad_below=least)
    if least is not None and most is not None and least < most:
        room = (most - least) / 2
        return Scale(least - room, most + room, bad_above=most, bad_below=least)
    return None


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
            clean(one.by, NAME),
            one.verdict,
            age(now - one.at),
            clean(one.reason, 200),
            left(one.effective_at - now) if one.effective_at > now else "",
        )
        for one in decisions
    )
    expires = result.until if result.until is not None and result.until > now else None
    return AskedView(
        rule=clean(rule.name, NAME),
        state=result.state,
        required=rule.required,
        missing=result.missing,
        who=clean(who, 300),
        words=words,
        expires=left(expires - now) if waits and expires is not None else "",
        note=clean(rule.note, 300),
        why=clean(result.why, 300),
        until=expires if waits else None,
    )
