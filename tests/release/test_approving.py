"""Approvals: quorum, groups, nobody's own, for later, not for ever."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.approving import Approval, refuse_decision, standing
from quarterdeck.release.guards import person

GROUPS = {"ana": {"sre"}, "bo": {"sre"}, "cy": {"dba"}, "dee": set[str]()}
TWO_SRE = ApprovalRule("sre", required=2, groups=("sre",))
ONE_SRE = ApprovalRule("sre", groups=("sre",))


def groups_of(who: str) -> frozenset[str]:
    return frozenset(GROUPS.get(who.partition("@")[0], set()))


def yes(by: str, at: float = 10, effective_at: float = 0) -> Decision:
    return Decision(by, at, "approve", effective_at=effective_at)


def no(by: str, at: float = 10, reason: str = "") -> Decision:
    return Decision(by, at, "reject", reason)


def where(rule: ApprovalRule, *decisions: Decision, now: float = 100, starter: str = "eve@x", **more: Any) -> Approval:
    return standing(rule, decisions, starter=starter, asked_at=0, now=now, groups_of=more.get("groups_of", groups_of))


def test_a_quorum_takes_different_people() -> None:
    assert where(TWO_SRE).missing == 2
    once = where(TWO_SRE, yes("ana@laptop"), yes("ana@jump-1"))
    assert (once.state, once.missing) == ("waiting", 1)
    assert where(TWO_SRE, yes("ana@laptop"), yes("bo@jump-1")).state == "approved"


def test_only_members_of_the_groups_count() -> None:
    assert where(ONE_SRE, yes("cy@x"), yes("dee@x")).state == "waiting"
    assert where(ApprovalRule("any"), yes("dee@x")).state == "approved"
    assert where(ApprovalRule("data", groups=("dba", "sre")), yes("cy@x")).state == "approved"


def test_whoever_joined_the_watch_meanwhile_counts_and_whoever_left_does_not() -> None:
    """Azure DevOps freezes the list of approvers when the checks start; here it is looked up when it matters."""
    assert where(ONE_SRE, yes("dee@x"), groups_of=lambda _: frozenset({"sre"})).state == "approved"
    assert where(ONE_SRE, yes("ana@x"), groups_of=lambda _: frozenset()).state == "waiting"


def test_nobody_approves_what_they_started() -> None:
    assert where(ONE_SRE, yes("ana@jump-2"), starter="Ana@laptop").state == "waiting"
    assert where(ApprovalRule("sre", self_approval=True), yes("ana@x"), starter="ana@x").state == "approved"
    assert where(ONE_SRE, no("ana@x"), starter="ana@x").state == "rejected"


def test_one_rejection_ends_it_and_only_of_somebody_entitled() -> None:
    rejected = where(ONE_SRE, yes("ana@x"), no("bo@x", reason="disk is full"))
    assert rejected.state == "rejected"
    assert "bo@x rejected: disk is full" in rejected.why
    assert where(ONE_SRE, yes("ana@x"), no("dee@x")).state == "approved"


def test_a_later_word_of_the_same_person_replaces_the_earlier() -> None:
    assert where(ONE_SRE, no("ana@laptop", 10), yes("ana@jump-1", 20)).state == "approved"
    assert where(ONE_SRE, yes("ana@jump-1", 20), no("ana@laptop", 30)).state == "rejected"
    assert where(ONE_SRE, yes("ana@a", 20), no("ana@b", 20)).state == "rejected"


def test_a_clock_that_was_set_back_makes_no_rejection_unsaid() -> None:
    """Another runner, on a machine whose clock is behind, wrote the second word down."""
    assert where(ONE_SRE, yes("ana@jump-1", 20), no("ana@jump-2", 15)).state == "rejected"


@pytest.mark.parametrize("who", ["\u017fam@x", "SAM@y@z", " sam@x", "sam @x", "Sam"])
def test_one_person_is_one_person_wherever_somebody_looks(who: str) -> None:
    """Who starts a release under another spelling of the same name approves their own."""
    assert where(ApprovalRule("any"), yes(who), starter="sam@home").state == "waiting"
    assert person(who) == person("sam@home")


def test_an_approval_for_later_takes_effect_later() -> None:
    waits = where(TWO_SRE, yes("ana@x", effective_at=200), yes("bo@x"), now=100)
    assert (waits.state, waits.until) == ("deferred", 200)
    assert where(TWO_SRE, yes("ana@x", effective_at=200), yes("bo@x"), now=200).state == "approved"
    assert where(TWO_SRE, yes("ana@x", effective_at=200), yes("bo@x"), no("ana@x", 150), now=160).state == "rejected"


def test_without_an_outcome_it_expires() -> None:
    rule = ApprovalRule("sre", required=2, groups=("sre",), expires_after=50)
    assert where(rule, yes("ana@x", 10), now=49).until == 50
    assert where(rule, yes("ana@x", 10), now=50).state == "expired"
    assert where(rule, yes("ana@x", 10), yes("bo@x", 51), now=60).state == "expired"
    assert where(rule, yes("ana@x", 10), yes("bo@x", 49), now=60).state == "approved"
    assert where(rule, yes("ana@x", 10), yes("bo@x", 20, effective_at=70), now=60).state == "expired"


@pytest.mark.parametrize(
    ("decision", "code", "said"),
    [
        (yes("dee@x"), "policy", "dee@x is in none of the groups"),
        (no("cy@x"), "policy", "cy@x is in none of the groups"),
        (yes("eve@y"), "policy", "started this release"),
        (yes("bo@other"), "unchanged", "bo@x has approved it already"),
    ],
)
def test_who_may_not_say_it_is_told_why_and_who_may(decision: Decision, code: str, said: str) -> None:
    def with_eve(who: str) -> frozenset[str]:
        return frozenset({"sre"}) if who.startswith("eve") else groups_of(who)

    refusal = refuse_decision(ONE_SRE, [yes("bo@x")], decision, starter="eve@x", groups_of=with_eve)
    assert refusal is not None
    assert refusal.code == code
    assert said in refusal.message
    if code == "policy":
        assert "anybody of sre may decide" in refusal.hint


def test_who_may_say_it_may() -> None:
    for decision in (yes("ana@x"), no("bo@x", reason="no"), no("ana@x", reason="no"), yes("bo@x", effective_at=999)):
        assert refuse_decision(ONE_SRE, [yes("bo@x")], decision, starter="eve@x", groups_of=groups_of) is None
    assert refuse_decision(ONE_SRE, [], no("ana@x", reason="no"), starter="ana@x", groups_of=groups_of) is None


def test_a_rejection_without_a_reason_is_none() -> None:
    refusal = refuse_decision(ONE_SRE, [], no("ana@x", reason="  "), starter="eve@x", groups_of=groups_of)
    assert refusal is not None
    assert (refusal.code, "needs a reason" in refusal.message) == ("usage", True)


words = st.builds(
    Decision,
    st.sampled_from(["ana@a", "ana@b", "bo@a", "cy@a", "dee@a", "eve@a"]),
    st.integers(0, 50).map(float),
    st.sampled_from(["approve", "reject"]),
    st.just(""),
    st.sampled_from([0.0, 30.0, 90.0]),
)


@given(st.lists(words, max_size=8), st.integers(1, 3))
def test_whose_word_comes_first_means_nothing(words_: list[Decision], required: int) -> None:
    rule = ApprovalRule("sre", required=required, groups=("sre", "dba"))
    before, by_person = where(rule, *words_), where(rule, *sorted(words_, key=lambda one: person(one.by)))
    assert (by_person.state, by_person.missing) == (before.state, before.missing)


@given(st.lists(words, max_size=8), st.integers(1, 3))
def test_never_approved_with_fewer_people_than_required(words_: list[Decision], required: int) -> None:
    rule = ApprovalRule("sre", required=required, groups=("sre",))
    if where(rule, *words_, starter="ana@z").state == "approved":
        people = {one.by.partition("@")[0] for one in words_ if one.verdict == "approve"} & {"bo"}
        assert len(people) >= required
