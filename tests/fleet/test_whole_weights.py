"""Shares in percent as the smallest whole weights that mean them."""

from __future__ import annotations

import pytest

from quarterdeck.fleet.weights import whole_weights


@pytest.mark.parametrize(
    ("shares", "weights"),
    [
        ({"a": 95.0, "b": 5.0}, {"a": 19, "b": 1}),
        ({"a": 50.0, "b": 50.0}, {"a": 1, "b": 1}),
        ({"a": 0.0, "b": 100.0}, {"a": 0, "b": 1}),
        ({"a": 99.9, "b": 0.1}, {"a": 999, "b": 1}),
        ({"a": 200 / 3, "b": 100 / 3}, {"a": 2, "b": 1}),
        ({"a": 62.5, "b": 25.0, "c": 12.5}, {"a": 5, "b": 2, "c": 1}),
    ],
)
def test_the_smallest_weights_that_mean_the_shares_are_taken(shares: dict[str, float], weights: dict[str, int]) -> None:
    assert whole_weights(shares, range(1, 10_001), 1e-6) == weights


def test_of_totals_that_are_given_the_first_that_is_fine_enough_is_taken() -> None:
    assert whole_weights({"a": 90.0, "b": 10.0}, (100, 1000), 1e-6) == {"a": 90, "b": 10}
    assert whole_weights({"a": 87.5, "b": 12.5}, (100, 1000), 1e-6) == {"a": 875, "b": 125}


def test_where_no_total_is_fine_enough_the_last_one_is_taken_and_nothing_is_lost() -> None:
    weights = whole_weights({"a": 100 / 3, "b": 100 / 3, "c": 100 / 3}, (10, 100), 1e-6)
    assert sum(weights.values()) == 100


def test_nothing_cant_be_divided() -> None:
    with pytest.raises(ValueError, match="above 0"):
        whole_weights({"a": 0.0}, (100,), 1e-6)
    with pytest.raises(ValueError, match="no total"):
        whole_weights({"a": 1.0}, (), 1e-6)
