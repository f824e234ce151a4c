"""What was painted last, so that a large fleet in which little changes is not painted again. Pure.

A row depends on the observations of its places, on what is under way there, and on the time, which ages it. As long
as these say the same, the row of the next picture is the very same object: whoever shows it can tell by that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place, Role
from quarterdeck.release.freshness import STALE_AFTER, age, next_age
from quarterdeck.release.picture import Attention, Cell, OperationView, Row

if TYPE_CHECKING:  # whoever has no release under way doesn't wait for them
    from quarterdeck.release.release_view import ReleaseView

Under: TypeAlias = "tuple[TargetId, OperationView | ReleaseView | float]"
"""Something that is under way, or when something was, and where."""

_AGED_AT_ONCE = 400
"""Rows that are painted again in one picture only because time has passed: thousands would make keys wait."""
_MAY_LAG = 5.0
"""Seconds by which their ages may be told late for that. A machine that slept tells all of them at once."""


class Map:
    """A fleet's places, by what is looked up. Made once per fleet: a large one has thousands."""

    def __init__(self, fleet: Fleet) -> None:
        self.by_target: dict[tuple[Role, TargetId], list[Place]] = {}
        self.by_connection: dict[str, list[str]] = {}
        self.flag_stores: list[Place] = []
        self.services = fleet.services
        self.row_of = {service: row for row, service in enumerate(fleet.services)}
        self.subjects: tuple[list[str], ...] = tuple([] for _ in fleet.services)
        self.row_seen_by: dict[str, int] = {}
        for place in fleet.places:
            subject = place.subject
            self.by_target.setdefault((place.role, place.target.whole), []).append(place)
            self.by_connection.setdefault(place.address.connection, []).append(subject)
            row = self.row_of.get(place.target.name)
            if place.role == "flags":
                self.flag_stores.append(place)
            elif row is not None:
                self.subjects[row].append(subject)
                self.row_seen_by[subject] = row


class Memory:
    """Remembers the rows of the last picture."""

    def __init__(self) -> None:
        self._fleet: Fleet | None = None
        self._map = Map(Fleet(""))
        self._forget()

    def _forget(self) -> None:
        self._rows: list[Row | None] = [None] * len(self._map.services)
        self._wanting: dict[int, tuple[Attention, ...]] = {}
        self._until = [-math.inf] * len(self._map.services)
        self._seen: Mapping[str, Observation] = {}
        self._under: Mapping[int, tuple[Under, ...]] = {}
        self._now = -math.inf
        self._put_off: set[int] = set()
        self.behind = False
        """Some rows have an age to tell that is one step on. The next picture tells it of some more of them."""

    def map_of(self, fleet: Fleet) -> Map:
        """The places of a fleet. Another fleet than last time: everything else is forgotten."""
        if fleet is not self._fleet:
            self._fleet, self._map = fleet, Map(fleet)
            self._forget()
        return self._map

    def rows(
        self,
        observations: Mapping[str, Observation],
        under_way: Iterable[Under],
        now: float,
        paint: Callable[[str], Row],
        judge: Callable[[Cell], Iterable[Attention]],
    ) -> tuple[tuple[Row, ...], list[Attention]]:
        """The rows of the fleet of `map_of` at `now`, and what in them needs a person.

        `paint` makes a service's row, `judge` says what of a cell needs a person.
        """
        if now < self._now:  # a clock that was put back: every age is another one
            self._forget()
        under = self._by_row(under_way)
        changed = self._seen_differently(observations, now)
        changed |= {row for row in {**under, **self._under} if under.get(row) != self._under.get(row)}
        changed |= self._aged(observations, now)
        for row in changed:
            painted = paint(self._map.services[row])
            self._rows[row], self._until[row] = painted, self._holds_until(row, observations, now)
            self._wanting.pop(row, None)
            if wanting := tuple(item for cell in painted.cells if cell is not None for item in judge(cell)):
                self._wanting[row] = wanting
        self._seen, self._under, self._now = observations, under, now
        rows = tuple(row for row in self._rows if row is not None)
        return rows, [item for row in sorted(self._wanting) for item in self._wanting[row]]

    def _by_row(self, under_way: Iterable[Under]) -> Mapping[int, tuple[Under, ...]]:
        found: dict[int, tuple[Under, ...]] = {}
        for target, view in under_way:
            row = self._map.row_of.get(target.name)
            if row is not None:
                found[row] = (*found.get(row, ()), (target, view))
        return found

    def _seen_differently(self, observations: Mapping[str, Observation], now: float) -> set[int]:
        """Rows of which something else is known; whatever says the same as before holds."""
        before, rows = self._seen, self._map.row_seen_by
        new = [subject for subject, one in observations.items() if before.get(subject) is not one]
        if len(observations) < len(before) + len(new):
            new += [subject for subject in before if subject not in observations]
        changed = set()
        for subject in new:
            row = rows.get(subject)
            same = _says_the_same(before.get(subject), observations.get(subject), self._now, now)
            if row is not None and not same:
                changed.add(row)
        return changed

    def _aged(self, observations: Mapping[str, Observation], now: float) -> set[int]:
        """Rows that time has changed: all whose turn it is, or the first of them if they are very many."""
        due = []
        for row, until in enumerate(self._until):
            if until > now:
                continue
            if self._reads_as_before(row, observations, now):
                self._until[row] = self._holds_until(row, observations, now)
            else:
                due.append(row)
        waiting = [row for row in due if now - self._until[row] < _MAY_LAG]
        put_off = waiting[_AGED_AT_ONCE:]
        self._put_off = set(put_off)
        self.behind = bool(put_off)
        return set(due).difference(put_off)

    def _reads_as_before(self, row: int, observations: Mapping[str, Observation], now: float) -> bool:
        """Whether all ages in a row are told at `now` as in the last picture: it was read again meanwhile."""
        if self._rows[row] is None or row in self._put_off:
            return False
        return all(
            _told(self._seen.get(subject), self._now) == _told(observations.get(subject), now)
            for subject in self._map.subjects[row]
        )

    def _holds_until(self, row: int, observations: Mapping[str, Observation], now: float) -> float:
        """When the first of the ages in a row takes its next step."""
        until = math.inf
        for subject in self._map.subjects[row]:
            one = observations.get(subject)
            if one is None:
                continue
            for at in _moments(one):
                until = min(until, at + next_age(now - at))
        return until


def _moments(observation: Observation) -> list[float]:
    """All that a row tells the age of."""
    moments = [observation.observed_at, observation.trouble_since]
    if isinstance(observation.reading, SlotsReading):
        moments += [slot.build.deployed_at for slot in observation.reading.slots if slot.build is not None]
    return [at for at in moments if at is not None]


def _says_the_same(before: Observation | None, after: Observation | None, then: float, now: float) -> bool:
    """Whether a look found what the last one did, and is told `now` to be as old as that was `then`."""
    if before is None or after is None:
        return before is after
    if before.observed_at is None or after.observed_at is None:
        return before is after
    return (
        after.reading is before.reading
        and after.trouble is before.trouble
        and after.trouble_since == before.trouble_since
        and after.source == before.source
        and _age_of(before.observed_at, then) == _age_of(after.observed_at, now)
    )


def _told(observation: Observation | None, now: float) -> list[tuple[str, bool]]:
    """How old everything in an observation is, as a row tells it."""
    return [] if observation is None else [_age_of(at, now) for at in _moments(observation)]


def _age_of(at: float, now: float) -> tuple[str, bool]:
    """An age, and whether it is that of something stale."""
    return age(now - at), now - at > STALE_AFTER
