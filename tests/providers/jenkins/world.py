"""A little Jenkins: folders, jobs with scripts of stages, a queue, builds, input steps. Only its clock moves it.

It is strict where the published source of Jenkins, Pipeline: Input Step and Pipeline: REST API is: an input is answered
once, by whom it names, and its id is made of its message unless the script gives one; unknown parameters are dropped;
a disabled job is built by nobody; equal items of the queue are put together; a build that is stopped ends its inputs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Work:
    """A step that takes seconds, and fails or doesn't."""

    seconds: float = 10
    fails: bool = False


@dataclass(frozen=True)
class Ask:
    """An input step."""

    message: str
    given_id: str = ""
    submitter: str = ""
    asks: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        own = self.given_id or hashlib.md5(self.message.encode()).hexdigest()
        return own[:1].upper() + own[1:]


@dataclass(frozen=True)
class Stage:
    """`name` "" is what stands outside of all stages. `parallel`: all of its steps begin at once."""

    name: str
    steps: tuple[Work | Ask, ...]
    parallel: bool = False


@dataclass
class Node:
    """A step that has begun."""

    id: str
    step: Work | Ask
    began: float
    ended: float | None = None
    status: str = "IN_PROGRESS"
    log: str = ""

    @property
    def pending(self) -> bool:
        return self.ended is None and isinstance(self.step, Ask)


@dataclass
class Running:
    """A stage that has begun."""

    id: str
    stage: Stage
    began: float
    nodes: list[Node] = field(default_factory=list)
    ended: float | None = None

    @property
    def status(self) -> str:
        if any(node.pending for node in self.nodes):
            return "PAUSED_PENDING_INPUT"
        bad = next((node.status for node in self.nodes if node.status in ("FAILED", "ABORTED")), "")
        return bad or ("IN_PROGRESS" if self.ended is None else "SUCCESS")


@dataclass
class Build:
    job: Job
    number: int
    queue_id: int
    user: str
    parameters: dict[str, str]
    began: float
    stages: list[Running] = field(default_factory=list)
    result: str | None = None
    ended: float | None = None
    interruption: dict[str, Any] | None = None
    stopping_until: float | None = None
    post_until: float | None = None
    nodes: int = 2

    @property
    def pending(self) -> list[Node]:
        """Inputs that wait, in the order of their beginning."""
        return [node for stage in self.stages for node in stage.nodes if node.pending]


@dataclass
class Job:
    """`name` is the full one: `team/app/deploy`."""

    name: str
    script: tuple[Stage, ...] = (Stage("Build", (Work(),)),)
    parameters: tuple[str, ...] = ()
    disabled: bool = False
    hidden_from: tuple[str, ...] = ()
    branch: str = ""
    freestyle: bool = False
    builds: list[Build] = field(default_factory=list)
    next_number: int = 1


@dataclass
class Item:
    """What waits in the queue, or has left it."""

    id: int
    job: Job
    user: str
    parameters: dict[str, str]
    due: float
    build: Build | None = None
    cancelled: bool = False


