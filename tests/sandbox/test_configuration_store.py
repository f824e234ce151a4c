"""Filters, labels, conditions and time in an App Configuration store."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.configuration import (
    Condition,
    ConfigurationStore,
    KeyValue,
    Locked,
    PreconditionFailed,
    Selection,
)
from quarterdeck.sandbox.world.configuration_filter import (
    ANYTHING,
    NULL,
    InvalidFilter,
    tag_filter,
    text_filter,
)
from quarterdeck.sandbox.world.log import WorldLog

texts = st.text(string.ascii_letters + string.digits + "*,\\=/.:- é", min_size=1, max_size=12)
labels = st.none() | texts


def escaped(text: str) -> str:
    return "".join(f"\\{character}" if character in "*,\\=" else character for character in text)


def new_store() -> ConfigurationStore:
    clock = WorldClock(1_790_000_000.0, speed=0)
    return ConfigurationStore(clock, WorldLog(clock))


@given(texts, texts)
def test_an_escaped_text_matches_itself_alone(text: str, other: str) -> None:
    assert text_filter(escaped(text)).matches(text)
    assert text_filter(escaped(text)).matches(other) == (text == other)


@given(texts, texts, texts)
def test_a_prefix_matches_what_begins_with_it(prefix: str, rest: str, other: str) -> None:
    wanted = text_filter(escaped(prefix) + "*")
    assert wanted.matches(prefix + rest)
    assert wanted.matches(other) == other.startswith(prefix)
    assert not wanted.matches(None)


@given(st.lists(labels, min_size=1, max_size=5), labels)
def test_a_list_matches_its_members_and_nul_no_label(members: list[str | None], label: str | None) -> None:
    text = ",".join(NULL if member is None else escaped(member) for member in members)
    assert text_filter(text).matches(label) == (label in members)


@pytest.mark.parametrize("text", [None, "", "*"])
def test_nothing_and_a_star_match_anything(text: str | None) -> None:
    assert text_filter(text) == ANYTHING
    assert text_filter(text).matches(None)
    assert text_filter(text).matches("prod")


@pytest.mark.parametrize(
    ("text", "position"), [("a*b", 1), ("*a", 0), ("a,b*", 3), ("abc\\", 3), ("a**", 1), ("1,2,3,4,5,6", 10)]
)
def test_a_malformed_filter_says_where(text: str, position: int) -> None:
    with pytest.raises(InvalidFilter) as caught:
        text_filter(text)
    assert caught.value.position == position


@given(st.dictionaries(texts, texts, max_size=4), st.dictionaries(texts, texts, max_size=4))
def test_tags_must_all_be_there(wanted: dict[str, str], present: dict[str, str]) -> None:
    found = tag_filter(f"{escaped(name)}={escaped(value)}" for name, value in wanted.items()).matches(present)
    assert found == (wanted.items() <= present.items())


def test_a_tag_without_a_value_is_not_one_with_an_empty_value() -> None:
    assert tag_filter(["a=\0"]).matches({"a": None})
    assert not tag_filter(["a=\0"]).matches({"a": ""})
    assert tag_filter(["a="]).matches({"a": ""})
    for malformed in ("a", "=b", "a=b=c"):
        with pytest.raises(InvalidFilter):
            tag_filter([malformed])


@given(st.lists(st.tuples(texts, labels, texts), max_size=12))
def test_a_store_holds_the_last_value_of_each_key_and_label_in_order(writes: list[tuple[str, str | None, str]]) -> None:
    store = new_store()
    for key, label, value in writes:
        store.put(KeyValue(key, label, value))
    found = store.select(Selection())
    assert {(item.key, item.label): item.value for item in found} == {(k, label): v for k, label, v in writes}
    assert [(item.key, item.label or "") for item in found] == sorted((i.key, i.label or "") for i in found)
    for key, label, _ in writes:
        exactly = Selection(text_filter(escaped(key)), text_filter(NULL if label is None else escaped(label)))
        assert [(item.key, item.label) for item in store.select(exactly)] == [(key, label)]


def test_a_precondition_comes_before_a_lock() -> None:
    store = new_store()
    current = store.put(KeyValue("a", value="1"))
    store.set_lock("a", None, True)
    with pytest.raises(PreconditionFailed):
        store.put(KeyValue("a", value="2"), Condition(match=current.etag))
    locked = store.get("a")
    assert locked is not None
    with pytest.raises(Locked):
        store.put(KeyValue("a", value="2"), Condition(match=locked.etag))
    with pytest.raises(Locked):
        store.put(KeyValue("a", value="1"))


@pytest.mark.parametrize(
    ("condition", "on_something", "on_nothing"),
    [
        (Condition(), True, True),
        (Condition(match="*"), True, False),
        (Condition(match="e"), True, False),
        (Condition(match="f"), False, False),
        (Condition(none_match="*"), False, True),
        (Condition(none_match="e"), False, True),
        (Condition(none_match="f"), True, True),
    ],
)
def test_when_conditions_hold(condition: Condition, on_something: bool, on_nothing: bool) -> None:
    assert condition.holds("e") is on_something
    assert condition.holds(None) is on_nothing


def test_the_past_stays_as_it_was() -> None:
    clock = WorldClock(1000.0, speed=0)
    store = ConfigurationStore(clock, WorldLog(clock))
    store.put(KeyValue("a", value="1"))
    clock.advance(10)
    store.delete("a")
    clock.advance(10)
    store.put(KeyValue("a", value="2"))
    assert [store.get("a", at=at) and store.get("a", at=at).value for at in (999, 1005, 1015, 1025)] == [  # type: ignore[union-attr]
        None,
        "1",
        None,
        "2",
    ]
    assert [item.value for item in store.revisions(Selection())] == ["2", "1"]


def test_every_effect_is_in_the_log_and_a_write_that_changes_nothing_is_none() -> None:
    clock = WorldClock(1000.0, speed=0)
    log = WorldLog(clock)
    store = ConfigurationStore(clock, log)
    store.put(KeyValue("a", "prod", "1"))
    store.put(KeyValue("a", "prod", "1"))
    store.set_lock("a", "prod", True)
    store.set_lock("a", "prod", False)
    store.delete("a", "prod")
    assert [(entry.kind, entry.subject) for entry in log] == [
        ("setting.changed", "a@prod"),
        ("setting.locked", "a@prod"),
        ("setting.unlocked", "a@prod"),
        ("setting.deleted", "a@prod"),
    ]
