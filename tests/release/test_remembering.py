"""A picture painted from memory is the picture painted afresh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.freshness import age, next_age
from quarterdeck.release.paint import paint
from quarterdeck.release.picture import Picture, Row
from quarterdeck.release.remembering import Memory

NOW = 1_795_442_531.0
SERVICES = ("checkout", "cart", "payments")
SUBJECTS = [f"slots/production/{service}" for service in SERVICES]
FLEET = Fleet(
    "shop",
    (Environment("production"),),
    SERVICES,
    tuple(Place("slots", TargetId("production", one), Address("azure", {"site": one})) for one in SERVICES),
)
TROUBLE = Trouble("unreachable", "no answer")


@dataclass(frozen=True)
class Lease:
    holder: str = "runner"
    expires_at: float = NOW * 2
    info: Mapping[str, Any] = field(default_factory=dict)


def reading(version: str, deployed: float) -> SlotsReading:
    return SlotsReading((SlotReading("production", Build(version, version, deployed), health="healthy"),))


def shown(observations: Mapping[str, Observation], now: float, memory: Memory | None = None) -> Picture:
    return paint(FLEET, observations, (), now, runner=Lease(), memory=memory)


def texts(picture: Picture) -> Sequence[Row]:
    """The rows without the exact moment of a reading: nobody is shown it, only its age."""
    return [
        replace(
            row,
            cells=tuple(
                cell
                and replace(
                    cell,
                    known=replace(cell.known, observed_at=None),
                    regions=tuple(replace(r, known=replace(r.known, observed_at=None)) for r in cell.regions),
                )
                for cell in row.cells
            ),
        )
        for row in picture.rows
    ]


changes = st.tuples(
    st.sampled_from(SUBJECTS), st.sampled_from(["read", "read again", "deployed", "failing", "forgotten"])
)
steps = st.lists(st.tuples(st.floats(-400, 4000), st.lists(changes, max_size=4)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_whatever_happens_in_between(happened: list[tuple[float, list[tuple[str, str]]]]) -> None:
    memory, now, observations = Memory(), NOW, dict[str, Observation]()
    for passes, what in happened:
        now += passes
        for subject, change in what:
            was = observations.get(subject)
            if change == "forgotten":
                observations.pop(subject, None)
            elif change == "failing" and was is not None:
                observations[subject] = replace(was, trouble=TROUBLE, trouble_since=now - 3)
            elif change == "read again" and was is not None and was.observed_at is not None:
                observations[subject] = replace(was, observed_at=now)
            else:
                deployed = now - 50 if change == "deployed" else NOW - 5000
                observations[subject] = Observation(subject, reading(str(deployed), deployed), "graph", now, now)
        remembered, afresh = shown(dict(observations), now, memory), shown(observations, now)
        assert texts(remembered) == texts(afresh)
        assert remembered.attention == afresh.attention
        assert remembered.connections == afresh.connections


def test_what_says_the_same_is_the_same_object() -> None:
    memory = Memory()
    observations = {one: Observation(one, reading("1", NOW), "graph", NOW, NOW) for one in SUBJECTS}
    first = shown(observations, NOW, memory)
    again = {one: replace(seen, observed_at=NOW + 2) for one, seen in observations.items()}
    again[SUBJECTS[1]] = Observation(SUBJECTS[1], reading("2", NOW), "graph", NOW + 2, NOW + 2)
    second = shown(again, NOW + 3, memory)
    assert [a is b for a, b in zip(first.rows, second.rows, strict=True)] == [True, False, True]


def test_what_is_read_again_as_it_was_is_the_same_however_long_nobody_looked() -> None:
    memory, deployed = Memory(), NOW - 50 * 3600
    observations = {one: Observation(one, reading("1", deployed), "graph", NOW, NOW) for one in SUBJECTS}
    first = shown(observations, NOW, memory)
    again = {one: replace(seen, observed_at=NOW + 60) for one, seen in observations.items()}
    second = shown(again, NOW + 63, memory)
    assert [a is b for a, b in zip(first.rows, second.rows, strict=True)] == [True, True, True]
    assert texts(second) == texts(shown(again, NOW + 63))


def test_what_is_read_again_just_when_it_has_grown_older_is_told_with_its_age() -> None:
    memory = Memory()
    observations = {one: Observation(one, reading("1", NOW - 46), "graph", NOW, NOW) for one in SUBJECTS}

    def deployed(now: float) -> set[str]:
        picture = shown(observations, now, memory)
        live = (region.live for row in picture.rows for cell in row.cells if cell for region in cell.regions)
        return {slot.deployed for slot in live if slot is not None}

    assert deployed(NOW) == {"45s"}
    observations = {one: replace(seen, observed_at=NOW + 13) for one, seen in observations.items()}
    assert deployed(NOW + 14) == {"1m"}


def test_thousands_that_grow_older_at_once_are_told_bit_by_bit_but_never_late() -> None:
    names = tuple(f"s{number}" for number in range(1000))
    places = tuple(Place("slots", TargetId("production", one), Address("azure", {"site": one})) for one in names)
    fleet = Fleet("large", (Environment("production"),), names, places)
    seen = {one.subject: Observation(one.subject, reading("1", NOW), "graph", NOW, NOW) for one in places}

    def ages(now: float, memory: Memory) -> list[str]:
        picture = paint(fleet, seen, (), now, memory=memory)
        return [cell.known.age for row in picture.rows for cell in row.cells if cell is not None]

    memory = Memory()
    assert set(ages(NOW, memory)) == {"now"}
    assert (ages(NOW + 15, memory).count("15s"), memory.behind) == (400, True)
    assert (ages(NOW + 15.1, memory).count("15s"), memory.behind) == (800, True)
    assert (ages(NOW + 15.2, memory).count("15s"), memory.behind) == (1000, False)
    assert (set(ages(NOW + 200, memory)), memory.behind) == ({"3m"}, False)


def test_what_is_read_again_while_its_age_waits_to_be_told_is_told_after_all() -> None:
    names = tuple(f"s{number}" for number in range(1000))
    places = tuple(Place("slots", TargetId("production", one), Address("azure", {"site": one})) for one in names)
    fleet = Fleet("large", (Environment("production"),), names, places)
    seen = {one.subject: Observation(one.subject, reading("1", NOW), "graph", NOW, NOW) for one in places}
    memory = Memory()

    def ages(now: float) -> list[str]:
        picture = paint(fleet, seen, (), now, memory=memory)
        return [cell.known.age for row in picture.rows for cell in row.cells if cell is not None]

    ages(NOW)
    assert ages(NOW + 15).count("now") == 600
    seen = {subject: replace(one, observed_at=NOW + 2) for subject, one in seen.items()}
    ages(NOW + 17.1)
    assert set(ages(NOW + 17.2)) == {"15s"}


@given(st.floats(-200, 400_000))
def test_an_age_changes_when_it_is_said_to(seconds: float) -> None:
    following = next_age(seconds)
    assert following > seconds
    told = age(seconds)
    assert all(age(seconds + part * (following - seconds)) == told for part in (0.3, 0.7, 0.999_999))
