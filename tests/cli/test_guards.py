"""`qd freeze`, `lock`, `line`, `conn`, `hotfix debts`: what is asked of the runner, and what is told of what stands."""

from __future__ import annotations

import time
from typing import Any

import pytest
from tests.cli.releases import CHECKOUT, RULES

from quarterdeck.fleet.codec import to_json
from quarterdeck.release.guards import Debt, Hold
from quarterdeck.store.base import Draft


def placed(written: Any, hold: Hold) -> None:
    written.record(Draft("hold.placed", hold.by, body={"hold": to_json(hold)}))


def frozen(written: Any, scope: str = "production", kind: Any = "freeze", until: float | None = None) -> None:
    placed(written, Hold("f00d1", kind, scope, "ana@jump", "an audit", time.time(), until))


def owed(written: Any) -> None:
    debt = Debt("d1", "merge_back", CHECKOUT, "merge abc123 back", "0199bb02", "ana@jump", time.time())
    written.record(Draft("debt.owed", "runner", "0199bb02", str(CHECKOUT), {"debt": to_json(debt)}))


def test_freezes_are_listed_with_the_next_legal_moment(written: Any, qd: Any) -> None:
    written.store.put_rules(RULES, written.lease)
    frozen(written, until=time.time() + 7200)
    out = qd("freeze", "list").out
    assert "staging: open" in out
    assert "production: CLOSED" in out
    assert "f00d1  freeze of production, until" in out
    assert "next legal moment" in out
    assert "year-end: freeze, production" in out
    document = qd("freeze", "list", "--json").json
    assert [hold["id"] for hold in document["holds"]] == ["f00d1"]
    assert document["environments"][1]["holds"] == ["f00d1"]
    assert document["windows"][0]["name"] == "year-end"


def test_status_tells_what_stands_guard_in_its_part(written: Any, qd: Any) -> None:
    written.everything()
    frozen(written, "staging")
    owed(written)
    written.record(Draft("conn.taken", "bo@jump", body={"scope": "production", "reason": "release day", "from": ""}))
    whole = qd("status").out
    for words in ("freeze of staging by ana@jump, until it is lifted: an audit (f00d1)", "bo@jump has production"):
        assert words in whole
    assert "merge abc123 back" in whole
    part = qd("status", "production").out
    assert "an audit" not in part
    assert "release day" in part
    guards = qd("status", "--json").json["guards"]
    assert (guards["conns"][0]["holder"], guards["debts"][0]["id"]) == ("bo@jump", "d1")


def test_the_conn_is_shown_with_its_holder_and_reason(written: Any, qd: Any) -> None:
    written.record(Draft("conn.taken", "bo@jump", body={"scope": "*", "reason": "release day", "from": ""}))
    written.record(Draft("conn.offered", "bo@jump", body={"scope": "*", "to": "cy"}))
    assert "everything: bo@jump since" in qd("conn").out
    assert "release day; offered to cy" in qd("conn", "show").out
    assert qd("conn", "--json").json["conns"][0]["offered_to"] == "cy"


def test_debts_stay_until_they_are_paid(written: Any, qd: Any) -> None:
    owed(written)
    assert "d1  production/checkout  merge back: merge abc123 back" in qd("hotfix", "debts").out
    written.record(Draft("debt.paid", "bo@jump", body={"id": "d1", "evidence": "PR 7"}))
    assert "nothing is owed" in qd("hotfix", "debts").out
    assert "paid" in qd("hotfix", "debts", "--all").out
    assert qd("hotfix", "debts", "--all", "--json").json["debts"][0]["evidence"] == "PR 7"


@pytest.mark.parametrize(
    "line",
    [
        "freeze production",
        "freeze lift",
        "freeze list extra",
        "freeze lift nothing --reason x",
        "freeze production --reason x --for 10",
        "freeze production --reason x --for 2h --until 22:00",
        "freeze production --reason x --until 2020-01-01",
        "freeze no/such/scope --reason x",
        "lock production",
        "unlock nothing",
        "line stop",
        "line resume",
        "conn offer production",
        "conn take",
        "hotfix start checkout",
        "hotfix pay d9 --evidence x",
        "hotfix pay d1",
        "release start production/checkout@west",
        "release start production/checkout --confirm-within soon",
        "approve nothing",
        "reject production/checkout",
        "swap production/checkout --confirm-within 10",
    ],
)
def test_what_is_written_wrong_is_told_and_nothing_is_asked(written: Any, qd: Any, line: str) -> None:
    result = qd(*line.split())
    assert result.code == 2
    assert result.out == ""
    assert "qd" in result.err
    assert written.store.pending() == ()


@pytest.mark.parametrize(
    "line",
    [
        "freeze production --reason x",
        "lock production --reason x",
        "line stop --reason x",
        "conn take production",
        "hotfix start production/checkout --ref abc --yes",
        "release start production/checkout --yes",
        "swap production/checkout --confirm-within 10m --yes",
    ],
)
def test_a_read_only_session_changes_no_guard_and_starts_nothing(written: Any, qd: Any, line: str) -> None:
    result = qd(*line.split(), "--read-only")
    assert result.code == 3
    assert "read-only" in result.err
    assert written.store.pending() == ()
