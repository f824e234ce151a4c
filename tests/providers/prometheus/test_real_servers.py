"""What a real Prometheus and a real Alertmanager say: no data, dead targets, silences, wrong questions."""

from __future__ import annotations

import asyncio
import json
import math
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.providers.loopback import evidence, session, trouble
from tests.providers.prometheus.watchtower import Shop, alertmanager, prometheus, shop
from tests.servers import free_port, needs

from quarterdeck.providers.base import Evidence, Session

pytestmark = needs("prometheus", "prometheus-alertmanager")

GOOD, BAD = ("canary", "200"), ("canary", "503")
ERRORS = 'sum(rate(http_requests_total{version="canary",code=~"5.."}[2s]))'
ALL = 'sum(rate(http_requests_total{version="canary"}[2s]))'
RULES: list[dict[str, Any]] = [
    {
        "alert": "HighErrorRate",
        "expr": f"{ERRORS} / {ALL} > 0.05",
        "labels": {"severity": "page", "service": "checkout"},
    },
    {"alert": "Watchdog", "expr": "vector(1)"},
]
PATIENCE = 20.0


@dataclass
class Tower:
    """Sessions on both, where Alertmanager is, and the port on which the shop is watched."""

    prometheus: Session
    alertmanager: Session
    alerts: str
    port: int


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tower]:
    folder, port = tmp_path_factory.mktemp("tower"), free_port()
    with alertmanager(folder / "am") as alerts, prometheus(folder / "p", {"checkout": port}, RULES, alerts) as metrics:
        yield Tower(session("prometheus", url=metrics), session("alertmanager", url=alerts), alerts, port)


@pytest.fixture
async def checkout(tower: Tower) -> AsyncIterator[Shop]:
    """Watched for the first time since it stands; what a test before it left is over."""
    async with shop(tower.port) as found:
        await until(lambda: evidence(tower.prometheus, "metric", query="sum(up)"), 1)
        yield found
    await until(lambda: evidence(tower.prometheus, "metric", query=f"{ALL} or vector(0)"), 0)


async def until(ask: Callable[[], Awaitable[Evidence]], value: float | None) -> Evidence:
    """The answer, as soon as it has this value."""
    found = Evidence(None)
    try:
        async with asyncio.timeout(PATIENCE):
            while (found := await ask()).value != value:  # noqa: ASYNC110 - it is asked, it tells nobody
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"still {found}") from None
    return found


async def above(ask: Callable[[], Awaitable[Evidence]], value: float) -> Evidence:
    """The answer, as soon as it is greater."""
    async with asyncio.timeout(PATIENCE):
        while (found := await ask()).value is None or not found.value > value:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return found


