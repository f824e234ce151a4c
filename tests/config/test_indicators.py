"""Indicators: what is measured of services all the time, on which scale, and whom it concerns."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.indicator import Scale
from quarterdeck.release.rules import Rulebook

TOP = """\
fleet: shop
connections:
  azure: {provider: harbour, account: main}
  gauges: {provider: harbour.gauges, account: main}
analyses:
  error-rate: {connection: gauges, query: 'e{service="$service"}', success_condition: result < 0.01, max_age: 90s}
"""
PLACES = """\
environments:
  staging: {indicators: errors}
  production: {indicators: [errors, latency]}
services:
  checkout:
    staging: {slots: {connection: azure, pier: one, site: a}}
    production: {slots: {connection: azure, pier: one, site: b}}
  cart:
    staging: {slots: {connection: azure, pier: one, site: c}, indicators: []}
    production: {slots: {connection: azure, pier: one, site: d}, indicators: [latency]}
"""
INDICATORS = """\
indicators:
  errors: {analysis: error-rate, unit: "%", times: 100, high: 5, bad_above: 1, for: failed requests}
  latency: {connection: gauges, query: l, window: 9, unit: s, high: 2, interval: 10s}
"""


def rules(folder: Any, indicators: str = INDICATORS) -> Rulebook:
    found = folder.load(TOP + indicators + PLACES).rules
    assert isinstance(found, Rulebook)
    return found


def test_an_indicator_asks_what_an_analysis_asks_or_a_question_of_its_own(folder: Any) -> None:
    errors, latency = rules(folder).indicators
    assert (errors.question.connection, errors.question.options["query"]) == ("gauges", 'e{service="$service"}')
    assert (errors.question.interval, errors.question.max_age) == (30, 90)
    assert (errors.unit, errors.times, errors.about) == ("%", 100, "failed requests")
    assert errors.scale == Scale(0, 5, bad_above=1)
    assert latency.question.options == {"query": "l", "window": "9"}
    assert latency.question.interval == 10


def test_a_service_has_those_of_its_environment_unless_it_names_its_own(folder: Any) -> None:
    book = rules(folder)
    has = {str(target): book.route(target).indicators for target in map(TargetId.parse, (
        "staging/checkout", "production/checkout", "staging/cart", "production/cart"
    ))}  # fmt: skip
    assert has == {
        "staging/checkout": ("errors",),
        "production/checkout": ("errors", "latency"),
        "staging/cart": (),
        "production/cart": ("latency",),
    }


def test_rules_with_indicators_come_back_from_the_store_as_they_were(folder: Any) -> None:
    book = rules(folder)
    assert from_json(Rulebook, to_json(book)) == book


@pytest.mark.parametrize(
    ("errors", "told"),
    [
        ("{analysis: error-rate}", "indicators.errors.high: is missing"),
        ("{analysis: eror-rate, high: 5}", "8:22 indicators.errors.analysis: there is no gate eror-rate"),
        ("{high: 5}", "8:3 indicators.errors: must name what is asked, in one way"),
        ("{analysis: error-rate, connection: gauges, query: q, high: 5}", "must name what is asked, in one way"),
        ("{analysis: error-rate, query: q, high: 5}", "8:34 indicators.errors.query: unknown key"),
        ("{connection: gauges, high: 5}", "indicators.errors.query: is missing"),
        ("{connection: azure, query: q, high: 5}", "the connection azure has no gates"),
        ('{connection: gauges, query: "$servce", high: 5}', "$servce isn't known"),
        ("{connection: gauges, query: q, high: 5, unt: s}", "8:51 indicators.errors.unt: unknown key"),
        ("{connection: gauges, query: q, low: 5, high: 5}", "the scale goes nowhere"),
        ("{connection: gauges, query: q, high: 5, bad_above: 7}", "bad_above 7 isn't on the scale"),
        ("{connection: gauges, query: q, high: .inf}", "indicators.errors.high"),
        ("{connection: gauges, query: q, high: 5, interval: 0.5}", "indicators.errors.interval"),
        ("{connection: gauges, query: q, high: 5, times: 0}", "times 0 makes every answer nothing"),
        ("5", "8:3 indicators.errors: must hold keys with values"),
    ],
)
def test_what_cannot_be_measured_is_told_with_its_line(folder: Any, errors: str, told: str) -> None:
    text = f"{TOP}indicators:\n  errors: {errors}\n"
    assert any(told in one for one in folder.told(text)), folder.told(text)


def test_an_indicator_that_nobody_declared_is_told_where_it_is_named(folder: Any) -> None:
    text = TOP + INDICATORS + PLACES.replace("[errors, latency]", "[errors, latncy]")
    (problem,) = folder.problems(text)
    assert problem.path == "environments.production.indicators[1]"
    assert "did you mean latency?" in problem.hint


def test_an_indicator_that_no_service_has_is_a_warning(folder: Any) -> None:
    more = INDICATORS + "  load: {connection: gauges, query: q, high: 5}\n"
    (warning,) = folder.load(TOP + more + PLACES).warnings
    assert (warning.path, warning.message) == ("indicators.load", "nothing uses this indicator")
