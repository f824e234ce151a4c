"""`qd history`: the journal, filtered and verified."""

import shlex
import sqlite3
from typing import Any

import pytest
from tests.cli.releases import CHECKOUT, hotfix

from quarterdeck.cli.invocation import actor
from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Debt
from quarterdeck.release.operation import opening
from quarterdeck.store.base import Draft


def journal(written: Any) -> Any:
    written.begin("op1", written.plan())
    written.record(
        Draft("step.done", "runner", "op1", "production/checkout@west", {"step": "1", "detail": "read back"}),
        Draft("operation.ended", "runner", "op1", "production/checkout@west", {"ending": "succeeded", "detail": "all"}),
        Draft("runner.started", "runner"),
    )


def test_lines_say_when_what_where_who_and_why(written: Any, qd: Any) -> None:
    journal(written)
    result = qd("history")
    assert result.err == ""
    lines = result.out.splitlines()
    assert len(lines) == 4
    for word in ("operation.started", "op1", "production/checkout@west", "ana@jump", "because", "Z"):
        assert word in lines[0]


def test_what_a_step_does_is_told_with_each_of_its_events(written: Any, qd: Any) -> None:
    journal(written)
    (summary,) = [step.summary for step in written.plan().steps if step.id == "1"]
    (line,) = [line for line in qd("history").out.splitlines() if "step.done" in line]
    assert f"step 1: {summary}; read back" in line


def test_a_session_can_be_kept_as_the_lines_that_do_it_again(written: Any, qd: Any) -> None:
    journal(written)
    log = written.release().done("1")
    log("ordered", "bo@jump", order="promote_full", step="", reason="looks 'fine'")
    log("ordered", "quarterdeck", order="pause", step="", reason="a gate failed")
    hold = {"kind": "freeze", "scope": "production", "since": 0.0, "until": 7200.0, "reason": "inventory"}
    written.record(Draft("conn.taken", "bo@jump", "", "", {"scope": "*", "reason": "", "from": ""}))
    written.record(Draft("hold.placed", "cy@jump", "", "production", {"hold": {**hold, "id": "h1", "by": "cy@jump"}}))
    lines = [line for line in qd("history", "--commands").out.splitlines() if not line.startswith("# ")]
    assert lines == [
        f"{written.plan().command} --reason because",
        f"{log.plan.command} --reason {shlex.quote(written.store.releases()[0].reason)}",
        "qd release promote production/checkout --full --reason 'looks '\"'\"'fine'\"'\"''",
        "qd conn take all",
        "qd freeze production --for 120m --reason inventory",
    ]
    mine = qd("history", "--commands", "--actor", "cy@jump", "--json").json
    assert [one["command"] for one in mine["commands"]] == ["qd freeze production --for 120m --reason inventory"]


def test_filters_narrow_it(written: Any, qd: Any) -> None:
    journal(written)
    assert len(qd("history", "--target", "production/checkout").out.splitlines()) == 3
    assert len(qd("history", "--actor", "ana@jump").out.splitlines()) == 1
    assert len(qd("history", "--operation", "op1").out.splitlines()) == 3
    assert len(qd("history", "--since", "1h").out.splitlines()) == 4
    assert qd("history", "--since", "2999-01-01").out == ""


def test_a_target_needs_no_option(written: Any, qd: Any) -> None:
    journal(written)
    assert qd("history", "production/checkout").out == qd("history", "--target", "production/checkout").out != ""