def sent(method: str, url: str, document: Any = None) -> Any:
    """As somebody's script does."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read()
    return json.loads(text) if text else None


async def test_both_say_who_they_are(tower: Tower) -> None:
    (first, fault), clocks = [one async for one in tower.prometheus.check()]
    assert (first.startswith("Prometheus 2."), fault, clocks[1]) == (True, None, None)
    ((first, fault),) = [one async for one in tower.alertmanager.check()]
    assert (first.startswith("Alertmanager 0."), fault) == (True, None)


async def test_no_errors_yet_is_no_data_and_not_zero(tower: Tower, checkout: Shop) -> None:
    checkout.traffic = {GOOD: 10}
    await above(lambda: evidence(tower.prometheus, "metric", query=ALL), 0)
    found = await evidence(tower.prometheus, "metric", query=f"{ERRORS} / {ALL}")
    assert (found.value, found.detail.split(";")[0]) == (None, "the query matches nothing")


async def test_nobody_came_is_nan(tower: Tower, checkout: Shop) -> None:
    checkout.traffic = {GOOD: 0, BAD: 0}
    await until(lambda: evidence(tower.prometheus, "metric", query=f"{ALL} + 1"), 1)
    found = await evidence(tower.prometheus, "metric", query=f"{ERRORS} / {ALL}")
    assert found.value is not None
    assert math.isnan(found.value)
    assert "0 / 0" in found.detail


async def test_a_wrong_query_is_told_in_the_servers_words(tower: Tower) -> None:
    told = await trouble(tower.prometheus, "metric", query="sum(rate(http_requests_total[5m])")
    assert told.code == "misconfigured"
    assert "parse error" in told.message


async def test_a_share_of_errors_is_measured(tower: Tower, checkout: Shop) -> None:
    checkout.traffic = {GOOD: 90, BAD: 10}
    found = await above(lambda: evidence(tower.prometheus, "metric", query=f"{ERRORS} / {ALL}"), 0)
    assert found.value == pytest.approx(0.1)
    assert found.at is not None


async def test_an_alert_goes_all_the_way_and_a_silenced_one_counts_no_more(tower: Tower, checkout: Shop) -> None:
    checkout.traffic = {GOOD: 90, BAD: 10}
    page = 'HighErrorRate{severity="page"}'
    told = await until(lambda: evidence(tower.prometheus, "alerts", matchers=page), 1)
    assert told.detail.startswith("1 fires: HighErrorRate (checkout)")
    await until(lambda: evidence(tower.alertmanager, "alerts", matchers=page), 1)
    now = datetime.now(UTC)
    silence = {
        "matchers": [{"name": "alertname", "value": "HighErrorRate", "isRegex": False, "isEqual": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(minutes=1)).isoformat(),
        "createdBy": "alice",
        "comment": "known",
    }
    name = sent("POST", f"{tower.alerts}/api/v2/silences", silence)["silenceID"]
    told = await until(lambda: evidence(tower.alertmanager, "alerts", matchers=page), 0)
    assert "1 suppressed" in told.detail
    sent("DELETE", f"{tower.alerts}/api/v2/silence/{name}")


async def test_the_alert_of_a_target_that_died_resolves_and_that_is_no_good_news(tower: Tower) -> None:
    page = 'HighErrorRate{service="checkout"}'
    async with shop(tower.port) as checkout:
        checkout.traffic = {GOOD: 90, BAD: 10}
        await above(lambda: evidence(tower.prometheus, "metric", query=f"{ERRORS} / {ALL}"), 0)
        await until(lambda: evidence(tower.prometheus, "alerts", matchers=page), 1)
    # rate() goes on answering from what it has seen, until its window has run out
    lately = f"{ERRORS} / {ALL}".replace("[2s]", "[30s]")
    assert (await evidence(tower.prometheus, "metric", query=lately)).value == pytest.approx(0.1, abs=0.05)
    await until(lambda: evidence(tower.prometheus, "metric", query="sum(up)"), 0)
    told = await until(lambda: evidence(tower.prometheus, "alerts", matchers=page), None)
    assert "is down" in told.detail
    gone = await until(lambda: evidence(tower.prometheus, "metric", query=f"{ERRORS} / {ALL}"), None)
    assert "matches nothing" in gone.detail
    # Alertmanager has only heard that it is resolved: this is why it can be given a watchdog, and `up` wants an alert
    await until(lambda: evidence(tower.alertmanager, "alerts", matchers=page), 0)


async def test_an_alertmanager_that_hears_no_watchdog_has_no_evidence(tower: Tower, tmp_path: Path) -> None:
    page = 'HighErrorRate{severity="page"}'
    guarded = session("alertmanager", url=tower.alerts, watchdog="Watchdog")
    await until(lambda: evidence(guarded, "alerts", matchers=page), 0)
    with alertmanager(tmp_path / "deaf") as url:
        assert (await evidence(session("alertmanager", url=url), "alerts", matchers=page)).value == 0
        told = await evidence(session("alertmanager", url=url, watchdog="Watchdog"), "alerts", matchers=page)
    assert told.value is None
    assert "Watchdog, which always should, doesn't fire" in told.detail


async def test_a_matcher_that_only_other_regular_expressions_know_is_told_in_its_words(tower: Tower) -> None:
    told = await trouble(tower.alertmanager, "alerts", matchers='{severity=~"(?!page).*"}')
    assert told.code == "provider_error"
    assert "error parsing regexp" in told.message
