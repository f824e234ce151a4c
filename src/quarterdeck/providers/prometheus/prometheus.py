"""Evidence from Prometheus: the number that a query gives, or how many alerts fire.

What would be mistaken for good is no data here: a query that matches nothing, NaN, alerts that no rule could raise,
rules that can't be evaluated, and silence about a target that is down, for then its alert resolves by itself (seen
with Prometheus 2.42). A target is known by the labels that it shares with the gate's matchers; those that share none
are only counted, so a gate on alerts without such labels wants a companion on `up`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import Evidence, ProviderError
from quarterdeck.providers.firing import MOST_TOLD, told
from quarterdeck.providers.matching import Matcher, could_fit, fit, selected
from quarterdeck.providers.prometheus.api import Api, number_of
from quarterdeck.release.gate import GateSpec


class Prometheus:
    """See `quarterdeck.providers.base.GateSource`."""

    source = "prometheus"

    def __init__(self, api: Api) -> None:
        self._api = api

    async def measure(self, gate: GateSpec) -> Evidence:
        """Ask the gate's question once."""
        if gate.kind == "metric":
            return await self._metric(gate.options.get("query", ""))
        if gate.kind == "alerts":
            return await self._alerts(gate.options.get("matchers", ""))
        raise ProviderError("misconfigured", f"{gate.name}: Prometheus isn't asked for a gate of the kind {gate.kind}")

    async def _metric(self, query: str) -> Evidence:
        data, warning = await self._api.query(query)
        value, at = number_of(data, self._api.host)
        if value is None:
            said = "the query matches nothing"
        elif math.isnan(value):
            said = "the query gives NaN (0 / 0: nothing to measure yet?)"
        else:
            said = ""
        return Evidence(value, at, clean("; ".join(part for part in (said, warning, self._api.host) if part)))

    async def _alerts(self, selector: str) -> Evidence:
        matchers = selected(selector)
        data = await self._api.get("alerts")
        alerts = [one for one in _list(data, "alerts", self._api.host) if fit(matchers, _labels(one))]
        firing = [_labels(one) for one in alerts if one.get("state") == "firing"]
        if firing:
            others = Counter(str(one.get("state")) for one in alerts if one.get("state") != "firing")
            return Evidence(float(len(firing)), detail=told(firing, others))
        return await self._silence(matchers, told([], Counter(str(one.get("state")) for one in alerts)))

    async def _silence(self, matchers: Sequence[Matcher], said: str) -> Evidence:
        """What no alert means: good only if there are rules that would have raised one, and they are evaluated."""
        rules = [rule for rule in await self._rules() if could_fit(matchers, {**_labels(rule), **_called(rule)})]
        if not rules:
            return Evidence(None, detail="no alert rule could raise such an alert, so that none fires means nothing")
        for rule in rules:
            if rule.get("health") == "err":
                why = f"the rule {rule.get('name')} can't be evaluated: {rule.get('lastError', '')}"
                return Evidence(None, detail=clean(why))
        down = await self._down()
        if about := [labels for labels in down if _is_about(matchers, labels)]:
            where = ", ".join(_called_by(labels) for labels in about[:MOST_TOLD])
            return Evidence(None, detail=clean(f"{said}, but what such alerts are about is down: {where}"))
        evaluated = [at for rule in rules if (at := _moment(rule.get("lastEvaluation"))) is not None]
        others = f"; {len(down)} targets of all are down" if down else ""
        return Evidence(0.0, min(evaluated, default=None), f"{said}{others}")

    async def _down(self) -> Sequence[Mapping[str, str]]:
        """The labels of the targets that can't be scraped."""
        data, _ = await self._api.query("up == 0")
        return [
            {str(key): str(value) for key, value in one["metric"].items()}
            for one in _list(data, "result", self._api.host)
            if isinstance(one.get("metric"), Mapping)
        ]

    async def _rules(self) -> list[Mapping[str, Any]]:
        data = await self._api.get("rules", type="alert")
        groups = _list(data, "groups", self._api.host)
        return [rule for group in groups for rule in _list(group, "rules", self._api.host) if _is_alerting(rule)]


def _list(data: Mapping[str, Any], key: str, host: str) -> list[Mapping[str, Any]]:
    found = data.get(key)
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ProviderError("garbage", f"{host} didn't answer as Prometheus does", "check url")
    return found


def _labels(one: Mapping[str, Any]) -> Mapping[str, str]:
    labels = one.get("labels")
    return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, Mapping) else {}


def _called(rule: Mapping[str, Any]) -> dict[str, str]:
    return {"alertname": str(rule.get("name", ""))}


def _is_alerting(rule: Mapping[str, Any]) -> bool:
    return bool(rule.get("type", "alerting") == "alerting")


def _is_about(matchers: Sequence[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether a target is surely one that the matchers are about: it has labels of theirs, and all that it has fit."""
    return any(matcher.label in labels for matcher in matchers) and could_fit(matchers, labels)


def _called_by(labels: Mapping[str, str]) -> str:
    """A target in a few words: its instance, or else all that is said of it."""
    others = " ".join(value for key, value in sorted(labels.items()) if key != "__name__")
    return labels.get("instance") or others or "?"


def _moment(text: Any) -> float | None:
    """A time as Go writes it, with nanoseconds; its zero time is none."""
    try:
        at = datetime.fromisoformat(_shortened(str(text))).timestamp()
    except (ValueError, OverflowError):
        return None
    return at if at > 0 else None


def _shortened(text: str) -> str:
    return "".join(_parts(text))


def _parts(text: str) -> Iterator[str]:
    """With six digits of a second at most, as many as can be read."""
    whole, dot, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    yield whole
    if dot:
        yield f".{digits[:6]}{rest[len(digits) :]}"
