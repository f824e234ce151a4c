"""What another threshold would have said of the releases on record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.backtest import Recorded, backtest, samples_of, summary
from quarterdeck.release.gate import Evidence, GateSpec, Sample
from quarterdeck.release.judging import measured
from quarterdeck.release.operation import Ending
from quarterdeck.release.release_plan import Member, Observe, ReleasePlan, ReleaseStep, Wish
from quarterdeck.release.rollout import BACKGROUND, Release

CHECKOUT = TargetId("production", "checkout")
ERRORS = GateSpec("errors", "metric", success="result < 0.05", interval=30, count=3)
STRICT = replace(ERRORS, success="result < 0.01")


def samples(*values: float | None, gate: GateSpec = ERRORS) -> Sequence[Sample]:
    return [Sample(30.0 * i, (measured(gate, Evidence(value), 30.0 * i),)) for i, value in enumerate(values)]


def recorded(
    number: int, *values: float | None, ending: Ending | None = "succeeded", seconds: float = 0, step: str = "1"
) -> Recorded:
    steps = (ReleaseStep("1", CHECKOUT, Observe(("errors",), seconds), "analysis"),)
    members = (Member(CHECKOUT, f"2.{number}.0", "1.0.0", "careful"),)
    plan = ReleasePlan(f"r{number}", "", Wish((CHECKOUT,)), members, steps, gates=(ERRORS,))
    return Recorded(Release(f"r{number}", plan, "ana@x", "", 0, ending=ending), {step: samples(*values)})


def test_a_stricter_threshold_names_the_releases_it_would_have_stopped() -> None:
    rows = backtest(STRICT, [recorded(1, 0.001, 0.002, 0.001), recorded(2, 0.001, 0.03, 0.001)])
    assert [(row.release, row.would, row.did, row.differs) for row in rows] == [
        ("r1", "pass", "pass", False),
        ("r2", "fail", "pass", True),
    ]
    assert (rows[1].title, rows[1].step, rows[1].sample, rows[1].of, rows[1].at) == ("checkout 2.2.0", "1", 2, 3, 30)
    assert "0.03, wanted result < 0.01" in rows[1].why
    assert summary(STRICT, rows) == (
        "with result < 0.01 the last 2 releases would have: 1 passed, 1 failed; 1 otherwise than then"
    )


def test_a_milder_threshold_can_only_say_as_much_as_was_measured() -> None:
    (row,) = backtest(replace(ERRORS, success="result < 0.5"), [recorded(1, 0.001, 0.2, ending="rolled_back")])
    assert (row.would, row.did, row.ending) == ("unfinished", "fail", "rolled_back")


def test_other_limits_count_as_well() -> None:
    tolerant = replace(STRICT, failure_limit=1, count=2)
    (row,) = backtest(tolerant, [recorded(1, 0.001, 0.03, 0.001)])
    assert (row.would, row.sample) == ("pass", 3)


def test_no_data_stays_no_data_with_the_policy_that_is_tried() -> None:
    silent = recorded(1, None, None, None)
    assert backtest(ERRORS, [silent])[0].would == "unfinished"
    assert backtest(replace(ERRORS, on_no_data="fail"), [silent])[0].would == "fail"
    assert backtest(replace(ERRORS, on_no_data="pause"), [silent])[0].would == "undecided"
    assert backtest(replace(ERRORS, on_no_data="pass"), [silent])[0].would == "pass"


def test_a_bake_and_the_background_pass_by_holding_to_the_end() -> None:
    assert backtest(ERRORS, [recorded(1, 0, 0, 0, seconds=600)])[0].would == "pass"
    assert backtest(ERRORS, [recorded(1, *[0] * 9, step=BACKGROUND)])[0].would == "pass"
    assert backtest(STRICT, [recorded(1, 0, 0.03, 0, step=BACKGROUND)])[0].would == "fail"


def test_a_shadow_gate_is_judged_as_if_it_had_decided() -> None:
    (row,) = backtest(replace(STRICT, shadow=True), [recorded(1, 0.03)])
    assert row.would == "fail"


def test_releases_that_never_asked_it_are_left_out() -> None:
    assert backtest(replace(ERRORS, name="latency"), [recorded(1, 0)]) == ()
    assert summary(ERRORS, ()) == "no release on record has asked errors"


def test_samples_are_read_from_the_journal() -> None:
    bodies = [{"step": "1", "sample": to_json(sample)} for sample in samples(0.001, 0.03)]
    found = samples_of([*bodies, {"step": "2"}, {"step": "1", "sample": 5}])
    assert found == {"1": tuple(samples(0.001, 0.03))}
