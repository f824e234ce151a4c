"""Prometheus's HTTP API, version 1, and the reading part of Alertmanager's, version 2, over the world's metrics.

Shapes and statuses are those of their documentation ("HTTP API", "Alerts API"): a wrong parameter is 400 bad_data,
a query that can't be carried out 422 execution. Nobody is asked who he is, as in a Prometheus out of the box. Time
is the world's: a query without `time` is about its now. Alerts are never silenced.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from quarterdeck.sandbox.prometheus.series import LOOKBACK, NAME, Labels, Matcher, Series, fits
from quarterdeck.sandbox.wire import Handler, Request, Response, Route
from quarterdeck.sandbox.world.alerting import Alert, AlertRule
from quarterdeck.sandbox.world.world import World

if TYPE_CHECKING:
    from quarterdeck.sandbox.prometheus.query import Result

VERSION = "3.0.0"
"""Of Prometheus, whose behaviour this is: ranges are open on the left."""


class _Wrong(Exception):
    """A request that is answered with an error: status, Prometheus's error type, and the text."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class PrometheusService:
    """The routes below /api/v1 that clients of Prometheus use, and /api/v2/alerts."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        both: dict[str, Callable[[_Form], Any]] = {
            "query": self.query,
            "query_range": self.query_range,
            "series": self.series,
            "labels": self.labels,
        }
        for name, answer in both.items():
            for method in ("GET", "POST"):
                yield Route(method, f"/api/v1/{name}", _answering(answer), "data")
        reading: dict[str, Callable[[_Form], Any]] = {
            "alerts": self.alerts,
            "rules": self.rules,
            "label/{name}/values": self.values,
            "status/buildinfo": self.build,
        }
        for name, answer in reading.items():
            yield Route("GET", f"/api/v1/{name}", _answering(answer), "data")
        yield Route("GET", "/api/v2/alerts", self.active_alerts, "data")
        yield Route("GET", "/-/ready", self.ready, "data")
        yield Route("GET", "/-/healthy", self.ready, "data")

    def query(self, form: _Form) -> Any:
        """An instant query."""
        from quarterdeck.sandbox.prometheus.query import instant

        at = form.moment("time", self._now())
        return _rendered(instant(form.needed("query"), self._world.telemetry, at), at)

    def query_range(self, form: _Form) -> Any:
        """A query over a range of time."""
        from quarterdeck.sandbox.prometheus.query import over

        start, end = form.moment("start"), form.moment("end")
        if end < start:
            raise _parameter("end", "end timestamp must not be before start time")
        step = form.duration("step")
        if step <= 0:
            raise _parameter(
                "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        if (end - start) / step > 11_000:
            raise _Wrong(
                400,
                "bad_data",
                "exceeded maximum resolution of 11,000 points per timeseries. "
                "Try decreasing the query resolution (?step=XX)",
            )
        runs = over(form.needed("query"), self._world.telemetry, start, end, step)
        return {"resultType": "matrix", "result": [_run(run.labels, run.points) for run in runs]}

    def series(self, form: _Form) -> Any:
        """The label sets of the series that fit."""
        if not form.all("match[]"):
            raise _Wrong(400, "bad_data", "no match[] parameter provided")
        return [dict(series.labels) for series in self._recent(form)]

    def labels(self, form: _Form) -> Any:
        """Every label name."""
        return sorted({name for series in self._recent(form) for name in series.labels})

    def values(self, form: _Form) -> Any:
        """Every value of one label."""
        name = form.path["name"]
        return sorted({series.labels[name] for series in self._recent(form) if name in series.labels})

    def alerts(self, form: _Form) -> Any:
        """Alerts that are pending or fire."""
        return {"alerts": [_alert(alert) for alert in self._world.alerting.alerts()]}

    def rules(self, form: _Form) -> Any:
        """The alert rules, as one group."""
        alerts = self._world.alerting.alerts()
        rules = [
            self._rule(rule, [alert for alert in alerts if alert.rule == rule]) for rule in self._world.alerting.rules
        ]
        return {"groups": [{"name": "world", "file": "world", "interval": 15, "rules": rules}]}

    def build(self, form: _Form) -> Any:
        """Who it is."""
        return {
            "version": VERSION,
            "revision": "sandbox",
            "branch": "",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
        }

    async def ready(self, request: Request) -> Response:
        """That it answers."""
        return Response(200, b"Prometheus Server is Ready.\n", {"Content-Type": "text/plain; charset=utf-8"})

    async def active_alerts(self, request: Request) -> Response:
        """Alertmanager's reading: the alerts that fire."""
        form = _Form(request)
        try:
            wanted = [_filter(text) for text in form.all("filter")]
        except _Wrong as wrong:
            return Response(wrong.status, wrong.message)
        if form.text("active").lower() == "false":
            return Response(body=[])
        now = self._now()
        firing = [alert for alert in self._world.alerting.alerts() if alert.fired is not None]
        return Response(body=[_managed(alert, now) for alert in firing if fits(wanted, alert.labels)])

    def _rule(self, rule: AlertRule, alerts: Sequence[Alert]) -> dict[str, Any]:
        states = {alert.state for alert in alerts}
        trouble = self._world.alerting.trouble(rule)
        return {
            "type": "alerting",
            "name": rule.name,
            "query": rule.expression,
            "duration": rule.held,
            "labels": dict(rule.labels),
            "annotations": dict(rule.annotations),
            "state": next((state for state in ("firing", "pending") if state in states), "inactive"),
            "health": "err" if trouble else "ok",
            **({"lastError": trouble} if trouble else {}),
            "alerts": [_alert(alert) for alert in alerts],
        }

    def _recent(self, form: _Form) -> list[Series]:
        """The series that fit `match[]` (all without) and had a sample lately."""
        from quarterdeck.sandbox.prometheus.expressions import matchers_of

        end = form.moment("end", self._now())
        start = form.moment("start", end - LOOKBACK)
        selectors = form.all("match[]")
        alternatives = [one for text in selectors for one in matchers_of(text)] if selectors else [[]]
        found = self._world.telemetry.select(alternatives)
        return [series for series in found if series.window(start, end)]

    def _now(self) -> float:
        return self._world.clock.now()


