"""Front Door profiles with origin groups and their origins as things in the world.

A change of an origin shows at once as it is wished, is taken by the control plane a little later, and reaches the edges
after that. Nobody's requests come through it here: what users get is counted where they arrive.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World


class InvalidOrigin(ValueError):
    """A change that the platform doesn't take."""


class OriginBusy(Exception):
    """The platform is still at the change before."""


@dataclass(slots=True)
class Origin:
    """One origin; `weight` and `priority` are None where nobody has given them.

    `state` is the control plane's word, `rollout` the edges'; `trouble` is why the next change will fail.
    """

    name: str
    host: str
    weight: int | None = None
    priority: int | None = None
    enabled: bool = True
    state: str = "Succeeded"
    rollout: str = "NotStarted"
    trouble: str = ""


@dataclass(slots=True)
class OriginGroup:
    """One origin group; `latency` is the latency sensitivity in milliseconds."""

    group: str
    profile: str
    name: str
    origins: dict[str, Origin]
    latency: int = 50
    affinity: bool = False
    probed: bool = True


@dataclass(slots=True)
class OriginChange:
    """One change under way or past."""

    id: str
    status: str = "InProgress"
    error: str = ""


@dataclass(slots=True)
class FrontDoors:
    """All origin groups of the subscription."""

    world: World
    _groups: dict[tuple[str, str, str], OriginGroup] = field(default_factory=dict)
    _changes: dict[str, OriginChange] = field(default_factory=dict)

    def __iter__(self) -> Iterator[OriginGroup]:
        return iter([self._groups[key] for key in sorted(self._groups)])

    def find(self, group: str, profile: str, name: str) -> OriginGroup | None:
        """The origin group of that name."""
        return self._groups.get((group.lower(), profile.lower(), name.lower()))

    def change(self, name: str) -> OriginChange | None:
        """The change of that id."""
        return self._changes.get(name.lower())

    def set(self, origin: Origin, weight: Any, priority: Any, enabled: Any) -> OriginChange:
        """Begin to change an origin; None leaves a value as it is.

        Raises:
            InvalidOrigin: a value that there isn't.
            OriginBusy: another change of it is under way.
        """
        if origin.state == "Updating":
            raise OriginBusy(f"Another operation is in progress on the origin '{origin.name}'.")
        _require(weight, 1, 1000, "weight")
        _require(priority, 1, 5, "priority")
        if enabled not in (None, "Enabled", "Disabled"):
            raise InvalidOrigin(f"The value '{enabled}' of 'enabledState' is not Enabled or Disabled.")
        origin.weight = origin.weight if weight is None else weight
        origin.priority = origin.priority if priority is None else priority
        origin.enabled = origin.enabled if enabled is None else enabled == "Enabled"
        origin.state, origin.rollout = "Updating", "NotStarted"
        change = OriginChange(str(uuid.UUID(int=self.world.random.getrandbits(128), version=4)))
        self._changes[change.id] = change
        now, physics = self.world.clock.now(), self.world.physics
        self.world.log.add("origin.changing", origin.name, weight=origin.weight, enabled=origin.enabled)
        self.world.agenda.at(now + physics.provision, lambda at: self._taken(origin, change, at))
        return change

    def load(self, documents: Sequence[Mapping[str, Any]]) -> None:
        """Put origin groups into the world, as the world's document has them.

        Raises:
            ValueError: saying what is wrong with one.
        """
        for document in documents:
            given = dict(document)
            try:
                origins = {name: Origin(name, **about) for name, about in given.pop("origins").items()}
                found = OriginGroup(**given, origins=origins)
            except (TypeError, KeyError) as error:
                raise ValueError(f"an origin group: {error}") from None
            self.world.sites.add_group(found.group, "westeurope")
            self._groups[found.group.lower(), found.profile.lower(), found.name.lower()] = found

    def _taken(self, origin: Origin, change: OriginChange, at: float) -> None:
        if origin.trouble:
            origin.state, change.status, change.error = "Failed", "Failed", origin.trouble
            origin.trouble = ""
            return
        origin.state, change.status, origin.rollout = "Succeeded", "Succeeded", "InProgress"
        self.world.log.add("origin.changed", origin.name, at=at)
        self.world.agenda.at(at + self.world.physics.edges, lambda later: self._everywhere(origin, later))

    def _everywhere(self, origin: Origin, at: float) -> None:
        if origin.state == "Succeeded" and origin.rollout == "InProgress":
            origin.rollout = "Succeeded"
            self.world.log.add("origin.everywhere", origin.name, at=at)


def _require(value: Any, least: int, most: int, name: str) -> None:
    if value is not None and (not isinstance(value, int) or not least <= value <= most):
        raise InvalidOrigin(f"The value '{value}' of '{name}' is not between {least} and {most}.")
