"""Alerts and alert rules of Azure Monitor, as labels that matchers are held against.

    alertname       of the rule
    severity        Sev0 to Sev4
    resource        name of what it is about; of a slot, as the service names it
    resource_group, type    of that resource; a type is `microsoft.web/sites`
    signal          metric, log
    state           new, acknowledged, closed: what operators have said about it

An alert counts as long as its monitor condition is Fired; its state is the operators' and doesn't say that it is over
(Microsoft's documentation, "Manage your alert instances"). Azure's names are the same in any case of their letters, so
matchers are, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from quarterdeck.providers.matching import Matcher

ALERTS_API = "2019-05-05-preview"
METRIC_RULES_API = "2018-03-01"
LOG_RULES_API = "2021-08-01"

FIRED = {"monitorCondition": "Fired", "timeRange": "30d", "pageCount": "250"}
"""All that the service tells: it keeps alerts for 30 days, and looks at one day unless it is told otherwise."""

Document = Mapping[str, Any]
Labels = Mapping[str, str]

_ARM_ID = re.compile(
    r"/subscriptions/[^/]+(?:/resourcegroups/(?P<group>[^/]+)(?:/providers/(?P<type>[^/]+/[^/]+)/(?P<name>[^/]+))?)?/?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An enabled rule: what is known of the alerts that it raises, one set of labels for each of its scopes."""

    labels: Sequence[Labels]

    def could_raise(self, matchers: Sequence[Matcher]) -> bool:
        """Whether an alert of this rule could meet all matchers once its other labels are known."""
        return any(
            all(matcher.fits(labels) for matcher in matchers if matcher.label in labels) for labels in self.labels
        )


def whatever_case(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """The same conditions, for labels in lower case."""
    return tuple(
        replace(one, value=f"(?i:{one.value})" if one.sign in ("=~", "!~") else one.value.lower()) for one in matchers
    )


def fired(alerts: Sequence[Document]) -> Iterator[Labels]:
    """The labels of those that haven't been resolved, as they are written.

    Raises:
        KeyError, TypeError, AttributeError: the answer is none of the interface's.
    """
    for alert in alerts:
        about = alert["properties"]["essentials"]
        if about["monitorCondition"].lower() == "fired":
            yield {
                "alertname": _name(about.get("alertRule") or "", alert["name"]),
                "severity": about.get("severity") or "",
                "resource": about.get("targetResourceName") or "",
                "resource_group": about.get("targetResourceGroup") or "",
                "type": about.get("targetResourceType") or "",
                "signal": about.get("signalType") or "",
                "state": about.get("alertState") or "",
            }


def metric_rules(rules: Sequence[Document]) -> Iterator[Rule]:
    """Those that are enabled. An alert of such a rule is about a resource within its scopes."""
    for rule in rules:
        about = rule["properties"]
        if about["enabled"]:
            common = _of_rule(rule, about, "metric")
            yield Rule([{**common, **_within(scope)} for scope in about["scopes"]])


def log_rules(rules: Sequence[Document]) -> Iterator[Rule]:
    """Those that are enabled and raise alerts. What their alerts are about is in the rows that they find."""
    for rule in rules:
        about = rule["properties"]
        raises = str(rule.get("kind") or "LogAlert").lower() != "logtometric"
        if raises and str(about.get("enabled")).lower() == "true":
            yield Rule([_of_rule(rule, about, "log")])


def lowered(labels: Labels) -> dict[str, str]:
    """The same labels with their values in lower case."""
    return {name: value.lower() for name, value in labels.items()}


def _of_rule(rule: Document, about: Document, signal: str) -> dict[str, str]:
    known = {"alertname": rule["id"].rstrip("/").rpartition("/")[2].lower(), "signal": signal}
    severity = about.get("severity")
    return known if severity is None else {**known, "severity": f"sev{severity}"}


def _within(scope: str) -> dict[str, str]:
    """What is known of a resource in a scope; of what lies deeper than a resource only its group is."""
    found = _ARM_ID.fullmatch(scope)
    if found is None:
        group = re.match(r"/subscriptions/[^/]+/resourcegroups/([^/]+)/", scope, re.IGNORECASE)
        return {"resource_group": group[1].lower()} if group else {}
    parts = {"resource_group": found["group"], "type": found["type"], "resource": found["name"]}
    return {name: value.lower() for name, value in parts.items() if value}


def _name(rule: str, name: str) -> str:
    """Of the rule: monitoring services give its id, its name, or a link to a page; the alert has a name for people."""
    if rule.lower().startswith("/subscriptions/"):
        return rule.rstrip("/").rpartition("/")[2]
    return name if "://" in rule or not rule else rule
