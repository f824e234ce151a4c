"""A release on its way: what became of its steps so far, folded from the journal's events.

It says which step comes next, what has to hold before, and what is taken back when it doesn't.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.approval import Decision
from quarterdeck.release.gate import Sample, Tally, tallied
from quarterdeck.release.operation import Ending
from quarterdeck.release.release_plan import ReleasePlan, ReleaseStep, Run, Write

Order = Literal["promote", "promote_full", "pause", "resume", "abort", "retry", "skip", "undo", "confirm", "abandon"]
"""What somebody may tell a release.

- promote: end the pause, bake or analysis that it is in. promote_full: leave out all of them that are to come.
- pause, resume: begin no new step; go on. What is under way ends by itself. Whoever resumes or promotes has seen what
  the background analysis said: it begins anew.
- abort: take everything back that was done. undo: take back what was done after the step `to`, and pause there.
- retry: try the step that failed again. skip: leave it out. abandon: end it as it stands.
- confirm: keep it (see `ReleasePlan.confirm_within`).
"""
ORDERS: tuple[Order, ...] = (
    "promote", "promote_full", "pause", "resume", "abort", "retry", "skip", "undo", "confirm", "abandon",
)  # fmt: skip

ITSELF = "quarterdeck"
"""Who is named in the journal where no person acted: a gate was asked, a time ran out, the next step's turn came. Whose
release it is stands in its `release.started`."""

BACKGROUND = "*"
"""Stands for a step's id in what belongs to the background analysis."""

KEPT_SAMPLES = 40
"""As many of a step's samples are kept at hand; the journal has all."""

ReleaseEventKind = Literal[
    "release.planned",
    "release.started",
    "release.adopted",
    "release.step_started",
    "release.step_done",
    "release.step_failed",
    "release.step_skipped",
    "release.step_undoing",
    "release.step_undone",
    "release.sampled",
    "release.decided",
    "release.ordered",
    "release.recovering",
    "release.confirming",
    "release.noted",
    "release.ended",
]
"""Their bodies (the event's `operation` is the release's id, `target` the environment's first member):

- planned: {"plan": id, "digest", "command", "reason", "via"}; the plan's id becomes the release's.
- started: {"plan": ReleasePlan, "reason", "identities": {connection: who}}.
- step_started: {"step", "operation" (of a Write), "until" (of what ends by the clock), "detail"}. A bake's end moves on
  by the time in which nobody was there to watch it (`Sample.unasked`).
- step_done, step_failed, step_skipped: {"step", "detail"}.
- step_undoing: {"step", "operation"}. step_undone: {"step", "detail"}.
- sampled: {"step" (BACKGROUND for the background analysis), "sample": Sample}.
- decided: {"step", "decision": Decision}.
- ordered: {"order", "step", "reason"}; `step` is what it was about, or where `undo` goes back to.
- recovering: {"why", "steps": [ids, in the order in which they are taken back], "to": id or ""}.
- confirming: {"until"}: all is done, and taken back at that time unless confirmed.
- noted: {"code", "severity", "text"}: what somebody who reads along should know.
- ended: {"ending", "detail", "choices": [orders]}.
"""

