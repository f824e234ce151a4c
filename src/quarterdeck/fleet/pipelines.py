"""Pipelines: runs of automation that lives elsewhere, and what they wait for. Neutral of any host.

Words, and what hosts call them: a *run* (GitHub workflow run, Azure Pipelines build, Jenkins build, CircleCI workflow,
Buildbot build); a *part* of it (job, stage); a *pending approval* is what a run waits for before one of its parts
begins (GitHub's pending deployment, Azure's approval, check or exclusive lock, Jenkins's input, CircleCI's approval
job).
"""

from __future__ import annotations

from typing import Literal

from quarterdeck.records import dataclass

RunState = Literal["waiting", "queued", "running", "succeeded", "failed", "cancelled", "skipped", "unknown"]
"""waiting: for somebody or something that it names. queued: for a machine."""

OPEN: tuple[RunState, ...] = ("waiting", "queued", "running")
"""States that a run doesn't stay in."""

WaitKind = Literal["approval", "input", "timer", "check", "lock"]
"""approval, input: a person says yes or no. timer: it goes on by itself. check: another system says so. lock: another
run has what it needs."""

DECIDED_BY_PEOPLE: tuple[WaitKind, ...] = ("approval", "input")

RUN_PREFIX = "run:"


@dataclass(frozen=True, slots=True)
class PendingApproval:
    """One thing that a run waits for.

    Attributes:
        id: the host's own key for it within the run.
        environment: the host's name of what is about to change ("" if it has none).
        blocks: the parts that go on once it is there, in words ("" unknown).
        reviewers: who may decide; teams are written `team:NAME`.
        may_decide: whether the credential that read this may; None if the host doesn't tell.
        since, expires_at: UNIX seconds, None where the host doesn't tell or it never expires.
        opens_at: until then a wait timer holds it, whatever people say.
        given, needed: who has said yes so far, and how many it takes.
        note: the host's own words to whoever decides.
        asks: what has to be filled in together with a yes; there is no way to do that from here.
    """

    id: str
    environment: str = ""
    kind: WaitKind = "approval"
    blocks: str = ""
    reviewers: tuple[str, ...] = ()
    may_decide: bool | None = None
    since: float | None = None
    expires_at: float | None = None
    opens_at: float | None = None
    given: tuple[str, ...] = ()
    needed: int = 1
    note: str = ""
    asks: tuple[str, ...] = ()

    @property
    def for_people(self) -> bool:
        """Whether a person can end it."""
        return self.kind in DECIDED_BY_PEOPLE


@dataclass(frozen=True, slots=True)
class RunPart:
    """A job or stage of a run; times in UNIX seconds."""

    name: str
    state: RunState
    started_at: float | None = None
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """One run. `id` is the host's key, `number` what people call it; `status` the host's own words for the state.

    `attempt` counts from 1: a run that is run again keeps its id. `parts` is empty where they weren't asked for.
    """

    id: str
    name: str
    number: str
    state: RunState
    title: str = ""
    ref: str = ""
    commit: str = ""
    actor: str = ""
    event: str = ""
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    url: str = ""
    attempt: int = 1
    status: str = ""
    waits: tuple[PendingApproval, ...] = ()
    parts: tuple[RunPart, ...] = ()

    @property
    def open(self) -> bool:
        """True until it has ended."""
        return self.state in OPEN

    def name_of(self, wait: PendingApproval) -> str:
        """What tells a wait from the others: for a decision its environment; the host's key for it where there is none,
        where several are about the same one, or where it is nothing to decide about."""
        if not wait.for_people:
            return wait.id
        rivals = [one for one in self.waits if one.for_people and one.environment.lower() == wait.environment.lower()]
        return wait.environment if wait.environment and len(rivals) < 2 else wait.id


def origin(commit: str, ref: str, *others: str) -> str:
    """Which code a run is about, and whatever else belongs to that, in words; what a host doesn't tell is left out."""
    code = f"{commit} on {ref}" if commit and ref else commit or ref
    return ", ".join(one for one in (code, *others) if one)


@dataclass(frozen=True, slots=True)
class RunsReading:
    """The runs of one pipeline: the newest, and every one that waits, newest first."""

    runs: tuple[PipelineRun, ...]


@dataclass(frozen=True, slots=True)
class RunName:
    """A run, or one thing that it waits for, as people and scripts write it: `run:PIPELINE/RUN[/ENVIRONMENT]`."""

    pipeline: str
    run: str
    environment: str = ""

    def __str__(self) -> str:
        return f"{RUN_PREFIX}{self.pipeline}/{self.run}" + (f"/{self.environment}" if self.environment else "")

    @classmethod
    def parse(cls, text: str) -> RunName:
        """Read one.

        Raises:
            ValueError: naming the form that is right.
        """
        pipeline, _, rest = text.removeprefix(RUN_PREFIX).partition("/")
        run, _, environment = rest.partition("/")
        if not text.startswith(RUN_PREFIX) or not pipeline or not run:
            raise ValueError(f"{text!r} is not a run: write run:PIPELINE/RUN or run:PIPELINE/RUN/ENVIRONMENT")
        return cls(pipeline, run, environment)
