"""A plan printed for people: whole, readable at 80 columns, harmless."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.cli.plan_text import plan_lines
from quarterdeck.release.plan import Effect, Fuse, Risk


@pytest.fixture(name="text")
def rendered(written: Any) -> Any:
    return lambda now=1000.0, **changes: "\n".join(plan_lines(written.plan(**changes), now))


def test_everything_an_operator_must_know_is_there(text: Any) -> None:
    shown = text()
    for words in (
        "build: 2.14.3 -> 2.15.0",
        "everybody",
        "move with the build: API_URL",
        "stick to their slot: DB",
        "WARNING: warm-up accepts any answer",
        "set WEBSITE_SWAP_WARMUP_PING_STATUSES",
        "1. swap staging with production",
        "swap back, takes about 2 min",
        "qd swap production/checkout@west",
        "production is protected",
        "valid for about 10 min",
    ):
        assert words in shown


def test_no_way_back_is_said_first(text: Any) -> None:
    assert "NONE: the database is past its contract phase" in text(
        fuse=Fuse(False, "the database is past its contract phase")
    )


def test_an_expired_plan_says_so(text: Any) -> None:
    assert "EXPIRED" in text(now=2000.0)


def test_what_comes_from_outside_moves_no_cursor(text: Any) -> None:
    risk, effect = Risk("danger", "x", "\x1b[31mred\x1b[0m\r\n[/x]"), Effect("a\x07b", "c", "", "\u202ed")
    shown = text(risks=(risk,), effects=(effect,))
    assert "\x1b" not in shown
    assert "\r" not in shown
    assert "\u202e" not in shown
    assert "DANGER: red [/x]" in shown
    assert "c: (nothing) -> d" in shown


@given(words=st.lists(st.text("abc-/ ", max_size=30), max_size=30))
def test_lines_fit_80_columns_where_words_do(words: Any) -> None:
    # A fixture can't be used with hypothesis: a plan of its own.
    from quarterdeck.fleet.targets import TargetId
    from quarterdeck.release.action import Swap
    from quarterdeck.release.plan import Plan

    plan = Plan("p", "r", Swap(TargetId("production", "checkout")), (), who_feels_it=" ".join(words))
    assert all(len(line) <= 80 for line in plan_lines(plan, 0))
