"""From releases to what a viewer shows of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import replace
from quarterdeck.release.exposure import course, exposed
from quarterdeck.release.freshness import age
from quarterdeck.release.gate import Tally
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.paint_standing import Whereabouts, brief, current_of, state_of, view_recovery, view_rings
from quarterdeck.release.paint_steps import NAME, THROUGH, Surroundings, view_measures, view_step
from quarterdeck.release.plan import Fuse
from quarterdeck.release.release_view import MeasureView, MemberView, NoteView, ReleaseState, ReleaseView, StepView
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.release.rules import Rulebook

_SHIPS_OVER = ("supersession", "supersedes", "version-untold")
"""Codes of risks that whoever approves has to see first: what a yes would ship over."""


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
    from quarterdeck.release.hindrance import hindrance  # reads cron lines where there are windows

    why, until = hindrance(release, releases=releases, guards=guards, rules=rules, now=around.now)
    return replace(around, hindrance=why, hindered_until=until)


def view_release(release: Release, around: Surroundings) -> ReleaseView:
    """One release, with all its steps."""
    plan, now = release.plan, around.now
    current = current_of(release)
    several = len(plan.members) > 1
    steps = tuple(
        view_step(release, step, before.id if before else "", step is current, around)
        for before, step in zip((None, *plan.steps), plan.steps, strict=False)
    )
    state = state_of(release, current, around)
    at = next((view for view in steps if view.current), None)
    told = Whereabouts(release, state, at, around)
    background = view_measures(
        release, BACKGROUND, plan.background, release.started_at, 0, now, asked=release.ending is None
    )
    return ReleaseView(
        id=release.id,
        title=clean(plan.title if several or plan.members else plan.command, 120),
        targets=release.targets,
        environment=clean(plan.environment, NAME),
        members=tuple(
            MemberView(one.target, clean(one.previous, NAME), clean(one.version, NAME), clean(one.strategy, NAME))
            for one in plan.members
        ),
        state=state,
        short=clean(told.short(), 40),
        waits=clean(told.waits() + _not_well(release, state, background), 300),
        actor=clean(release.actor, NAME),
        reason=clean(release.reason, 200),
        command=clean(plan.command, 400),
        age=age(now - (release.ended_at or release.started_at)),
        lasted=_lasted((release.ended_at or now) - release.started_at),
        open=release.open,
        started_at=release.started_at,
        ended_at=release.ended_at,
        steps=steps,
        done=_came_to(steps) if _went_back(release) else sum(step.state in THROUGH for step in steps),
        left=told.left,
        exposed=_exposed(release),
        course=course(release, around.operations),
        most_exposed=plan.exposure,
        background=background,
        rings=view_rings(steps),
        recovery=view_recovery(release, now),
        notes=tuple(NoteView(age(now - note.at), note.severity, clean(note.text, 400)) for note in release.notes),
        fuse=_fuse(release, around) if release.open else plan.fuse,
        ref=clean(plan.hotfix.ref, NAME) if plan.hotfix else "",
        hotfix=plan.hotfix is not None,
        on_failure=plan.on_failure,
        skipped=tuple(clean(one.sentence, 400) for one in plan.hotfix.skipped) if plan.hotfix else (),
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
    spoils = ", ".join(brief(one) for one in asked if one.verdict != "pass")
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
