"""Which side is well now: what gates say, put beside what the provider says."""

from __future__ import annotations

from tests.release.surveys import slot, split

from quarterdeck.fleet.readings import Health
from quarterdeck.release.gate import GateSpec, Measurement, Sample, Verdict
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.sides import Side, because, side_of, slot_with, tells_of, traffic_with, unseen, worse

ILL = {"production": Side("unhealthy", "errors: 0.31")}


def sample(*verdicts: Verdict, shadow: bool = False) -> Sample:
    measured = (Measurement(f"g{n}", verdict, detail="told", shadow=shadow) for n, verdict in enumerate(verdicts))
    return Sample(0, tuple(measured))


def test_one_gate_that_fails_makes_a_side_unwell_and_silence_makes_it_nothing() -> None:
    assert side_of(sample("pass", "fail", "no_data")) == Side("unhealthy", "g1: told")
    assert side_of(sample("pass", "no_data")).health == "healthy"
    assert side_of(sample("no_data", "stale")).health == "unknown"
    assert side_of(sample("fail", shadow=True)).health == "unknown"


def test_a_gate_can_be_asked_about_a_side_if_it_names_one() -> None:
    staging, divided = slot("staging", host="staging.example"), slot("production", host="")
    by_slot = GateSpec("a", "metric", options={"query": 'errors{slot="$slot"}'})
    by_host = GateSpec("a", "probe", options={"url": "https://$host/healthz"})
    whole = GateSpec("a", "metric", options={"query": 'errors{service="$service"}'})
    assert [tells_of(gate, staging) for gate in (by_slot, by_host, whole)] == [True, True, False]
    assert [tells_of(gate, divided) for gate in (by_slot, by_host, whole)] == [True, False, False]


def test_whoever_says_unwell_is_believed() -> None:
    told: list[tuple[Health, Health, Health]] = [
        ("healthy", "unhealthy", "unhealthy"),
        ("unhealthy", "healthy", "unhealthy"),
        ("unknown", "healthy", "healthy"),
        ("healthy", "unknown", "healthy"),
        ("unknown", "unknown", "unknown"),
    ]
    for provider, gates, both in told:
        assert slot_with(slot("staging", health=provider), {"staging": Side(gates)}).health == both
    assert slot_with(slot("Staging", health="unknown"), {"staging": Side("healthy")}).health == "healthy"
    assert slot_with(slot("staging", health="unknown"), {}).health == "unknown"


def test_traffic_is_not_sent_back_to_a_broken_primary_while_the_canary_is_well() -> None:
    """Flagger#1898: the rollback sent all traffic to the broken primary and deleted the healthy canary."""
    reading = traffic_with(split(("production", 90), ("staging", 10)), ILL)
    told = worse("production/checkout", reading, {"production": 100, "staging": 0}, ILL, least=0.01)
    assert isinstance(told, Refusal)
    assert "errors: 0.31" in told.message
    assert "make it worse" in told.message
    assert "qd shift production/checkout production=100 staging=0" in told.hint


def test_with_both_sides_unwell_a_person_has_to_say_so() -> None:
    both = {**ILL, "staging": Side("unhealthy")}
    reading = traffic_with(split(("production", 90), ("staging", 10)), both)
    told = worse("production/checkout", reading, {"production": 100, "staging": 0}, both, least=0.01)
    assert isinstance(told, Risk)
    assert told.severity == "danger"


def test_leaving_the_broken_side_needs_no_word() -> None:
    broken = {"staging": Side("unhealthy")}
    reading = traffic_with(split(("production", 90), ("staging", 10)), broken)
    assert worse("p/c", reading, {"production": 100, "staging": 0}, broken, least=0.01) is None


def test_a_side_that_was_asked_about_in_vain_is_pointed_out() -> None:
    silent = {"staging": Side("unknown", "errors: no data")}
    (risk,) = unseen("p/c", silent, (slot("staging", health="unknown"),))
    assert risk.severity == "warning"
    assert "errors: no data" in risk.text
    assert unseen("p/c", silent, (slot("staging"),)) == ()
    assert unseen("p/c", {}, (slot("staging", health="unknown"),)) == ()
    assert because({}, "staging") == ""
