"""Four verdicts, and what samples amount to: passed, failed, undecided, or not yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.release.gate import (
    Evidence,
    GateSpec,
    Judgement,
    Measurement,
    Policy,
    Sample,
    Tally,
    Verdict,
    tallied,
)
from quarterdeck.release.judging import judge, measured, unasked

ERRORS = GateSpec("errors", "metric", success="result < 0.01", interval=30, count=3, timeout=600)
ALIVE = GateSpec("alive", "probe", success="result == 200", interval=30, timeout=600)


# --- one measurement --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "verdict", "kept"),
    [
        (0.001, "pass", 0.001),
        (0.01, "fail", 0.01),
        (None, "no_data", None),
        (math.nan, "no_data", None),
        (math.inf, "fail", None),
        (-math.inf, "no_data", None),
    ],
)
def test_a_number_passes_fails_or_is_none(value: float | None, verdict: Verdict, kept: float | None) -> None:
    found = measured(ERRORS, Evidence(value), 1000)
    assert (found.verdict, found.value) == (verdict, kept)


def test_nobody_answering_is_no_data_and_says_why() -> None:
    found = measured(ERRORS, None, 1000, "prometheus: no answer in time")
    assert (found.verdict, found.detail) == ("no_data", "prometheus: no answer in time")


def test_an_old_value_is_stale_however_good() -> None:
    gate = replace(ERRORS, max_age=60)
    assert measured(gate, Evidence(0.001, at=940), 1000).verdict == "pass"
    old = measured(gate, Evidence(0.001, at=930), 1000)
    assert (old.verdict, old.value) == ("stale", 0.001)
    assert "70 s old" in old.detail
    assert measured(gate, Evidence(0.5, at=930), 1000).verdict == "stale"
    assert "ahead" in measured(gate, Evidence(0.001, at=1100), 1000).detail


@pytest.mark.parametrize("at", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_none_is_no_fresh_one(at: float) -> None:
    strange = measured(ERRORS, Evidence(0.001, at=at), 1000)
    assert (strange.verdict, "how old" in strange.detail) == ("stale", True)


def test_between_success_and_failure_is_neither() -> None:
    gate = replace(ERRORS, success="result < 0.01", failure="result > 0.05")
    values = (0.001, 0.03, 0.06)
    assert [measured(gate, Evidence(value), 0).verdict for value in values] == ["pass", "no_data", "fail"]


def test_a_failure_condition_alone_passes_what_it_does_not_name() -> None:
    gate = replace(ERRORS, success="", failure="result > 5")
    assert [measured(gate, Evidence(value), 0).verdict for value in (5.0, 6.0)] == ["pass", "fail"]


def test_failure_wins_where_both_hold() -> None:
    gate = replace(ERRORS, success="result > 1", failure="result > 5")
    assert measured(gate, Evidence(6), 0).verdict == "fail"


def test_a_gate_without_a_condition_never_passes() -> None:
    assert measured(replace(ERRORS, success=""), Evidence(1), 0).verdict == "no_data"


def test_a_condition_that_cannot_be_computed_never_passes() -> None:
    assert measured(replace(ERRORS, success="1 / result < 5"), Evidence(0), 0).verdict == "no_data"
    assert measured(replace(ERRORS, success="", failure="1 / result > 5"), Evidence(0), 0).verdict == "no_data"


def test_what_a_source_says_is_made_harmless() -> None:
    found = measured(ERRORS, Evidence(0.5, detail="\x1b[31mred\x1b[0m\nnext"), 0)
    assert found.detail == "red next"


# --- a step -----------------------------------------------------------------------------------------------------------
Row = Mapping[str, float | None]
"""The values of one sample by gate; None is no data."""


def sampled(gates: Sequence[GateSpec], rows: Iterable[tuple[float, Row]]) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for at, row in rows:
        sample = Sample(at, tuple(measured(gate, Evidence(row[gate.name]), at) for gate in gates))
        for one in sample.measurements:
            tallies[one.gate] = tallied(tallies.get(one.gate, Tally()), one, sample)
    return tallies


def every_30_s(name: str, *values: float | None) -> list[tuple[float, Row]]:
    return [(30.0 * i, {name: value}) for i, value in enumerate(values)]


def judged(
    gates: Sequence[GateSpec], rows: Sequence[tuple[float, Row]], now: float | None = None, **more: Any
) -> Judgement:
    last = rows[-1][0] if rows else 0.0
    return judge(gates, sampled(gates, rows), began=0, now=last if now is None else now, **more)


def test_it_passes_after_as_many_passed_samples_as_it_wants() -> None:
    assert judged([ERRORS], every_30_s("errors", 0, 0)).state == "pending"
    assert "2 of 3" in judged([ERRORS], every_30_s("errors", 0, 0)).why
    assert judged([ERRORS], every_30_s("errors", 0, 0, 0)).state == "passed"


def test_it_never_ends_on_a_sample_that_did_not_pass() -> None:
    gate = replace(ERRORS, count=2, failure_limit=1)
    assert judged([gate], every_30_s("errors", 0, 0.5, None)).state == "pending"
    assert judged([gate], every_30_s("errors", 0, 0.5, 0)).state == "passed"


def test_it_fails_when_more_samples_failed_than_may_and_says_what_was_wanted() -> None:
    gate = replace(ERRORS, failure_limit=1)
    assert judged([gate], every_30_s("errors", 0.5)).state == "pending"
    failed = judged([gate], every_30_s("errors", 0.034, 0, 0.05))
    assert failed.state == "failed"
    assert failed.why == "errors 0.05, wanted result < 0.01: failed 2 times, 1 allowed"


def test_the_first_sample_waits_for_the_delay_and_the_next_for_the_interval() -> None:
    slow = replace(ERRORS, evaluation_delay=60)
    assert judge([slow, ALIVE], {}, began=100, now=100) == Judgement(
        "pending", "errors: not asked yet; alive: not asked yet", 160
    )
    assert judged([ERRORS], [(70.0, {"errors": 0})]).next_at == 100
    assert judged([ERRORS, replace(ALIVE, interval=10)], [(70.0, {"errors": 0, "alive": 200})]).next_at == 80


def test_when_the_clock_was_set_back_nobody_waits_for_it_to_come_there_again() -> None:
    rows = every_30_s("errors", 0, 0)
    assert judged([ERRORS], rows, now=-3600).next_at == -3600
    assert judged([ERRORS], rows, now=-3600, seconds=math.inf).next_at == -3600
    assert judge([ERRORS], {}, began=0, now=-3600).next_at == -3600
    assert judged([ERRORS], [*rows, (-3600.0, {"errors": 0})], now=-3590).next_at == -3570


def test_an_alarm_after_the_clock_was_set_back_is_an_alarm() -> None:
    assert judged([ERRORS], [*every_30_s("errors", 0, 0), (-3600.0, {"errors": 0.5})], now=-3600).state == "failed"


def test_all_gates_have_to_pass_in_the_same_sample() -> None:
    gates = [replace(ERRORS, count=1, failure_limit=9), replace(ALIVE, failure_limit=9)]
    turns: list[tuple[float, Row]] = [(0, {"errors": 0, "alive": 500}), (30, {"errors": 0.5, "alive": 200})]
    assert judged(gates, turns).state == "pending"
    assert judged(gates, [*turns, (60, {"errors": 0, "alive": 200})]).state == "passed"


def test_a_sample_counts_for_a_gate_only_if_all_passed_in_it() -> None:
    gates = [replace(ERRORS, count=3), replace(ALIVE, failure_limit=9)]
    rows: list[tuple[float, Row]] = [(30.0 * i, {"errors": 0, "alive": 500 if i < 2 else 200}) for i in range(4)]
    assert judged(gates, rows).state == "pending"
    assert judged(gates, [*rows, (120.0, {"errors": 0, "alive": 200})]).state == "passed"


def test_steady_for_is_about_passed_samples_without_a_break() -> None:
    gates = [replace(ERRORS, count=1, failure_limit=9, steady_for=60), replace(ALIVE, failure_limit=9)]
    good: Row = {"errors": 0, "alive": 200}
    rows: list[tuple[float, Row]] = [(0, good), (30, {"errors": 0, "alive": 500}), (60, good), (90, good)]
    assert judged(gates, rows).state == "pending"
    assert judged(gates, [*rows, (120, good)]).state == "passed"


def test_a_gate_with_a_long_interval_keeps_its_time_beside_a_quick_one() -> None:
    slow, quick = replace(ERRORS, interval=300, count=3), replace(ALIVE, interval=30)
    good: Row = {"errors": 0, "alive": 200}
    rows = [(30.0 * i, good) for i in range(20)]
    assert judged([slow, quick], rows).state == "pending"
    assert judged([slow, quick], [*rows, (600, good)]).state == "passed"


@pytest.mark.parametrize(
    ("policy", "limit", "states"),
    [
        ("wait", 0, ["pending", "pending", "pending"]),
        ("fail", 0, ["failed", "failed", "failed"]),
        ("fail", 1, ["pending", "failed", "failed"]),
        ("pause", 1, ["pending", "undecided", "undecided"]),
        ("pass", 0, ["passed", "passed", "passed"]),
        ("pass", 1, ["pending", "passed", "passed"]),
    ],
)
def test_no_data_has_a_policy(policy: Any, limit: int, states: list[str]) -> None:
    gate = replace(ERRORS, count=1, on_no_data=policy, inconclusive_limit=limit)
    found = [judged([gate], every_30_s("errors", *[None] * count)).state for count in (1, 2, 3)]
    assert found == states


def test_stale_has_a_policy_of_its_own() -> None:
    gate = replace(ERRORS, on_stale="fail", on_no_data="wait")
    stale = Sample(0, (measured(gate, Evidence(0, at=-900), 0),))
    tally = tallied(Tally(), stale.measurements[0], stale)
    judgement = judge([gate], {"errors": tally}, began=0, now=0)
    assert judgement.state == "failed"
    assert "stale" in judgement.why


def test_data_that_comes_back_ends_the_wait_for_a_person() -> None:
    gate = replace(ERRORS, count=1, on_no_data="pause")
    assert judged([gate], every_30_s("errors", None)).state == "undecided"
    assert judged([gate], every_30_s("errors", None, 0)).state == "passed"


def test_a_gate_that_never_has_data_ends_at_its_timeout_as_its_policy_says() -> None:
    """Azure DevOps: "No samples have yet arrived", for ever. Argo Rollouts #1905: no data is always a failure."""
    gate = replace(ERRORS, timeout=90)
    assert judged([gate], every_30_s("errors", None, None, None)).state == "pending"
    late = judged([gate], every_30_s("errors", None, None, None, None))
    assert late.state == "failed"
    assert "no data" in late.why
    assert "no outcome within 90 s" in late.why
    patient = {policy: replace(gate, on_no_data=policy, inconclusive_limit=99) for policy in get_args(Policy)}
    states = {policy: judged([one], every_30_s("errors", *[None] * 4)).state for policy, one in patient.items()}
    assert states == {"wait": "failed", "pause": "undecided", "fail": "failed", "pass": "passed"}


