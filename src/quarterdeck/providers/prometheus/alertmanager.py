"""Evidence from Alertmanager (API version 2): how many alerts are active.

One that is silenced or inhibited doesn't count, for somebody has said so; it is told. An Alertmanager that nothing
sends alerts to looks like one without alerts, and the alert of a target that has died resolves (seen with Prometheus
2.42 and Alertmanager 0.25): ask Prometheus itself where that is possible, else give the connection a `watchdog`, an
alert that always fires, and have one on `up == 0` among those that match.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import Evidence, ProviderError
from quarterdeck.providers.firing import told
from quarterdeck.providers.http.asking import Asking, Question
from quarterdeck.providers.matching import Matcher, selected
from quarterdeck.release.gate import GateSpec


class Alertmanager:
    """See `quarterdeck.providers.base.GateSource`."""

    source = "alertmanager"

    def __init__(self, asking: Asking, url: str, watchdog: str = "") -> None:
        self._asking = asking
        self._url = url
        self._watchdog = watchdog
        self.host = Question("GET", url).asked

    async def measure(self, gate: GateSpec) -> Evidence:
        """Ask the gate's question once."""
        if gate.kind not in ("alerts", "metric"):
            message = f"{gate.name}: Alertmanager isn't asked for a gate of the kind {gate.kind}"
            raise ProviderError("misconfigured", message)
        matchers = selected(gate.options.get("matchers", ""))
        if self._watchdog and not await self._alerts([("filter", str(Matcher("alertname", "=", self._watchdog)))]):
            why = f"{clean(self._watchdog, 60)}, which always should, doesn't fire: what comes here can't be trusted"
            return Evidence(None, detail=why)
        alerts = await self._alerts([("filter", str(matcher)) for matcher in matchers])
        states = [(self._state(one), one.get("labels") or {}) for one in alerts]
        firing = [labels for state, labels in states if state != "suppressed"]
        return Evidence(float(len(firing)), detail=told(firing, Counter(s for s, _ in states if s == "suppressed")))

    async def version(self) -> str:
        """Which Alertmanager answers. Raises ProviderError."""
        question = Question("GET", f"{self._url}/api/v2/status")
        body = self._asking.good(await self._asking.read(question), question).json(self.host)
        about = body.get("versionInfo") if isinstance(body, Mapping) else None
        if not isinstance(about, Mapping):
            raise self._strange()
        return str(about.get("version", ""))

    async def _alerts(self, params: list[tuple[str, str]]) -> list[Mapping[str, Any]]:
        question = Question("GET", f"{self._url}/api/v2/alerts", params=params)
        found = self._asking.good(await self._asking.read(question), question).json(self.host)
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise self._strange()
        return found

    def _state(self, alert: Mapping[str, Any]) -> str:
        status = alert.get("status")
        if not isinstance(status, Mapping) or not isinstance(alert.get("labels"), Mapping):
            raise self._strange()
        return str(status.get("state"))

    def _strange(self) -> ProviderError:
        return ProviderError("garbage", f"{self.host} didn't answer as Alertmanager does", "check url")
