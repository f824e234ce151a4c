"""A build serves only on a schema that it accepts; the way back ends with the contract phase."""

from __future__ import annotations

import pytest

from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.rules import SchemaRange, SchemaRule
from quarterdeck.release.schema_interlock import accepts, interlock

RULE = SchemaRule(
    "schema-version", (SchemaRange("2.14.*", 40, 42), SchemaRange("2.15.0", 41, 44), SchemaRange("3.*", 44, 44))
)


@pytest.mark.parametrize(
    ("version", "current", "fits"),
    [
        ("2.14.3", 40, True),
        ("2.14.3", 42, True),
        ("2.14.3", 43, False),
        ("2.15.0", 43, True),
        ("2.15.0", 40, False),
        ("2.15.1", 99, True),
        ("2.14", 99, True),
        ("2x14.3", 99, True),
        ("", 99, True),
        ("2.14.3", None, True),
        ("3.0.0", 44, True),
    ],
)
def test_a_build_accepts_the_range_it_declares(version: str, current: float | None, fits: bool) -> None:
    assert (accepts(RULE, version, current) == "") == fits


def test_why_not_names_both_sides() -> None:
    assert accepts(RULE, "2.14.3", 43) == (
        "2.14.3 accepts schema 40 to 42; the database is at 43, and 2.14.3 was made for an older one"
    )
    assert "newer" in accepts(RULE, "3.0.0", 43)


def test_the_first_range_that_matches_is_the_builds_own() -> None:
    rule = SchemaRule("s", (SchemaRange("2.14.3", 1, 1), SchemaRange("2.*", 5, 5)))
    assert accepts(rule, "2.14.3", 1) == ""
    assert accepts(rule, "2.14.3", 5)


def test_swapping_back_past_the_contract_phase_is_refused_with_the_reason() -> None:
    told = interlock("production/checkout", RULE, "2.14.3", 43, back=True)
    assert isinstance(told, Refusal)
    assert "production/checkout: 2.14.3 accepts schema 40 to 42" in told.message
    assert "contract" in told.hint


def test_going_forward_onto_a_schema_that_is_not_there_yet_is_refused_too() -> None:
    told = interlock("production/checkout", RULE, "3.0.0", 42, back=False)
    assert isinstance(told, Refusal)
    assert "migrate" in told.hint


def test_an_unreadable_schema_is_a_warning_on_the_way_forward_and_a_danger_on_the_way_back() -> None:
    forward = interlock("production/checkout", RULE, "2.15.0", None, back=False, trouble="no answer")
    back = interlock("production/checkout", RULE, "2.14.3", None, back=True, trouble="no answer")
    assert isinstance(forward, Risk)
    assert isinstance(back, Risk)
    assert (forward.severity, back.severity) == ("warning", "danger")
    assert "no answer" in forward.text
    assert forward.code != back.code, "a yes to the one isn't a yes to the other"


def test_a_build_that_declares_nothing_is_pointed_out_before_going_back_only() -> None:
    assert interlock("p/c", RULE, "1.0.0", 43, back=False) is None
    told = interlock("p/c", RULE, "", 43, back=True)
    assert isinstance(told, Risk)
    assert told.severity == "warning"


def test_what_fits_needs_no_word() -> None:
    assert interlock("p/c", RULE, "2.14.3", 41, back=True) is None
    assert interlock("p/c", RULE, "2.15.0", 41, back=False) is None