def test_a_gate_that_neither_passes_nor_fails_often_enough_has_failed_at_its_timeout() -> None:
    gate = replace(ERRORS, timeout=90, failure_limit=9)
    assert judged([gate], every_30_s("errors", 0.5, 0.5, 0.5)).state == "pending"
    assert judged([gate], every_30_s("errors", 0.5, 0.5, 0.5, 0.5)).state == "failed"


def test_a_runner_that_comes_back_late_asks_before_it_judges() -> None:
    gate = replace(ERRORS, timeout=90, count=2)
    back = judged([gate], every_30_s("errors", 0), now=5000)
    assert back.state == "pending"
    assert back.next_at <= 5000
    assert judge([gate], {}, began=0, now=5000).state == "pending"
    assert judged([gate], [(0, {"errors": 0}), (5000, {"errors": 0})]).state == "passed"


def test_its_last_sample_is_taken_when_the_timeout_comes() -> None:
    gate = replace(ERRORS, interval=60, timeout=90)
    assert judged([gate], [(0, {"errors": None}), (60, {"errors": None})]).next_at == 90


def test_a_gate_that_passes_waits_for_those_that_still_have_time() -> None:
    short, long = replace(ALIVE, timeout=60), replace(ERRORS, count=1, timeout=600)
    rows: list[tuple[float, Row]] = [(30.0 * i, {"alive": 200, "errors": None}) for i in range(4)]
    assert judged([short, long], rows).state == "pending"
    assert judged([short, long], [(30.0 * i, {"alive": 200, "errors": None}) for i in range(21)]).state == "failed"


