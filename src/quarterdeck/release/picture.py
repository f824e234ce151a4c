"""What a viewer shows: the store's content as services by environments, judged at one moment. All texts are cleaned.

`release/paint.py` makes it. `TargetId`s are kept as they are, because they are handed back in requests; everything
that is meant for reading has gone through `fleet.text.clean`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from quarterdeck.fleet.readings import Health
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.operation import Choice, Ending
from quarterdeck.release.pipeline_view import PipelineView, RunView
from quarterdeck.release.standing_view import GuardsView, InboxItem

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseView

CellState = Literal[
    "needs operator",
    "trouble",
    "waiting",
    "moving",
    "unhealthy",
    "preview",
    "drift",
    "stale",
    "ok",
    "unknown",
    "unread",
]
"""The one word for a cell; where several are true, the one that comes first here. waiting: its release waits for
people."""


@dataclass(frozen=True, slots=True)
class SlotView:
    """One slot. `live` is the one that users reach; `deployed` and `last_swap` are for reading."""

    name: str
    live: bool
    version: str
    build: str = ""
    deployed: str = ""
    running: bool = True
    health: Health = "unknown"
    host: str = ""
    preview_from: str = ""
    auto_swap_to: str = ""
    last_swap: str = ""
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """A destination of traffic, with the percent of new clients that the provider reports."""

    name: str
    share: float
    weight: float = 0
    enabled: bool = True
    health: Health = "unknown"
    status: str = ""
    host: str = ""


@dataclass(frozen=True, slots=True)
class Split:
    """One router's division of new clients. `between` says what it divides: `slots` or `endpoints`.

    `lag` is the seconds that old clients may stay where they were. `shares` is empty if it was never read. `drift` says
    what the system itself lost of what was set ("" nothing known).
    """

    target: TargetId
    between: Literal["slots", "endpoints"]
    method: str
    shares: tuple[Share, ...]
    lag: float
    status: str
    known: Knowledge
    drift: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """The slots of a service in one region (`name` is "" where there is only one). `drift` as in `Split`."""

    name: str
    target: TargetId
    slots: tuple[SlotView, ...]
    known: Knowledge
    drift: str = ""

    @property
    def live(self) -> SlotView | None:
        """The slot that users reach, None if nothing was read yet."""
        return next((slot for slot in self.slots if slot.live), None)


@dataclass(frozen=True, slots=True)
class OperationView:
    """An operation in one line.

    `verb` is a word such as `swap`, `shift`, `flag`, `rollback`, `approve` or `run`; `state` is `running` or the
    ending; `step` what is being done now (or how it ended); `command` the headless twin.
    With `undoing`, it is being taken back, and `done` and `total` count the steps of that.
    """

    id: str
    target: TargetId
    verb: str
    command: str
    actor: str
    reason: str
    state: Literal["running"] | Ending
    done: int
    total: int
    step: str
    started_at: float
    ended_at: float | None
    age: str
    open: bool
    choices: tuple[Choice, ...] = ()
    undone_by: str = ""
    undoing: bool = False

    @property
    def progress(self) -> str:
        """Steps done of steps to do, as `2/5`."""
        return f"{self.done}/{self.total}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A service in an environment.

    `versions` are the distinct versions that serve users, in the order of the regions; more than one is drift,
    and so is what a system lost by itself.
    `target_version` is where a swap under way leads ("" if unknown); `known` the least trustworthy of its readings;
    `release` the open release that has it for itself; `changed_at` when something last changed there as far as that is
    known (UNIX seconds; `release/changing.py`).
    """

    target: TargetId
    state: CellState
    versions: tuple[str, ...]
    regions: tuple[Region, ...]
    splits: tuple[Split, ...]
    known: Knowledge
    drift: bool = False
    preview: str = ""
    target_version: str = ""
    operation: OperationView | None = None
    release: ReleaseView | None = None
    changed_at: float | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentView:
    """A column."""

    name: str
    protected: bool
    accent: str


@dataclass(frozen=True, slots=True)
class Row:
    """A service; `cells` follow `Picture.environments`, None where it doesn't exist."""

    service: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class AudienceView:
    """A group and the percent of it that sees a flag on."""

    group: str
    percent: float


