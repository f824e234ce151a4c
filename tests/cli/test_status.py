"""`qd status`: what the store knows, as text and as JSON."""

import time
from dataclasses import replace
from typing import Any

import pytest

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.indicator import Indicator, Scale
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.store.base import Draft


def test_shows_every_slot_share_and_flag(written: Any, qd: Any) -> None:
    written.everything()
    result = qd("status")
    assert result.code == 0
    for word in ("contoso-shop", "production (protected)", "2.14.3", "staging 2.15.0 healthy", "west 50%", "new-cart"):
        assert word in result.out
    assert result.err == ""


def test_json_is_one_document_with_the_schema_number(written: Any, qd: Any) -> None:
    written.everything()
    document = qd("status", "--json").json
    assert document["schema"] == 1
    assert document["kind"] == "status"
    production = document["environments"][1]
    assert production["protected"] is True
    checkout = production["services"][0]
    assert checkout["versions"] == ["2.14.3"]
    assert [region["slots"][1]["version"] for region in checkout["regions"]] == ["2.15.0", "2.15.0"]
    assert [share["share"] for share in checkout["traffic"][0]["shares"]] == [50, 50]
    assert production["flags"][0]["audience"] == {"canary": 100}
    assert document["runner"]["alive"] is True


def test_an_old_reading_says_how_old_it_is(written: Any, qd: Any) -> None:
    written.everything(age=600)
    assert "(10m old)" in qd("status").out


def test_a_scope_shows_only_that_part(written: Any, qd: Any) -> None:
    written.everything()
    assert "new-cart" not in qd("status", "production/checkout").out
    assert [env["name"] for env in qd("status", "staging", "--json").json["environments"]] == ["staging"]


def test_of_one_service_the_way_back_and_what_still_drains_are_told(written: Any, qd: Any) -> None:
    written.everything()
    assert "way back" not in qd("status").out
    none = qd("status", "production/checkout")
    assert "the journal knows no change of production/checkout" in none.out
    written.begin("op1", written.plan())
    assert "operation op1" in qd("status", "production/checkout").out, "what runs has no way back yet"
    document = qd("status", "production/checkout", "--json").json
    assert (document["way_back"]["possible"], document["draining"]) == (False, [])


def test_of_one_service_the_latest_of_what_is_measured_is_told(written: Any, qd: Any) -> None:
    written.everything()
    assert qd("status", "production/checkout", "--json").json["indicators"] == []
    assert "measured" not in qd("status", "production/checkout").out
    question = GateSpec("errors", "metric", "metrics", {"query": "e"}, "result == result")
    rules = Rulebook(
        routes=(Route(TargetId("production", "checkout"), indicators=("errors", "latency")),),
        indicators=(
            Indicator("errors", question, Scale(0, 5, bad_above=2), "%", 100),
            Indicator("latency", replace(question, name="latency"), Scale(0, 3), "s"),
        ),
    )
    written.store.put_rules(rules, written.lease)
    series, now = SeriesId("production/checkout", "errors"), time.time()
    written.store.put_points([(series, Point(now - 30, 0.5)), (series, Point(now, 2.5))], written.lease)
    result = qd("status", "production/checkout")
    assert "errors  2.5 %  too high  just now  metrics" in result.out
    assert "latency  -  never  metrics" in result.out
    errors, latency = qd("status", "production/checkout", "--json").json["indicators"]
    assert (errors["value"], errors["unit"], errors["state"], errors["bad_above"]) == (2.5, "%", "too high", 2)
    assert (latency["value"], latency["state"], latency["measured_at"]) == (None, "never", None)


def test_an_unknown_scope_names_what_there_is(written: Any, qd: Any) -> None:
    written.everything()
    result = qd("status", "prod")
    assert result.code == 2
    assert "staging, production" in result.err


def test_one_row_in_trouble_leaves_the_others_alone(written: Any, qd: Any) -> None:
    written.everything()
    written.observe((written.places[0], Trouble("unreachable", "no answer from west", "is the VPN up?")))
    result = qd("status")
    assert result.code == 0
    assert "no answer from west" in result.out
    assert "is the VPN up?" in result.out
    assert "north: production 2.14.3" in result.out


@pytest.mark.parametrize(("age", "told"), [(3, "(last read just now)"), (600, "(last read 10m ago)")])
def test_a_row_in_trouble_says_when_it_was_last_read(written: Any, qd: Any, age: float, told: str) -> None:
    written.everything(age=age)
    subject = written.places[3].subject
    seen = replace(written.store.observations()[subject], trouble=Trouble("unreachable", "no answer"))
    written.store.observe([seen], written.lease)
    assert told in qd("status").out


@pytest.mark.parametrize(
    ("code", "exit_code"), [("unreachable", 7), ("tls", 7), ("garbage", 7), ("unauthenticated", 6), ("forbidden", 6)]
)
def test_when_nothing_can_be_read_the_exit_code_says_why(written: Any, qd: Any, code: Any, exit_code: Any) -> None:
    written.observe(*((place, Trouble(code, "no")) for place in written.places))
    assert qd("status").code == exit_code


def test_escape_sequences_and_markup_are_harmless(written: Any, qd: Any) -> None:
    written.observe((written.places[2], Trouble("provider_error", "\x1b[2J[bold]gone[/x]\r\nnext", "")))
    out = qd("status").out
    assert "\x1b" not in out
    assert "[bold]gone[/x] next" in out


def test_an_open_operation_is_shown_with_its_progress(written: Any, qd: Any) -> None:
    written.everything()
    written.begin("op1", written.plan())
    written.record(Draft("step.intended", "runner", "op1", "production/checkout@west", {"step": "1"}))
    assert "> op1  swap production/checkout@west  running 0/1" in qd("status").out
    assert qd("status", "--json").json["operations"][0]["state"] == "running"


def test_a_store_that_others_can_read_is_told(written: Any, qd: Any) -> None:
    written.everything()
    assert qd("status").err == ""
    written.store.path.chmod(0o644)
    assert f"chmod 600 {written.store.path}" in qd("status").err