def test_a_shadow_gate_is_shown_and_decides_nothing() -> None:
    shadow = replace(ALIVE, shadow=True, on_no_data="fail")
    gate = replace(ERRORS, count=1)
    assert judged([gate, shadow], [(0, {"errors": 0, "alive": 500})]).state == "passed"
    assert judged([gate, shadow], [(0, {"errors": 0, "alive": None})]).state == "passed"
    assert judged([shadow], [(0, {"alive": 500})]).state == "passed"
    assert judge([shadow], {}, began=0, now=0).state == "pending"


# --- a bake -----------------------------------------------------------------------------------------------------------
def test_a_bake_passes_when_its_time_is_over_and_the_last_sample_passed() -> None:
    gate = replace(ERRORS, count=1)
    rows = every_30_s("errors", *[0] * 4)
    early = judged([gate], rows, seconds=120)
    assert early.state == "pending"
    assert early.next_at == 120
    assert judged([gate], rows, now=120, seconds=120).state == "passed"


def test_a_bake_fails_as_soon_as_a_gate_does() -> None:
    assert judged([ERRORS], every_30_s("errors", 0, 0.5), seconds=600).state == "failed"


def test_a_bake_of_which_nobody_saw_the_end_is_looked_at_once_more() -> None:
    rows = every_30_s("errors", 0, 0)
    back = judged([ERRORS], rows, now=600, seconds=600)
    assert back.state == "pending"
    assert back.next_at <= 600
    assert judged([ERRORS], [*rows, (600, {"errors": 0})], seconds=600).state == "passed"


