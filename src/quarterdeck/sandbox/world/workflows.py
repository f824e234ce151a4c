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
    """An environment of a repository: who must approve (logins, `team:NAME`), and how long it waits at least.

    `needed` is how many must say yes, `requester_may` whether whoever began the run may be one of them,
    `timeout_minutes` after how long nobody needs to any more, `lock` whether one run at a time may change it.
    """

    id: int
    name: str
    reviewers: tuple[str, ...] = ()
    wait_minutes: float = 0
    needed: int = 1
    requester_may: bool = True
    timeout_minutes: float = 30 * 24 * 60
    lock: bool = False
    instructions: str = ""

    @property
    def protects(self) -> bool:
        return bool(self.reviewers or self.wait_minutes or self.lock)


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
    """A job of a run; `held` while another run has the lock that it needs."""

    id: int
    plan: JobPlan
    status: Status = "queued"
    conclusion: Conclusion | None = None
    started: float | None = None
    ended: float | None = None
    attempt: int = 1
    held: bool = False


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A decision about an environment of a run."""

    environment: ProtectedEnvironment
    state: Literal["approved", "rejected"]
    by: str
    comment: str
    attempt: int = 1
    at: float = 0.0


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
    inputs: dict[str, str] = field(default_factory=dict)

    @property
    def waiting_job(self) -> Job | None:
        return next((job for job in self.jobs if job.status == "waiting"), None)

    def yes_to(self, environment: str) -> tuple[Reviewed, ...]:
        """Who has let this attempt go on into an environment."""
        return tuple(
            one
            for one in self.reviews
            if one.environment.name == environment and one.attempt == self.attempt and one.state == "approved"
        )


@dataclass(slots=True)
class Repository:
    """A repository with everything that runs in it, the newest run last. `variables` are groups of them by name; a
    value that is None is a secret."""

    name: str
    branch: str
    environments: dict[str, ProtectedEnvironment]
    workflows: tuple[Workflow, ...]
    runs: list[Run] = field(default_factory=list)
    variables: dict[str, dict[str, str | None]] = field(default_factory=dict)

    def workflow(self, name: str) -> Workflow | None:
        """By file name or id."""
        return next((one for one in self.workflows if name in (one.file, str(one.id))), None)

    def run(self, number: str) -> Run | None:
        """By id."""
        return next((one for one in self.runs if str(one.id) == number), None)
