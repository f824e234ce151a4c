"""Alerts of Azure Monitor as evidence: what has fired counts, and silence only where something could have fired."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, secret
from tests.providers.azure.monitored import SHOP, Watched, watched

from quarterdeck.clock import SystemClock
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.clouds import CLOUDS
from quarterdeck.providers.azure.monitor.alerts import fired, log_rules, metric_rules, whatever_case
from quarterdeck.providers.azure.schema import ArmConnection
from quarterdeck.providers.base import ProviderError, SessionContext
from quarterdeck.providers.matching import parse
from quarterdeck.sandbox.world.alerting import AlertRule

EXAMPLES = Path(__file__).parents[2] / "sandbox" / "examples" / "monitor"

SITES = {name: part for name, part in SHOP.items() if name != "container_apps"}


def published(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))["responses"]["200"]["body"]["value"]


async def burning(start: Start, document: dict[str, Any] | None = None) -> Watched:
    """A shop half of whose users get a build that fails half of their requests."""
    shop = await watched(start, document or SITES, seconds=0)
    shop.shift(50)
    shop.world.advance(900)
    shop.azure.sandbox.requests.clear()
    return shop


async def test_alerts_that_have_fired_are_counted_and_named(start: Start) -> None:
    shop = await burning(start)

    found = await shop.alerts('{severity="Sev1"}')

    assert (found.value, found.detail) == (1, "1 fires: HighErrorRate (checkout)")
    assert shop.asked() == 1


@pytest.mark.parametrize(
    ("matchers", "count"),
    [
        ("", 1),
        ("higherrorrate", 1),
        ('{resource="CHECKOUT", resource_group="Shop", type="Microsoft.Web/sites"}', 1),
        ('{severity=~"sev[01]", signal="Metric"}', 1),
        ('{state!="Closed"}', 1),
        ('{resource="cart"}', 0),
        ('{severity!~"SEV.*"}', None),
        ('{severity="Sev4"}', None),
        ('{signal="Log"}', None),
        ('{alertname="Nothing"}', None),
    ],
)
async def test_matchers_are_about_labels_in_any_case(start: Start, matchers: str, count: float | None) -> None:
    shop = await burning(start)

    assert (await shop.alerts(matchers)).value == count


async def test_an_alert_that_is_resolved_does_not_count(start: Start) -> None:
    shop = await burning(start)
    assert (await shop.alerts()).value == 1
    shop.shift(0)
    # Clients that have met the bad build stay with it until their cookie is gone.
    shop.world.advance(shop.world.physics.cookie + 900)
    shop.azure.sandbox.requests.clear()

    found = await shop.alerts()

    assert (found.value, found.detail) == (0, "none fires")
    assert shop.asked() == 3
    assert shop.world.log.of("alert.resolved")


async def test_an_alert_that_has_fired_for_days_still_counts(start: Start) -> None:
    shop = await burning(start)
    await shop.alerts()
    shop.world.advance(3 * 86_400)

    assert (await shop.alerts()).value == 1


async def test_silence_is_no_evidence_where_nothing_could_have_fired(start: Start) -> None:
    shop = await watched(start, SITES)
    shop.world.alerting.remove("HighErrorRate")

    found = await shop.alerts()

    assert found.value is None
    assert "no enabled metric or log search rule" in found.detail


async def test_a_log_search_rule_gives_evidence_as_well(start: Start) -> None:
    shop = await watched(start, SITES)
    shop.world.alerting.remove("HighErrorRate")
    shop.world.alerting.put(AlertRule("Slow", "vector(1) > 2", labels={"severity": "Sev2", "signal": "log"}))

    assert (await shop.alerts('{severity="Sev2", signal="Log"}')).value == 0
    assert (await shop.alerts('{severity="Sev2", signal="Metric"}')).value is None


async def test_all_pages_are_counted(start: Start) -> None:
    many = [{**SHOP["sites"][0], "name": f"shop-{number}", "rate": 0.0} for number in range(90)]
    shop = await watched(start, {**SITES, "sites": many})
    shop.world.alerting.put(AlertRule("Everything", "http_requests_total >= 0", labels={"severity": "Sev3"}))
    shop.world.advance(30)

    found = await shop.alerts('{severity="Sev3"}')

    assert found.value is not None
    assert found.value > 500
    assert shop.asked("AlertsManagement") == 3


async def test_whoever_may_not_read_alerts_is_told_the_role(start: Start) -> None:
    shop = await burning(start)
    shop.world.authorization.assign("*", f"/subscriptions/{shop.world.subscription}", "none")

    with pytest.raises(ProviderError) as raised:
        await shop.alerts()

    assert raised.value.trouble.code == "forbidden"
    assert "Monitoring Reader" in raised.value.trouble.hint


async def test_rules_that_can_not_be_read_leave_no_evidence(start: Start) -> None:
    shop = await watched(start, SITES)
    shop.azure.fault(kind="status", status=500, path="scheduledQueryRules")

    with pytest.raises(ProviderError, match="Azure Monitor alert rules"):
        await shop.alerts()


async def test_a_selector_that_is_none_is_told(start: Start) -> None:
    shop = await watched(start, SITES)

    with pytest.raises(ProviderError, match="isn't closed"):
        await shop.alerts("{severity=")


async def test_an_account_of_permissions_names_what_gates_need(start: Start) -> None:
    azure: Azure = await start(SHOP)

    told = [what async for what, trouble in azure.session.check() if trouble is None]

    assert any("ask metrics for gates" in line for line in told)
    assert any("ask alerts for gates" in line for line in told)


async def test_a_clock_that_is_wrong_is_told_because_it_would_choose_the_wrong_minutes(start: Start) -> None:
    shop = await watched(start, SITES)

    told = {what: trouble async for what, trouble in shop.session.check()}

    found = told["its clock agrees with this machine's"]
    assert found is not None
    assert re.fullmatch(r"its clock is \d+ s ahead of this machine's", found.message)
    assert [trouble async for what, trouble in shop.azure.session.check() if "clock" in what] == [None]


# --- without a server -------------------------------------------------------------------------------------------------
def test_published_alerts_count_whatever_an_operator_has_said_about_them() -> None:
    found = list(fired(published("Alerts_GetAll")))

    assert [one["state"] for one in found] == ["Acknowledged", "New"]
    assert {one["alertname"] for one in found} == {"cpu alert"}
    assert {one["severity"] for one in found} == {"Sev3"}


def test_a_published_alert_that_is_resolved_has_not_fired() -> None:
    alerts = published("Alerts_GetAll")
    alerts[0]["properties"]["essentials"]["monitorCondition"] = "Resolved"

    assert len(list(fired(alerts))) == 1


def test_the_name_of_an_alert_is_that_of_its_rule() -> None:
    (alert, *_) = published("Alerts_GetAll")
    rules = "/subscriptions/S/resourceGroups/g/providers/microsoft.insights/metricAlerts"
    for said, name in (
        (f"{rules}/High Errors", "High Errors"),
        ("rule of Nagios", "rule of Nagios"),
        (None, "cpu alert"),
    ):
        alert["properties"]["essentials"]["alertRule"] = said
        assert next(fired([alert]))["alertname"] == name


def could(rules: Any, selector: str) -> bool:
    return any(rule.could_raise(whatever_case(parse(selector))) for rule in rules)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("", True),
        ("HighCPU", True),
        ('{severity="Sev4"}', True),
        ('{severity="Sev1"}', False),
        ('{resource="GIGwadme"}', True),
        ('{resource="other"}', False),
        ('{resource_group="gigtest", type="microsoft.compute/virtualmachines"}', True),
        ('{signal="Log"}', False),
        ('{state="New"}', True),
    ],
)
def test_published_metric_rules_could_raise_what_their_scope_and_severity_allow(selector: str, expected: bool) -> None:
    assert could(metric_rules(published("MetricAlerts_ListByResourceGroup")), selector) == expected


def test_a_rule_that_is_switched_off_could_raise_nothing() -> None:
    rules = published("MetricAlerts_ListByResourceGroup")
    for rule in rules:
        rule["properties"]["enabled"] = False

    assert not could(metric_rules(rules), "")


def test_a_scope_that_is_wider_or_deeper_than_a_resource_leaves_open_which_it_is() -> None:
    (rule, *_) = published("MetricAlerts_ListByResourceGroup")
    for scope in ("/subscriptions/S", "/subscriptions/S/resourceGroups/shop"):
        rule["properties"]["scopes"] = [scope]
        assert could(metric_rules([rule]), '{resource="anything", resource_group="shop"}')
    rule["properties"]["scopes"] = [
        "/subscriptions/S/resourceGroups/shop/providers/Microsoft.Web/sites/checkout/slots/staging"
    ]
    assert could(metric_rules([rule]), '{resource="staging"}')
    assert not could(metric_rules([rule]), '{resource_group="other"}')


def test_published_log_search_rules_say_nothing_of_what_their_alerts_are_about() -> None:
    rules = published("ScheduledQueryRules_ListBySubscription")

    assert could(log_rules(rules), '{alertname="Heartbeat", severity="Sev4", resource="anything"}')
    assert not could(log_rules(rules), '{severity="Sev1"}')
    assert not could(log_rules([{**rule, "kind": "LogToMetric"} for rule in rules]), "")


def test_a_link_to_the_next_page_may_name_the_port_and_nothing_else() -> None:
    options = ArmConnection.model_validate({"subscription": "S"})
    arm = Arm(options, CLOUDS["AzureCloud"], SessionContext(SystemClock(), print, secret))
    page = json.loads((EXAMPLES / "Alerts_GetAll.json").read_text("utf-8"))["responses"]["200"]["body"]["nextLink"]

    assert arm.our_own(page) == page
    for other in ("management.azure.com:8443", "me@management.azure.com", "management.azure.com.example:443"):
        with pytest.raises(ProviderError, match="leads to"):
            arm.our_own(page.replace("management.azure.com:443", other))
