"""Azure Monitor as a source of evidence.

The interfaces are those of Microsoft.Insights (metrics, metric alert rules, log search rules) and
Microsoft.AlertsManagement, behind Azure Resource Manager. What would be mistaken for good is no data here: minutes that
aren't complete yet, points without a value, a part of nothing, and silence where no enabled rule could have raised an
alert. Rules of other kinds (activity log, smart detection, service health, Prometheus) aren't looked at: their alerts
count, their silence doesn't.
"""

from __future__ import annotations

import asyncio

from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.monitor import alerts, metrics
from quarterdeck.providers.azure.monitor.asking import Asking
from quarterdeck.providers.azure.monitor.metrics import Points, Question, Wanted, points_of
from quarterdeck.providers.azure.monitor.periods import MINUTE, SETTLED, Period, period
from quarterdeck.providers.base import Evidence, ProviderError
from quarterdeck.providers.firing import told
from quarterdeck.providers.matching import fit, selected
from quarterdeck.release.gate import GateSpec


class AzureMonitor:
    """See `quarterdeck.providers.base.GateSource`."""

    source = "azure monitor"

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._metrics = Asking(arm, "Azure Monitor metrics")
        self._alerts = Asking(arm, "Azure Monitor alerts")
        self._rules = Asking(arm, "Azure Monitor alert rules")

    async def measure(self, gate: GateSpec) -> Evidence:
        """Ask the gate's question once: one request for a metric, two if a ratio has two filters; one for alerts, and
        two more where none has fired."""
        if gate.kind == "metric":
            question = Question.from_options(gate.options, self._arm.subscription)
            return await self._metric(question, period(self._arm.context.clock.now(), gate.options.get("window", "5m")))
        if gate.kind == "alerts":
            return await self._fired(gate.options.get("matchers", ""))
        message = f"{gate.name}: Azure Monitor isn't asked for a gate of the kind {gate.kind}"
        raise ProviderError("misconfigured", message)

    async def _metric(self, question: Question, about: Period) -> Evidence:
        if not about.minutes:
            wait = SETTLED + MINUTE
            return Evidence(None, detail=f"no minute since the step began is complete; that takes up to {wait:.0f} s")
        found = await asyncio.gather(*(self._points(question, wanted, about) for wanted in question.requests()))
        return question.evidence({wanted: points for part in found for wanted, points in part.items()}, about)

    async def _points(self, question: Question, wanted: tuple[Wanted, ...], about: Period) -> dict[Wanted, Points]:
        path = f"{question.path}/providers/Microsoft.Insights/metrics"
        answer = await self._metrics.get(path, metrics.API_VERSION, question.parameters(wanted, about))
        with reading("Azure Monitor metrics"):
            return {one: points_of(answer, one, question.aggregation, about) for one in wanted}

    async def _fired(self, selector: str) -> Evidence:
        matchers = alerts.whatever_case(selected(selector))
        found = await self._alerts.everything(
            f"/subscriptions/{self._arm.subscription}/providers/Microsoft.AlertsManagement/alerts",
            alerts.ALERTS_API,
            alerts.FIRED,
        )
        with reading("Azure Monitor alerts"):
            firing = [labels for labels in alerts.fired(found) if fit(matchers, alerts.lowered(labels))]
        if firing:
            return Evidence(float(len(firing)), detail=told(firing, {}))
        rules = await self._raising()
        if not any(rule.could_raise(matchers) for rule in rules):
            why = "no enabled metric or log search rule could raise such an alert, so that none has fired means nothing"
            return Evidence(None, detail=why)
        return Evidence(0.0, detail=told([], {}))

    async def _raising(self) -> list[alerts.Rule]:
        """The enabled rules of the subscription."""
        path = f"/subscriptions/{self._arm.subscription}/providers/Microsoft.Insights"
        of_metrics, of_logs = await asyncio.gather(
            self._rules.everything(f"{path}/metricAlerts", alerts.METRIC_RULES_API, {}),
            self._rules.everything(f"{path}/scheduledQueryRules", alerts.LOG_RULES_API, {}),
        )
        with reading("Azure Monitor alert rules"):
            return [*alerts.metric_rules(of_metrics), *alerts.log_rules(of_logs)]
