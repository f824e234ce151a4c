"""What is known about a fleet's places at a moment. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet, Place, Role
from quarterdeck.release.freshness import Knowledge, age, knowledge
from quarterdeck.release.picture import ConnectionView
from quarterdeck.release.remembering import Map

NAME = 60
"""Characters of a name that are shown."""


class Seen:
    """The observations of a fleet's places at a moment."""

    def __init__(self, fleet: Fleet, places: Map, observations: Mapping[str, Observation], now: float) -> None:
        self.fleet, self.now = fleet, now
        self._map, self._observations = places, observations

    def places(self, role: Role, target: TargetId) -> Sequence[Place]:
        """Places of a role for a service, in all its regions."""
        return self._map.by_target.get((role, target.whole), ())

    def observation(self, place: Place) -> Observation | None:
        """What is known about a place."""
        return self._observations.get(place.subject)

    def reading(self, place: Place) -> Any:
        """The last good reading of a place, or None."""
        observation = self.observation(place)
        return None if observation is None else observation.reading

    def known(self, place: Place) -> Knowledge:
        """How far that reading is to be trusted."""
        return knowledge(self.observation(place), self.now)

    def flag_troubles(self) -> tuple[tuple[TargetId, Knowledge], ...]:
        """Flag stores that can't be read."""
        known = ((place.target, self.known(place)) for place in self._map.flag_stores)
        return tuple((target, what) for target, what in known if what.trouble is not None)

    def connections(self) -> tuple[ConnectionView, ...]:
        """One line per connection that has places."""
        views = []
        for name, subjects in self._map.by_connection.items():
            found = [one for one in map(self._observations.get, subjects) if one is not None]
            newest = max((one.observed_at for one in found if one.observed_at is not None), default=None)
            views.append(
                ConnectionView(
                    name=clean(name, NAME),
                    places=len(subjects),
                    troubled=sum(one.trouble is not None for one in found),
                    age="" if newest is None else age(self.now - newest),
                )
            )
        return tuple(views)
