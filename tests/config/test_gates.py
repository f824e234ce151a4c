"""Analyses and gates: what becomes of them, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.release.gate import GateSpec

TOP = """\
fleet: shop
connections:
  azure: {provider: harbour, account: main}
  gauges: {provider: harbour.gauges, account: main}
groups: {sre: [ana, bo]}
schedules: {day: {cron: "0 9 * * *", for: 8h}}
environments: {production: {strategy: asks}}
services: {checkout: {production: {slots: {connection: azure, pier: one, site: checkout}}}}
strategies: {asks: {steps: [swap, {analysis: asked}]}}
"""
LINES = TOP.count("\n")


def analysis(text: str) -> str:
    return f"{TOP}analyses: {{asked: {text}}}\n"


def gate(text: str) -> str:
    idle = "gauges: {provider: harbour.gauges, account: main}\n"
    top = TOP if "gauges" in text else TOP.replace(f"  {idle}", "")
    top = top if "day" in text else top.replace('schedules: {day: {cron: "0 9 * * *", for: 8h}}\n', "\n")
    return f"{top}gates: {{asked: {text}}}\n"


def only(folder: Any, text: str) -> GateSpec:
    loaded = folder.load(text)
    (one,) = loaded.rules.gates
    assert isinstance(one, GateSpec)
    return one


def test_an_analysis_asks_its_connection_in_the_providers_own_words(folder: Any) -> None:
    asked = only(
        folder, analysis("{connection: gauges, query: \"up{site='$site'}\", success_condition: result < 0.01}")
    )
    assert asked == GateSpec(
        "asked", "metric", "gauges", {"query": "up{site='$site'}", "window": "5"}, success="result < 0.01"
    )


def test_all_that_can_be_said_about_the_terms_of_a_gate(folder: Any) -> None:
    text = (
        "{connection: gauges, query: q, success_condition: result < 1, failure_condition: result > 5, interval: 10s,"
        " count: 5, failure_limit: 1, inconclusive_limit: 3, evaluation_delay: 1m, steady_for: 2m, timeout: 1h30m,"
        " max_age: 2m, on_no_data: pause, on_stale: fail, shadow: true, skippable_by: sre, for: the error rate}"
    )
    assert only(folder, analysis(text)) == GateSpec(
        "asked",
        "metric",
        "gauges",
        {"query": "q", "window": "5"},
        success="result < 1",
        failure="result > 5",
        evaluation_delay=60,
        interval=10,
        count=5,
        failure_limit=1,
        inconclusive_limit=3,
        steady_for=120,
        timeout=5400,
        max_age=120,
        on_no_data="pause",
        on_stale="fail",
        shadow=True,
        skippable_by=("sre",),
        blame="the error rate",
    )


def test_what_is_bad_also_says_what_is_good(folder: Any) -> None:
    asked = only(folder, analysis("{connection: gauges, query: q, failure_condition: result > 5}"))
    assert (asked.success, asked.failure) == ("not (result > 5)", "")


@pytest.mark.parametrize(
    ("text", "kind", "connection", "options", "success"),
    [
        (
            "{connection: gauges, alerts: '{severity=\"page\"}'}",
            "alerts",
            "gauges",
            {"matchers": '{severity="page"}'},
            "result == 0",
        ),
        (
            '{probe: "https://$host/health"}',
            "probe",
            "",
            {"url": "https://$host/health", "method": "GET"},
            "result == 200",
        ),
        (
            '{probe: "https://$host/", method: HEAD, host: shop.example, connection: gauges}',
            "probe",
            "gauges",
            {"url": "https://$host/", "method": "HEAD", "host": "shop.example"},
            "result == 200",
        ),
        (
            '{probe: "https://$host/db", path: schema.version, success_condition: result > 3}',
            "probe",
            "",
            {"url": "https://$host/db", "method": "GET", "path": "schema.version"},
            "result > 3",
        ),
        (
            "{connection: gauges, work_items: {path: /search, count: total, query: 'q=$service'}}",
            "query",
            "gauges",
            {"path": "/search", "count": "total", "query": "q=$service"},
            "result == 0",
        ),
        ("{schedule: day}", "schedule", "", {"window": "day"}, "result == 1"),
    ],
)
def test_each_kind_of_gate_has_its_usual_condition(
    folder: Any, text: str, kind: str, connection: str, options: dict[str, str], success: str
) -> None:
    asked = only(folder, gate(text))
    assert (asked.kind, asked.connection, asked.options, asked.success) == (kind, connection, options, success)


def test_a_command_is_taken_from_where_the_file_is(folder: Any) -> None:
    asked = only(folder, gate("{command: [./smoke, --version, $version]}"))
    argv = [str(folder.path / "smoke"), "--version", "$version"]
    assert (asked.kind, json.loads(asked.options["argv"]), asked.options["timeout"]) == ("command", argv, "30")


def test_a_command_on_the_path_or_with_a_whole_name_stays_as_it_is(folder: Any) -> None:
    for program in ("curl", "/bin/true"):
        asked = only(folder, gate(f"{{command: {{argv: [{program}], timeout: 5s}}}}"))
        assert (json.loads(asked.options["argv"]), asked.options["timeout"]) == ([program], "5")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{query: q}", "connection: is missing"),
        ("{connection: gauge, query: q}", "connection: there is no connection gauge"),
        ("{connection: azure, query: q}", "connection: the connection azure has no gates"),
        ("{connection: gauges, success_condition: result < 1}", "query: is missing"),
        ("{connection: gauges, query: q}", ": doesn't say what is good"),
        ("{connection: gauges, query: q, success_condition: a < 1}", "success_condition: a isn't known"),
        ("{connection: gauges, query: q, success_condition: result}", "success_condition: it compares nothing"),
        ("{connection: gauges, query: $sit, success_condition: result < 1}", "query: $sit isn't known"),
        ("{connection: gauges, query: q, window: x, success_condition: result < 1}", "window: must be a whole number"),
        (
            "{connection: gauges, query: q, success_condition: result < 1, skippable_by: [sr]}",
            "skippable_by[0]: there is no group sr",
        ),
        (
            "{connection: gauges, query: q, success_condition: result < 1, count: 9, interval: 1m, timeout: 8m}",
            ": can never pass",
        ),
        (
            "{connection: gauges, query: q, success_condition: result < 1, steady_for: 1h}",
            ": can never pass",
        ),
        ("[]", ": must hold keys with values"),
    ],
)
def test_an_analysis_that_cant_be_asked_is_refused(folder: Any, text: str, told: str) -> None:
    lines = folder.told(analysis(text))
    assert any(f"analyses.asked{'' if told[0] == ':' else '.'}{told}" in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{}", ": doesn't say what to ask"),
        ("{schedule: day, command: [a]}", ": says command and schedule"),
        ("{schedule: night}", "schedule: there is no schedule night"),
        ("{schedule: day, connection: gauges}", "connection: a schedule gate asks no connection"),
        ("{alerts: x}", "connection: is missing"),
        ("{connection: azure, alerts: x}", "connection: the connection azure has no gates"),
        ("{command: []}", "command: must hold at least one"),
        ("{command: ./smoke now}", "command: must hold keys with values"),
        ("{command: {argv: [a], timeout: 0}}", "command.timeout: must be longer than nothing"),
        ('{command: [a, ""]}', "command[1]: must not be empty"),
        ('{probe: "ftp://$host"}', "probe: must begin with https://HOST or http://HOST"),
        ('{probe: "https://$hots"}', "probe: $hots isn't known (did you mean $host?)"),
        ('{probe: "https://a", path: x}', ": doesn't say what is good"),
        ('{probe: "https://a", interval: 30}', "interval: must be a length of time: 45s, 10m, 1h30m, 2d (30m if"),
        ('{probe: "https://a", interval: 0s}', "interval: must be longer than nothing"),
        ('{probe: "https://a", on_stale: shrug}', "on_stale: must be 'wait', 'pass', 'fail' or 'pause'"),
        ('{probe: "https://a", query: x}', "query: unknown key"),
    ],
)
def test_a_gate_that_cant_be_asked_is_refused(folder: Any, text: str, told: str) -> None:
    lines = folder.told(gate(text))
    assert any(f"gates.asked{'' if told[0] == ':' else '.'}{told}" in line for line in lines), lines


def test_an_unknown_key_of_an_analysis_may_have_been_meant_for_us_or_for_the_provider(folder: Any) -> None:
    text = analysis("{connection: gauges, querry: q, intervall: 1m, success_condition: result < 1}")
    hints = {problem.path: problem.hint for problem in folder.problems(text)}
    assert hints["analyses.asked.querry"] == "did you mean query?"
    assert hints["analyses.asked.intervall"] == "did you mean interval?"


def test_a_problem_is_told_where_it_stands(folder: Any) -> None:
    (problem,) = folder.problems(analysis("{connection: gauges, query: q, success_condition: result < 1, count: 0}"))
    assert (problem.line, problem.column) == (LINES + 1, 88)
    assert str(problem).startswith(f"{folder.path}/quarterdeck.yaml:{LINES + 1}:88  analyses.asked.count: must be")


def test_analyses_and_gates_share_their_names(folder: Any) -> None:
    text = (
        analysis("{connection: gauges, query: q, success_condition: result < 1}") + "gates: {asked: {schedule: day}}\n"
    )
    (problem,) = folder.problems(text)
    assert (problem.path, problem.message[:35]) == ("gates.asked", "the gate asked is already given in ")


def test_an_analysis_may_use_another_one(folder: Any) -> None:
    text = TOP + (
        "analyses:\n"
        "  rate: {connection: gauges, query: q, success_condition: result < 1, count: 3}\n"
        "  asked: {use: rate, success_condition: result < 2}\n"
    )
    by_name = {one.name: one for one in folder.load(text).rules.gates}
    assert (by_name["asked"].success, by_name["asked"].count) == ("result < 2", 3)


def test_a_gate_that_nothing_asks_is_worth_a_warning(folder: Any) -> None:
    text = gate("{command: [a]}").replace(", {analysis: asked}", "")
    (warning,) = folder.load(text).warnings
    assert (warning.path, warning.message) == ("gates.asked", "nothing uses this gate")


def test_a_connection_that_only_a_gate_asks_is_used(folder: Any) -> None:
    text = gate("{connection: gauges, alerts: x}")
    assert folder.load(text).warnings == ()
