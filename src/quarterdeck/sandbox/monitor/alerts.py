"""Microsoft.AlertsManagement/alerts, and the rules of Microsoft.Insights that raise them.

The world's alert rules are shown as metric alert rules over the whole subscription; one with the label `signal: log`
as a log search rule. The label `severity` may be Sev0 to Sev4, or a word that a severity is made of.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.subscriptions import require_subscription
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.alerting import AlertRule
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.telemetry import site_labels
from quarterdeck.sandbox.world.world import World

_SUBSCRIPTION = "/subscriptions/{subscription}/providers"
_GROUP = "monitoring"
_SEVERITIES = {"critical": 0, "page": 1, "error": 1, "warning": 2, "ticket": 3, "info": 4}
_RANGES = {"1h": 3600.0, "1d": 86_400.0, "7d": 604_800.0, "30d": 2_592_000.0}
_PAGE, _MOST = 25, 250
"""How many alerts come in one answer, unless it is said, and at most (Microsoft's reference of Alerts - Get All)."""


class AlertsService:
    """Alerts that have fired, with those that were resolved, and rules."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", _SUBSCRIPTION + "/Microsoft.AlertsManagement/alerts", self.alerts)
        yield Route("GET", _SUBSCRIPTION + "/Microsoft.Insights/metricAlerts", self.metric_rules)
        yield Route("GET", _SUBSCRIPTION + "/Microsoft.Insights/scheduledQueryRules", self.log_rules)

    async def alerts(self, request: Request) -> Response:
        """Alerts, newest first, those of the last day unless it is said otherwise."""
        require_subscription(self._world, request)
        since = self._world.clock.now() - _range(request.argument("timeRange", "1d"))
        fired = [alert for alert in self._world.alerting.alerts() if alert.fired is not None]
        rules = {rule.name: rule for rule in self._world.alerting.rules}
        shown = [(alert.fired or 0.0, self._alert(alert.rule, alert.labels, alert.fired or 0.0)) for alert in fired]
        for happening in self._world.log.of("alert.resolved"):
            labels: Mapping[str, str] = happening.details["labels"]
            rule = rules.get(labels["alertname"], AlertRule(labels["alertname"], ""))
            shown.append((happening.time, self._alert(rule, labels, happening.time, resolved=True)))
        wanted = request.argument("monitorCondition")
        found = [
            document
            for at, document in sorted(shown, key=lambda one: -one[0])
            if at >= since and wanted in ("", document["properties"]["essentials"]["monitorCondition"])
        ]
        return paged(request, found, lambda one: one, _page(request.argument("pageCount")), "ctoken")

    async def metric_rules(self, request: Request) -> Response:
        """The metric alert rules."""
        require_subscription(self._world, request)
        rules = [rule for rule in self._world.alerting.rules if not _is_of_logs(rule)]
        return Response(body={"value": [self._metric_rule(rule) for rule in rules]})

    async def log_rules(self, request: Request) -> Response:
        """The log search rules."""
        require_subscription(self._world, request)
        rules = [rule for rule in self._world.alerting.rules if _is_of_logs(rule)]
        return Response(body={"value": [self._log_rule(rule) for rule in rules]})

    def _alert(
        self, rule: AlertRule, labels: Mapping[str, str], at: float, *, resolved: bool = False
    ) -> dict[str, Any]:
        group, name, resource = self._target(labels)
        essentials = {
            "severity": f"Sev{_severity(rule)}",
            "signalType": "Log" if _is_of_logs(rule) else "Metric",
            "alertState": "New",
            "monitorCondition": "Resolved" if resolved else "Fired",
            "monitorService": "Log Analytics" if _is_of_logs(rule) else "Platform",
            "targetResource": resource.lower(),
            "targetResourceName": name.lower(),
            "targetResourceGroup": group.lower(),
            "targetResourceType": "microsoft.web/sites" if name else "microsoft.resources/subscriptions",
            "alertRule": self._rule_id(rule),
            "startDateTime": utc(at),
            "lastModifiedDateTime": utc(at),
            "lastModifiedUserName": "System",
            "actionStatus": {"isSuppressed": False},
            "description": rule.annotations.get("summary", ""),
        }
        if resolved:
            essentials["monitorConditionResolvedDateTime"] = utc(at)
        number = uuid.uuid5(uuid.NAMESPACE_URL, f"{sorted(labels.items())} {at}")
        return {
            "id": f"{resource}/providers/Microsoft.AlertsManagement/alerts/{number}",
            "type": "Microsoft.AlertsManagement/alerts",
            "name": rule.name,
            "properties": {"essentials": essentials, "context": {}, "egressConfig": {}},
        }

    def _target(self, labels: Mapping[str, str]) -> tuple[str, str, str]:
        """Group, name and id of the first site that an alert's labels are about; the subscription where there is
        none."""
        for site in self._world.sites:
            own = site_labels(site)
            if own.keys() & labels.keys() and all(labels.get(name, value) == value for name, value in own.items()):
                group = f"/subscriptions/{self._world.subscription}/resourceGroups/{site.group}"
                return site.group, site.name, f"{group}/providers/Microsoft.Web/sites/{site.name}"
        return "", "", f"/subscriptions/{self._world.subscription}"

    def _metric_rule(self, rule: AlertRule) -> dict[str, Any]:
        criterion = {
            "criterionType": "StaticThresholdCriterion",
            "name": rule.name,
            "metricName": "Http5xx",
            "metricNamespace": "Microsoft.Web/sites",
            "dimensions": [],
            "operator": "GreaterThan",
            "threshold": 0.0,
            "timeAggregation": "Total",
        }
        return {
            "id": self._rule_id(rule),
            "name": rule.name,
            "type": "Microsoft.Insights/metricAlerts",
            "location": "global",
            "tags": {},
            "properties": {
                **self._both(rule),
                "criteria": {
                    "odata.type": "Microsoft.Azure.Monitor.MultipleResourceMultipleMetricCriteria",
                    "allOf": [criterion],
                },
                "targetResourceType": "Microsoft.Web/sites",
                "actions": [],
            },
        }

    def _log_rule(self, rule: AlertRule) -> dict[str, Any]:
        condition = {"query": rule.expression, "timeAggregation": "Count", "operator": "GreaterThan", "threshold": 0.0}
        return {
            "id": self._rule_id(rule),
            "name": rule.name,
            "type": "Microsoft.Insights/scheduledQueryRules",
            "kind": "LogAlert",
            "location": "westeurope",
            "tags": {},
            "properties": {**self._both(rule), "criteria": {"allOf": [condition]}, "actions": {"actionGroups": []}},
        }

    def _both(self, rule: AlertRule) -> dict[str, Any]:
        """What rules of both kinds say."""
        return {
            "description": rule.annotations.get("summary", ""),
            "severity": _severity(rule),
            "enabled": True,
            "scopes": [f"/subscriptions/{self._world.subscription}"],
            "evaluationFrequency": "PT1M",
            "windowSize": "PT5M",
            "autoMitigate": True,
        }

    def _rule_id(self, rule: AlertRule) -> str:
        kind = "scheduledQueryRules" if _is_of_logs(rule) else "metricAlerts"
        group = f"/subscriptions/{self._world.subscription}/resourceGroups/{_GROUP}"
        return f"{group}/providers/Microsoft.Insights/{kind}/{rule.name}"


def _severity(rule: AlertRule) -> int:
    said = rule.labels.get("severity", "").lower()
    if said.startswith("sev") and said[3:] in ("0", "1", "2", "3", "4"):
        return int(said[3:])
    return _SEVERITIES.get(said, 3)


def _is_of_logs(rule: AlertRule) -> bool:
    return rule.labels.get("signal", "").lower() == "log"


def _range(text: str) -> float:
    if text not in _RANGES:
        raise Refusal(400, "BadRequest", f"timeRange is one of {', '.join(_RANGES)}, not '{text}'.")
    return _RANGES[text]


def _page(text: str) -> int:
    if not text:
        return _PAGE
    if not text.isdigit() or not 1 <= int(text) <= _MOST:
        raise Refusal(400, "BadRequest", f"pageCount is a number from 1 to {_MOST}, not '{text}'.")
    return int(text)
