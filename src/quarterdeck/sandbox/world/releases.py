"""Classic releases: a definition's stages one after the other, each with people who say yes before it and after it.

In a world file, `releases` is a list of definitions:

    project     organization/project, as in `pipelines`
    name        of the definition
    stages      list of {name, seconds, before: [login, "team:NAME"], after: [...], asks, fails, limit_minutes}; `asks`
                is the question of a manual intervention in the middle, `limit_minutes` how long anybody may take
    past        list of {ago (seconds), title, actor, approve: [names of stages]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from zlib import crc32

from quarterdeck.sandbox.world.strictness import check

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

Standing = Literal["notStarted", "inProgress", "succeeded", "rejected", "canceled"]
Kind = Literal["preDeploy", "postDeploy"]

QUEUE_SECONDS = 3.0
"""Until a stage begins that nothing holds."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage as its definition says."""

    name: str
    seconds: float = 30.0
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    asks: str = ""
    fails: bool = False
    limit_minutes: float = 43_200


@dataclass(frozen=True, slots=True)
class Definition:
    """A release definition of a project."""

    id: int
    project: str
    name: str
    stages: tuple[StagePlan, ...]


@dataclass(slots=True)
class Asked:
    """A person or group that was asked, before a stage or after it; or, without a kind, in the middle of it."""

    id: int
    approver: str
    kind: Kind | None
    attempt: int
    created: float
    status: Literal["pending", "approved", "rejected", "canceled"] = "pending"
    by: str = ""
    comment: str = ""
    changed: float = 0.0


@dataclass(slots=True)
class Stage:
    """A stage of a release."""

    id: int
    plan: StagePlan
    status: Standing = "notStarted"
    attempt: int = 0
    asked: list[Asked] = field(default_factory=list)
    started: float | None = None
    ended: float | None = None

    def pending(self, kind: Kind | None) -> list[Asked]:
        """Who is asked now."""
        return [one for one in self.asked if one.kind == kind and one.status == "pending"]


@dataclass(slots=True)
class Release:
    """A release."""

    id: int
    definition: Definition
    number: int
    title: str
    actor: str
    created: float
    stages: list[Stage]


