"""Releases, what waits, and what stands guard, as a viewer shows them. All texts are cleaned.

`release/paint_releases.py`, `release/inbox.py` and `release/paint_guards.py` make them, at one moment; whatever runs
down (a bake, an approval's expiry) is already a text like `6:12`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.gate import Verdict
from quarterdeck.release.outline import UNKNOWN
from quarterdeck.release.plan import Fuse
from quarterdeck.release.rollout import Order, StepState

ReleaseState = Literal[
    "needs operator",
    "confirming",
    "recovering",
    "paused",
    "waiting",
    "hindered",
    "running",
    "succeeded",
    "failed",
    "rolled back",
    "abandoned",
]
"""The one word for a release. waiting: for people (an approval, a pause that somebody has to end). hindered: something
stands in the way of its next step (a freeze, the exposure budget). abandoned: needed an operator, who left it so."""

WAITS_FOR_PEOPLE: tuple[ReleaseState, ...] = ("needs operator", "confirming", "paused", "waiting")
ENDED: tuple[ReleaseState, ...] = ("succeeded", "failed", "rolled back", "abandoned")

StepKind = Literal["swap", "shift", "flag", "deploy", "rollback", "pause", "bake", "analysis", "approval", "run"]


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One gate of a step, as it was last asked.

    Attributes:
        verdict: None before it was ever asked.
        value: what was measured, for reading; "" for none.
        wanted: the condition that must hold.
        count: how its samples add up: `3/5 passed`, and what spoils it.
        age: of the last sample. next_in: when the next is due, "" when none will be.
        shadow: it is asked and shown, and decides nothing.
        judged: where all the gates of its step stand together; "" when nobody asks any more.
        telling: `detail` tells more than the value, so it is worth reading when all is well too.
    """

    gate: str
    verdict: Verdict | None
    value: str = ""
    wanted: str = ""
    count: str = ""
    age: str = ""
    next_in: str = ""
    detail: str = ""
    shadow: bool = False
    judged: Literal["", "pending", "passed", "failed", "undecided"] = ""
    telling: bool = False


@dataclass(frozen=True, slots=True)
class WordView:
    """What somebody said to an approval; `later` when it counts only from some time on."""

    by: str
    verdict: Literal["approve", "reject"]
    age: str
    reason: str = ""
    later: str = ""


@dataclass(frozen=True, slots=True)
class AskedView:
    """An approval that a step asks for.

    `who` says who may, in words; `missing` how many are, `expires` the time that is left ("" : it never expires).
    """

    rule: str
    state: Literal["waiting", "approved", "deferred", "rejected", "expired"]
    required: int
    missing: int
    who: str
    words: tuple[WordView, ...] = ()
    expires: str = ""
    note: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class StepView:
    """One step.

    Attributes:
        after: ids of the steps it needs, where those aren't just the one above it.
        current: it is the one that is under way or comes next.
        clock: what runs down or up: `6:12 left`, `for 3m`; "" once it is over.
        age: how long ago it came to this state, "" if it hasn't begun.
        operation, undo: ids of the operations that did it and took it back.
    """

    id: str
    target: TargetId
    kind: StepKind
    summary: str
    state: StepState
    ring: str = ""
    phase: str = ""
    after: str = ""
    current: bool = False
    clock: str = ""
    age: str = ""
    detail: str = ""
    operation: str = ""
    undo: str = ""
    measures: tuple[MeasureView, ...] = ()
    asked: AskedView | None = None


@dataclass(frozen=True, slots=True)
class MemberView:
    """One service of a release."""

    target: TargetId
    previous: str
    version: str
    strategy: str


@dataclass(frozen=True, slots=True)
class NoteView:
    """Something to know; `severity` as in `plan.Risk`."""

    age: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True)
