"""`key:value` in what is typed to find something."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ui.fields import offers, seek
from quarterdeck.ui.filtering import Filter

NOW = 1_795_442_531.0
NAMES = ("actor", "kind")
ANA = {"actor": "ana@jump1", "kind": "step.done"}


def shows(
    typed: str, fields: dict[str, str] | None = None, text: str = "ana step.done all well", at: float = NOW
) -> bool:
    return seek(typed, NAMES, NOW).matches(ANA if fields is None else fields, lambda: text, at)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("", True),
        ("actor:ANA", True),
        ("actor:ben", False),
        ("!actor:ben", True),
        ("!actor:ana", False),
        ("actor:ana kind:step", True),
        ("actor:ana kind:release", False),
        ("actor:", True),
        ("well !broken", True),
        ("actor:ana broken", False),
        ("-f stpdn", True),
        ("time:12", False),
        ("since:10m", True),
        ("until:10m", False),
        ("!since:", True),
    ],
)
def test_fields_and_words_narrow_together(typed: str, shown: bool) -> None:
    assert shows(typed) is shown


def test_times_have_both_ends_in() -> None:
    assert [shows("since:1h until:10m", at=NOW - ago) for ago in (3601, 3600, 600, 599)] == [False, True, True, False]


def test_what_is_no_time_is_said_and_leaves_nothing_out() -> None:
    sought = seek("since:soon", NAMES, NOW)
    assert "since: 'soon' is no time" in sought.wrong
    assert not sought


def test_lines_without_a_time_have_no_since() -> None:
    assert seek("since:2h", NAMES).words == Filter(("since:2h",))


@given(st.text(alphabet="abc: !-f", max_size=30))
def test_without_fields_it_is_the_one_grammar(typed: str) -> None:
    assert seek(typed, (), None).words == Filter.parse(typed)


@given(st.text(max_size=40), st.text(max_size=20))
def test_anything_can_be_typed(typed: str, value: str) -> None:
    one = shows(typed, {"actor": value, "kind": value}, value)
    assert one in (True, False)
    assert isinstance(offers(typed, {"actor": [value], "kind": []}), list)


def test_names_and_values_are_offered_those_that_begin_so_first() -> None:
    known = {"actor": ["joana", "ana@jump1"], "kind": ["step.done"]}
    assert [one.text for one in offers("well a", known)] == ["actor:"]
    assert [one.text for one in offers("actor:an", known)] == ["actor:ana@jump1", "actor:joana"]
    assert [one.text for one in offers("!actor:jo", known)] == ["!actor:joana"]
    assert offers("", known) == offers("well ", known) == []
