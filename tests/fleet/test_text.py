"""Text from outside does no harm on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.text import clean


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mred\x1b[0m b", "ared b"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jgone", "gone"),
        ("two\nlines\tand\r\nmore", "two lines and more"),
        ("abc\u202edcba\u202c", "abcdcba"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("bell\x07 null\x00", "bell null"),
        ("[red]markup[/x] stays [staging]", "[red]markup[/x] stays [staging]"),
        ("e\u0301", "e\u0301"),
        ("z\u0300\u0301\u0302\u0303\u0304", "z\u0300\u0301"),
        ("naïve Ünïcödé 変更 релиз", "naïve Ünïcödé 変更 релиз"),
    ],
)
def test_only_what_can_be_seen_is_left(given_text: str, shown: str) -> None:
    assert clean(given_text) == shown


def test_a_cut_is_visible() -> None:
    assert clean("x" * 10_000, 10) == "x" * 9 + "…"
    assert clean("x" * 10, 10) == "x" * 10


@given(st.text(), st.integers(1, 50))
def test_nothing_moves_the_cursor_and_the_limit_holds(text: str, limit: int) -> None:
    line = clean(text, limit)
    assert len(line) <= limit
    assert not {unicodedata.category(character) for character in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert clean(line, limit) == line
