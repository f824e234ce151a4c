"""States as a mark, a word and a colour: never one of them alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from quarterdeck.fleet.pipelines import RunState
from quarterdeck.fleet.readings import Health
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.gate import Verdict
from quarterdeck.release.operation import StepState
from quarterdeck.release.picture import CellState, OperationView, Region, SlotView
from quarterdeck.release.plan import Severity
from quarterdeck.release.standing_view import InboxKind
from quarterdeck.ui.spans import Line, Span, Word, line

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseState, ReleaseView, StepView
    from quarterdeck.release.rollout import StepState as ReleaseStepState

CELL: Mapping[CellState, tuple[str, str, Word]] = {
    "needs operator": ("▲", "needs you", "danger"),
    "trouble": ("✗", "trouble", "danger"),
    "waiting": ("◆", "", "attention"),
    "moving": ("▸", "", "moving"),
    "unhealthy": ("✗", "unhealthy", "danger"),
    "preview": ("◆", "preview", "attention"),
    "drift": ("▲", "drift", "attention"),
    "stale": ("○", "old", "attention"),
    "ok": ("●", "ok", "ok"),
    "unknown": ("·", "", "text"),
    "unread": ("○", "not read yet", "dim"),
}
HEALTH: Mapping[Health, Span] = {
    "healthy": ("● healthy", "ok"),
    "unhealthy": ("✗ unhealthy", "danger"),
    "unknown": ("· health not told", "dim"),
}
SEVERITY: Mapping[Severity, Span] = {
    "danger": ("DANGER ", "danger"),
    "warning": ("warning", "attention"),
    "info": ("note   ", "heading"),
}
STEP: Mapping[StepState, Span] = {
    "waiting": ("· waiting", "dim"),
    "intended": ("▸ starting", "moving"),
    "accepted": ("▸ under way", "moving"),
    "in_doubt": ("▲ in doubt", "attention"),
    "done": ("✓ done", "ok"),
    "not_done": ("✗ not done", "danger"),
    "changed_by_other": ("▲ changed by somebody else", "danger"),
    "skipped": ("○ skipped", "dim"),
}
OPERATION: Mapping[str, Span] = {
    "running": ("▸ running", "moving"),
    "succeeded": ("✓ succeeded", "ok"),
    "failed": ("✗ failed, nothing changed", "danger"),
    "rolled_back": ("○ rolled back", "attention"),
    "needs_operator": ("▲ needs you", "danger"),
}
RELEASE: Mapping[ReleaseState, Span] = {
    "needs operator": ("▲ needs you", "danger"),
    "confirming": ("◆ to be confirmed", "attention"),
    "recovering": ("◂ recovering", "attention"),
    "paused": ("◆ paused", "attention"),
    "waiting": ("◆ waits for people", "attention"),
    "hindered": ("○ held up", "attention"),
    "running": ("▸ running", "moving"),
    "succeeded": ("✓ succeeded", "ok"),
    "failed": ("✗ failed, nothing changed", "danger"),
    "rolled back": ("○ rolled back", "attention"),
    "abandoned": ("○ abandoned", "attention"),
}
RELEASE_STEP: Mapping[ReleaseStepState, Span] = {
    "waiting": ("· waiting", "dim"),
    "running": ("▸ running", "moving"),
    "done": ("✓ done", "ok"),
    "failed": ("✗ failed", "danger"),
    "skipped": ("○ skipped", "dim"),
    "undoing": ("◂ undoing", "attention"),
    "undone": ("○ undone", "attention"),
}
RING: Mapping[ReleaseStepState, str] = {
    "waiting": ".", "running": ">", "done": "#", "failed": "!", "skipped": "-", "undoing": "<", "undone": "o",
}  # fmt: skip
"""Behind a ring's first letter."""
VERDICT: Mapping[Verdict | None, Span] = {
    "pass": ("✓ pass", "ok"),
    "fail": ("✗ FAIL", "danger"),
    "no_data": ("? no data", "attention"),
    "stale": ("○ stale", "attention"),
    None: ("· not asked", "dim"),
}
INBOX: Mapping[InboxKind, Span] = {
    "confirm": ("▲ confirm", "danger"),
    "needs you": ("▲ needs you", "danger"),
    "failing": ("✗ failing", "danger"),
    "undecided": ("? undecided", "attention"),
    "approval": ("◆ approval", "attention"),
    "pause": ("◆ pause", "attention"),
    "hindered": ("○ held up", "attention"),
    "gate": ("▸ gate", "moving"),
    "by itself": ("· by itself", "dim"),
    "debt": ("○ debt", "attention"),
}
RUN: Mapping[RunState, Span] = {
    "waiting": ("◆ waiting", "attention"),
    "queued": ("· queued", "dim"),
    "running": ("▸ running", "moving"),
    "succeeded": ("✓ succeeded", "ok"),
    "failed": ("✗ failed", "danger"),
    "cancelled": ("○ cancelled", "attention"),
    "skipped": ("○ skipped", "dim"),
    "unknown": ("? unknown", "attention"),
}
NOT_RUN: Span = ("· not run", "dim")
GAVE_UP: Span = ("○ abandoned", "attention")


