"""Which alerts fire: asked of Prometheus, and of Alertmanager."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.loopback import Asked, evidence, listening, says, session, trouble

from quarterdeck.providers.matching import parse

EVALUATED = "2026-11-23T04:42:21.636097123Z"


def alert(name: str, state: str = "firing", **labels: str) -> dict[str, Any]:
    return {"labels": {"alertname": name, **labels}, "annotations": {}, "state": state, "value": "1e+00"}


def rule(name: str, health: str = "ok", evaluated: str = EVALUATED, **labels: str) -> dict[str, Any]:
    made = {"name": name, "labels": labels, "health": health, "lastEvaluation": evaluated, "type": "alerting"}
    return made | ({"lastError": "many-to-many matching"} if health == "err" else {})


class Server:
    """Prometheus with these alerts, rules and targets that are down."""

    def __init__(self, alerts: list[Any], rules: list[Any], down: list[dict[str, str]] | None = None) -> None:
        self.alerts, self.rules, self.down = alerts, rules, down or []

    def __call__(self, asked: Asked) -> bytes:
        match asked.path.rpartition("/")[2]:
            case "alerts":
                return says({"status": "success", "data": {"alerts": self.alerts}})
            case "rules":
                return says({"status": "success", "data": {"groups": [{"name": "g", "rules": self.rules}]}})
        assert asked.form == {"query": ["up == 0"]}
        result = [{"metric": labels, "value": [1, "0"]} for labels in self.down]
        return says({"status": "success", "data": {"resultType": "vector", "result": result}})


PAGE = rule("HighErrors", severity="page")


async def test_firing_alerts_that_match_are_counted_and_named() -> None:
    alerts = [
        alert("HighErrors", severity="page", service="checkout"),
        alert("DiskFull", severity="ticket"),
        alert("Slow", state="pending", severity="page"),
    ]
    async with listening(Server(alerts, [PAGE])) as server:
        found = await evidence(session("prometheus", url=server.url), "alerts", matchers='{severity="page"}')
    assert (found.value, found.detail) == (1, "1 fires: HighErrors (checkout); 1 pending")


async def test_pending_is_not_firing() -> None:
    async with listening(Server([alert("HighErrors", "pending", severity="page")], [PAGE])) as server:
        found = await evidence(session("prometheus", url=server.url), "alerts", matchers='{severity="page"}')
    assert (found.value, found.detail) == (0, "none fires; 1 pending")


async def test_silence_is_as_old_as_the_last_evaluation() -> None:
    older = rule("Other", evaluated="2026-11-23T04:40:00Z", severity="page")
    async with listening(Server([], [PAGE, older])) as server:
        found = await evidence(session("prometheus", url=server.url), "alerts", matchers='{severity="page"}')
    assert found.value == 0
    assert found.at == 1795408800.0


async def test_silence_means_nothing_without_a_rule_that_could_break_it() -> None:
    async with listening(Server([], [PAGE])) as server:
        open_ = session("prometheus", url=server.url)
        assert (await evidence(open_, "alerts", matchers='{severity="pgae"}')).value is None
        assert (await evidence(open_, "alerts", matchers='HighErrors{service="checkout"}')).value == 0
        found = await evidence(open_, "alerts", matchers="Gone")
    assert found.value is None
    assert "no alert rule" in found.detail


async def test_a_rule_that_cannot_be_evaluated_says_nothing() -> None:
    async with listening(Server([], [rule("HighErrors", "err", severity="page")])) as server:
        found = await evidence(session("prometheus", url=server.url), "alerts", matchers='{severity="page"}')
    assert found.value is None
    assert "many-to-many matching" in found.detail


async def test_an_alert_that_resolved_because_its_target_is_dead_is_no_good_news() -> None:
    """With Prometheus 2.42 a firing alert resolves by itself when what it is about can't be scraped any more."""
    nameless = {"__name__": "up", "service": "checkout", "slot": "staging"}
    down = [{"__name__": "up", "job": "shop", "instance": "10.0.0.7:9100", "service": "checkout"}, nameless]
    async with listening(Server([], [PAGE], down)) as server:
        open_ = session("prometheus", url=server.url)
        dead = await evidence(open_, "alerts", matchers='{severity="page",service="checkout"}')
        other = await evidence(open_, "alerts", matchers='{severity="page",service="cart"}')
    assert dead.value is None
    assert "is down: 10.0.0.7:9100, checkout staging" in dead.detail
    assert (other.value, other.detail) == (0, "none fires; 2 targets of all are down")


