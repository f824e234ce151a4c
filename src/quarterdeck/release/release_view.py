"""Releases as a viewer shows them. All texts are cleaned.

`release/paint_releases.py` makes them, at one moment; whatever runs down (a bake, an approval's expiry) is already a
text like `6:12`.
"""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.series import Point
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.gate import Verdict
from quarterdeck.release.indicator import Scale
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

StepKind = Literal["swap", "shift", "flag", "deploy", "rollback", "pause", "bake", "analysis", "approval", "run"]


@dataclass(frozen=True, slots=True)
class MeasureView:
    """One gate of a step, as it was last asked.

    Attributes:
        verdict: None before it was ever asked.
        value: what was measured, for reading; "" for none.
        wanted: the condition that must hold.
        count: how its samples add up: `3/5 passed` while some are missing (a bake counts time), and what spoils it.
        age: of the last sample. next_in: when the next is due, "" when none will be.
        shadow: it is asked and shown, and decides nothing.
        judged: where all the gates of its step stand together; "" when nobody asks any more.
        telling: `detail` tells more than the value, so it is worth reading when all is well too.
        samples: the last verdicts with their values, the oldest first.
        scale: where the condition says plainly between which numbers it holds: how to draw them; else None.
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
    samples: tuple[tuple[Verdict, float | None], ...] = ()
    scale: Scale | None = None


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

    `who` says who may, in words; `missing` how many are, `expires` the time that is left ("" : it never expires),
    `until` when that is (UNIX seconds).
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
    until: float | None = None


@dataclass(frozen=True, slots=True)
class StepView:
    """One step.

    Attributes:
        after: ids of the steps it needs, where those aren't just the one above it.
        current: it is the one that is under way or comes next.
        clock: what runs down or up: `6:12 left`, `for 3m`; "" once it is over.
        age: how long ago it came to this state, "" if it hasn't begun.
        operation, undo: ids of the operations that did it and took it back.
        exposure: percent of new clients of its service on the new version once it is done; None if it changes nothing.
        passed, lasts: of one that ends by the clock while it runs: seconds that are over, and that it takes; else 0.
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
    exposure: float | None = None
    passed: float = 0
    lasts: float = 0
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
        done: steps that are through; of a release that goes or went back, how far it had come.
        course: from its start on, when percent of new clients got the unfinished version: each with the new sum.
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
    course: tuple[Point, ...] = ()
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
    on_failure: Literal["rollback", "pause"] = "rollback"

    @property
    def current(self) -> StepView | None:
        """The step that is under way or comes next."""
        return next((step for step in self.steps if step.current), None)

    @property
    def waits_for_people(self) -> bool:
        """Nothing goes on before somebody says something."""
        return self.state in ("needs operator", "confirming", "paused", "waiting")

    @property
    def progress(self) -> str:
        """Steps done of steps to do, as `2/5`; of a release that went back, how far it had come."""
        return f"{self.done}/{len(self.steps)}"

    def step(self, step_id: str) -> StepView | None:
        """The step of that id."""
        return next((step for step in self.steps if step.id == step_id), None)
