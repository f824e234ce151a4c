"""What a repository has: environments, workflows, runs with their jobs, and whoever may look at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Status = Literal["queued", "in_progress", "waiting", "completed"]
Conclusion = Literal["success", "failure", "cancelled", "skipped"]


@dataclass(frozen=True, slots=True)
class Account:
    """Whose token it is, and what it may do: the scope `repo` for everything, none for nothing but its own name."""

    token: str
    login: str
    scopes: tuple[str, ...] = ("repo",)
    teams: tuple[str, ...] = ()

    def reviews(self, environment: ProtectedEnvironment) -> bool:
        """Whether it may approve what goes into an environment."""
        return self.login in environment.reviewers or any(f"team:{t}" in environment.reviewers for t in self.teams)


SANDBOX_ACCOUNT = Account("sandbox", "quarterdeck", teams=("sre",))
"""The one that a sandbox has when nothing else is said."""


@dataclass(frozen=True, slots=True)
class ProtectedEnvironment:
    """An environment of a repository: who must approve (logins, `team:NAME`), and how long it waits at least."""

    id: int
    name: str
    reviewers: tuple[str, ...] = ()
    wait_minutes: float = 0

    @property
    def protects(self) -> bool:
        return bool(self.reviewers or self.wait_minutes)


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A job as its workflow says: how long it takes, what it changes, and whether it fails."""

    name: str
    seconds: float = 30.0
    environment: str = ""
    fails: bool = False


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow file; `run_name` may hold `{INPUT}`. `enabled` is whether it may be run at all."""

    id: int
    file: str
    name: str
    jobs: tuple[JobPlan, ...]
    inputs: tuple[str, ...] = ()
    run_name: str = ""
    enabled: bool = True
    every: float = 0.0
    pushes: tuple[str, ...] = ()


@dataclass(slots=True)
class Job:
    """A job of a run."""

    id: int
    plan: JobPlan
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A decision about an environment of a run."""

    environment: ProtectedEnvironment
    state: Literal["approved", "rejected"]
    by: str
    comment: str


@dataclass(slots=True)
class Run:
    """A run. `since` is when it began to wait at the job it stands at; `changed` when anything of it last did."""

    id: int
    number: int
    workflow: Workflow
    branch: str
    commit: str
    title: str
    actor: str
    event: str
    created: float
    started: float
    changed: float
    jobs: list[Job]
    status: Status = "queued"
    conclusion: Conclusion | None = None
    attempt: int = 1
    since: float | None = None
    reviews: list[Reviewed] = field(default_factory=list)
    approved: set[str] = field(default_factory=set)
    cancelling: bool = False

    @property
    def waiting_job(self) -> Job | None:
        return next((job for job in self.jobs if job.status == "waiting"), None)


@dataclass(slots=True)
class Repository:
    """A repository with everything that runs in it, the newest run last."""

    name: str
    branch: str
    environments: dict[str, ProtectedEnvironment]
    workflows: tuple[Workflow, ...]
    runs: list[Run] = field(default_factory=list)

    def workflow(self, name: str) -> Workflow | None:
        """By file name or id."""
        return next((one for one in self.workflows if name in (one.file, str(one.id))), None)

    def run(self, number: str) -> Run | None:
        """By id."""
        return next((one for one in self.runs if str(one.id) == number), None)
