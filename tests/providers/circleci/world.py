"""A little CircleCI: projects, pipelines, workflows, jobs. Only its clock moves it.

It is strict where the published description of API v2 is: an approval names the workflow and the request, parameters
have types and must be declared, what a token may not see isn't there; orders are accepted first and carried out then.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class JobSpec:
    name: str
    requires: tuple[str, ...] = ()
    approval: bool = False
    seconds: float = 10
    fails: bool = False


@dataclass
class Job:
    spec: JobSpec
    id: str
    status: str = "blocked"
    began: float | None = None
    ended: float | None = None
    approved_by: str = ""
    canceled_by: str = ""
    request: str = ""


@dataclass
class Workflow:
    id: str
    name: str
    began: float
    jobs: list[Job]
    started_by: str
    status: str = "running"
    ended: float | None = None
    canceled_by: str = ""
    cancel_at: float | None = None


@dataclass
class Pipeline:
    id: str
    number: int
    slug: str
    branch: str
    login: str
    trigger: str
    began: float
    parameters: dict[str, Any] = field(default_factory=dict)
    errors: tuple[str, ...] = ()
    workflows: list[Workflow] = field(default_factory=list)


@dataclass
class Project:
    """`workflows` by name; `parameters` by name with the type that they have."""

    slug: str
    workflows: dict[str, tuple[JobSpec, ...]]
    parameters: dict[str, type] = field(default_factory=dict)
    hidden_from: tuple[str, ...] = ()
    needs_definition: bool = False
    pipelines: list[Pipeline] = field(default_factory=list)


class NotSo(Exception):
    """CircleCI says no."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass
class World:
    projects: dict[str, Project]
    now: float = 1_790_000_000.0
    users: dict[str, str] = field(default_factory=lambda: {"ana": "t-ana", "ben": "t-ben", "rita": "t-rita"})
    readers: tuple[str, ...] = ("rita",)
    accepted: list[tuple[float, Any]] = field(default_factory=list)
    delay: float = 1.0
    page: int = 20
    _count: int = 0

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self._turn()

    def user_id(self, login: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, login))

    def start(
        self, slug: str, user: str = "ana", branch: str = "main", trigger: str = "webhook", **parameters: Any
    ) -> Pipeline:
        """A pipeline that begins at once."""
        project = self.projects[slug]
        if user in self.readers:
            raise NotSo(403, "Permission denied")
        for name, value in parameters.items():
            kind = project.parameters.get(name)
            if kind is None:
                raise NotSo(400, f"Unexpected argument(s): {name}")
            if type(value) is not kind:
                raise NotSo(400, f"Type error for argument {name}: expected type: {kind.__name__}")
        pipeline = Pipeline(
            self._id(), len(project.pipelines) + 1, slug, branch, user, trigger, self.now, dict(parameters)
        )
        if branch == "broken":
            pipeline.errors = ("Config does not conform to schema",)
        else:
            for name, jobs in project.workflows.items():
                pipeline.workflows.append(self._begun(name, jobs, user))
        project.pipelines.append(pipeline)
        self._turn()
        return pipeline

    def workflow(self, identity: str, user: str) -> tuple[Pipeline, Workflow]:
        for project in self.projects.values():
            for pipeline in project.pipelines:
                for workflow in pipeline.workflows:
                    if workflow.id == identity and user not in project.hidden_from:
                        return pipeline, workflow
        raise NotSo(404, "Workflow not found")

    def approve(self, workflow: Workflow, request: str, user: str) -> None:
        if user in self.readers:
            raise NotSo(403, "Permission denied")
        job = next((one for one in workflow.jobs if one.request == request), None)
        if job is None:
            raise NotSo(404, "Job not found")
        if job.status != "on_hold":
            raise NotSo(400, "Job is not on hold")

        def happen() -> None:
            if job.status == "on_hold":
                job.status, job.ended, job.approved_by = "success", self.now, self.user_id(user)

        self.accepted.append((self.now + self.delay, happen))

    def cancel(self, workflow: Workflow, user: str) -> None:
        if user in self.readers:
            raise NotSo(403, "Permission denied")

        def happen() -> None:
            if workflow.ended is None:
                for job in workflow.jobs:
                    if job.status in ("running", "on_hold"):
                        job.status, job.ended, job.canceled_by = "canceled", self.now, self.user_id(user)
                    elif job.status == "blocked":
                        job.status = "not_run"
                workflow.status, workflow.ended = "canceled", self.now
                workflow.canceled_by = self.user_id(user)

        self.accepted.append((self.now + self.delay, happen))

    def rerun(self, pipeline: Pipeline, workflow: Workflow, user: str, *, from_failed: bool) -> str:
        if user in self.readers:
            raise NotSo(403, "Permission denied")
        if workflow.ended is None:
            raise NotSo(400, "Workflow is not finished")
        again = self._begun(workflow.name, tuple(job.spec for job in workflow.jobs), user)
        if from_failed:
            done = {job.spec.name for job in workflow.jobs if job.status == "success"}
            for job in again.jobs:
                if job.spec.name in done:
                    job.status, job.began, job.ended = "success", self.now, self.now

        def happen() -> None:
            again.began = self.now
            pipeline.workflows.append(again)

        self.accepted.append((self.now + self.delay, happen))
        return again.id

    def _begun(self, name: str, jobs: tuple[JobSpec, ...], user: str) -> Workflow:
        made = [Job(spec, self._id()) for spec in jobs]
        return Workflow(self._id(), name, self.now, made, self.user_id(user))

    def _turn(self) -> None:
        due = [one for one in self.accepted if one[0] <= self.now]
        self.accepted = [one for one in self.accepted if one[0] > self.now]
        for _, happen in due:
            happen()
        for project in self.projects.values():
            for pipeline in project.pipelines:
                for workflow in pipeline.workflows:
                    if workflow.ended is None:
                        self._run(workflow)

    def _run(self, workflow: Workflow) -> None:
        by_name = {job.spec.name: job for job in workflow.jobs}
        moved = True
        while moved:
            moved = False
            for job in workflow.jobs:
                ready = all(by_name[name].status == "success" for name in job.spec.requires)
                if job.status == "blocked" and ready:
                    job.status = "on_hold" if job.spec.approval else "running"
                    job.began = None if job.spec.approval else self.now
                    job.request = self._id() if job.spec.approval else ""
                    moved = True
                if job.status == "running" and self.now >= (job.began or 0) + job.spec.seconds:
                    job.status, job.ended = "failed" if job.spec.fails else "success", self.now
                    moved = True
        states = {job.status for job in workflow.jobs}
        if "running" in states:
            workflow.status = "failing" if "failed" in states else "running"
        elif "on_hold" in states:
            workflow.status = "on_hold"
        else:
            workflow.status, workflow.ended = "failed" if "failed" in states else "success", self.now

    def _id(self) -> str:
        self._count += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, str(self._count)))


def stamp(when: float | None) -> str | None:
    """A time as CircleCI writes it."""
    return datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z" if when is not None else None
