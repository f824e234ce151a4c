"""What every store promises about releases, rules and what stands guard."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.samples import request, started

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.gate import GateSpec, Measurement, Sample
from quarterdeck.release.guards import Conn, Debt, Guards, Hold
from quarterdeck.release.release_plan import (
    Ask,
    Member,
    Observe,
    Pause,
    ReleasePlan,
    ReleaseStep,
    Run,
    Wish,
    Work,
    Write,
)
from quarterdeck.release.rollout import opening
from quarterdeck.release.rules import Route, Rulebook, SchemaRange, SchemaRule, Truth, Window
from quarterdeck.release.strategy import PauseStep, RingStep, Strategy, SwapStep, WeightStep
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Lease, LeaseLost, Store, StoreError
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

CHECKOUT = TargetId("production", "checkout")


def proposal(plan_id: str = "r1") -> ReleasePlan:
    """One step of every kind."""
    work: tuple[Work, ...] = (
        Write(Swap(CHECKOUT)),
        Pause(None),
        Observe(("errors",), 60),
        Ask("sre"),
        Run(("smoke", "2.0")),
    )
    steps = tuple(
        ReleaseStep(str(number), CHECKOUT, one, f"step {number}", (str(number - 1),) if number > 1 else ())
        for number, one in enumerate(work, 1)
    )
    return ReleasePlan(
        plan_id,
        plan_id,
        Wish((CHECKOUT,), version="2.0"),
        (Member(CHECKOUT, "2.0", "1.9", "careful"),),
        steps,
        gates=(GateSpec("errors", "metric", "metrics", {"query": "x"}, "result < 1"),),
        approvals=(ApprovalRule("sre", 2, ("sre",)),),
    )


def begun(release: str = "r1") -> Draft:
    return Draft("release.started", "ana", release, str(CHECKOUT), opening(proposal(release), "why not", {}))


def event(kind: str, actor: str = "runner", release: str = "r1", **body: object) -> Draft:
    return Draft(f"release.{kind}", actor, release, str(CHECKOUT), body)


def test_a_release_is_folded_from_its_events(store: Store, lease: Lease) -> None:
    assert store.releases() == ()
    assert store.release("r1") is None
    sample = Sample(20, (Measurement("errors", "fail", 3.0, "3 of 100"), Measurement("calm", "pass", 0.0, "", True)))
    drafts = [begun(), event("step_started", step="1", operation="o1"), event("step_done", step="1", detail="swapped")]
    drafts += [event("step_started", step="3", until=80.0), event("sampled", step="3", sample=to_json(sample))]
    drafts += [event("decided", "bo", step="4", decision=to_json(Decision("bo", 5, "approve", "looks fine")))]
    store.record(drafts, lease, 5)

    release = store.release("r1")
    assert release is not None
    assert (release.plan, release.actor, release.reason, release.started_at) == (proposal(), "ana", "why not", 5)
    assert (release.standing("1").state, release.standing("1").operation) == ("done", "o1")
    assert (release.standing("3").state, release.standing("3").until) == ("running", 80)
    assert release.tallies["3/errors"].failed == 1
    assert release.tallies["3/errors"].last == sample.measurements[0]
    assert release.samples["3"] == (sample,)
    assert release.decisions["4"][0].by == "bo"
    assert release.current is not None
    assert release.current.id == "2"
    assert store.releases(open_only=True) == (release,)


def test_an_ended_release_is_no_longer_open_and_one_that_waits_for_a_person_is(store: Store, lease: Lease) -> None:
    store.record([begun("a"), begun("b"), begun("c")], lease, 1)
    store.record([event("ended", release="a", ending="succeeded")], lease, 2)
    store.record([event("ended", release="b", ending="needs_operator", choices=["retry", "abandon"])], lease, 3)
    assert [release.id for release in store.releases(open_only=True)] == ["c", "b"]
    assert [release.id for release in store.releases()] == ["c", "b", "a"]
    assert [release.id for release in store.releases(limit=1)] == ["c"]


def test_no_open_release_is_left_out_however_old_it_is(store: Store, lease: Lease) -> None:
    """What is left out has nothing for itself, and another release would begin beside it."""
    store.record([begun(f"r{number}") for number in range(120)], lease, 1)
    assert len(store.releases(open_only=True)) == 120
    assert len(store.releases()) == 100
    assert len(store.releases(open_only=True, limit=5)) == 5


def test_the_last_word_of_a_person_is_the_one_that_counts(store: Store, lease: Lease) -> None:
    words = [Decision("bo", 1, "approve"), Decision("cy", 2, "approve"), Decision("bo", 3, "reject", "wait")]
    store.record([begun(), *(event("decided", one.by, step="4", decision=to_json(one)) for one in words)], lease, 3)
    release = store.release("r1")
    assert release is not None
    assert [(one.by, one.verdict) for one in release.decisions["4"]] == [("cy", "approve"), ("bo", "reject")]


def test_retrying_a_step_forgets_what_was_measured_and_said_about_it(store: Store, lease: Lease) -> None:
    sample = Sample(2, (Measurement("errors", "fail", 3.0),))
    drafts = [begun(), event("step_started", step="3"), event("sampled", step="3", sample=to_json(sample))]
    drafts += [
        event("step_failed", step="3", detail="errors"),
        event("ended", ending="needs_operator", choices=["retry"]),
    ]
    store.record([*drafts, event("ordered", "ana", order="retry", step="3", reason="")], lease, 3)
    release = store.release("r1")
    assert release is not None
    assert (release.ending, release.choices, release.tallies) == (None, (), {})
    assert release.standing("3").state == "waiting"


def test_rules_are_what_was_published_last(store: Store, lease: Lease) -> None:
    assert store.rules() == Rulebook()
    steps = (WeightStep({"": 5}, 3), PauseStep(60), RingStep("early"), SwapStep("preview"))
    schema = SchemaRule("db", (SchemaRange("2.*", 1, 4),))
    rules = Rulebook(
        strategies=(Strategy("careful", steps, ("errors",), "pause", 600, 60),),
        gates=proposal().gates,
        approvals=proposal().approvals,
        windows=(Window("weekend", cron="0 17 * * FRI", seconds=63 * 3600, tz="Europe/Berlin"),),
        routes=(Route(CHECKOUT, "careful", needs=("payments",), schema=schema, truth=Truth("https://$host/")),),
        groups={"sre": ("ana", "bo@jump")},
        exposure={"production": 50},
        train=("staging", "production"),
    )
    store.put_rules(rules, lease)
    assert store.rules() == rules
    assert store.rules().groups_of("Ana@anywhere") == {"sre"}
    assert store.rules().groups_of("bo@elsewhere") == set()
    assert store.rules().route(TargetId("production", "checkout", "west")).strategy == "careful"
    with pytest.raises(LeaseLost):
        store.put_rules(Rulebook(), replace(lease, fence=lease.fence + 1))


def test_what_stands_guard_is_folded_from_its_events(store: Store, lease: Lease) -> None:
    assert store.guards() == Guards()
    hold = Hold("h1", "freeze", "production", "ana", "year's end", 5, 50)
    other = Hold("h2", "lock", "production/cart", "bo", "looking into it", 5)
    debt = Debt("d1", "merge_back", CHECKOUT, "merge fix-17 back", "r1", "ana", 5)
    drafts = [
        Draft("conn.taken", "ana", body={"scope": "production", "reason": "", "from": ""}),
        Draft("conn.offered", "ana", body={"scope": "production", "to": "bo"}),
        *(Draft("hold.placed", one.by, body={"hold": to_json(one)}) for one in (hold, other)),
        Draft("hold.lifted", "bo", body={"id": "h2", "reason": "done"}),
        Draft("debt.owed", "ana", body={"debt": to_json(debt)}),
        Draft("debt.paid", "bo", body={"id": "d1", "evidence": "PR 12"}),
        Draft("guard.overridden", "ana", body={"what": "the freeze h1", "reason": "outage", "about": "r1"}),
    ]
    store.record(drafts, lease, 5)
    guards = store.guards()
    assert guards.conns == (Conn("production", "ana", 5, "", "bo"),)
    assert guards.holds == (hold,)
    assert guards.active(49) == (hold,)
    assert guards.active(50) == ()
    assert guards.debts == (replace(debt, paid_at=5, paid_by="bo", evidence="PR 12"),)
    assert guards.owed == ()
    assert [(one.by, one.what, one.reason) for one in guards.overrides] == [("ana", "the freeze h1", "outage")]
    assert store.verify() == ()


def test_an_answer_carries_a_whole_proposal(store: Store, lease: Lease) -> None:
    store.submit(request("r1", kind="propose"))
    store.record((), lease, 7, answer=Answer("r1", 7, proposal=proposal()))
    answer = store.answer("r1")
    assert answer is not None
    assert answer.proposal == proposal()
    assert answer.proposal.digest == proposal().digest


def test_a_line_without_a_proper_body_is_an_error_and_nothing_is_written(store: Store, lease: Lease) -> None:
    with pytest.raises((StoreError, ValueError)):
        store.record([Draft("release.started", "ana", "r1", body={"plan": None})], lease, 1)
    assert store.events() == ()


def test_a_store_of_a_version_that_knew_less_is_as_true_as_it_was(path: Path) -> None:
    store = open_store(path, create=True)
    lease = store.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    measurement = {"$": "Measurement", "gate": "errors", "verdict": "pass", "value": 0.0}
    sample = {"$": "Sample", "at": 5.0, "measurements": [measurement]}
    store.record([begun(), started("o1"), event("sampled", step="3", sample=sample)], lease, 5)
    behind = sqlite3.connect(path)
    later = ("'$.samples.3[0].unasked'", "'$.tallies.3/errors.unasked'", "'$.tallies.3/errors.silent_unasked'")
    for key in (one.replace(".3/errors", '."3/errors"') for one in later):
        assert behind.execute(f"SELECT json_type(body, {key}) FROM releases").fetchone()[0], key
        behind.execute(f"UPDATE releases SET body = json_remove(body, {key})")
    behind.execute("UPDATE operations SET body = json_remove(body, '$.undone_by', '$.plan.who_feels_it')")
    behind.commit()
    behind.close()
    assert store.verify() == ()
    store.close()


def test_a_release_or_guard_that_is_shown_otherwise_than_it_went_is_found(path: Path) -> None:
    with_everything = open_store(path, create=True)
    lease = with_everything.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    with_everything.record([begun(), Draft("conn.taken", "ana", body={"scope": "*"})], lease, 1)
    assert with_everything.verify() == ()
    behind = sqlite3.connect(path)
    behind.execute("UPDATE releases SET body = replace(body, 'why not', 'because')")
    behind.commit()
    assert ["r1" in fault.message for fault in with_everything.verify()] == [True]
    behind.execute("DELETE FROM releases")
    behind.execute("UPDATE meta SET value = replace(value, 'ana', 'bo') WHERE key = 'guards'")
    behind.commit()
    assert len(with_everything.verify()) == 2
    behind.close()
    with_everything.close()


def test_a_store_from_before_releases_is_brought_up_to_date_with_all_that_it_holds(path: Path) -> None:
    old = open_store(path, create=True)
    lease = old.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    old.record([started("o1")], lease, 1)
    old.close()
    behind = sqlite3.connect(path)
    behind.execute("DROP TABLE releases")
    behind.execute("DROP TABLE points")
    behind.execute("PRAGMA user_version = 1")
    behind.commit()
    behind.close()

    new = SqliteStore(path)
    assert [operation.id for operation in new.operations()] == ["o1"]
    new.record([begun()], lease, 2)
    assert [release.id for release in new.releases()] == ["r1"]
    assert new.verify() == ()
    new.close()
