"""The world's alarms: rules over its metrics, and which alerts are pending or fire.

A rule as JSON, in a world file or through the control interface:

    name         of the alert
    expression   PromQL; each element of the result is an alert
    for          seconds that it must have been there before the alert fires; 0 when left out
    labels       further labels, such as {"severity": "page"}
    annotations  texts for people

Rules are evaluated every `EVALUATION` seconds of world time, as far as anybody asks: what was due since the last
question is done then, but no more than the last `CATCH_UP` times of it. What an alert does is noted in the world's
log, at the time at which it did it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from quarterdeck.sandbox.prometheus.series import NAME, Labels

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World

EVALUATION = 15.0
CATCH_UP = 20

_KEYS = {"name", "expression", "for", "labels", "annotations"}


@dataclass(frozen=True, slots=True)
class AlertRule:
    """When to raise an alert; `held` is how many seconds its condition must hold before it fires."""

    name: str
    expression: str
    held: float = 0.0
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> AlertRule:
        """Read a rule.

        Raises:
            ValueError: saying what is wrong with it.
        """
        from quarterdeck.sandbox.prometheus.expressions import parse

        if not isinstance(document, Mapping):
            raise ValueError("an alert rule is an object")
        unknown = sorted(set(document) - _KEYS)
        if unknown:
            raise ValueError(f"an alert rule has no {', '.join(unknown)}; it has {', '.join(sorted(_KEYS))}")
        name, expression = document.get("name"), document.get("expression")
        if not isinstance(name, str) or not name or not isinstance(expression, str):
            raise ValueError("an alert rule needs a name and an expression")
        held = document.get("for", 0)
        if not isinstance(held, int | float) or isinstance(held, bool) or not 0 <= held < math.inf:
            raise ValueError(f"alert rule {name}: for is a number of seconds, not {held!r}")
        try:
            parse(expression)
        except ValueError as error:
            raise ValueError(f"alert rule {name}: {error}") from None
        return cls(name, expression, float(held), _texts(document, "labels"), _texts(document, "annotations"))

    def as_json(self) -> dict[str, Any]:
        """The rule as it can be read again."""
        return {
            "name": self.name,
            "expression": self.expression,
            "for": self.held,
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
        }


HIGH_ERROR_RATE = AlertRule(
    name="HighErrorRate",
    expression=(
        'sum by (service, environment) (rate(http_requests_total{code=~"5.."}[1m]))'
        " / sum by (service, environment) (rate(http_requests_total[1m])) > 0.05"
    ),
    held=60.0,
    labels={"severity": "page"},
    annotations={"summary": "More than 5% of the requests of a service fail"},
)
"""The rule that every world has from the start."""


@dataclass(slots=True)
class Alert:
    """An alert that is pending or fires, or that fired last until `ended`; `labels` holds the rule's name too."""

    rule: AlertRule
    labels: Labels
    since: float
    value: float
    fired: float | None = None
    ended: float | None = None

    @property
    def state(self) -> Literal["pending", "firing"]:
        return "pending" if self.fired is None else "firing"


class Alerting:
    """The rules in force, and the alerts they have raised."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules: dict[str, AlertRule] = {HIGH_ERROR_RATE.name: HIGH_ERROR_RATE}
        self._alerts: dict[tuple[tuple[str, str], ...], Alert] = {}
        self._evaluated = -math.inf

    @property
    def rules(self) -> list[AlertRule]:
        """By name."""
        return [self._rules[name] for name in sorted(self._rules)]

    def put(self, rule: AlertRule) -> None:
        """Put a rule in force, or another in the place of the one of that name, whose alerts end."""
        self.remove(rule.name)
        self._rules[rule.name] = rule

    def remove(self, name: str) -> bool:
        """Take a rule out of force; its alerts end. False when there is none."""
        self.alerts()
        gone = self._rules.pop(name, None)
        for key, alert in list(self._alerts.items()):
            if gone is not None and alert.rule == gone:
                self._end(key, alert, self._world.clock.now())
        return gone is not None

    def alerts(self) -> list[Alert]:
        """The alerts as they stand now: those that are pending or fire."""
        last = math.floor(self._world.clock.now() / EVALUATION)
        first = max(self._evaluated + 1, last - CATCH_UP + 1)
        self._evaluated = max(self._evaluated, last)
        number = first
        while number <= last:
            self._evaluate(number * EVALUATION)
            number += 1
        return [alert for _, alert in sorted(self._alerts.items())]

    def trouble(self, rule: AlertRule) -> str:
        """Why a rule can't be evaluated now; "" when it can."""
        from quarterdeck.sandbox.prometheus.query import instant

        try:
            instant(rule.expression, self._world.telemetry, self._world.clock.now())
        except ValueError as error:
            return str(error)
        return ""

    def _evaluate(self, at: float) -> None:
        for rule in self.rules:
            found = self._found(rule, at)
            for key, (labels, value) in found.items():
                alert = self._alerts.get(key)
                if alert is None:
                    alert = self._alerts[key] = Alert(rule, labels, at, value)
                    self._note("pending", alert, at)
                alert.value = value
                if alert.fired is None and at - alert.since >= rule.held:
                    alert.fired = at
                    self._note("firing", alert, at)
            for key, alert in list(self._alerts.items()):
                if alert.rule == rule and key not in found:
                    self._end(key, alert, at)

    def _found(self, rule: AlertRule, at: float) -> dict[tuple[tuple[str, str], ...], tuple[Labels, float]]:
        from quarterdeck.sandbox.prometheus.matching import Sample
        from quarterdeck.sandbox.prometheus.query import instant

        try:
            result = instant(rule.expression, self._world.telemetry, at)
        except ValueError:
            return {}  # as Prometheus: a rule that fails has no alerts, and its health says why
        vector = [Sample({}, result)] if isinstance(result, float) else result
        found: dict[tuple[tuple[str, str], ...], tuple[Labels, float]] = {}
        for element in vector if isinstance(vector, list) else []:
            if isinstance(element, Sample):
                own = {name: text for name, text in element.labels.items() if name != NAME}
                labels = {**own, **rule.labels, "alertname": rule.name}
                found[tuple(sorted(labels.items()))] = (labels, element.value)
        return found

    def _end(self, key: tuple[tuple[str, str], ...], alert: Alert, at: float) -> None:
        del self._alerts[key]
        alert.ended = at
        self._note("resolved" if alert.fired is not None else "dropped", alert, at)

    def _note(self, what: str, alert: Alert, at: float) -> None:
        labels = dict(alert.labels)
        self._world.log.add(f"alert.{what}", alert.rule.name, at=at, labels=labels, value=alert.value)


def _texts(document: Mapping[str, Any], key: str) -> dict[str, str]:
    given = document.get(key, {})
    if not isinstance(given, Mapping) or not all(isinstance(value, str) for value in given.values()):
        raise ValueError(f"alert rule {document.get('name')}: {key} is an object of texts")
    return dict(given)
