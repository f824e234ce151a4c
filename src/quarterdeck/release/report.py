"""What is told of a release when it is over, or while it still runs: all that its journal says. Data only.

`release/retelling.py` makes it. Times are UNIX seconds, lengths of time are seconds. Every text is one visible line
(`fleet.text.clean`) in which nothing looks like a secret any more (`fleet.redaction.redact`); it is no markup, and
whoever shows it must keep it from becoming any.
"""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.series import Point
from quarterdeck.records import dataclass
from quarterdeck.release.gate import Verdict
from quarterdeck.release.indicator import Scale
from quarterdeck.release.operation import Ending
from quarterdeck.release.release_view import StepKind

Outcome = Literal["running", "done", "failed", "skipped", "taken back", "going back", "cut short"]
"""What became of an attempt at a step. cut short: the release ended while it ran."""

Phase = Literal["changing", "watching", "waiting for people", "going back", "held up"]
"""What a release does at a moment.

changing: a write or a program is under way. watching: a bake, an analysis, or a pause that ends by the clock.
waiting for people: an approval, a pause that somebody has to end, a question to an operator, a confirmation.
going back: what was done is taken back. held up: between two steps: something stands in the way of the next one, or it
is being planned.
"""
PHASES: tuple[Phase, ...] = ("changing", "watching", "waiting for people", "going back", "held up")


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody did or said at a moment; `by` is "quarterdeck" where no person acted."""

    at: float
    by: str
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asked, when, why.

    Attributes:
        at: when it was proposed; the start where the journal has no proposal.
        via: what it was asked with: `cockpit`, `cli`; "" where the journal doesn't say.
        identities: as whom the credentials signed in: `CONNECTION: WHO`.
    """

    by: str
    at: float
    reason: str
    via: str
    command: str
    identities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """One service: from which version to which ("" for unknown), by which strategy."""

    target: str
    previous: str
    version: str
    strategy: str


@dataclass(frozen=True, slots=True)
class Warned:
    """A risk that the plan named; `severity` as in `plan.Risk`."""

    severity: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What was said yes to, beside the steps.

    Attributes:
        way_back: how, or why there was none; `lost` what is lost on it, `until` when it ends.
        most_exposed: the largest share of new clients on an unfinished version, in percent.
        on_failure: what a failing gate does.
        confirm_within: taken back unless confirmed within so long; None: not so.
    """

    risks: tuple[Warned, ...]
    who_feels_it: str
    way_back: str
    lost: str
    until: str
    most_exposed: float
    on_failure: Literal["rollback", "pause"]
    confirm_within: float | None
    supersedes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One go at a step; it may be tried again.

    `went_back` is when it was taken back, if it was; `operation` and `undo` did it and took it back.
    """

    began: float
    ended: float | None
    outcome: Outcome
    detail: str
    operation: str
    going_back: float | None = None
    went_back: float | None = None
    undo: str = ""


@dataclass(frozen=True, slots=True)
class StepTold:
    """One step of the plan and every go at it; none: it was never begun. `phase` is what the release does meanwhile."""

    id: str
    target: str
    kind: StepKind
    phase: Phase
    summary: str
    ring: str
    needs: tuple[str, ...]
    exposure: float | None
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True, slots=True)
class SampleTold:
    """What a gate said once. `value` is None where there was none."""

    at: float
    verdict: Verdict
    value: float | None
    detail: str


@dataclass(frozen=True, slots=True)
class GateTold:
    """One gate of a step (`step` is `*` for what was asked all the time), and all of its samples.

    `wanted` is its condition, `rule` how it was asked, in words; `scale` how to draw it, None where the condition
    doesn't say plainly between which numbers it holds.
    """

    step: str
    gate: str
    wanted: str
    rule: str
    shadow: bool
    scale: Scale | None
    samples: tuple[SampleTold, ...]


@dataclass(frozen=True, slots=True)
class WordTold:
    """One person's word on an approval; `effective_at` lies ahead of `at` where it was given for later."""

    by: str
    at: float
    verdict: Literal["approve", "reject"]
    reason: str
    effective_at: float


