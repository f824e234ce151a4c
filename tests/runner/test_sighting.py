"""A trouble never erases what was last known, and its age stays true."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st
from tests.runner.watchpost import reading

from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.runner.sighting import sighting

FIRST = Observation("slots/production/checkout")
DOWN = Trouble("unreachable", "no route")
SEEN = st.sampled_from([reading("1.0"), reading("2.0"), DOWN, Trouble("tls", "bad certificate")])


def test_a_trouble_keeps_the_last_good_reading_and_says_since_when() -> None:
    good = sighting(FIRST, reading(), "graph", 10)
    bad = sighting(sighting(good, DOWN, "", 20), Trouble("tls", "other"), "", 30)
    assert (bad.reading, bad.source, bad.observed_at) == (reading(), "graph", 10)
    assert (bad.trouble, bad.trouble_since) == (Trouble("tls", "other"), 20)


def test_a_good_look_ends_the_trouble_but_changes_nothing_if_nothing_changed() -> None:
    good = sighting(FIRST, reading(), "graph", 10)
    again = sighting(sighting(good, DOWN, "", 20), reading(), "graph", 30)
    assert again == Observation(FIRST.subject, reading(), "graph", observed_at=30, changed_at=10)


@given(st.lists(SEEN, min_size=1))
def test_whatever_was_seen_the_observation_tells_the_truth(seen: list[Reading | Trouble]) -> None:
    at_the_end = reduce(lambda was, step: sighting(was, step[1], "s", step[0]), enumerate(seen), FIRST)
    good = [number for number, one in enumerate(seen) if not isinstance(one, Trouble)]
    assert at_the_end.observed_at == (good[-1] if good else None)
    assert at_the_end.reading == (seen[good[-1]] if good else None)
    assert at_the_end.trouble == (seen[-1] if isinstance(seen[-1], Trouble) else None)
    if at_the_end.trouble:
        assert at_the_end.trouble_since == (good[-1] + 1 if good else 0)
    else:
        assert at_the_end.trouble_since is None
