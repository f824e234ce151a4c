"""Container apps with their revisions, labels and weights as things in the world.

A change of weights shows at once in what the app is configured to do, and is in force when the platform has carried it
out; until then the app takes no other change.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.serving import History, Serving

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

SUFFIX = "politehill-ab123456.westeurope.azurecontainerapps.io"
_AGE = 86_400.0
"""How many seconds before the world began its revisions were made."""


class InvalidChange(ValueError):
    """A change that the platform doesn't take."""


class AppBusy(Exception):
    """The platform is still at the change before."""


@dataclass(frozen=True, slots=True)
class Line:
    """A weight of a revision, or of the latest one (`revision` is "" then)."""

    revision: str = ""
    weight: int = 0
    label: str = ""


@dataclass(slots=True)
class Revision:
    """One revision; `broken` if it could not be started."""

    name: str
    build: Build
    created: float
    active: bool = True
    broken: bool = False

    def serving(self) -> Serving:
        """How it answers its requests."""
        if not self.active:
            return Serving(self.build.version, 1.0, 0.0, "stopped")
        if self.broken or not self.build.starts:
            return Serving(self.build.version, 1.0, 0.0, "starting")
        return Serving(self.build.version, self.build.error_rate, self.build.latency_ms, "up")


@dataclass(slots=True)
class ContainerApp:
    """One app.

    Attributes:
        lines: the split as configured; `in_force`: as the platform last put it into force.
        state: the platform's word for the last change; `operation`: its id.
        trouble: why the next change will fail; "" if it won't.
        rate, service, environment, region: as of a `Site`.
    """

    group: str
    name: str
    location: str
    revisions: dict[str, Revision]
    lines: tuple[Line, ...]
    multiple: bool = True
    rate: float = 0.0
    service: str = ""
    environment: str = ""
    region: str = ""
    state: str = "Succeeded"
    operation: str = ""
    trouble: str = ""
    modified: float = 0.0
    in_force: tuple[Line, ...] = ()
    history: History = field(default_factory=History)

    @property
    def host(self) -> str:
        return f"{self.name}.{SUFFIX}"

    @property
    def latest(self) -> Revision:
        """The newest revision."""
        return max(self.revisions.values(), key=lambda one: one.created)

    @property
    def latest_ready(self) -> Revision:
        """The newest one that could be started."""
        ready = [one for one in self.revisions.values() if one.active and not one.broken]
        return max(ready or self.revisions.values(), key=lambda one: one.created)

    def label_of(self, label: str) -> str:
        """The revision that a label is at."""
        return next(self.led_to(line).name for line in self.lines if line.label == label)

    def led_to(self, line: Line) -> Revision:
        """Who gets what a line says."""
        return self.revisions[line.revision] if line.revision else self.latest_ready

    def rates(self, at: float) -> dict[str, float]:
        """Requests per second that each label or revision gets at that time."""
        epoch = self.history.at(at)
        return {name: self.rate * part for name, part in epoch.weights.items()} if epoch else {}

    def note(self, at: float) -> None:
        """Write down who serves what from `at` on, by label, or by revision where there is none."""
        weights: dict[str, float] = {}
        serving: dict[str, Serving] = {}
        for line in self.in_force if self.multiple else (Line(weight=100),):
            revision = self.led_to(line)
            name = line.label or revision.name
            weights[name] = weights.get(name, 0.0) + line.weight / 100
            serving[name] = revision.serving()
        self.history.add(at, {name: part for name, part in weights.items() if part}, serving)


@dataclass(slots=True)
class Operation:
    """One change under way or past."""

    id: str
    status: str = "InProgress"
    error: str = ""