@pytest.mark.parametrize(
    "selector", ["{severity=page}", '{severity="page"', '{severity~"page"}', '{a=~"["}', "{,}", "5"]
)
async def test_a_selector_that_is_none_is_told(selector: str) -> None:
    async with listening(Server([], [PAGE])) as server:
        found = await trouble(session("prometheus", url=server.url), "alerts", matchers=selector)
    assert found.code == "misconfigured"
    assert server.asked == []


@pytest.mark.parametrize(
    ("selector", "labels", "fits"),
    [
        ("", {}, True),
        ("{}", {"a": "1"}, True),
        ("HighErrors", {"alertname": "HighErrors"}, True),
        ("HighErrors{}", {"alertname": "Other"}, False),
        ('{a="1"}', {"a": "1"}, True),
        ('a="1"', {"a": "1"}, True),
        ("{a='1', b!=`x`,}", {"a": "1", "b": "y"}, True),
        ('{a!="1"}', {}, True),
        ('{a=""}', {}, True),
        ('{a=~"1|2"}', {"a": "12"}, False),
        ('{a=~"1.*"}', {"a": "12"}, True),
        ('{a!~"1.*"}', {"a": "12"}, False),
        (r'{a=~"1\\.2"}', {"a": "1.2"}, True),
        (r'{a=~"1\\.2"}', {"a": "1x2"}, False),
        (r'{a="say \"hi\""}', {"a": 'say "hi"'}, True),
    ],
)
def test_selectors_mean_what_they_mean_to_prometheus(selector: str, labels: dict[str, str], fits: bool) -> None:
    assert all(matcher.fits(labels) for matcher in parse(selector)) is fits


# --- Alertmanager -----------------------------------------------------------------------------------------------------
def gettable(name: str, state: str = "active", **labels: str) -> dict[str, Any]:
    status = {"state": state, "silencedBy": [], "inhibitedBy": [], "mutedBy": []}
    return {"labels": {"alertname": name, **labels}, "status": status, "fingerprint": "b7cb", "receivers": []}


async def test_alertmanager_filters_and_a_silenced_alert_does_not_count() -> None:
    alerts = [gettable("HighErrors", service="checkout"), gettable("Slow", "suppressed")]
    async with listening(lambda _: says(alerts)) as server:
        found = await evidence(session("alertmanager", url=server.url), "alerts", matchers='Hi{a="1",b=~"x.*"}')
    assert (found.value, found.detail) == (1, "1 fires: HighErrors (checkout); 1 suppressed")
    assert server.asked[0].path == "/api/v2/alerts"
    assert server.asked[0].params == {"filter": ['alertname="Hi"', 'a="1"', 'b=~"x.*"']}


async def test_alertmanager_without_alerts_says_zero() -> None:
    async with listening(lambda _: says([])) as server:
        assert (await evidence(session("alertmanager", url=server.url), "alerts")).value == 0


@pytest.mark.parametrize("answer", [says({"alerts": []}), says([5]), says([{"labels": {}}]), says("null")])
async def test_whatever_is_no_alertmanager_is_told(answer: bytes) -> None:
    async with listening(lambda _: answer) as server:
        found = await trouble(session("alertmanager", url=server.url), "alerts")
    assert found.code == "garbage"
    assert "Alertmanager" in found.message


async def test_a_filter_that_alertmanager_refuses_is_told_in_its_words() -> None:
    async with listening(lambda _: says('"bad matcher format: x"', 400)) as server:
        found = await trouble(session("alertmanager", url=server.url), "alerts", matchers='a="1"')
    assert "bad matcher format: x" in found.message


async def test_alertmanager_is_asked_for_alerts_only() -> None:
    assert (await trouble(session("alertmanager", url="http://127.0.0.1:1"), "probe")).code == "misconfigured"
    assert (await trouble(session("prometheus", url="http://127.0.0.1:1"), "query")).code == "misconfigured"