def test_a_bake_whose_gates_never_gave_data_is_not_passed() -> None:
    silent = [(30.0 * i, {"errors": None}) for i in range(5)]
    assert judged([ERRORS], silent, now=120, seconds=120).state == "pending"
    assert judged([replace(ERRORS, timeout=90)], silent, now=120, seconds=120).state == "failed"
    assert judged([replace(ERRORS, on_no_data="fail")], silent, now=120, seconds=120).state == "failed"
    assert judged([replace(ERRORS, on_no_data="pause", inconclusive_limit=2)], silent, seconds=120).state == "undecided"
    assert judged([replace(ERRORS, on_no_data="pass")], silent, seconds=120).state == "passed"


def test_a_bake_without_gates_only_waits() -> None:
    assert judge([], {}, began=0, now=59, seconds=60).state == "pending"
    assert judge([], {}, began=0, now=59, seconds=60).next_at == 60
    assert judge([], {}, began=0, now=60, seconds=60).state == "passed"


def test_the_background_never_passes_and_fails_like_a_bake() -> None:
    rows = every_30_s("errors", *[0] * 100)
    good = judged([ERRORS], rows, seconds=math.inf)
    assert (good.state, good.next_at) == ("pending", 99 * 30 + 30)
    assert judged([ERRORS], [*rows, (3000, {"errors": 1})], seconds=math.inf).state == "failed"


def test_the_background_may_be_silent_for_as_long_as_its_timeout() -> None:
    rows: list[tuple[float, Row]] = [(30.0 * i, {"errors": 0 if i < 100 else None}) for i in range(120)]
    assert judged([ERRORS], rows[:119], seconds=math.inf).state == "pending"
    assert judged([ERRORS], rows, seconds=math.inf).state == "failed"
    excused = replace(ERRORS, on_no_data="pass")
    assert judged([excused], rows, seconds=math.inf).state == "pending"


def test_a_tolerated_failure_late_in_the_background_is_still_tolerated() -> None:
    gate = replace(ERRORS, failure_limit=1, timeout=60)
    assert judged([gate], every_30_s("errors", *[0] * 50, 0.5), seconds=math.inf).state == "pending"


# --- nobody was there -------------------------------------------------------------------------------------------------
def test_what_is_asked_a_little_late_was_asked_and_what_nobody_asked_for_hours_was_not() -> None:
    quick = replace(ERRORS, interval=1)
    assert [unasked([ERRORS], 1000, 1000 + late) for late in (0, 90, 91, 3600)] == [0, 0, 91, 3600]
    assert [unasked([quick], 1000, 1000 + late) for late in (60, 61)] == [0, 61]
    assert unasked([ERRORS], 1000, 400) == 0


def away(tally: Tally, at: float, seconds: float, value: float | None) -> Tally:
    """One more sample of `errors` after so many seconds in which nobody asked."""
    one = measured(ERRORS, Evidence(value), at)
    return tallied(tally, one, Sample(at, (one,), unasked=seconds))


