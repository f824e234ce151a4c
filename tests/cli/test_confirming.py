"""No plan is carried out without a yes that was meant."""

import io
import sys
from argparse import Namespace

import pytest

from quarterdeck.cli.confirming import typed_confirmation
from quarterdeck.cli.errors import CommandError
from quarterdeck.release.plan import Risk


def given(*, yes=False, confirm=""):
    return Namespace(yes=yes, confirm=confirm)


@pytest.fixture
def terminal(monkeypatch):
    """Somebody types an answer."""

    def types(answer):
        keyboard = io.StringIO(answer + "\n")
        keyboard.isatty = lambda: True
        monkeypatch.setattr(sys, "stdin", keyboard)

    return types


@pytest.fixture
def nobody(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))


def test_yes_is_enough_where_nothing_is_protected(written):
    assert typed_confirmation(written.plan(type_to_confirm=""), given(yes=True)) == ""


@pytest.mark.parametrize(("confirm", "code"), [("", 2), ("staging", 3)])
def test_a_protected_environment_must_be_named_as_well(written, confirm, code):
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given(yes=True, confirm=confirm))
    assert caught.value.code == code


def test_the_right_name_confirms(written):
    assert typed_confirmation(written.plan(), given(yes=True, confirm="production")) == "production"


def test_without_a_terminal_and_without_yes_nothing_is_confirmed(written, nobody):
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given())
    assert caught.value.code == 2
    assert "--yes --confirm production" in caught.value.hint


def test_at_a_terminal_the_protected_name_has_to_be_typed(written, terminal):
    terminal("production")
    assert typed_confirmation(written.plan(), given()) == "production"


@pytest.mark.parametrize("answer", ["", "y", "yes", "Production", "staging"])
def test_anything_else_is_no(written, terminal, answer):
    terminal(answer)
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given())
    assert caught.value.code == 3


def test_a_plain_plan_takes_a_plain_y(written, terminal):
    terminal("y")
    assert typed_confirmation(written.plan(type_to_confirm=""), given()) == ""


def test_a_dangerous_plan_wants_the_whole_word(written, terminal):
    plan = written.plan(type_to_confirm="", risks=(Risk("danger", "x", "y"),))
    terminal("y")
    with pytest.raises(CommandError):
        typed_confirmation(plan, given())
    terminal("yes")
    assert typed_confirmation(plan, given()) == ""
