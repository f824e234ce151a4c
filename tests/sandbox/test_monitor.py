"""Azure Monitor on the wire: published answers hold, and the sandbox's own show what its users really caused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sandbox import conformance
from tests.sandbox.exchanges import Recorder
from tests.sandbox.shopworld import START, route, shop

from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.monitor.counting import LAG
from quarterdeck.sandbox.tokens import principal_of
from quarterdeck.sandbox.world.alerting import AlertRule
from quarterdeck.sandbox.world.clock import utc

EXAMPLES = Path(__file__).parent / "examples" / "monitor"
SITE = "resourceGroups/shop/providers/Microsoft.Web/sites/checkout"
INSIGHTS = "/providers/Microsoft.Insights"


@pytest.mark.parametrize(
    ("example", "path"),
    [
        ("Metrics_List", f"/subscriptions/s/{SITE}{INSIGHTS}/metrics"),
        ("Metrics_List_Error", f"/subscriptions/s/{SITE}/slots/staging{INSIGHTS}/metrics"),
        ("Alerts_GetAll", "/subscriptions/s/providers/Microsoft.AlertsManagement/alerts"),
        ("MetricAlerts_ListByResourceGroup", f"/subscriptions/s{INSIGHTS}/metricAlerts"),
        ("ScheduledQueryRules_ListBySubscription", f"/subscriptions/s{INSIGHTS}/scheduledQueryRules"),
    ],
)
def test_what_microsoft_has_published_satisfies_the_specification(example: str, path: str) -> None:
    body = json.loads((EXAMPLES / f"{example}.json").read_text("utf-8"))["responses"]["200"]["body"]

    conformance.check("GET", path, 200, body)


@pytest.fixture
async def sea() -> AsyncIterator[Running]:
    async with running(shop()) as found:
        recorder = Recorder(found.sandbox.application)
        yield found
        assert recorder.violations() == []


async def asked(sea: Running, path: str, status: int = 200, **query: Any) -> Any:
    token = sea.sandbox.tokens.issue(principal_of("ana@contoso.example", person=True), sea.url, sea.url)
    url = f"{sea.url}/subscriptions/{sea.world.subscription}{path}"
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = await client.get(url, params={"api-version": "2023-10-01", **query})
    assert answer.status_code == status, answer.text
    return answer.json()


async def minutes(sea: Running, site: str, **query: Any) -> tuple[str, dict[float, float | None]]:
    """The interval, and the requests of a site by the seconds from the world's beginning to that of the point."""
    now = sea.world.clock.now()
    span = f"{utc(now - 600)}/{utc(now)}"
    query = {"timespan": span, "metricnames": "Requests", "aggregation": "Total", **query}
    body = await asked(sea, f"/{site}{INSIGHTS}/metrics", **query)
    (series,) = body["value"][0]["timeseries"]
    found = {datetime.fromisoformat(one["timeStamp"]).timestamp() - START: one.get("total") for one in series["data"]}
    return body["interval"], found


async def test_minutes_hold_what_came_and_the_newest_say_zero_until_it_has_come_in(sea: Running) -> None:
    sea.world.advance(600)

    interval, found = await minutes(sea, SITE)

    assert interval == "PT1M"
    settled = {at: value for at, value in found.items() if at + 60 <= 600 - LAG and at >= 0}
    assert list(settled.values()) == pytest.approx([600.0] * 7)
    assert {value for at, value in found.items() if at + 60 > 600 - LAG} == {0.0}


async def test_each_slot_has_metrics_of_its_own(sea: Running) -> None:
    sea.world.advance(600)

    _, found = await minutes(sea, f"{SITE}/slots/staging")

    assert set(found.values()) == {0.0}


async def test_what_did_not_come_in_has_no_value(sea: Running) -> None:
    sea.sandbox.faults.add({"kind": "silence", "site": "checkout"})
    sea.world.advance(900)

    _, found = await minutes(sea, SITE)

    assert {value for at, value in found.items() if at + 60 <= 900 - LAG} == {None}


async def test_an_interval_that_there_is_not_is_adjusted_only_where_that_is_allowed(sea: Running) -> None:
    interval, found = await minutes(sea, SITE, interval="PT6H", AutoAdjustTimegrain="true")
    refused = await asked(
        sea,
        f"/{SITE}{INSIGHTS}/metrics",
        400,
        metricnames="Requests",
        interval="PT6H",
        timespan="2026-01-01/2026-01-02",
    )

    assert interval == "PT1M"
    assert len(found) == 11
    assert "time grain" in refused["error"]["message"]


async def test_alerts_are_those_of_a_day_and_come_in_pages(sea: Running) -> None:
    alerts = "/providers/Microsoft.AlertsManagement/alerts"
    route(sea.world, "checkout", 100)
    sea.world.alerting.put(AlertRule("Everything", "http_requests_total >= 0"))
    sea.world.advance(900)

    first = await asked(sea, alerts, monitorCondition="Fired", pageCount="2")
    too_many = await asked(sea, alerts, 400, pageCount="251")
    sea.world.advance(2 * 86_400)
    later = await asked(sea, alerts)
    long = await asked(sea, alerts, timeRange="30d")

    essentials = first["value"][0]["properties"]["essentials"]
    assert len(first["value"]) == 2
    assert "ctoken=" in first["nextLink"]
    assert (essentials["monitorCondition"], essentials["alertState"]) == ("Fired", "New")
    assert "pageCount" in too_many["error"]["message"]
    assert later["value"] == []
    assert len(long["value"]) > 2


async def test_rules_are_of_metrics_unless_they_say_logs(sea: Running) -> None:
    sea.world.alerting.put(AlertRule("Slow", "vector(1) > 2", labels={"signal": "log", "severity": "Sev0"}))

    metric = await asked(sea, f"{INSIGHTS}/metricAlerts")
    log = await asked(sea, f"{INSIGHTS}/scheduledQueryRules")

    assert [(one["name"], one["properties"]["severity"]) for one in metric["value"]] == [("HighErrorRate", 1)]
    assert [(one["name"], one["properties"]["severity"]) for one in log["value"]] == [("Slow", 0)]