class RecoveryView:
    """What is being taken back: why, on whose word, how far, and the steps in their order."""

    why: str
    by: str
    age: str
    done: int
    steps: tuple[str, ...]
    to: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A release.

    Attributes:
        id, targets: as they are handed back in requests.
        title: what ships: `checkout 2.15.0`. short: where it stands, in a cell: `bake 6:12`, `approval: sre`.
        waits: the same in one line. left: what runs down, without words; "" if nothing does.
        exposed: percent of new clients on its unfinished version; None where nobody can tell.
        most_exposed: the largest share that its plan reaches.
        background: the analysis that runs all the time.
        rings: by ring, in the order of the steps: how far it is.
        skipped: what a hotfix leaves out and on whose authority, in sentences; ref what it fixes.
        warnings: what its plan warns of about other versions (supersession).
        truth: what probes observed of its shares, beside the intended and the reported ones, a sentence each.
        ticks: something in it runs down: it has to be judged again each second.
    """

    id: str
    title: str
    targets: tuple[TargetId, ...]
    environment: str
    members: tuple[MemberView, ...]
    state: ReleaseState
    short: str
    waits: str
    actor: str
    reason: str
    command: str
    age: str
    lasted: str
    open: bool
    started_at: float
    ended_at: float | None
    steps: tuple[StepView, ...]
    done: int
    left: str = ""
    exposed: float | None = None
    most_exposed: float = 0
    background: tuple[MeasureView, ...] = ()
    rings: tuple[tuple[str, StepState], ...] = ()
    recovery: RecoveryView | None = None
    notes: tuple[NoteView, ...] = ()
    fuse: Fuse = UNKNOWN
    ref: str = ""
    hotfix: bool = False
    skipped: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    truth: tuple[str, ...] = ()
    choices: tuple[Order, ...] = ()
    detail: str = ""
    paused: bool = False
    full: bool = False
    protected: bool = False
    ticks: bool = False

    @property
    def current(self) -> StepView | None:
        """The step that is under way or comes next."""
        return next((step for step in self.steps if step.current), None)

    @property
    def progress(self) -> str:
        """Steps done of steps to do, as `2/5`."""
        return f"{self.done}/{len(self.steps)}"

    def step(self, step_id: str) -> StepView | None:
        """The step of that id."""
        return next((step for step in self.steps if step.id == step_id), None)


InboxKind = Literal["confirm", "needs you", "failing", "undecided", "approval", "pause", "hindered", "gate", "debt"]
"""What waits, the most urgent first. confirm: it is taken back unless somebody confirms. failing, undecided: a gate
that isn't passing. gate: one that is being asked and is well so far."""


@dataclass(frozen=True, slots=True)
class InboxItem:
    """One thing that waits for a person or a gate.

    Attributes:
        key: stays the same from one picture to the next.
        release, step: ids; "" for a debt, whose own id is `key`.
        waits: for what, in one line. blocks: what goes on once it is there. who: who may.
        age: how long it has waited; expires: the time left, "" if it doesn't.
        evidence: what is known, a line each. warnings: what a yes would do that one may not expect.
        twin: the command that answers it.
    """

    key: str
    kind: InboxKind
    title: str
    waits: str
    target: TargetId | None = None
    release: str = ""
    step: str = ""
    age: str = ""
    expires: str = ""
    next_in: str = ""
    blocks: str = ""
    who: str = ""
    evidence: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    twin: str = ""


@dataclass(frozen=True, slots=True)
class ConnView:
    """Who has the conn of a scope."""

    scope: str
    holder: str
    since: float
    age: str
    reason: str = ""
    offered_to: str = ""


@dataclass(frozen=True, slots=True)
class HoldView:
    """Something that stops releases; `left` the time until it ends by itself, "" if it doesn't."""

    id: str
    kind: str
    scope: str
    by: str
    reason: str
    age: str
    left: str = ""


@dataclass(frozen=True, slots=True)
class ClosureView:
    """A configured window in which nothing is released: it `holds`, or begins when `left` has run down."""

    window: str
    environment: str
    holds: bool
    left: str
    reason: str


@dataclass(frozen=True, slots=True)
class DebtView:
    """What a hotfix left to be done."""

    id: str
    kind: str
    target: TargetId
    text: str
    by: str
    age: str
    release: str


@dataclass(frozen=True, slots=True)
class OverrideView:
    """A rule that somebody set aside."""

    by: str
    age: str
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class GuardsView:
    """What stands guard."""

    conns: tuple[ConnView, ...] = ()
    holds: tuple[HoldView, ...] = ()
    closures: tuple[ClosureView, ...] = ()
    debts: tuple[DebtView, ...] = ()
    overrides: tuple[OverrideView, ...] = ()

    def conn(self, target: TargetId) -> ConnView | None:
        """Who has the conn that covers a target: the narrowest scope that does."""
        scopes = (f"{target.environment}/{target.name}", target.environment, "*")
        return next((conn for scope in scopes for conn in self.conns if conn.scope == scope), None)
