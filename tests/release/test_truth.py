"""Observed shares, and how much of a difference is chance."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.release.truth import CONFIDENCE, compare, interval


def test_the_interval_is_the_exact_binomial_one() -> None:
    low, high = interval(11, 100)
    assert (round(low, 2), round(high, 2)) == (5.62, 18.83)  # as R's binom.test(11, 100) has it
    assert interval(0, 20)[0] == 0
    assert round(interval(0, 20)[1], 2) == 16.84
    assert interval(20, 20)[1] == 100
    assert interval(0, 0) == (0, 100)
    with pytest.raises(ValueError, match="can't be"):
        interval(3, 2)


@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_what_was_seen_and_its_tails_are_as_small_as_promised(pair: tuple[int, int]) -> None:
    seen, asked = pair
    low, high = interval(seen, asked)
    assert 0 <= low <= 100 * seen / asked <= high <= 100
    tail = (1 - CONFIDENCE) / 2
    if seen:
        p = low / 100
        assert sum(comb(asked, k) * p**k * (1 - p) ** (asked - k) for k in range(seen, asked + 1)) <= tail + 1e-6
    if seen < asked:
        p = high / 100
        assert sum(comb(asked, k) * p**k * (1 - p) ** (asked - k) for k in range(seen + 1)) <= tail + 1e-6


def test_intended_reported_and_observed_stand_side_by_side() -> None:
    seen = compare(
        {"staging": 25, "production": 75}, {"Staging": 25, "production": 75}, {"staging": 4, "production": 96}
    )
    line = seen.sentence(5)
    assert "staging: intended 25, reported 25, observed 4% (4 of 100, so 1 to 10%)" in line
    assert "off by 15." in line
    assert seen.off_by
    assert 15 < seen.off_by < 16


def test_what_chance_explains_agrees() -> None:
    seen = compare({"staging": 25, "production": 75}, {}, {"staging": 16, "production": 34})
    assert seen.off_by == 0
    assert seen.sentence(0).endswith("agrees")


def test_a_share_meant_to_be_nothing_is_nothing_only_when_nobody_gets_there() -> None:
    gone = compare({"production": 100}, {}, {"production": 100})
    assert gone.off_by == 0
    pinned = compare({"production": 100}, {}, {"production": 85, "staging": 15})
    assert pinned.off_by
    assert pinned.off_by > 5
    assert "staging: intended 0, observed 15% (15 of 100" in pinned.sentence(5)


def test_silence_is_no_observation() -> None:
    assert compare({"a": 50, "b": 50}, {}, {}).off_by is None
    assert compare({"a": 50, "b": 50}, {}, {}, 50).sentence(5).endswith("50 of 50 told nothing")
    mostly = compare({"a": 50, "b": 50}, {}, {"a": 10, "b": 10}, 30)
    assert mostly.off_by is None
    assert "nothing to say" in mostly.sentence(5)


def test_a_true_split_is_seldom_called_wrong() -> None:
    rng = random.Random(1)
    wrong = 0
    for _ in range(400):
        staging = sum(rng.random() < 0.25 for _ in range(50))
        off = compare({"staging": 25, "production": 75}, {}, {"staging": staging, "production": 50 - staging}).off_by
        wrong += off is None or off > 5
    assert wrong <= 4
