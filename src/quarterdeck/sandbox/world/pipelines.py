"""Repositories with workflows whose runs go on as the world's time does.

A run does its jobs one after the other. One that names an environment with reviewers or a wait timer waits: until
somebody has approved and the timer has run down. A rejection fails the run, and so does a wait that nobody ends in
time; what it would have done stays undone. Where an environment has a lock, runs change it one after the other, the
oldest first.

In a world file, `pipelines` is a list of repositories:

    repository      owner/name
    branch          the default one
    environments    {name: {reviewers: [login, "team:NAME"], wait_minutes, needed, requester_may, timeout_minutes,
                    lock, instructions}}
    workflows       list of {file, name, jobs: [{name, seconds, environment, fails}], inputs: [name], run_name, every,
                    pushes: [title]}; with `every` somebody pushes each time so many seconds have passed
    variables       {name of a group: {name: value, or null for a secret}}
    runs            list of {workflow (file), ago (seconds), branch, title, actor, approve: [environments]}

and `accounts` a list of {token, login, scopes: [...], teams: [...]}; without it there is one that may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from zlib import crc32

from quarterdeck.sandbox.world.agenda import Effect
from quarterdeck.sandbox.world.strictness import check
from quarterdeck.sandbox.world.workflows import (
    SANDBOX_ACCOUNT,
    Account,
    Conclusion,
    Job,
    JobPlan,
    ProtectedEnvironment,
    Repository,
    Reviewed,
    Run,
    Workflow,
)

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

QUEUE_SECONDS = 4.0
"""Until a machine has time for a run."""

STOPPING_SECONDS = 2.0
"""Until a cancelled run has ended."""

FIRST_ID = 9_000_000_000
"""Ids of runs count up from here."""

MOST_RUNS = 200
"""So many of a repository are remembered."""

_PUSHERS = ("ana", "ben", "chen")

_OF_AN_ENVIRONMENT = ("wait_minutes", "needed", "requester_may", "timeout_minutes", "lock", "instructions")


class Pipelines:
    """Every repository of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._repositories: dict[str, Repository] = {}
        self._last_id = FIRST_ID
        self.hourly_limit = 5000
        self.accounts: dict[str, Account] = {SANDBOX_ACCOUNT.token: SANDBOX_ACCOUNT}

    def __iter__(self) -> Iterator[Repository]:
        return iter(self._repositories.values())

    def repository(self, name: str) -> Repository | None:
        """By `owner/name`, letter case ignored."""
        return self._repositories.get(name.lower())

    def load(self, documents: list[Mapping[str, Any]], accounts: list[Mapping[str, Any]]) -> None:
        """Plant repositories with the runs that they had before the world began, and whoever may look at them.

        Raises:
            ValueError: saying what is wrong.
        """
        for account in accounts:
            scopes, teams = tuple(account.get("scopes", ("repo",))), tuple(account.get("teams", ()))
            self.accounts[account["token"]] = Account(account["token"], account["login"], scopes, teams)
        for document in documents:
            check(document, _RepositoryKeys, "a repository of pipelines")
            self._plant(document)

    def start(
        self, repository: Repository, workflow: Workflow, branch: str, actor: str, inputs: Mapping[str, str], event: str
    ) -> Run:
        """Begin a run now."""
        title = workflow.run_name.format_map(_Filled(inputs)) if workflow.run_name else workflow.name
        run = self._new(repository, workflow, branch, title, actor, event, self._world.clock.now())
        run.inputs = dict(inputs)
        self._world.log.add("run.started", f"{repository.name}#{run.number}", title=title)
        self._begin(repository, run, run.created)
        return run

    def review(self, repository: Repository, run: Run, environment: ProtectedEnvironment, review: Reviewed) -> None:
        """Let a waiting job go on, or fail its run."""
        now = self._world.clock.now()
        run.reviews.append(replace(review, attempt=run.attempt, at=now))
        run.changed = now
        subject = f"{repository.name}#{run.number}"
        self._world.log.add(f"run.{review.state}", subject, environment=environment.name, by=review.by)
        if review.state == "rejected":
            self._end(repository, run, "failure", now)
            return
        if len(run.yes_to(environment.name)) < environment.needed:
            return
        run.approved.add(environment.name)
        job = run.waiting_job
        if job is not None and job.plan.environment == environment.name:
            due = max(now, self._opens(run, environment))
            self._world.agenda.at(due, lambda at: self._go_on(repository, run, job, at))

    def cancel(self, repository: Repository, run: Run) -> None:
        """Begin to end a run."""
        run.cancelling = True
        attempt, due = run.attempt, self._world.clock.now() + STOPPING_SECONDS

        def stop(at: float) -> None:
            if run.attempt == attempt and run.status != "completed":
                self._end(repository, run, "cancelled", at)

        self._world.agenda.at(due, stop)

    def rerun(self, repository: Repository, run: Run, actor: str, *, failed_only: bool) -> None:
        """Run again what has ended: all jobs, or those that didn't succeed."""
        run.attempt += 1
        run.actor, run.status, run.conclusion, run.cancelling = actor, "queued", None, False
        run.approved.clear()
        run.started = run.changed = self._world.clock.now()
        for index, job in enumerate(run.jobs):
            if not (failed_only and job.conclusion == "success"):
                run.jobs[index] = Job(self._id(), job.plan, attempt=job.attempt + 1)
        self._world.log.add("run.rerun", f"{repository.name}#{run.number}", attempt=run.attempt)
        self._begin(repository, run, run.started)

    def pending(self, repository: Repository, run: Run) -> ProtectedEnvironment | None:
        """What a run waits for: an environment that hasn't been approved, or whose timer runs."""
        job = run.waiting_job
        return None if job is None else repository.environments.get(job.plan.environment)

    def _opens(self, run: Run, environment: ProtectedEnvironment) -> float:
        return (run.since or 0.0) + 60 * environment.wait_minutes

    def _begin(self, repository: Repository, run: Run, at: float) -> None:
        attempt = run.attempt
        self._world.agenda.at(at + QUEUE_SECONDS, lambda then: self._next(repository, run, attempt, then))

    def _next(self, repository: Repository, run: Run, attempt: int, at: float) -> None:
        """Begin the next job, wait before it, or end."""
        if run.status == "completed" or run.attempt != attempt:
            return
        job = next((one for one in run.jobs if one.status != "completed"), None)
        run.changed = at
        if job is None:
            self._end(repository, run, "success", at)
            return
        environment = repository.environments.get(job.plan.environment)
        if environment is None or not environment.protects:
            self._go_on(repository, run, job, at)
            return
        job.status = run.status = "waiting"
        run.since = at
        if not environment.reviewers or environment.name in run.approved:
            self._world.agenda.at(self._opens(run, environment), lambda then: self._go_on(repository, run, job, then))
            return

        def expire(then: float) -> None:
            if run.attempt == attempt and job.status == "waiting" and environment.name not in run.approved:
                self._end(repository, run, "failure", then)

        self._world.agenda.at(at + 60 * environment.timeout_minutes, expire)

    def holder(self, repository: Repository, job: Job) -> Run | None:
        """The run that has the lock which a job needs."""
        environment = repository.environments.get(job.plan.environment)
        if environment is None or not environment.lock:
            return None
        return next((run for run in repository.runs for one in run.jobs if _changes(one, job)), None)

    def _unlock(self, repository: Repository, name: str, at: float) -> None:
        """Whoever has waited longest for an environment's lock goes on."""
        for run in repository.runs:
            for job in run.jobs:
                if job.held and job.status == "waiting" and job.plan.environment == name:
                    self._go_on(repository, run, job, at)
                    return

    def _go_on(self, repository: Repository, run: Run, job: Job, at: float) -> None:
        if run.status == "completed" or job.status == "completed" or job not in run.jobs:
            return
        job.held = self.holder(repository, job) is not None
        if job.held:
            return
        job.status = run.status = "in_progress"
        job.started = run.changed = at
        run.since = None
        attempt = run.attempt

        def done(then: float) -> None:
            if run.status == "completed" or run.attempt != attempt:
                return
            job.status, job.ended = "completed", then
            job.conclusion = "failure" if job.plan.fails else "success"
            if job.plan.fails:
                self._end(repository, run, "failure", then)
            else:
                self._unlock(repository, job.plan.environment, then)
                self._next(repository, run, attempt, then)

        self._world.agenda.at(at + job.plan.seconds, done)

    def _end(self, repository: Repository, run: Run, conclusion: Conclusion, at: float) -> None:
        run.status, run.conclusion, run.changed, run.since = "completed", conclusion, at, None
        freed = [job.plan.environment for job in run.jobs if job.status == "in_progress"]
        for job in run.jobs:
            if job.status != "completed":
                under_way = job.status in ("in_progress", "waiting")
                job.conclusion = ("failure" if conclusion == "failure" else "cancelled") if under_way else "skipped"
                job.status, job.ended = "completed", at
        self._world.log.add(f"run.{conclusion}", f"{repository.name}#{run.number}", at=at)
        for environment in freed:
            self._unlock(repository, environment, at)

    def _plant(self, document: Mapping[str, Any]) -> None:
        name = str(document.get("repository", ""))
        if name.count("/") != 1:
            raise ValueError(f"a repository of pipelines is called owner/name, not {name!r}")
        environments = {
            str(key): ProtectedEnvironment(
                id=crc32(f"{name}/{key}".encode()) % 10**9,
                name=str(key),
                reviewers=tuple(value.get("reviewers", ())),
                **{name: value[name] for name in _OF_AN_ENVIRONMENT if name in value},
            )
            for key, value in document.get("environments", {}).items()
        }
        workflows = tuple(
            Workflow(
                id=crc32(f"{name}/{one['file']}".encode()) % 10**8,
                file=one["file"],
                name=one.get("name", one["file"]),
                jobs=tuple(JobPlan(**job) for job in one.get("jobs", ())),
                inputs=tuple(one.get("inputs", ())),
                run_name=one.get("run_name", ""),
                enabled=one.get("enabled", True),
                every=float(one.get("every", 0)),
                pushes=tuple(one.get("pushes", ())),
            )
            for one in document.get("workflows", ())
        )
        repository = Repository(name, document.get("branch", "main"), environments, workflows)
        repository.variables = dict(document.get("variables", {}))
        self._repositories[name.lower()] = repository
        for past in sorted(document.get("runs", ()), key=lambda one: -float(one.get("ago", 0))):
            self._happened(repository, past)
        for workflow in workflows:
            if workflow.every:
                self._world.agenda.at(self._world.clock.now() + workflow.every, self._pushing(repository, workflow))

    def _pushing(self, repository: Repository, workflow: Workflow) -> Effect:
        """Somebody pushes, now and from then on; runs that ended long ago are forgotten."""

        def push(at: float) -> None:
            count = max((run.number for run in repository.runs if run.workflow is workflow), default=0)
            title = workflow.pushes[count % len(workflow.pushes)] if workflow.pushes else workflow.name
            actor = _PUSHERS[count % len(_PUSHERS)]
            run = self._new(repository, workflow, repository.branch, title, actor, "push", at)
            self._begin(repository, run, at)
            repository.runs = repository.runs[-MOST_RUNS:]
            self._world.agenda.at(at + workflow.every, push)

        return push

    def _happened(self, repository: Repository, past: Mapping[str, Any]) -> None:
        """A run from before the world began, brought up to its beginning."""
        check(past, _PastKeys, f"a run of {repository.name}")
        workflow = repository.workflow(str(past.get("workflow", "")))
        if workflow is None:
            raise ValueError(f"{repository.name} has no workflow {past.get('workflow')!r}")
        created = self._world.clock.now() - float(past.get("ago", 0))
        branch, title = str(past.get("branch", repository.branch)), str(past.get("title", workflow.name))
        run = self._new(repository, workflow, branch, title, str(past.get("actor", "octocat")), "push", created)
        run.approved.update(past.get("approve", ()))
        for name in past.get("approve", ()):
            run.reviews.append(Reviewed(repository.environments[name], "approved", run.actor, ""))
        self._begin(repository, run, created)
        self._world.agenda.settle()

    def _new(
        self,
        repository: Repository,
        workflow: Workflow,
        branch: str,
        title: str,
        actor: str,
        event: str,
        at: float,
    ) -> Run:
        number = 1 + max((run.number for run in repository.runs if run.workflow is workflow), default=0)
        commit = f"{crc32(f'{repository.name}{title}{number}'.encode()):08x}" * 5
        jobs = [Job(self._id(), plan) for plan in workflow.jobs]
        run = Run(self._id(), number, workflow, branch, commit, title, actor, event, at, at, at, jobs)
        repository.runs.append(run)
        return run

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id


def _changes(one: Job, job: Job) -> bool:
    """Whether a job changes what another one is to change."""
    return one is not job and one.status == "in_progress" and one.plan.environment == job.plan.environment


@dataclass(frozen=True, slots=True)
class _RepositoryKeys:
    """What a repository may say; see the module."""

    repository: str
    branch: str = "main"
    environments: dict = field(default_factory=dict)  # type: ignore[type-arg]  # `check` wants plain types
    workflows: list = field(default_factory=list)  # type: ignore[type-arg]
    variables: dict = field(default_factory=dict)  # type: ignore[type-arg]
    runs: list = field(default_factory=list)  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True)
class _PastKeys:
    """What a past run may say; see the module."""

    workflow: str
    ago: float = 0.0
    branch: str = ""
    title: str = ""
    actor: str = ""
    approve: list = field(default_factory=list)  # type: ignore[type-arg]


class _Filled(dict[str, str]):
    """Inputs by name; one that wasn't given is empty."""

    def __init__(self, inputs: Mapping[str, str]) -> None:
        super().__init__(inputs)

    def __missing__(self, key: str) -> str:
        return ""