class _Form:
    """The parameters of a request, from its query and its body."""

    def __init__(self, request: Request) -> None:
        self.path = request.parameters
        given = request.target.partition("?")[2]
        kind = request.headers.get("content-type", "")
        pairs = parse_qsl(given, keep_blank_values=True)
        if request.method == "POST" and kind.startswith("application/x-www-form-urlencoded"):
            pairs += parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
        self._pairs = pairs

    def all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return [value for key, value in self._pairs if key == name]

    def text(self, name: str) -> str:
        """Its first value, "" without one."""
        return next(iter(self.all(name)), "")

    def needed(self, name: str) -> str:
        """Its value; an empty query is said to be wrong by the parser, as Prometheus does it."""
        return self.text(name)

    def moment(self, name: str, default: float | None = None) -> float:
        """A time: UNIX seconds or RFC 3339."""
        text = self.text(name)
        if not text and default is not None:
            return default
        try:
            return _finite(float(text))
        except ValueError:
            pass
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            raise _parameter(name, f'cannot parse "{text}" to a valid timestamp') from None
        if found.tzinfo is None:
            raise _parameter(name, f'cannot parse "{text}" to a valid timestamp')
        return found.timestamp()

    def duration(self, name: str) -> float:
        """Seconds: a number, or such as 15s or 1h30m."""
        import promql_parser

        text = self.text(name)
        try:
            return _finite(float(text))
        except ValueError:
            pass
        try:
            return promql_parser.parse_duration(text).total_seconds()
        except (ValueError, OverflowError):
            raise _parameter(name, f'cannot parse "{text}" to a valid duration') from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not finite")
    return value


