"""PromQL, evaluated over a handful of samples. The expectations are Prometheus's documentation, and what a Prometheus
2.42 answered to the same samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.sandbox.prometheus.expressions import ParseError
from quarterdeck.sandbox.prometheus.matching import QueryError, Sample
from quarterdeck.sandbox.prometheus.query import Run, instant, over
from quarterdeck.sandbox.prometheus.series import Matcher, Point, Series, fits

NOW = 1000.0


def run(labels: str, *values: float, step: float = 10.0) -> Run:
    """A series by `name a=1 b=2`, whose last value was taken now."""
    name, *pairs = labels.split()
    named = {"__name__": name, **dict(pair.split("=") for pair in pairs)}
    first = NOW - step * (len(values) - 1)
    return Run(named, [Point(first + step * number, value) for number, value in enumerate(values)])


class Kept:
    """Series in memory."""

    def __init__(self, *runs: Run) -> None:
        self._runs = runs

    def select(self, alternatives: Sequence[Sequence[Matcher]]) -> list[Series]:
        return [one for one in self._runs if any(fits(matchers, one.labels) for matchers in alternatives)]


KEPT = Kept(
    run("ok shop=a code=200", 0, 90, 180, 270, 360, 450, 540),
    run("ok shop=b code=200", 0, 50, 100, 150, 200, 250, 300),
    run("bad shop=a code=500", 0, 10, 20, 30, 40, 50, 60),
    run("size shop=a le=0.1", 10, 20),
    run("size shop=a le=0.5", 15, 30),
    run("size shop=a le=+Inf", 20, 40),
    run("temperature shop=a", 4, 2, 7, math.nan, 3),
    run("restarted shop=a", 100, 110, 5, 15),
    run("one", 1.0),
)


def asked(text: str, at: float = NOW) -> dict[str, float]:
    """What a query gives, by labels written as `a=1 b=2`."""
    result = instant(text, KEPT, at)
    if isinstance(result, float):
        return {"scalar": result}
    assert isinstance(result, list)
    found = {}
    for sample in result:
        assert isinstance(sample, Sample)
        found[" ".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))] = sample.value
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('ok{shop="b"}', {"__name__=ok code=200 shop=b": 300}),
        ('ok{shop!="b"}', {"__name__=ok code=200 shop=a": 540}),
        ('{__name__=~"ok|bad",shop!~"b|c"}', {"__name__=ok code=200 shop=a": 540, "__name__=bad code=500 shop=a": 60}),
        ('ok{shop=~"a.+"}', {}),
        ('ok{shop="a"} offset 20s', {"__name__=ok code=200 shop=a": 360}),
        ('ok{shop="a"} @ 960', {"__name__=ok code=200 shop=a": 180}),
        ('rate(ok{shop="a"}[60s])', {"code=200 shop=a": 9}),
        ('increase(ok{shop="b"}[30s])', {"code=200 shop=b": 150}),
        ('irate(ok{shop="b"}[30s])', {"code=200 shop=b": 5}),
        ('delta(ok{shop="b"}[30s])', {"code=200 shop=b": 150}),
        ("rate(one[1m])", {}),
        ("increase(restarted[30s])", {"shop=a": 22.5}),
        ("resets(restarted[1m])", {"shop=a": 1}),
        ("sum by (shop) (rate(ok[1m]))", {"shop=a": 9, "shop=b": 5}),
        ("sum without (shop) (rate(ok[1m]))", {"code=200": 14}),
        ("avg(rate(ok[1m]))", {"": 7}),
        ("min(ok) + max(ok)", {"": 840}),
        ('count({__name__=~"ok|bad"})', {"": 3}),
        ("bad / ignoring(code) ok", {"shop=a": 60 / 540}),
        ("bad / on(shop) ok", {"shop=a": 60 / 540}),
        ("ok / on(code) group_left sum by (code) (ok)", {"code=200 shop=a": 540 / 840, "code=200 shop=b": 300 / 840}),
        ("bad / ok", {}),
        ("ok > 400", {"__name__=ok code=200 shop=a": 540}),
        ("ok > bool 400", {"code=200 shop=a": 1, "code=200 shop=b": 0}),
        ("400 < ok", {"__name__=ok code=200 shop=a": 540}),
        ("1 == bool 2", {"scalar": 0}),
        ("ok and on(shop) bad", {"__name__=ok code=200 shop=a": 540}),
        ("ok unless on(shop) bad", {"__name__=ok code=200 shop=b": 300}),
        ("nope or vector(0)", {"": 0}),
        ("scalar(one)", {"scalar": 1}),
        ("absent(nope{shop='a',code=~'5..'})", {"shop=a": 1}),
        ("absent(one)", {}),
        ("histogram_quantile(0.5, size)", {"shop=a": 0.1}),
        ("histogram_quantile(0.75, size)", {"shop=a": 0.5}),
        ("histogram_quantile(0.99, size)", {"shop=a": 0.5}),
        ("histogram_quantile(1.5, size)", {"shop=a": math.inf}),
        ("max_over_time(temperature[1m])", {"shop=a": 7}),
        ("min_over_time(temperature[1m])", {"shop=a": 2}),
        ("count_over_time(temperature[1m])", {"shop=a": 5}),
        ("last_over_time(temperature[1m])", {"__name__=temperature shop=a": 3}),
        ("sum_over_time(ok{shop='b'}[20s])", {"code=200 shop=b": 550}),
        ("avg_over_time(ok{shop='b'}[20s])", {"code=200 shop=b": 275}),
        ("clamp_max(ok, 400)", {"code=200 shop=a": 400, "code=200 shop=b": 300}),
        ("clamp_min(ok, 400)", {"code=200 shop=a": 540, "code=200 shop=b": 400}),
        ("abs(-bad)", {"code=500 shop=a": 60}),
        ("round(bad / 7)", {"code=500 shop=a": 9}),
        ("round(one, 0.1) > 0.9", {"": 1}),
        ("round(bad / 7, 0.1)", {"code=500 shop=a": 8.6}),
        ("-2 ^ 2", {"scalar": -4}),
        ("-5 % 3", {"scalar": -2}),
        ("1 / 0", {"scalar": math.inf}),
        ("topk(1, ok)", {"__name__=ok code=200 shop=a": 540}),
        ("time()", {"scalar": NOW}),
        ("timestamp(one offset 5s)", {}),
        ("timestamp(one)", {"": NOW}),
        ("max_over_time(sum(ok)[40s:20s])", {"": 840}),
        ('label_replace(one, "kind", "$1-x", "__name__", "(.*)")', {"__name__=one kind=one-x": 1}),
    ],
)
def test_what_a_query_gives(text: str, expected: dict[str, float]) -> None:
    assert asked(text) == pytest.approx(expected)


def test_nothing_over_nothing_is_no_number() -> None:
    assert math.isnan(asked("0 / 0")["scalar"])
    assert math.isnan(asked("scalar(ok)")["scalar"])


def test_a_value_is_kept_for_five_minutes_and_no_longer() -> None:
    assert asked("one", NOW + 299) == {"__name__=one": 1}
    assert asked("one", NOW + 300) == {}
    assert asked("timestamp(one)", NOW + 120) == {"": NOW}


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [
        ("sum(", ParseError, "unclosed left parenthesis"),
        ("rate(ok)", ParseError, "expected type"),
        ("", ParseError, "no expression"),
        ("(" * 5000 + "1" + ")" * 5000, ParseError, "up to 4000 characters"),
        ("ok / on(code) ok", QueryError, "found duplicate series"),
        ("ok / on(code) group_left ok", QueryError, "unique on one side"),
        ('{__name__=~"ok|bad"} / on(shop) bad', QueryError, "must be explicit"),
        ('sum without (code, shop) (1 * {__name__=~"ok|bad"}) or ok', None, ""),
        ("label_replace(ok, 'shop', '', 'shop', '.*')", QueryError, "same labelset"),
        ("deriv(ok[1m])", QueryError, "has no function deriv"),
        ("quantile(0.5, ok)", QueryError, "has no aggregation quantile"),
        ("-" * 3900 + "one", QueryError, "nested too deeply"),
        ("topk(NaN, ok)", QueryError, "overflows int64"),
        ("one @ 1e20", QueryError, "out of range"),
        ("one @ -5", ParseError, "before 1970"),
        ("rate(ok[1m] @ -5)", ParseError, "before 1970"),
    ],
)
def test_what_cannot_be_answered_says_why(text: str, error: type[Exception] | None, says: str) -> None:
    if error is None:
        assert asked(text)
        return
    with pytest.raises(error, match=says):
        instant(text, KEPT, NOW)


def test_a_range_is_the_same_question_asked_again_and_again() -> None:
    [found] = over("sum(rate(ok[20s]))", KEPT, NOW - 20, NOW, 10)
    assert [point.at for point in found.points] == [NOW - 20, NOW - 10, NOW]
    assert [point.value for point in found.points] == pytest.approx([14, 14, 14])
    with pytest.raises(QueryError, match="11,000 points"):
        over("one", KEPT, 0, NOW, 0.01)


@given(st.lists(st.floats(0, 1e6), min_size=2, max_size=30), st.integers(10, 400))
def test_a_counter_never_grows_backwards_and_a_rate_is_its_increase_by_the_second(
    steps: list[float], seconds: int
) -> None:
    values = [sum(steps[: number + 1]) for number in range(len(steps))]
    kept = Kept(run("counter", *values))
    grown = instant(f"increase(counter[{seconds}s])", kept, NOW)
    rate = instant(f"rate(counter[{seconds}s])", kept, NOW)
    assert isinstance(grown, list)
    assert isinstance(rate, list)
    for one, other in zip(grown, rate, strict=True):
        assert isinstance(one, Sample)
        assert isinstance(other, Sample)
        assert one.value >= 0
        assert other.value * seconds == pytest.approx(one.value)
