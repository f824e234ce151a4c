"""The words of a command line and the action they mean."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, command_line
from quarterdeck.release.command import Misread, parse

names = st.from_regex(r"[a-z][a-z0-9._-]{0,8}[a-z0-9]", fullmatch=True)
services = st.builds(TargetId, names, names, st.just("") | names)
flags = st.builds(TargetId, names, st.text("ab[]: =éß%", min_size=1, max_size=8), flag=st.just(True))
percents = st.integers(0, 100).map(float) | st.floats(0, 100)
labels = st.just("") | names
actions = st.one_of(
    st.builds(Swap, services, labels, labels, st.sampled_from(["swap", "preview", "complete", "cancel"])),
    st.builds(Shift, services, st.dictionaries(names, percents, min_size=1)),
    st.builds(FlagChange, flags, labels, st.booleans()),
    st.builds(FlagChange, flags, labels, st.none(), percents),
    st.builds(
        FlagChange,
        flags,
        labels,
        st.none(),
        st.none(),
        st.lists(st.builds(Audience, names, percents), min_size=1, unique_by=lambda ring: ring.group).map(tuple),
    ),
    st.builds(Rollback, services | flags, labels, labels),
    st.builds(Deploy, services, names, labels, labels),
)


@given(actions)
def test_what_is_printed_is_read_back_as_the_same_action(action: Action) -> None:
    assert parse(shlex.split(command_line(action))) == action


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("", "nothing to do"),
        ("explode production/checkout", "'explode' is not an action"),
        ("swap", "no target"),
        ("swap checkout", "ENV/SERVICE"),
        ("swap production/checkout staging", "one word too many"),
        ("swap production/checkout --preview --cancel", "choose one"),
        ("swap production/checkout --from", "--from needs a value"),
        ("swap production/checkout --from a --from b", "twice"),
        ("deploy production/checkout", "which version? --version VERSION"),
        ("deploy --version 2.0", "no target"),
        ("shift production/checkout", "no share"),
        ("shift production/checkout west", "'west' is not NAME=PERCENT"),
        ("shift production/checkout west=lots", "'lots' is not a percentage"),
        ("shift production/checkout west=101", "not between 0 and 100"),
        ("shift production/checkout west=nan", "not between 0 and 100"),
        ("shift production/checkout west=1 west=2", "named twice"),
        ("flag on", "no flag"),
        ("flag maybe production/beta", "'maybe' is not something"),
        ("flag rollout production/beta", "not something"),
        ("rollback", "no target"),
    ],
)
def test_wrong_words_are_answered_with_what_is_wrong(line: str, says: str) -> None:
    with pytest.raises(Misread, match=re.escape(says)):
        parse(line.split())


def test_a_wrong_use_of_a_verb_shows_the_form_that_is_right() -> None:
    with pytest.raises(Misread) as caught:
        parse(["shift", "production/checkout"])
    assert caught.value.form.startswith("shift ENV/SERVICE")
