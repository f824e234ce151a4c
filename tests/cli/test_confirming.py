"""No plan is carried out without a yes that was meant."""

import io
import sys
from argparse import Namespace
from typing import Any

import pytest

from quarterdeck.cli.confirming import typed_confirmation
from quarterdeck.cli.errors import CommandError
from quarterdeck.release.plan import Risk


class Keyboard(io.StringIO):
    """A terminal at which an answer is waiting."""

    def isatty(self) -> bool:
        return True


def given(*, yes: Any = False, confirm: Any = "") -> Any:
    return Namespace(yes=yes, confirm=confirm)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Somebody types an answer."""

    def types(answer: Any) -> Any:
        monkeypatch.setattr(sys, "stdin", Keyboard(answer + "\n"))

    return types


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))


def test_yes_is_enough_where_nothing_is_protected(written: Any) -> None:
    assert typed_confirmation(written.plan(type_to_confirm=""), given(yes=True)) == ""


@pytest.mark.parametrize(("confirm", "code"), [("", 2), ("staging", 3)])
def test_a_protected_environment_must_be_named_as_well(written: Any, confirm: Any, code: Any) -> None:
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given(yes=True, confirm=confirm))
    assert caught.value.code == code


def test_the_right_name_confirms(written: Any) -> None:
    assert typed_confirmation(written.plan(), given(yes=True, confirm="production")) == "production"


def test_without_a_terminal_and_without_yes_nothing_is_confirmed(written: Any, nobody: Any) -> None:
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given())
    assert caught.value.code == 2
    assert "--yes --confirm production" in caught.value.hint


def test_at_a_terminal_the_protected_name_has_to_be_typed(written: Any, terminal: Any) -> None:
    terminal("production")
    assert typed_confirmation(written.plan(), given()) == "production"


@pytest.mark.parametrize("answer", ["", "y", "yes", "Production", "staging"])
def test_anything_else_is_no(written: Any, terminal: Any, answer: Any) -> None:
    terminal(answer)
    with pytest.raises(CommandError) as caught:
        typed_confirmation(written.plan(), given())
    assert caught.value.code == 3


def test_a_plain_plan_takes_a_plain_y(written: Any, terminal: Any) -> None:
    terminal("y")
    assert typed_confirmation(written.plan(type_to_confirm=""), given()) == ""


def test_a_dangerous_plan_wants_the_whole_word(written: Any, terminal: Any) -> None:
    plan = written.plan(type_to_confirm="", risks=(Risk("danger", "x", "y"),))
    terminal("y")
    with pytest.raises(CommandError):
        typed_confirmation(plan, given())
    terminal("yes")
    assert typed_confirmation(plan, given()) == ""