class ContainerApps:
    """All container apps of the subscription."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._apps: dict[tuple[str, str], ContainerApp] = {}
        self._operations: dict[str, Operation] = {}

    def __iter__(self) -> Iterator[ContainerApp]:
        return iter([self._apps[key] for key in sorted(self._apps)])

    def find(self, group: str, name: str) -> ContainerApp | None:
        """The app of that name in that group."""
        return self._apps.get((group.lower(), name.lower()))

    def operation(self, name: str) -> Operation | None:
        """The operation of that id."""
        return self._operations.get(name.lower())

    def set_lines(self, app: ContainerApp, lines: Sequence[Line]) -> Operation:
        """Begin to put another split into force.

        Raises:
            InvalidChange: weights that don't add up, a revision that isn't there or isn't active, a label twice.
            AppBusy: another change is under way.
        """
        self._require_free(app)
        checked = self._checked(app, lines)
        app.lines = checked
        return self._begin(app, "app.traffic", {line.label or line.revision or "latest": line.weight for line in lines})

    def set_mode(self, app: ContainerApp, multiple: bool) -> Operation:
        """Let several revisions be active, or one. Raises AppBusy."""
        self._require_free(app)
        app.multiple = multiple
        return self._begin(app, "app.mode", {"multiple": multiple})

    def activate(self, app: ContainerApp, revision: Revision, active: bool) -> None:
        """Start or stop a revision."""
        revision.active = active
        app.note(self._world.clock.now())
        self._world.log.add("revision.activated" if active else "revision.deactivated", revision.name)

    def load(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Put apps into the world, as the world's document has them.

        Raises:
            ValueError: saying what is wrong with one.
        """
        for document in documents:
            app = self._planted(document)
            self._world.sites.add_group(app.group, app.location)
            self._apps[app.group.lower(), app.name.lower()] = app

    def _planted(self, document: Mapping[str, Any]) -> ContainerApp:
        given = dict(document)
        builds, now = self._world.sites.builds, self._world.clock.now()
        revisions: dict[str, Revision] = {}
        for number, (name, about) in enumerate(given.pop("revisions").items()):
            image = about.get("image", "")
            build = builds.of_image(image) if image else builds.of_version(str(about.get("build", "1.0.0")))
            created = now - _AGE + number
            revisions[name] = Revision(name, build, created, about.get("active", True), about.get("broken", False))
        lines = tuple(Line(**line) for line in given.pop("traffic", ({"weight": 100},)))
        try:
            app = ContainerApp(**given, revisions=revisions, lines=lines, modified=now - _AGE)
        except TypeError as error:
            raise ValueError(f"a container app: {error}") from None
        app.in_force = lines
        app.note(now - _AGE)
        return app

    def _checked(self, app: ContainerApp, lines: Sequence[Line]) -> tuple[Line, ...]:
        for line in lines:
            revision = app.revisions.get(line.revision) if line.revision else app.latest_ready
            if revision is None:
                raise InvalidChange(f"Revision '{line.revision}' does not exist for ContainerApp '{app.name}'.")
            if not revision.active:
                raise InvalidChange(f"Traffic cannot be assigned to the inactive revision '{revision.name}'.")
            if not 0 <= line.weight <= 100:
                raise InvalidChange(f"The traffic weight {line.weight} is not between 0 and 100.")
        if sum(line.weight for line in lines) != 100:
            raise InvalidChange("The sum of the traffic weights must be 100.")
        labels = [line.label.lower() for line in lines if line.label]
        if len(set(labels)) < len(labels):
            raise InvalidChange("A traffic label may be used by one revision only.")
        return tuple(replace(line) for line in lines)

    def _require_free(self, app: ContainerApp) -> None:
        if app.state == "InProgress":
            raise AppBusy(
                f"Cannot modify a container app '{app.name}' because there is an operation '{app.operation}' in "
                "progress. Please retry in a while."
            )

    def _begin(self, app: ContainerApp, kind: str, details: Mapping[str, Any]) -> Operation:
        now = self._world.clock.now()
        operation = Operation(str(uuid.UUID(int=self._world.random.getrandbits(128), version=4)))
        self._operations[operation.id] = operation
        app.state, app.operation, app.modified = "InProgress", operation.id, now
        self._world.log.add(f"{kind}.changing", app.name, **details)
        self._world.agenda.at(now + self._world.physics.provision, lambda at: self._end(app, operation, at))
        return operation

    def _end(self, app: ContainerApp, operation: Operation, at: float) -> None:
        if app.trouble:
            app.state, operation.status, operation.error = "Failed", "Failed", app.trouble
            app.trouble = ""
            self._world.log.add("app.failed", app.name, at=at, message=operation.error)
            return
        app.state, operation.status, app.in_force = "Succeeded", "Succeeded", app.lines
        app.note(at)
        self._world.log.add("app.changed", app.name, at=at)