class NotSo(Exception):
    """Jenkins says no. `status` is what it answers with, `permission` what was lacking."""

    def __init__(self, status: int, said: str, permission: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.permission = permission


@dataclass
class World:
    """`readers` see everything and change nothing."""

    jobs: dict[str, Job]
    now: float = 1_790_000_000.0
    quiet_seconds: float = 5.0
    stopping_seconds: float = 3.0
    users: dict[str, str] = field(default_factory=lambda: {"ana": "t-ana", "ben": "t-ben", "rita": "t-rita"})
    readers: tuple[str, ...] = ("rita",)
    groups: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"ops": ("ben",)})
    quieting_down: bool = False
    open_to_all: bool = False
    post_seconds: float = 0
    """What a pipeline still does after it was aborted. The cause of that is told when the build has ended."""
    queue: list[Item] = field(default_factory=list)

    def advance(self, seconds: float) -> None:
        """Let time go by, as finely as scripts need."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + 1)
            self._turn()

    def enqueue(self, job: Job, user: str, given: dict[str, str]) -> Item:
        """Put a build into the queue, or find the same one there."""
        if user in self.readers:
            raise NotSo(403, f"{user} is missing the Job/Build permission", "hudson.model.Item.Build")
        if job.disabled:
            raise NotSo(409, f"{job.name} is not buildable")
        parameters = {name: given.get(name, "") for name in job.parameters}
        for item in self.queue:
            if item.job is job and item.parameters == parameters and not (item.build or item.cancelled):
                return item
        self.queue.append(Item(len(self.queue) + 1, job, user, parameters, self.now + self.quiet_seconds))
        return self.queue[-1]

    def start(self, name: str, user: str = "ana", **parameters: str) -> Build:
        """A build that begins at once."""
        item = self.enqueue(self.jobs[name], user, parameters)
        item.due = self.now
        self._turn()
        assert item.build
        return item.build

    def answer(self, build: Build, input_id: str, user: str, *, yes: bool) -> None:
        """Proceed or abort. The first of two inputs with one id is meant, as Jenkins finds it by that."""
        node = next((one for one in build.pending if isinstance(one.step, Ask) and one.step.id == input_id), None)
        if node is None or not isinstance(node.step, Ask):
            raise NotSo(404, "Not Found")
        may = not node.step.submitter or user == node.step.submitter
        may = may or user in self.groups.get(node.step.submitter, ())
        if user in self.readers:
            may = False
        if not may:
            raise NotSo(400, f"You need to be {node.step.submitter or 'allowed to build'} to submit this.")
        if yes:
            if not self.open_to_all:
                node.log += f"Approved by <a href='/user/{user}' class='model-link'>{user}</a>\n"
            self._end(node, "SUCCESS")
        else:
            self._abort(build, {"_class": f"{_INPUT}.Rejection", "shortDescription": f"Rejected by {user}",
                                "user": {"id": user, "fullName": user}})  # fmt: skip

    def stop(self, build: Build, user: str) -> None:
        """End a build; its steps take a moment."""
        if user in self.readers:
            raise NotSo(403, f"{user} is missing the Job/Cancel permission", "hudson.model.Item.Cancel")
        if build.result is None and build.stopping_until is None:
            build.stopping_until = self.now + self.stopping_seconds
            build.interruption = {"_class": "jenkins.model.CauseOfInterruption$UserInterruption",
                                  "shortDescription": f"Aborted by {user}", "user": {"id": user}}  # fmt: skip

    def _turn(self) -> None:
        for item in self.queue:
            if item.build is None and not item.cancelled and item.due <= self.now and not self.quieting_down:
                job = item.job
                item.build = Build(job, job.next_number, item.id, item.user, item.parameters, self.now)
                job.next_number += 1
                job.builds.append(item.build)
        for job in self.jobs.values():
            for build in job.builds:
                if build.result is None:
                    self._run(build)

    def _run(self, build: Build) -> None:
        if build.post_until is not None:
            if self.now >= build.post_until:
                build.result, build.ended = "ABORTED", self.now
            return
        if build.stopping_until is not None:
            if self.now >= build.stopping_until:
                self._abort(build, build.interruption or {})
            return
        while build.result is None:
            current = build.stages[-1] if build.stages and build.stages[-1].ended is None else None
            if current is None:
                if len(build.stages) == len(build.job.script):
                    build.result, build.ended = "SUCCESS", self.now
                    return
                stage = build.job.script[len(build.stages)]
                current = Running(self._node_id(build), stage, self.now)
                build.stages.append(current)
            if not self._run_stage(build, current):
                return

    def _run_stage(self, build: Build, current: Running) -> bool:
        """Whether the stage is over."""
        for node in current.nodes:
            if node.ended is None and isinstance(node.step, Work) and self.now >= node.began + node.step.seconds:
                self._end(node, "FAILED" if node.step.fails else "SUCCESS")
                if node.step.fails:
                    current.ended = self.now
                    build.result, build.ended = "FAILURE", self.now
                    return True
        steps = current.stage.steps
        while len(current.nodes) < len(steps) and (
            current.stage.parallel or all(node.ended is not None for node in current.nodes)
        ):
            step = steps[len(current.nodes)]
            log = (
                f"{step.message}\nProceed or Abort\n"
                if isinstance(step, Ask) and not step.asks
                else "Input requested\n"
            )
            current.nodes.append(Node(self._node_id(build), step, self.now, log=log))
            if isinstance(step, Ask):
                current.nodes[-1].status = "PAUSED_PENDING_INPUT"
        if len(current.nodes) == len(steps) and all(node.ended is not None for node in current.nodes):
            current.ended = self.now
            return True
        return False

    def _abort(self, build: Build, interruption: dict[str, Any]) -> None:
        for stage in build.stages:
            for node in stage.nodes:
                if node.ended is None:
                    self._end(node, "ABORTED")
            stage.ended = stage.ended or self.now
        build.interruption = interruption
        if self.post_seconds:
            build.post_until = self.now + self.post_seconds
        else:
            build.result, build.ended = "ABORTED", self.now

    def _end(self, node: Node, status: str) -> None:
        node.status, node.ended = status, self.now

    @staticmethod
    def _node_id(build: Build) -> str:
        build.nodes += 1
        return str(build.nodes)


_INPUT = "org.jenkinsci.plugins.workflow.support.steps.input"
