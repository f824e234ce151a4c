"""Names in queries and commands."""

import pytest

from quarterdeck.release.filling import fill, fill_word, named


def test_names_are_replaced_and_dollars_stay() -> None:
    names = {"service": "checkout", "version": "2.15.0"}
    assert fill('up{app="$service",v=~"$version|5..$"} $$1', names) == 'up{app="checkout",v=~"2.15.0|5..$"} $1'


def test_a_name_ends_where_a_word_ends() -> None:
    with pytest.raises(ValueError, match=r"\$services isn't known here; there are \$service"):
        fill("$services", {"service": "checkout"})
    assert fill("$service-canary", {"service": "checkout"}) == "checkout-canary"


@pytest.mark.parametrize("value", ['1"} or vector(0) #', "1'", "a\nb", "x}", "a\\", "\x1b[2J"])
def test_a_value_that_would_change_the_question_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"the value of \$version") as refused:
        fill('v="$version"', {"version": value})
    assert value not in str(refused.value)


@pytest.mark.parametrize("version", ["1; rm -rf /", "1 2", "1|sh", "$(id)", "1&", "1>x", "*", "~root", "#1", "1'"])
def test_a_value_that_would_be_a_command_of_its_own_is_refused(version: str) -> None:
    """Programs are started without a shell, but the program may be one."""
    with pytest.raises(ValueError, match=r"the value of \$version"):
        fill_word("deploy $version", {"version": version})
    assert fill_word("./migrate down; echo *", {"version": version}) == "./migrate down; echo *"


def test_a_value_makes_no_option_of_a_word() -> None:
    with pytest.raises(ValueError, match="taken for an option"):
        fill_word("$version", {"version": "--force"})
    assert fill_word("--to=$version", {"version": "-1"}) == "--to=-1"
    assert fill_word("v$version", {"version": "2.15.0+build.7"}) == "v2.15.0+build.7"


def test_which_names_a_text_asks_for() -> None:
    assert named("$service $$x $site/$service 5$") == ("service", "site")
