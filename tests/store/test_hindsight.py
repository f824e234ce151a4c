"""Looking back gives what the store itself showed then, at every line of a journal."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.samples import ended, plan, started, step_event

from quarterdeck.release.guards import Guards
from quarterdeck.store import hindsight
from quarterdeck.store.base import Draft, Lease, Store, StoreError
from quarterdeck.store.hindsight import Hindsight
from quarterdeck.store.opening import open_store

FREEZE = {"id": "h1", "kind": "freeze", "scope": "*", "by": "ana", "reason": "sale", "since": 1.0, "until": None}


def hold(number: int) -> Draft:
    return Draft("hold.placed", "ana", "", "", {"hold": {**FREEZE, "id": f"h{number}"}})


def lift(number: int) -> Draft:
    return Draft("hold.lifted", "bo", "", "", {"id": f"h{number}", "reason": "over"})


OPERATIONS = st.sampled_from(["o1", "o2", "o3"])
LINES = st.one_of(
    st.builds(lambda one: started(one, plan(one)), OPERATIONS),
    st.builds(step_event, st.sampled_from(["intended", "accepted", "done", "not_done", "progress"]), OPERATIONS),
    st.builds(ended, OPERATIONS, st.just("succeeded")),
    st.builds(ended, OPERATIONS, st.just("needs_operator"), st.just(("retry", "abandon"))),
    st.builds(hold, st.integers(1, 3)),
    st.builds(lift, st.integers(1, 3)),
    st.just(Draft("runner.started", "runner")),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(LINES, max_size=25), st.sampled_from([1, 2, 250]))
def test_every_moment_is_as_the_store_showed_it_then(drafts: list[Draft], portion: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as small:
        small.setattr(hindsight, "PORTION", portion)
        store = open_store(Path(folder) / "s" / "store.db", create=True)
        lease = store.take_lease("runner", "one", now=0, ttl=1e9, info={})
        assert lease is not None
        shown: list[tuple[dict[str, Any], Guards]] = [({}, store.guards())]
        begun: set[str] = set()
        for draft in drafts:
            if draft.kind == "operation.started" and draft.operation in begun:
                continue
            begun |= {draft.operation} if draft.kind == "operation.started" else set()
            store.record([draft], lease, float(len(shown)))
            shown.append(({one.id: one for one in store.operations()}, store.guards()))
        look = Hindsight(store)
        for seq in reversed(range(len(shown))):
            then = look.at(seq)
            assert ({one.id: one for one in then.operations}, then.guards) == shown[seq]
            assert look.compare(then, look.at(seq)).found == []
        store.close()


@pytest.fixture
def look(store: Store, lease: Lease) -> Hindsight:
    drafts = [started("o1"), step_event("intended", "o1"), step_event("done", "o1"), ended("o1"), Draft("plan.made")]
    for number, draft in enumerate(drafts, 1):
        store.record([draft], lease, number * 10)
    return Hindsight(store)


def test_a_time_is_that_of_the_last_line_written_by_then(look: Hindsight) -> None:
    assert [look.line_at(moment) for moment in (5, 10, 19, 45, 1e9)] == [0, 1, 1, 4, 5]
    assert look.newest() == 5


def test_stepping_stops_where_something_began_ended_or_changed(look: Hindsight) -> None:
    assert [look.earlier(seq) for seq in (5, 4, 3, 1, 0)] == [4, 3, 1, 0, 0]
    assert [look.later(seq) for seq in (0, 1, 3, 4, 5)] == [1, 3, 4, 4, 5]


def test_before_the_first_line_there_is_nothing(look: Hindsight) -> None:
    then = look.at(0)
    assert (then.event, then.facts, then.operations, then.releases) == (None, {}, [], [])


def test_what_began_and_ended_between_is_told_even_if_neither_moment_shows_it(store: Store, lease: Lease) -> None:
    look = Hindsight(store)
    before = look.at(0)
    many = [draft for n in range(40) for draft in (started(f"o{n}", plan(f"o{n}")), ended(f"o{n}"))]
    store.record(many, lease, 1)
    compared = look.compare(before, look.at(look.newest()))
    assert len([one for one in compared.found if one.what.startswith("operation ")]) == 40
    assert compared.whole


def test_a_comparison_of_too_much_says_so(store: Store, lease: Lease, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hindsight, "_MOST_BETWEEN", 2)
    store.record([started("o1"), ended("o1"), started("o2", plan("p2"))], lease, 1)
    look = Hindsight(store)
    assert not look.compare(look.at(0), look.at(3)).whole


def test_lines_that_come_later_are_read_later(store: Store, lease: Lease, look: Hindsight) -> None:
    assert len(look.at(5).operations) == 1
    store.record([started("o2", plan("p2"))], lease, 60)
    assert len(look.at(6).operations) == 2


def test_a_line_that_cannot_be_understood_is_named(store: Store, lease: Lease) -> None:
    store.record([Draft("operator.chose", "ana", "o1", "", {"undoing": {"steps": [{"nonsense": 1}]}})], lease, 1)
    with pytest.raises(StoreError, match="line 1 of the journal"):
        Hindsight(store).at(1)