@dataclass(frozen=True, slots=True)
class ApprovalTold:
    """An approval: who could give it (`rule`, in words), when it was asked for and settled, how, and who said what."""

    step: str
    name: str
    rule: str
    asked_at: float | None
    settled_at: float | None
    outcome: str
    words: tuple[WordTold, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What a hotfix left out, and the groups on whose authority."""

    what: str
    authority: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShareTold:
    """Percent of new clients that one service gave to the new version: each change, the first at the start."""

    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class GuardTold:
    """A freeze, lock, stop or hold that covered something of the release in its time; `until` None: until lifted."""

    kind: str
    scope: str
    by: str
    reason: str
    since: float
    until: float | None
    lifted_at: float | None
    lifted_by: str


@dataclass(frozen=True, slots=True)
class WayBack:
    """It was taken back: when, on whose word, why, which steps in which order; `to` is the step after which it paused
    ("": it ended)."""

    at: float
    by: str
    why: str
    steps: tuple[str, ...]
    to: str
    ended: float | None


@dataclass(frozen=True, slots=True)
class EndingTold:
    """An ending. One that needs an operator and has `choices` was not the last: somebody had to answer."""

    at: float
    ending: Ending
    detail: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DebtTold:
    """What a hotfix left to be done; `paid_at` None: it still is."""

    id: str
    text: str
    since: float
    paid_at: float | None
    paid_by: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `since` to `until` the release was in this phase."""

    phase: Phase
    since: float
    until: float


@dataclass(frozen=True, slots=True)
class Durations:
    """How long it took.

    Attributes:
        lead: from the proposal until it had succeeded; None if it hasn't.
        first_users: from the proposal until the first of its users got something; None if none did.
        total: from the start to the end, or until now.
        phases: how the total is made up; their sum is the total.
    """

    lead: float | None
    first_users: float | None
    total: float
    phases: tuple[tuple[Phase, float], ...]


@dataclass(frozen=True, slots=True)
class LineTold:
    """A line of the journal."""

    seq: int
    at: float
    kind: str
    by: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the journal as evidence: its number, time and hash."""

    seq: int
    at: float
    hash: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """Whether the journal is what was written. `faults`: where it isn't, in words; `last` is the release's last line,
    `head` the journal's. `lines`: how many are about this release."""

    faults: tuple[str, ...]
    lines: int
    first: Link
    last: Link
    head: Link


@dataclass(frozen=True, slots=True)
class Report:
    """A release, told.

    Attributes:
        made_at: when it was told.
        open: it still runs, or waits for an operator: it isn't over.
        ending: None while it runs.
        standing: the first sentence: how it ended, or where it stands.
        fix: what a hotfix fixes (`ref`); "" for other releases.
        overrides: rules that were set aside. orders: what people told it. alarms: what went wrong or wanted a look.
        lines: the journal, without samples and progress.
    """

    fleet: str
    made_at: float
    id: str
    title: str
    environment: str
    hotfix: bool
    fix: str
    open: bool
    ending: Ending | None
    standing: str
    started_at: float
    ended_at: float | None
    asked: Asked
    moved: tuple[Moved, ...]
    plan: Planned
    steps: tuple[StepTold, ...]
    gates: tuple[GateTold, ...]
    approvals: tuple[ApprovalTold, ...]
    orders: tuple[Said, ...]
    overrides: tuple[Said, ...]
    left_out: tuple[LeftOut, ...]
    kept: tuple[str, ...]
    shares: tuple[ShareTold, ...]
    alarms: tuple[Said, ...]
    notes: tuple[Said, ...]
    guards: tuple[GuardTold, ...]
    ways_back: tuple[WayBack, ...]
    endings: tuple[EndingTold, ...]
    debts: tuple[DebtTold, ...]
    durations: Durations
    stretches: tuple[Stretch, ...]
    lines: tuple[LineTold, ...]
    evidence: Evidence