@pytest.mark.parametrize("before", [(0.0, 0.0, 0.0), (None, None, None)], ids=["answered", "never answered"])
def test_time_in_which_nobody_asked_is_no_silence_of_a_gate(before: Sequence[float | None]) -> None:
    asked = sampled([ERRORS], every_30_s("errors", *before))["errors"]
    back = away(asked, 7260, 7170, None)
    assert judge([ERRORS], {"errors": back}, began=0, now=7260, seconds=math.inf).state == "pending"
    later = [(7260 + 30.0 * i, None) for i in range(1, 21)]
    for at, _ in later:
        back = away(back, at, 0, None)
    assert judge([ERRORS], {"errors": back}, began=0, now=later[-1][0], seconds=math.inf).state == "failed"


def test_a_runner_that_dies_again_and_again_comes_to_an_end_with_a_gate_that_never_answers() -> None:
    tally, at = Tally(), 0.0
    for _ in range(25):
        at += 30 + 3600
        tally = away(tally, at, 3600, None)
    assert judge([ERRORS], {"errors": tally}, began=0, now=at, seconds=math.inf).state == "failed"


def test_an_analysis_has_as_much_time_as_if_its_runner_had_never_been_away() -> None:
    gate = replace(ERRORS, timeout=120)
    asked = sampled([gate], every_30_s("errors", 0, 0))["errors"]
    back = away(asked, 3660, 3600, None)
    assert judge([gate], {"errors": back}, began=0, now=3660).state == "pending"
    for at in (3690, 3720):
        back = away(back, at, 0, None)
    assert judge([gate], {"errors": back}, began=0, now=3720).state == "failed"


def test_a_bake_is_watched_for_as_long_as_it_should_last() -> None:
    asked = sampled([ERRORS], every_30_s("errors", 0, 0))["errors"]
    back = away(asked, 3660, 3600, 0)
    early = judge([ERRORS], {"errors": back}, began=0, now=3660, seconds=600)
    assert (early.state, early.next_at) == ("pending", 3690)
    for at in range(3690, 4171, 30):
        assert judge([ERRORS], {"errors": back}, began=0, now=at, seconds=600).state == "pending"
        back = away(back, at, 0, 0)
    assert judge([ERRORS], {"errors": back}, began=0, now=4200, seconds=600).state == "passed"


def test_nobody_knows_whether_it_was_steady_while_nobody_looked() -> None:
    gate = replace(ERRORS, count=1, steady_for=300)
    asked = sampled([gate], every_30_s("errors", 0, 0))["errors"]
    back = away(asked, 3660, 3600, 0)
    assert judge([gate], {"errors": back}, began=0, now=3660).state == "pending"
    assert judge([gate], {"errors": away(back, 3960, 0, 0)}, began=0, now=3960).state == "passed"


# --- whatever happens -------------------------------------------------------------------------------------------------
VERDICTS: st.SearchStrategy[Verdict] = st.sampled_from(get_args(Verdict))
POLICIES = st.sampled_from(["wait", "pass", "fail", "pause"])


@st.composite
def gate_specs(draw: st.DrawFn, name: str, policies: st.SearchStrategy[Any] = POLICIES) -> GateSpec:
    return GateSpec(
        name,
        "metric",
        success="result == 0",
        evaluation_delay=draw(st.sampled_from([0.0, 20.0])),
        interval=draw(st.sampled_from([10.0, 30.0])),
        count=draw(st.integers(1, 4)),
        failure_limit=draw(st.integers(0, 3)),
        inconclusive_limit=draw(st.integers(0, 3)),
        steady_for=draw(st.sampled_from([0.0, 25.0])),
        timeout=draw(st.sampled_from([40.0, 100.0, 1000.0])),
        on_no_data=draw(policies),
        on_stale=draw(policies),
        shadow=draw(st.booleans()),
    )


def fold(gates: Sequence[GateSpec], rows: Sequence[Sequence[Verdict]], interval: float = 10) -> dict[str, Tally]:
    tallies: dict[str, Tally] = {}
    for number, row in enumerate(rows):
        measurements = tuple(_measurement(gate, verdict) for gate, verdict in zip(gates, row, strict=True))
        sample = Sample(number * interval, measurements)
        for one in measurements:
            tallies[one.gate] = tallied(tallies.get(one.gate, Tally()), one, sample)
    return tallies


