"""The language of conditions: what it says, and all that it can't."""

from __future__ import annotations

import math
import operator
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.release.condition import bounds, check, holds

NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.mark.parametrize(
    ("text", "result", "wanted"),
    [
        ("result < 0.01", 0.005, True),
        ("result < 0.01", 0.01, False),
        ("0 <= result <= 5", 5, True),
        ("0 <= result <= 5", 6, False),
        ("not result > 3 or result / 2 == 8", 16, True),
        ("result > 0 and not result * 100 >= 2.5", 0.02, True),
        ("-result + 3 == +1", 2, True),
        ("(result - 3) / 2 != 1", 5, False),
        ("result == 0 or 100 / result < 5", 0, True),
        ("result > 10", math.inf, True),
    ],
)
def test_a_condition_holds_or_not(text: str, result: float, wanted: bool) -> None:
    assert holds(text, result) is wanted


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("result < 0.01", math.nan),
        ("100 / result < 5", 0),
        ("result * 1e308 > 1", 100),
        ("result - result == 0", math.inf),
    ],
)
def test_what_cannot_be_computed_is_neither_true_nor_false(text: str, result: float) -> None:
    assert holds(text, result) is None


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("result < 0.01", (None, 0.01)),
        ("0.01 >= result", (None, 0.01)),
        ("result > 5", (5, None)),
        ("0 <= result <= 5", (0, 5)),
        ("5 >= result > 1", (1, 5)),
        ("result > 1 and result < 5", (1, 5)),
        ("result == 0", (None, None)),
        ("result < 1 or result > 5", (None, None)),
        ("not result < 1", (None, None)),
        ("result * 2 < 1", (None, None)),
        ("1 < 2", (None, None)),
    ],
)
def test_limits_are_told_where_a_condition_says_them_plainly(
    text: str, limits: tuple[float | None, float | None]
) -> None:
    assert bounds(text) == limits


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("result", "compares nothing"),
        ("result = 5", "equal is =="),
        ("result < 5%", "0.05 for 5%"),
        ("result < 1 && result > 0", "instead of && write and"),
        ("result[0] < 1", "one number, not a list"),
        ("reslt < 1", "the only name is `result`"),
        ("result < limit", "the only name is `result`"),
        ("True", "isn't a number"),
        ("1 < (result > 2)", "isn't a number"),
        ("result and result < 1", "isn't a comparison"),
        ("1e999 < result", "too large"),
        ("result < 1" + " or result < 1" * 40, "characters"),
        ("not " * 40 + "result < 1", "nested too deeply"),
    ],
)
def test_what_is_no_condition_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check(text)


@pytest.mark.parametrize(
    "text",
    [
        "abs(result) < 1",
        "result.real < 1",
        "result.__class__ == 1",
        "9 ** 9 ** 9 > result",
        "result << 9999999 > 1",
        "'a' * 999999999 < result",
        "[result for x in (1,)] < 1",
        "(lambda: 1)() < result",
        "result if result < 1 else 2",
        "result in (1, 2)",
        "result is 1",
        "f'{result}' < 1",
        "(x := 1) < result",
        "5j < result",
        "result % 2 == 0",
        "result // 2 == 0",
        "__import__('os').system('true') == 0",
        "\x00 < result",
        "result < 1\nresult > 2",
    ],
)
def test_nothing_else_gets_through(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check(text)
    with pytest.raises(ValueError, match=r"\w"):
        holds(text, 1)


@given(left=NUMBERS, result=NUMBERS, sign=st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
def test_comparisons_are_those_of_numbers(left: float, result: float, sign: str) -> None:
    signs = {
        "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    }  # fmt: skip
    assert holds(f"result {sign} {left!r}", result) is signs[sign](result, left)
    assert holds(f"not result {sign} {left!r}", result) is not signs[sign](result, left)


@given(st.text(alphabet="result0123456789.<>=!+-*/() andornot[]{}'\"_%:,", max_size=40))
def test_any_text_is_a_condition_or_a_clear_error(text: str) -> None:
    with suppress(ValueError):  # and no other error
        check(text)
        assert holds(text, 1.5) in (True, False, None)