def test_a_release_is_told_with_its_operations_and_all_that_it_left(written: Any, qd: Any) -> None:
    journal(written)
    log = written.release(hotfix()).done("1")
    body = {**opening(written.plan(), "", {}), "release": log.plan.id, "step": "1"}
    debt = Debt("d1", "merge_back", CHECKOUT, "merge abc123 back", log.plan.id, "ana@jump", 0)
    written.record(
        Draft("operation.started", "ana@jump", "op2", str(CHECKOUT), body),
        Draft("step.done", "runner", "op2", str(CHECKOUT), {"step": "1", "detail": "read back"}),
        Draft("debt.owed", "runner", "", str(CHECKOUT), {"debt": to_json(debt)}),
        Draft("guard.overridden", "ana@jump", "", "", {"what": "a freeze", "reason": "outage", "about": log.plan.id}),
    )
    out = qd("history", "--release", "0199bb02").out
    kinds = [line.split()[2] for line in out.splitlines()]
    assert kinds == [
        "release.started", "release.step_started", "release.step_done", "operation.started", "step.done", "debt.owed",
        "guard.overridden",
    ]  # fmt: skip
    assert "step 1: swap staging into production; read back" in out
    assert "qd swap production/checkout@west; step 1 of release 0199bb02" in out
    assert "set aside: a freeze; reason: outage" in out


def test_json_holds_the_chain(written: Any, qd: Any) -> None:
    journal(written)
    events = qd("history", "--json").json["events"]
    assert [event["seq"] for event in events] == [1, 2, 3, 4]
    assert events[1]["previous"] == events[0]["hash"]


def test_verify_passes_an_untouched_journal(written: Any, qd: Any) -> None:
    journal(written)
    result = qd("history", "--verify")
    assert (result.code, "intact: 4 events" in result.out) == (0, True)


def test_verify_finds_an_edit(written: Any, qd: Any) -> None:
    journal(written)
    with sqlite3.connect(written.store.path) as database:
        database.execute("UPDATE events SET actor = 'bob' WHERE seq = 2")
    result = qd("history", "--verify")
    assert result.code == 1
    assert "event 2" in result.out
    assert qd("history", "--verify", "--json").json["intact"] is False


def test_a_time_that_is_none_is_explained(written: Any, qd: Any) -> None:
    result = qd("history", "--since", "yesterday")
    assert result.code == 2
    assert "2h" in result.err


def test_who_the_credential_proves_is_told_beside_who_asked(written: Any, qd: Any) -> None:
    plan = written.plan()
    started = Draft(
        "operation.started", "ana@jump", "op1", "production/checkout", opening(plan, "", {"azure": "ana@x"})
    )
    written.record(started)
    assert "signed in to azure as ana@x" in qd("history").out


def test_an_actor_is_not_whoever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    monkeypatch.setenv("LOGNAME", "somebody-else")
    assert not actor().startswith("somebody-else")


def test_only_the_last_lines_and_none_that_came_later(written: Any, qd: Any) -> None:
    journal(written)
    assert ["runner.started" in line for line in qd("history", "--limit", "2").out.splitlines()] == [False, True]
    assert qd("history", "--until", "2001-01-01").out == ""
    assert "no number of lines" in qd("history", "--limit", "none").err


def test_the_fleet_as_it_was(written: Any, qd: Any) -> None:
    journal(written)
    freeze = {"id": "h1", "kind": "freeze", "scope": "production", "by": "cy@jump", "reason": "sale", "since": 0.0}
    written.record(Draft("hold.placed", "cy@jump", "", "production", {"hold": freeze}))
    now = qd("history", "--at", "now")
    assert (now.code, now.err) == (0, "")
    assert "freeze  production: by cy@jump" in now.out
    assert "operation op1  " in now.out
    past = qd("history", "--at", "now", "--json").json
    assert (past["seq"], past["operations"][0]["ending"], past["holds"][0]["reason"]) == (5, "succeeded", "sale")
    assert "after line 0 of the journal" in qd("history", "--at", "2001-01-01").out
    assert "is no time: write 10m" in qd("history", "--at", "soon").err


def test_what_differs_between_two_moments(written: Any, qd: Any) -> None:
    journal(written)
    told = qd("history", "--compare", "now", "2001-01-01").out
    assert "operation op1: " in told
    assert "unknown -> succeeded" in told
    assert "nothing that the journal knows of differs" in qd("history", "--compare", "now", "now").out
    found = qd("history", "--compare", "2001-01-01", "now", "--json").json
    assert (found["before"]["seq"], found["whole"]) == (0, True)
    assert any(one["what"].startswith("operation op1") for one in found["differences"])
