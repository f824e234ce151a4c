"""The grammar of `/`, everywhere the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ui.filtering import Filter, keep

LINES = ("checkout production 2.14.3 ok", "cart production 1.9.1 ok", "payments staging 3.9.8 FAILED")
WORD = st.text(st.characters(categories=("Ll", "Nd")), min_size=1, max_size=8).filter(lambda w: w != "-f")


def found(typed: str) -> list[str]:
    return [line.split()[0] for line in keep(LINES, typed, lambda line: line)]


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("", ["checkout", "cart", "payments"]),
        ("PROD", ["checkout", "cart"]),
        ("ok cart", ["cart"]),
        ("!ok", ["payments"]),
        ("prod !cart", ["checkout"]),
        ("-f ckt", ["checkout"]),
        ("-f pmt stg", ["payments"]),
        ("-f !ckt", ["cart", "payments"]),
        ("failed", ["payments"]),
        ("nowhere", []),
    ],
)
def test_words_are_looked_for_in_any_order_and_without_regard_to_capitals(typed: str, names: list[str]) -> None:
    assert found(typed) == names


@pytest.mark.parametrize("typed", ["!", "-f", "  ", "-f !"])
def test_what_is_only_begun_leaves_nothing_out(typed: str) -> None:
    assert len(found(typed)) == len(LINES)


def test_letters_of_a_fuzzy_word_must_stand_in_one_word() -> None:
    assert found("-f checkoutproduction") == []


@given(st.text(max_size=40), st.text(max_size=80))
def test_anything_can_be_typed(typed: str, text: str) -> None:
    assert Filter.parse(typed).matches(text) in (True, False)


@given(st.lists(WORD, min_size=1, max_size=4))
def test_a_line_matches_its_own_words_in_any_order_and_not_their_inverse(words: list[str]) -> None:
    text = " ".join(words)
    assert Filter.parse(" ".join(reversed(words))).matches(text)
    assert Filter.parse(f"-f {text}").matches(text)
    assert not Filter.parse(f"!{words[0]}").matches(text)


@given(st.lists(WORD, max_size=4), WORD, st.lists(st.text(max_size=20), max_size=8))
def test_one_more_word_never_shows_more(words: list[str], more: str, lines: list[str]) -> None:
    few = keep(lines, " ".join([*words, more]), str)
    assert set(few) <= set(keep(lines, " ".join(words), str))
