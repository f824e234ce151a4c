"""Names in queries and commands."""

import pytest

from quarterdeck.release.filling import fill, named


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


def test_which_names_a_text_asks_for() -> None:
    assert named("$service $$x $site/$service 5$") == ("service", "site")