@dataclass(frozen=True, slots=True)
class FlagCell:
    """A flag under one label in an environment. `target` and `label` are as the flag store writes them; `modified` is
    the age of its last change, `modified_at` its time (UNIX seconds), where the store tells."""

    target: TargetId
    label: str
    enabled: bool
    percent: float | None
    audience: tuple[AudienceView, ...]
    other_rules: tuple[str, ...]
    locked: bool
    description: str
    modified: str
    known: Knowledge
    operation: OperationView | None = None
    modified_at: float | None = None


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A flag; `cells` follow `Picture.environments`, each holding the flag under every label it has there."""

    name: str
    cells: tuple[tuple[FlagCell, ...], ...]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """What is known through one connection: places in trouble of places there are, age of its newest reading."""

    name: str
    places: int
    troubled: int
    age: str


@dataclass(frozen=True, slots=True)
class RunnerView:
    """The runner that holds the lease. `alive` is False if there is none or its lease has run out.

    `problem` is what it says is wrong with itself: a changed configuration that it can't use.
    """

    alive: bool
    holder: str = ""
    age: str = ""
    problem: str = ""


AttentionState = Literal[
    "confirm",
    "needs operator",
    "no runner",
    "configuration",
    "trouble",
    "gate",
    "unhealthy",
    "preview",
    "drift",
    "stale",
    "debt",
]
"""confirm: a release is taken back unless somebody confirms it. gate: one fails, or can't decide."""


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing that needs a person.

    `operation` is the id of the one concerned, or ""; `since` how long it has been so, `hint` what to do about it,
    where either is known. `release` is the id of the release concerned, or "".
    """

    state: AttentionState
    where: str
    text: str
    target: TargetId | None = None
    operation: str = ""
    since: str = ""
    hint: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a viewer shows, at `at` (UNIX seconds). `fleet` is "" until a runner has published one.

    `releases` newest first, the open ones before all; `inbox` the most urgent first. `row_of` finds a service's row
    by the name that its targets have, so that nobody has to search through thousands.
    """

    at: float
    fleet: str
    environments: tuple[EnvironmentView, ...]
    rows: tuple[Row, ...]
    flags: tuple[FlagRow, ...]
    operations: tuple[OperationView, ...]
    attention: tuple[Attention, ...]
    connections: tuple[ConnectionView, ...]
    runner: RunnerView
    releases: tuple[ReleaseView, ...] = ()
    inbox: tuple[InboxItem, ...] = ()
    guards: GuardsView = field(default_factory=GuardsView)
    row_of: Mapping[str, int] = field(default_factory=dict)
    pipelines: tuple[PipelineView, ...] = ()

    def cell(self, target: TargetId) -> Cell | None:
        """The cell of a service (its region ignored), or None."""
        whole, at = target.whole, self.row_of.get(target.name)
        rows = self.rows if at is None else (self.rows[at],)
        return next((cell for row in rows for cell in row.cells if cell is not None and cell.target == whole), None)

    def flag(self, target: TargetId, label: str | None = None) -> FlagCell | None:
        """A flag of an environment, under the given label (None: the first there is)."""
        cells = (flag for row in self.flags for cell in row.cells for flag in cell)
        return next((f for f in cells if f.target == target and label in (None, f.label)), None)

    def operation(self, operation_id: str) -> OperationView | None:
        """One of the operations shown."""
        return next((operation for operation in self.operations if operation.id == operation_id), None)

    def release(self, release_id: str) -> ReleaseView | None:
        """One of the releases shown."""
        return next((release for release in self.releases if release.id == release_id), None)

    def release_of(self, target: TargetId) -> ReleaseView | None:
        """The open release that has a target for itself."""
        whole = target.whole
        return next((release for release in self.releases if release.open and whole in release.targets), None)

    def run(self, key: str) -> RunView | None:
        """A run of a pipeline by its `run:PIPELINE/RUN`."""
        return next((run for pipeline in self.pipelines for run in pipeline.runs if run.key == key), None)