def _measurement(gate: GateSpec, verdict: Verdict) -> Measurement:
    if verdict == "stale":
        return measured(gate, Evidence(0, at=-10_000), 0)
    return measured(gate, Evidence({"pass": 0, "fail": 1}.get(verdict)), 0)


def rows_of(count: int) -> st.SearchStrategy[list[list[Verdict]]]:
    return st.lists(st.lists(VERDICTS, min_size=count, max_size=count), min_size=1, max_size=12)


PAIR = st.tuples(gate_specs("a"), gate_specs("b"))
SECONDS = st.sampled_from([0.0, 60.0])


@settings(deadline=None)
@given(PAIR, rows_of(2), SECONDS, st.data())
def test_more_failures_never_make_it_pass(
    gates: tuple[GateSpec, ...], rows: list[list[Verdict]], seconds: float, data: st.DataObject
) -> None:
    now = len(rows) * 10.0
    before = judge(gates, fold(gates, rows), began=0, now=now, seconds=seconds)
    row, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 1))
    worse = [list(one) for one in rows]
    worse[row][column] = "fail"
    after = judge(gates, fold(gates, worse), began=0, now=now, seconds=seconds)
    assert before.state == "passed" or after.state != "passed"


@settings(deadline=None)
@given(PAIR, rows_of(2), SECONDS)
def test_it_passes_only_on_a_passed_sample(
    gates: tuple[GateSpec, ...], rows: list[list[Verdict]], seconds: float
) -> None:
    judgement = judge(gates, fold(gates, rows), began=0, now=len(rows) * 10.0, seconds=seconds)
    if judgement.state == "passed":
        for gate, verdict in zip(gates, rows[-1], strict=True):
            excused = {"no_data": gate.on_no_data, "stale": gate.on_stale}.get(verdict) == "pass"
            assert gate.shadow or verdict == "pass" or excused


@settings(deadline=None)
@given(st.tuples(gate_specs("a", st.sampled_from(["wait", "fail", "pause"]))), st.integers(1, 200), SECONDS)
def test_no_data_alone_never_passes_unless_the_policy_says_so(
    gates: tuple[GateSpec], count: int, seconds: float
) -> None:
    tallies = fold(gates, [["no_data"]] * count)
    judgement = judge(gates, tallies, began=0, now=count * 10.0, seconds=seconds)
    assert judgement.state != "passed" or gates[0].shadow


@settings(deadline=None)
@given(gate_specs("a"), gate_specs("b"), rows_of(2), SECONDS)
def test_what_a_shadow_says_changes_nothing(
    gate: GateSpec, shadow: GateSpec, rows: list[list[Verdict]], seconds: float
) -> None:
    gates = (replace(gate, shadow=False), replace(shadow, shadow=True, evaluation_delay=0, interval=30))
    quiet = [[first, "pass"] for first, _ in rows]
    now = len(rows) * 10.0
    loud, silent = (judge(gates, fold(gates, some), began=0, now=now, seconds=seconds) for some in (rows, quiet))
    assert (loud.state, loud.why) == (silent.state, silent.why)


@settings(deadline=None)
@given(PAIR, st.lists(st.tuples(VERDICTS, VERDICTS), min_size=300, max_size=300), SECONDS)
def test_sampled_when_it_asks_it_ends(
    gates: tuple[GateSpec, ...], answers: list[tuple[Verdict, Verdict]], seconds: float
) -> None:
    """An analysis and a bake come to an end, whatever the sources say: the next look is always ahead."""
    tallies: dict[str, Tally] = {}
    now = 0.0
    for answer in answers:
        judgement = judge(gates, tallies, began=0, now=now, seconds=seconds)
        while judgement.state == "pending" and judgement.next_at > now:
            now = judgement.next_at
            judgement = judge(gates, tallies, began=0, now=now, seconds=seconds)
        if judgement.state != "pending":
            return
        sample = Sample(now, tuple(_measurement(gate, verdict) for gate, verdict in zip(gates, answer, strict=True)))
        for one in sample.measurements:
            tallies[one.gate] = tallied(tallies.get(one.gate, Tally()), one, sample)
    raise AssertionError("no end")