class Releases:
    """Every release of the world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._definitions: list[Definition] = []
        self._releases: list[Release] = []
        self._last_id = 100

    def definitions(self, project: str) -> list[Definition]:
        """Those of a project."""
        return [one for one in self._definitions if one.project.lower() == project.lower()]

    def of(self, project: str) -> list[Release]:
        """The releases of a project, the newest last."""
        return [one for one in self._releases if one.definition.project.lower() == project.lower()]

    def load(self, documents: list[Mapping[str, Any]]) -> None:
        """Plant definitions with the releases that they had before the world began. Raises ValueError."""
        for document in documents:
            check(document, _Keys, "a release definition")
            project, name = document["project"], document["name"]
            stages = tuple(
                StagePlan(**{**one, "before": tuple(one.get("before", ())), "after": tuple(one.get("after", ()))})
                for one in document.get("stages", ())
            )
            definition = Definition(crc32(f"{project}/{name}".encode()) % 10**6, project, name, stages)
            self._definitions.append(definition)
            for past in sorted(document.get("past", ()), key=lambda one: -float(one.get("ago", 0))):
                self._happened(definition, past)

    def create(self, definition: Definition, title: str, actor: str, at: float | None = None) -> Release:
        """Begin a release."""
        created = self._world.clock.now() if at is None else at
        number = 1 + sum(one.definition is definition for one in self._releases)
        stages = [Stage(self._id(), plan) for plan in definition.stages]
        release = Release(self._id(), definition, number, title, actor, created, stages)
        self._releases.append(release)
        self._world.log.add("release.created", f"{definition.name}#{number}", title=title)
        self.deploy(release, stages[0], created)
        return release

    def deploy(self, release: Release, stage: Stage, at: float) -> None:
        """Begin a stage, once more perhaps."""
        stage.attempt += 1
        stage.status, stage.started, stage.ended = "inProgress", at, None
        self._ask(release, stage, "preDeploy", stage.plan.before, at)

    def cancel(self, stage: Stage) -> None:
        """End a stage that is under way."""
        self._end(stage, "canceled", self._world.clock.now())

    def answer(
        self,
        release: Release,
        stage: Stage,
        asked: Asked,
        by: str,
        comment: str,
        *,
        yes: bool,
        at: float | None = None,
    ) -> None:
        """Yes or no, now if nothing else is said."""
        now = self._world.clock.now() if at is None else at
        asked.status, asked.by, asked.comment, asked.changed = "approved" if yes else "rejected", by, comment, now
        self._world.log.add(f"release.{asked.status}", f"{release.definition.name}#{release.number}", by=by)
        if not yes:
            self._end(stage, "rejected", now)
        elif not stage.pending(asked.kind):
            self._go_on(release, stage, asked.kind, now)

    def _ask(self, release: Release, stage: Stage, kind: Kind | None, people: tuple[str, ...], at: float) -> None:
        """Ask people, or go on where there are none."""
        new = [Asked(self._id(), name, kind, stage.attempt, at) for name in people]
        stage.asked += new
        attempt = stage.attempt

        def go_on(then: float) -> None:
            if stage.attempt == attempt and stage.status == "inProgress":
                self._go_on(release, stage, kind, then)

        def expire(then: float) -> None:
            if any(one.status == "pending" for one in new):
                self._end(stage, "rejected", then)

        if new:
            self._world.agenda.at(at + 60 * stage.plan.limit_minutes, expire)
        else:
            self._world.agenda.at(at + QUEUE_SECONDS, go_on)

    def _go_on(self, release: Release, stage: Stage, kind: Kind | None, at: float) -> None:
        match kind:
            case "preDeploy":
                self._ask(release, stage, None, ("",) if stage.plan.asks else (), at)
            case None:
                self._work(release, stage, at)
            case "postDeploy":
                self._end(stage, "succeeded", at)
                following = release.stages[release.stages.index(stage) + 1 :]
                if following and following[0].status == "notStarted":
                    self.deploy(release, following[0], at)

    def _work(self, release: Release, stage: Stage, at: float) -> None:
        attempt = stage.attempt

        def done(then: float) -> None:
            if stage.attempt != attempt or stage.status != "inProgress":
                return
            if stage.plan.fails:
                self._end(stage, "rejected", then)
            else:
                self._ask(release, stage, "postDeploy", stage.plan.after, then)

        self._world.agenda.at(at + stage.plan.seconds, done)

    def _end(self, stage: Stage, status: Standing, at: float) -> None:
        stage.status, stage.ended = status, at
        for one in stage.asked:
            if one.status == "pending":
                one.status, one.changed = "canceled", at

    def _happened(self, definition: Definition, past: Mapping[str, Any]) -> None:
        """A release from before the world began, brought up to its beginning."""
        created = self._world.clock.now() - float(past.get("ago", 0))
        release = self.create(definition, str(past.get("title", "")), str(past.get("actor", "ana")), created)
        for stage, asked in self._until_now(release):
            if stage.plan.name in past.get("approve", ()):
                self.answer(release, stage, asked, asked.approver, "", yes=True, at=asked.created)

    def _until_now(self, release: Release) -> Iterator[tuple[Stage, Asked]]:
        """Who is asked, for as long as somebody new is."""
        seen: set[int] = set()
        while True:
            self._world.agenda.settle()
            fresh = [(stage, one) for stage in release.stages for one in stage.asked if one.id not in seen]
            if not fresh:
                return
            seen.update(one.id for _, one in fresh)
            yield from fresh

    def _id(self) -> int:
        self._last_id += 1
        return self._last_id


@dataclass(frozen=True, slots=True)
class _Keys:
    """What a definition may say; see the module."""

    project: str
    name: str
    stages: list = field(default_factory=list)  # type: ignore[type-arg]  # `check` wants plain types
    past: list = field(default_factory=list)  # type: ignore[type-arg]
