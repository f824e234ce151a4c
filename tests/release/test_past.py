"""What the journal knows of a moment: what was read and what was set, and nothing that is guessed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address
from quarterdeck.release.guards import Guards
from quarterdeck.release.past import RECENT, SERVING, Past, differing_facts, differing_guards, spoken
from quarterdeck.release.plan import Step

CHECKOUT = TargetId("production", "checkout")
LIVE, BESIDE = (CHECKOUT, "build in production"), (CHECKOUT, "build in staging")
FLAG = TargetId("production", "beta", flag=True)


def step(step_id: str = "1", verb: Any = "swap", target: TargetId = CHECKOUT, **facts: Any) -> Step:
    return Step(step_id, verb, "slots", target, Address("azure", {}), "", **facts)


SLOTS = {"source": "staging", "destination": "production"}
NEW = {"source_version": "1", "destination_version": "2"}


def swap(old: str = "1", new: str = "2", step_id: str = "1") -> Step:
    return step(
        step_id,
        change=SLOTS,
        before={"source_version": new, "destination_version": old, "preview_from": ""},
        after={"source_version": old, "destination_version": new, "preview_from": ""},
    )


class Lines:
    """A journal that is folded as it is written."""

    def __init__(self) -> None:
        self.past = Past()

    def __call__(self, kind: str, operation: str = "op1", actor: str = "ana", **body: Any) -> None:
        seq = self.past.seq + 1
        self.past.advance(seq, float(seq * 10), kind, actor, operation, body)

    def start(self, *steps: Step, operation: str = "op1", made_at: float = 5.0) -> None:
        self("operation.started", operation, plan={"steps": to_json(steps), "made_at": made_at})

    def said(self, subject: tuple[TargetId, str] = LIVE) -> str:
        return spoken(self.past.facts.get(subject))


@pytest.fixture
def lines() -> Lines:
    return Lines()


def test_before_anybody_looked_nothing_is_known(lines: Lines) -> None:
    lines("hold.lifted", id="none")
    assert lines.past.facts == {}


def test_a_plan_says_what_was_read_and_when(lines: Lines) -> None:
    lines.start(swap())
    fact = lines.past.facts[LIVE]
    assert (fact.value, fact.how, fact.since, fact.by) == ("1", "read", 5.0, "")
    assert lines.said(BESIDE) == "2"


def test_a_step_under_way_is_neither_before_nor_after(lines: Lines) -> None:
    lines.start(swap())
    lines("step.intended", step="1")
    assert lines.said() == "1 -> 2, under way"
    lines("step.in_doubt", step="1")
    assert lines.past.facts[LIVE].how == "moving"


def test_a_step_that_is_done_says_who_set_it(lines: Lines) -> None:
    lines.start(swap())
    lines("step.intended", step="1")
    lines("step.done", step="1")
    fact = lines.past.facts[LIVE]
    assert (fact.value, fact.how, fact.by, fact.since, fact.operation) == ("2", "set", "ana", 30.0, "op1")
    assert lines.said(BESIDE) == "1"


def test_a_step_that_did_not_happen_leaves_what_was(lines: Lines) -> None:
    lines.start(swap())
    lines("step.intended", step="1")
    lines("step.not_done", step="1")
    assert (lines.said(), lines.past.facts[LIVE].how) == ("1", "read")


def test_what_somebody_else_changed_meanwhile_is_unknown(lines: Lines) -> None:
    lines.start(swap())
    lines("step.changed_by_other", step="1")
    assert (lines.said(), lines.past.facts[LIVE].how) == ("", "lost")


def test_what_is_found_otherwise_later_is_nobodys_change_here(lines: Lines) -> None:
    lines.start(swap())
    lines("step.done", step="1")
    lines("operation.ended", ending="succeeded", choices=[])
    lines.start(swap("2.1", "3"), operation="op2", made_at=25.0)
    fact = lines.past.facts[LIVE]
    assert (fact.value, fact.how, fact.by, fact.since) == ("2.1", "read", "", 25.0)


def test_what_is_found_as_it_was_keeps_who_set_it(lines: Lines) -> None:
    lines.start(swap())
    lines("step.done", step="1")
    lines.start(swap("2", "3"), operation="op2", made_at=25.0)
    fact = lines.past.facts[LIVE]
    assert (fact.by, fact.since, fact.seen) == ("ana", 20.0, 25.0)


def test_a_plan_with_two_steps_for_one_thing_read_it_once(lines: Lines) -> None:
    lines.start(swap("1", "2"), swap("2", "1", "2"))
    assert lines.said() == "1"


def test_what_is_taken_back_is_as_before(lines: Lines) -> None:
    lines.start(swap())
    lines("step.done", step="1")
    lines("operator.chose", choice="undo", undoing={"steps": to_json([swap("2", "1", "undo-1")])})
    lines("step.done", step="undo-1", actor="ben")
    assert (lines.said(), lines.past.facts[LIVE].by) == ("1", "ben")


@pytest.mark.parametrize(
    ("one", "what", "value"),
    [
        (step(verb="set_shares", after={"shares": {"west": 12.5, "north": 87.5}}), "share of west", "12.5%"),
        (
            step(verb="set_destination", change={"destination": "west"}, after={"weight": 10.0, "enabled": False}),
            "weight of west",
            "10, disabled",
        ),
        (step(verb="deploy", change={"slot": "staging"}, after={"artifact": "shop:7"}), BESIDE[1], "shop:7"),
        (step(verb="preview", change={"destination": "production"}, after={"preview_from": "staging"}),
         "preview in production", "from staging"),
    ],
)  # fmt: skip
def test_every_kind_of_write_is_understood(lines: Lines, one: Step, what: str, value: str) -> None:
    lines.start(one)
    lines("step.done", step="1")
    assert lines.said((CHECKOUT, what)) == value


def test_a_flag_is_told_by_who_sees_it_and_its_label(lines: Lines) -> None:
    off: dict[str, Any] = {"enabled": False, "percent": None, "audience": {}}
    lines.start(
        step(verb="set_flag", target=FLAG, change={"label": ""}, after={**off, "enabled": True, "percent": 25.0}),
        step("2", "set_flag", FLAG, change={"label": "eu"}, before=off),
    )
    lines("step.done", step="1")
    assert lines.said((FLAG, "flag")) == "on for 25% of everybody"
    assert lines.said((FLAG, "flag under label eu")) == "off for everybody"


def test_a_release_read_what_served_and_a_build_that_is_set_takes_its_place(lines: Lines) -> None:
    member = {"target": to_json(CHECKOUT), "version": "2", "previous": "1", "strategy": "careful"}
    lines("release.started", "r1", plan={"members": [member], "made_at": 4.0})
    fact = lines.past.facts[(CHECKOUT, SERVING)]
    assert (fact.value, fact.how, fact.seen, lines.past.releases) == ("1", "read", 4.0, {"r1": True})
    west = step(target=TargetId("production", "checkout", "west"), change=SLOTS, after=NEW)
    lines.start(west)
    lines("step.done", step="1")
    assert (CHECKOUT, SERVING) not in lines.past.facts


def test_a_step_of_an_unknown_plan_says_nothing(lines: Lines) -> None:
    lines("step.done", "who", step="1")
    assert lines.past.facts == {}


def test_what_is_open_stays_in_sight_however_much_ends_after_it(lines: Lines) -> None:
    lines.start(operation="stuck")
    lines("operation.ended", "stuck", ending="needs_operator", choices=["retry"])
    for number in range(RECENT + 5):
        lines.start(operation=f"o{number}")
        lines("operation.ended", f"o{number}", ending="succeeded", choices=[])
    assert lines.past.operations["stuck"]
    assert len(lines.past.operations) == RECENT + 1


def test_a_copy_goes_its_own_way(lines: Lines) -> None:
    lines.start(swap())
    kept = lines.past.copy()
    lines("step.done", step="1")
    assert spoken(kept.facts[LIVE]) == "1"


def test_differences_say_who_changed_what_when(lines: Lines) -> None:
    lines.start(swap())
    before = lines.past.copy()
    lines("step.done", step="1")
    (live, beside) = differing_facts(before.facts, lines.past.facts)
    assert (live.where, live.what, live.before, live.after) == ("production/checkout", LIVE[1], "1", "2")
    assert (live.by, live.at, beside.after) == ("ana", 20.0, "1")


def test_holds_that_ran_out_by_themselves_are_over(lines: Lines) -> None:
    hold = {"id": "h1", "kind": "freeze", "scope": "production", "by": "ana", "reason": "sale", "since": 1.0}
    lines("hold.placed", hold={**hold, "until": 50.0})
    guards = lines.past.guards
    (over,) = differing_guards(guards, guards, 20.0, 60.0)
    assert (over.where, over.what, over.after) == ("production", "freeze", "over")
    (placed,) = differing_guards(Guards(), guards, 0.0, 20.0)
    assert (placed.after, placed.by) == ("placed: sale", "ana")


VERSIONS = st.sampled_from(["1", "2", "3", ""])
WALKS = st.lists(
    st.tuples(st.sampled_from(["intended", "accepted", "done", "not_done", "changed_by_other"]), VERSIONS, VERSIONS)
)


@given(WALKS)
def test_whatever_was_written_a_moment_does_not_differ_from_itself(walk: list[tuple[str, str, str]]) -> None:
    lines = Lines()
    for number, (kind, old, new) in enumerate(walk):
        lines.start(swap(old, new), operation=f"o{number}")
        lines(f"step.{kind}", f"o{number}", step="1")
    past = lines.past
    assert differing_facts(past.facts, past.copy().facts) == []
    assert differing_guards(past.guards, past.guards, past.at, past.at) == []
    assert all(fact.how == "lost" or fact.value or fact.towards for fact in past.facts.values())