def _parameter(name: str, why: str) -> _Wrong:
    return _Wrong(400, "bad_data", f'invalid parameter "{name}": {why}')


def _answering(answer: Callable[[_Form], Any]) -> Handler:
    """A handler in Prometheus's envelope."""

    @functools.wraps(answer)
    async def handle(request: Request) -> Response:
        from quarterdeck.sandbox.prometheus.expressions import ParseError
        from quarterdeck.sandbox.prometheus.matching import QueryError

        try:
            return _enveloped(200, {"status": "success", "data": answer(_Form(request))})
        except ParseError as error:
            wrong = _parameter("query", f"parse error: {error}")
        except QueryError as error:
            wrong = _Wrong(422, "execution", str(error))
        except _Wrong as error:
            wrong = error
        return _enveloped(wrong.status, {"status": "error", "errorType": wrong.kind, "error": wrong.message})

    return handle


def _enveloped(status: int, body: Mapping[str, Any]) -> Response:
    # Characters outside ASCII are written as they are, as Go does it.
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), {"Content-Type": "application/json"})


def _rendered(result: Result, at: float) -> dict[str, Any]:
    from quarterdeck.sandbox.prometheus.query import Run

    moment = _time(at)
    if isinstance(result, str):
        return {"resultType": "string", "result": [moment, result]}
    if isinstance(result, float):
        return {"resultType": "scalar", "result": [moment, number_text(result)]}
    if result and isinstance(result[0], Run):
        return {
            "resultType": "matrix",
            "result": [_run(run.labels, run.points) for run in result if isinstance(run, Run)],
        }
    return {
        "resultType": "vector",
        "result": [
            {"metric": dict(one.labels), "value": [moment, number_text(one.value)]}
            for one in result
            if not isinstance(one, Run)
        ],
    }


def _run(labels: Labels, points: Iterable[tuple[float, float]]) -> dict[str, Any]:
    return {"metric": dict(labels), "values": [[_time(at), number_text(value)] for at, value in points]}


def _time(at: float) -> float:
    """Prometheus counts in milliseconds."""
    rounded = round(at, 3)
    return int(rounded) if rounded.is_integer() else rounded


def number_text(value: float) -> str:
    """A value as Prometheus writes it: the shortest text that reads the same, never with an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    text = format(Decimal(repr(value)), "f")
    return text.removesuffix(".0")


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.rule.annotations),
        "state": alert.state,
        "activeAt": _rfc3339(alert.since),
        "value": _exponential(alert.value),
    }


def _exponential(value: float) -> str:
    """The shortest text with an exponent, which has two digits at least, as Go writes it."""
    if not math.isfinite(value):
        return number_text(value)
    mantissa, _, exponent = format(Decimal(repr(value)).normalize(), "e").partition("e")
    return f"{mantissa}e{int(exponent):+03d}"


def _managed(alert: Alert, now: float) -> dict[str, Any]:
    text = json.dumps(sorted(alert.labels.items())).encode()
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.rule.annotations),
        "receivers": [{"name": "default"}],
        "fingerprint": hashlib.sha256(text).hexdigest()[:16],
        "startsAt": _rfc3339(alert.fired or alert.since),
        "updatedAt": _rfc3339(now),
        "endsAt": _rfc3339(now + 240),
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
        "generatorURL": "",
    }


def _rfc3339(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _filter(text: str) -> Matcher:
    """One of Alertmanager's matchers: name="value", with =, !=, =~ or !~."""
    from quarterdeck.sandbox.prometheus.expressions import ParseError, matchers_of

    try:
        [[matcher]] = [[one for one in group if one.label != NAME] for group in matchers_of("x{" + text + "}")]
    except (ParseError, ValueError) as error:
        raise _Wrong(400, "bad_data", f"bad matcher format: {text}") from error
    return matcher