StepState = Literal["waiting", "running", "done", "failed", "skipped", "undoing", "undone"]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one step stands. `operation` is its last operation, `undo` the one that takes it back; `until` when it ends
    by itself, if it does; `begun` when it began for the first time, 0 if it never did."""

    state: StepState = "waiting"
    detail: str = ""
    operation: str = ""
    undo: str = ""
    since: float = 0
    until: float | None = None
    begun: float = 0


@dataclass(frozen=True, slots=True)
class Paused:
    """Why no new step begins, since when, and who said so."""

    by: str
    since: float
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What is being taken back: `steps` in their order; `to` is the step after which it pauses ("": it ends)."""

    why: str
    by: str
    since: float
    steps: tuple[str, ...]
    to: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Something to know about a release."""

    at: float
    code: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class Release:
    """A release and what became of it so far. `ending` is None while it runs.

    With `ending == "needs_operator"` and `choices` it keeps its targets for itself until somebody answers.

    Attributes:
        tallies: by `STEP/GATE` (the step is BACKGROUND for the background analysis).
        samples: the last of each step.
        decisions: by step; the last word of each person counts.
        already: gates of the background analysis that failed before the release changed anything, and haven't passed
            since: it isn't to blame for them.
        seen_at: when somebody last let it go on (resume, promote); 0 never.
        watched_since: when the background analysis last began anew; 0 never.
        full: promoted fully: no more pauses, bakes and analyses.
        confirm_by: when it will be taken back unless confirmed.
    """

    id: str
    plan: ReleasePlan
    actor: str
    reason: str
    started_at: float
    steps: Mapping[str, Standing] = field(default_factory=dict)
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    samples: Mapping[str, tuple[Sample, ...]] = field(default_factory=dict)
    decisions: Mapping[str, tuple[Decision, ...]] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    paused: Paused | None = None
    recovery: Recovery | None = None
    already: tuple[str, ...] = ()
    seen_at: float = 0
    watched_since: float = 0
    full: bool = False
    confirm_by: float | None = None
    confirmed_by: str = ""
    ending: Ending | None = None
    detail: str = ""
    ended_at: float | None = None
    choices: tuple[Order, ...] = ()

    @property
    def open(self) -> bool:
        """True while it runs or waits for an operator: its targets are its own."""
        return self.ending is None or (self.ending == "needs_operator" and bool(self.choices))

    @property
    def untouched(self) -> bool:
        """True as long as nothing has begun that changes something. What has begun once and is left out, or waits to be
        tried again, may have changed something all the same."""
        return all(
            standing.state in ("waiting", "skipped") and not standing.operation and not standing.begun
            for step in self.plan.steps
            if isinstance(step.work, Write | Run) and (standing := self.standing(step.id))
        )

    def standing(self, step_id: str) -> Standing:
        """Where a step stands."""
        return self.steps.get(step_id, Standing())

    @property
    def current(self) -> ReleaseStep | None:
        """The step that is under way or comes next; None when all are through. What was undone comes again, unless the
        release is on its way back."""
        through = ("done", "skipped") if self.recovery is None else ("done", "skipped", "undone")
        return next((step for step in self.plan.steps if self.standing(step.id).state not in through), None)

    @property
    def targets(self) -> tuple[TargetId, ...]:
        """Everything that it has for itself: its services, and the flags that its steps change."""
        flags = (
            s.work.action.target for s in self.plan.steps if isinstance(s.work, Write) and s.work.action.target.flag
        )
        return tuple(dict.fromkeys((*(member.target for member in self.plan.members), *flags)))


def opening(plan: ReleasePlan, reason: str, identities: Mapping[str, str]) -> Mapping[str, Any]:
    """The body of `release.started`."""
    return {"plan": to_json(plan), "reason": reason, "identities": dict(identities)}


def begin(release_id: str, actor: str, body: Mapping[str, Any], at: float) -> Release:
    """The release as its `release.started` event describes it.

    Raises:
        ValueError: if the body isn't one that `opening` made.
    """
    return Release(release_id, from_json(ReleasePlan, body.get("plan")), actor, str(body.get("reason", "")), at)


_STATES: Mapping[str, StepState] = {
    "release.step_started": "running",
    "release.step_done": "done",
    "release.step_failed": "failed",
    "release.step_skipped": "skipped",
    "release.step_undoing": "undoing",
    "release.step_undone": "undone",
}


def advance(release: Release, kind: str, actor: str, body: Mapping[str, Any], at: float) -> Release:
    """The release after one more event of its journal. Events of unknown kinds change nothing.

    Raises:
        ValueError, KeyError: the body isn't what `ReleaseEventKind` says.
    """
    if kind in _STATES:
        return _with_step(release, kind, body, at)
    match kind:
        case "release.sampled":
            return _sampled(release, str(body["step"]), from_json(Sample, body["sample"]))
        case "release.decided":
            step, decision = str(body["step"]), from_json(Decision, body["decision"])
            others = tuple(one for one in release.decisions.get(step, ()) if one.by != decision.by)
            return replace(release, decisions={**release.decisions, step: (*others, decision)})
        case "release.ordered":
            return _ordered(release, body["order"], actor, body, at)
        case "release.recovering":
            recovery = Recovery(str(body["why"]), actor, at, tuple(map(str, body["steps"])), str(body.get("to", "")))
            return replace(_anew(release, at), recovery=recovery, paused=None, confirm_by=None, full=False)
        case "release.confirming":
            return replace(release, confirm_by=float(body["until"]))
        case "release.noted":
            note = Note(at, str(body["code"]), str(body["severity"]), str(body["text"]))
            return replace(release, notes=(*release.notes, note))
        case "release.ended":
            return replace(
                release,
                ending=body["ending"],
                detail=str(body.get("detail", "")),
                ended_at=at,
                choices=tuple(body.get("choices", ())),
            )
    return release


def _with_step(release: Release, kind: str, body: Mapping[str, Any], at: float) -> Release:
    step = str(body["step"])
    was = release.standing(step)
    undoing, starting = kind == "release.step_undoing", kind == "release.step_started"
    now = Standing(
        state=_STATES[kind],
        detail=str(body.get("detail", "")),
        operation=was.operation if undoing else str(body.get("operation", "" if starting else was.operation)),
        undo=str(body.get("operation", was.undo)) if undoing else "" if starting else was.undo,
        since=at,
        until=body.get("until"),
        begun=was.begun or (at if starting else 0),
    )
    if starting:
        release = _forgotten(release, step)
    changed = replace(release, steps={**release.steps, step: now})
    # What the background said before the first write is how things were; the release isn't judged by it.
    return _anew(changed, at) if release.untouched and not changed.untouched else changed


def _forgotten(release: Release, step: str) -> Release:
    """What was measured and said about a step counts no more: it begins, for the first time or again."""
    return replace(
        release,
        tallies={key: value for key, value in release.tallies.items() if not key.startswith(f"{step}/")},
        decisions={key: value for key, value in release.decisions.items() if key != step},
    )


def _anew(release: Release, at: float) -> Release:
    """The background analysis begins anew: neither what it said before counts any more, nor how long it was silent."""
    return replace(_forgotten(release, BACKGROUND), watched_since=at)


def _sampled(release: Release, step: str, sample: Sample) -> Release:
    already = _already_failing(release, sample) if step == BACKGROUND else release.already
    cleared = set(release.already) - set(already)  # it counts from its first pass on
    tallies = dict(release.tallies)
    for one in sample.measurements:
        key = f"{step}/{one.gate}"
        before = Tally() if one.gate in cleared else tallies.get(key, Tally())
        tallies[key] = tallied(before, one, sample)
    kept = (*release.samples.get(step, ()), sample)[-KEPT_SAMPLES:]
    steps, standing = release.steps, release.standing(step)
    if sample.unasked and standing.until is not None:
        steps = {**steps, step: replace(standing, until=standing.until + sample.unasked)}
    return replace(release, steps=steps, tallies=tallies, samples={**release.samples, step: kept}, already=already)


def _already_failing(release: Release, sample: Sample) -> tuple[str, ...]:
    """What fails before anything was changed was failing already, until it passes for the first time."""
    verdicts = {one.gate: one.verdict for one in sample.measurements if not one.shadow}
    known = tuple(gate for gate in release.already if verdicts.get(gate) != "pass")
    if not release.untouched:
        return known
    return tuple(dict.fromkeys((*known, *(gate for gate, verdict in verdicts.items() if verdict == "fail"))))


def _ordered(release: Release, order: Order, actor: str, body: Mapping[str, Any], at: float) -> Release:
    step = str(body.get("step", ""))
    match order:
        case "pause":
            return replace(release, paused=Paused(actor, at, str(body.get("reason", ""))))
        case "resume" | "promote":
            return _seen(release, at)
        case "promote_full":
            return replace(_seen(release, at), full=True)
        case "confirm":
            return replace(release, confirmed_by=actor, confirm_by=None)
        case "retry" | "skip":
            return _again(release, step, at)
        case "abort" | "undo" | "abandon":
            return replace(release, ending=None, detail="", ended_at=None, choices=())
    return release


def _seen(release: Release, at: float) -> Release:
    """Going on. A release that was taken back to some step goes forward again."""
    recovery = None if release.recovery and release.recovery.to else release.recovery
    return replace(_anew(release, at), paused=None, seen_at=at, recovery=recovery)


def _again(release: Release, step: str, at: float) -> Release:
    """Running again, with the step as if it had never begun: what was measured and said before counts no more."""
    was = release.standing(step)
    kept: Mapping[StepState, StepState] = {"undone": "undone", "undoing": "done", "done": "done"}
    state = kept.get(was.state, "waiting")
    steps = {**release.steps, step: replace(was, state=state, until=None)} if step else release.steps
    forgotten = _forgotten(_anew(release, at), step)
    return replace(forgotten, steps=steps, ending=None, detail="", ended_at=None, choices=(), paused=None)