def of_operation(view: OperationView) -> Span:
    """An operation's state; one that was left as it was is not waiting for anybody any more."""
    return GAVE_UP if view.state == "needs_operator" and not view.open else OPERATION[view.state]


def of_release(view: ReleaseView) -> Span:
    """Where a release stands: its mark and, while it is open, what it is at."""
    state, word = RELEASE[view.state]
    return (f"{state[0]} {view.short}" if view.open else state, word)


def of_step(release: ReleaseView, step: StepView) -> Span:
    """Where a step stands; what a release that is over never began doesn't wait for anything any more."""
    return NOT_RUN if step.state == "waiting" and not release.open else RELEASE_STEP[step.state]


def of_severity(severity: str) -> Span:
    """A severity as the journal writes it."""
    known = next((one for one in SEVERITY if one == severity), None)
    return SEVERITY[known or "info"]


def rings(view: ReleaseView) -> str:
    """How far each ring is: `c# e> b.`, its first letter and a mark."""
    return " ".join(f"{ring[0]}{RING[state]}" for ring, state in view.rings)


def ago(age: str) -> str:
    """How long ago, of an age."""
    return "just now" if age == "now" else f"{age} ago" if age else ""


def what(view: OperationView) -> str:
    """What an operation does, in a word or three."""
    return f"undo of {view.verb}" if view.undoing else view.verb


def in_brief(view: OperationView) -> str:
    """An operation under way: what, where, how far, and what is being done."""
    target = name(view.target)
    step = view.step.partition(": ")[2] if view.step.startswith(target) else view.step
    return f"{what(view)} {target} {view.progress} {step}".rstrip()


def of_slot(region: Region) -> Span:
    """How the slot that users reach is doing."""
    live = region.live
    if live is None:
        return ("not read yet", "dim")
    return of_running(live, region.known)


def of_knowledge(known: Knowledge) -> Line:
    """Age and source of a reading, and since when it fails."""
    age = {"": "never read", "now": "read just now"}.get(known.age, f"read {known.age} ago")
    told = age + (f", {known.source}" if known.source else "")
    if known.state == "trouble":
        return (*of_doubt(known), *line("  ", (told, "dim")))
    if known.state == "stale":
        return line((f"○ old: {told}", "attention"))
    return line((told, "dim"))


def of_doubt(known: Knowledge) -> Line:
    """Why a reading isn't to be trusted, in short; blank if it is."""
    if known.state == "trouble":
        since = "failing now" if known.trouble_age in ("", "now") else f"failing for {known.trouble_age}"
        return line((f"✗ {since}", "danger"))
    return line((f"○ old {known.age}", "attention")) if known.state == "stale" else ()


def of_running(slot: SlotView, known: Knowledge) -> Span:
    """Whether a slot runs, and how well where the provider tells."""
    if not slot.running:
        return ("✗ stopped", "danger")
    if slot.health == "unknown":
        return ("· running" if known.state == "fresh" else "· was running", "dim")
    return health(slot.health, known)


def health(of: Health, known: Knowledge) -> Span:
    """A health with its mark; one that wasn't read lately is only what it was."""
    return HEALTH[of] if known.state == "fresh" else (f"· was {of}", "dim")


def pointer(here: bool) -> Span:
    """Stands before what the keys act on, so that it can be told without colour."""
    return ("▸" if here else " ", "key")


def further(lines: int) -> Span:
    """How much more there is below."""
    return (f"▼ {lines} more line{'' if lines == 1 else 's'}: PgDn", "attention")


def name(target: TargetId) -> str:
    """A target for reading; the name of a flag may hold anything."""
    return clean(str(target), 100)


def clock_time(at: float) -> str:
    """Hours, minutes and seconds in UTC."""
    return time.strftime("%H:%M:%S", time.gmtime(at)) + "Z"


def clock_minute(at: float) -> str:
    """Hours and minutes in UTC."""
    return time.strftime("%H:%M", time.gmtime(at)) + "Z"


def date_time(at: float) -> str:
    """Date and time in UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + "Z"


def percent(value: float) -> str:
    """A percentage with as many decimals as it needs, at most two."""
    return f"{round(value, 2):g}%"


def bar(share: float, cells: int) -> Line:
    """A bar of fixed length for a share of 100; anything above nothing shows at least one block."""
    full = min(cells, round(share / 100 * cells)) if share > 0 else 0
    full = max(full, 1) if share > 0 else 0
    return line(("█" * full, "bar"), ("░" * (cells - full), "dim"))
