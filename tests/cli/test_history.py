"""`qd history`: the journal, filtered and verified."""

import sqlite3
from typing import Any

import pytest

from quarterdeck.cli.invocation import actor
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


def test_filters_narrow_it(written: Any, qd: Any) -> None:
    journal(written)
    assert len(qd("history", "--target", "production/checkout").out.splitlines()) == 3
    assert len(qd("history", "--actor", "ana@jump").out.splitlines()) == 1
    assert len(qd("history", "--operation", "op1").out.splitlines()) == 3
    assert len(qd("history", "--since", "1h").out.splitlines()) == 4
    assert qd("history", "--since", "2999-01-01").out == ""


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
