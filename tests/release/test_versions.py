"""Which version is older."""

from __future__ import annotations

import pytest

from quarterdeck.release.versions import older


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("4.1.7", "4.2.0"),
        ("4.9.1", "4.10.0"),
        ("v1", "v2"),
        ("1.2", "1.2.1"),
        ("2.0.0-rc1", "2.0.0"),
        ("2.0.0-rc2", "2.0.0-rc10"),
        ("2.0.0-alpha", "2.0.0-beta"),
        ("2024.11.3", "2024.12.1"),
    ],
)
def test_the_older_one_comes_before_and_never_the_other_way_round(one: str, other: str) -> None:
    assert older(one, other)
    assert not older(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1.2.0", "1.2"), ("1.2.0+7", "1.2.0+9"), ("abc123", "4.2.0"), ("4.2.0", "main"), ("", "1.0"), ("1.0", "1.0")],
)
def test_what_cant_be_compared_or_is_the_same_is_neither(one: str, other: str) -> None:
    assert not older(one, other)
    assert not older(other, one)
