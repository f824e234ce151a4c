"""Where a release stands: in a word, in a cell, in a line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import age, left
from quarterdeck.release.paint_steps import NAME, THROUGH, Surroundings
from quarterdeck.release.release_plan import Ask, Pause, ReleaseStep
from quarterdeck.release.release_view import MeasureView, RecoveryView, ReleaseState, StepView
from quarterdeck.release.rollout import Release, StepState

_ENDED: Mapping[str, ReleaseState] = {"succeeded": "succeeded", "failed": "failed", "rolled_back": "rolled back"}


def state_of(release: Release, current: ReleaseStep | None, around: Surroundings) -> ReleaseState:
    """The one word for it."""
    if release.ending is not None:
        if release.ending == "needs_operator":
            return "needs operator" if release.open else "abandoned"
        return _ENDED[release.ending]
    if release.recovery is not None and to_take_back(release):
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


def to_take_back(release: Release) -> bool:
    """Whether it is still on its way back. One that pauses at a step has come there, even if something before it can't
    be undone (a program without a way back)."""
    if release.recovery is None:
        return False
    states = [release.standing(step).state for step in release.recovery.steps]
    if release.recovery.to and release.paused is not None:
        return "undoing" in states
    return any(state != "undone" for state in states)


def current_of(release: Release) -> ReleaseStep | None:
    """The step that is under way or comes next; after an undo to some step, the one that comes again."""
    if not release.open:
        return None
    if release.recovery is not None and not to_take_back(release):
        return next((one for one in release.plan.steps if release.standing(one.id).state not in THROUGH), None)
    return release.current


@dataclass
class Whereabouts:
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
        """In a cell: `bake 6:12`."""
        match self.state:
            case "recovering":
                recovery = view_recovery(self.release, self.around.now)
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
        """In a line."""
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
        gates = ", ".join(brief(one) for one in asked) if asked or not step.measures else "gates not asked yet"
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


def brief(one: MeasureView) -> str:
    """A gate and its verdict: `error-rate FAIL`."""
    word = {"pass": "pass", "fail": "FAIL", "no_data": "no data", "stale": "stale", None: "not asked yet"}[one.verdict]
    return f"{one.gate} {word}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(word.replace("_", " ") for word in words) or "nothing"


def view_recovery(release: Release, now: float) -> RecoveryView | None:
    """What is being taken back, if anything is."""
    one = release.recovery
    if one is None:
        return None
    done = sum(release.standing(step).state == "undone" for step in one.steps)
    return RecoveryView(clean(one.why, 300), clean(one.by, NAME), age(now - one.since), done, one.steps, one.to)


def view_rings(steps: Sequence[StepView]) -> tuple[tuple[str, StepState], ...]:
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
    if all(state in THROUGH for state in states):
        return "done"
    return "running" if any(state in THROUGH for state in states) else "waiting"
