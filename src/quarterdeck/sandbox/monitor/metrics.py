"""Microsoft.Insights/metrics of sites, slots and container apps, as their published examples show them (2023-10-01)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from quarterdeck.sandbox.monitor.counting import (
    APP_METRICS,
    SITE_METRICS,
    Dimensions,
    Key,
    Metric,
    Values,
    counted,
    is_in,
)
from quarterdeck.sandbox.prometheus.series import Labels
from quarterdeck.sandbox.subscriptions import require_group, require_subscription
from quarterdeck.sandbox.web.addressing import SITE, SLOT, find
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.container_apps import ContainerApp
from quarterdeck.sandbox.world.world import World

_TAIL = "/providers/Microsoft.Insights/metrics"
_APP = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.App/containerApps/{app}"
_INTERVALS = {"PT1M": 60, "PT5M": 300, "PT15M": 900, "PT30M": 1800, "PT1H": 3600, "PT6H": 21600, "PT12H": 43200}
_FINEST = ("PT1M", "PT5M", "PT15M", "PT1H")
_MOST_POINTS = 1440
_CONDITION = re.compile(r"\s*(\w+)\s+eq\s+'([^']*)'\s*", re.IGNORECASE)

Filter = Mapping[str, Sequence[str]]
"""Which values of which dimensions (in lower case) are wanted; `*` for each apart."""


class MetricsService:
    """Metric values."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield Route("GET", SITE + _TAIL, self.of_site)
        yield Route("GET", SLOT + _TAIL, self.of_site)
        yield Route("GET", _APP + _TAIL, self.of_app)

    async def of_site(self, request: Request) -> Response:
        """The metrics of a site, which are those of its production slot, or of another slot."""
        site, slot = find(self._world, request)
        about = {"site": site.name, "slot": slot.name}
        kind = "Microsoft.Web/sites/slots" if "slot" in request.parameters else "Microsoft.Web/sites"
        return self._answer(request, kind, site.location, SITE_METRICS, about, lambda labels: {})

    async def of_app(self, request: Request) -> Response:
        """The metrics of a container app."""
        require_subscription(self._world, request)
        group, _ = require_group(self._world, request)
        app = self._world.container_apps.find(group, request.parameters["app"])
        if app is None:
            raise Refusal(404, "ResourceNotFound", f"The resource {request.parameters['app']} was not found.")
        kind = "Microsoft.App/containerapps"
        return self._answer(request, kind, app.location, APP_METRICS, {"site": app.name}, _divided(app))

    def _answer(
        self,
        request: Request,
        kind: str,
        location: str,
        known: Sequence[Metric],
        about: Mapping[str, str],
        dimensions: Dimensions,
    ) -> Response:
        since, until = _timespan(request.argument("timespan"), self._world.clock.now())
        interval, length = _interval(request, until - since)
        wanted = _filter(request.argument("$filter"))
        metrics = [_known(name, known, kind) for name in request.argument("metricnames").split(",") if name]
        aggregations = [name.lower() for name in request.argument("aggregation").split(",") if name]
        starts = _starts(since, until, length)
        resource = request.path[: request.path.lower().rindex(_TAIL.lower())]

        def body(metric: Metric) -> dict[str, Any]:
            unknown = sorted(set(wanted) - set(metric.dimensions))
            if unknown:
                raise _bad(f"Metric: {metric.name} does not support requested dimension combination: {unknown[0]}")
            shown = {
                "id": f"{resource}{_TAIL}/{metric.name}",
                "type": "Microsoft.Insights/metrics",
                "name": {"value": metric.name, "localizedValue": metric.text},
                "displayDescription": f"{metric.text}, as the front end has counted it.",
                "unit": metric.unit,
            }
            if metric.aggregation not in (aggregations or [metric.aggregation]):
                message = f"Sampling type is not found. Metric:{metric.name}, SamplingType:{aggregations[0]}."
                return {**shown, "timeseries": [], "errorMessage": message, "errorCode": "InvalidSamplingType"}
            found = counted(self._world, metric, about, dimensions, starts, length)
            series = _series(found, wanted, metric)
            return {**shown, "timeseries": [self._shown(*one, metric, starts, length) for one in series], **_SUCCESS}

        value = [body(metric) for metric in metrics]
        return Response(
            body={
                "cost": len(starts) * len(value),
                "timespan": f"{_utc(since)}/{_utc(until)}",
                "interval": interval,
                "value": value,
                "namespace": kind,
                "resourceregion": location.replace(" ", "").lower(),
            }
        )

    def _shown(
        self, dimensions: Key, values: Values, metric: Metric, starts: Sequence[float], length: float
    ) -> dict[str, Any]:
        data = []
        for start in starts:
            value = values.get(start)
            if not is_in(self._world, start, length):
                value = 0.0 if metric.aggregation == "total" else None
            point: dict[str, Any] = {"timeStamp": _utc(start)}
            data.append(point if value is None else {**point, metric.aggregation: value})
        named = [{"name": {"value": name, "localizedValue": name}, "value": value} for name, value in dimensions]
        return {"metadatavalues": named, "data": data}


_SUCCESS = {"errorCode": "Success"}


def _series(found: Mapping[Key, Values], wanted: Filter, metric: Metric) -> list[tuple[Key, Values]]:
    """The time series of a metric: of what the filter lets through, each value of what it names apart."""
    together: dict[Key, Values] = {} if wanted else {(): {}}
    for key, values in found.items():
        dimensions = dict(key)
        if not all(_lets(accepted, dimensions[name]) for name, accepted in wanted.items()):
            continue
        shown = tuple((name, value) for name, value in key if name in wanted)
        known = together.setdefault(shown, {})
        for at, value in values.items():
            if value is not None:
                known[at] = value + (known.get(at) or 0.0 if metric.aggregation == "total" else 0.0)
    return sorted(together.items(), key=lambda one: one[0])


def _lets(accepted: Sequence[str], value: str) -> bool:
    return "*" in accepted or value.lower() in accepted


def _divided(app: ContainerApp) -> Dimensions:
    """What the requests to a container app are divided by."""

    def of(labels: Labels) -> dict[str, str]:
        by_version = (name for name, one in app.revisions.items() if one.build.version == labels.get("version"))
        slot = labels.get("slot", "")
        revision = slot if slot in app.revisions else next(by_version, slot)
        code = labels.get("code", "")
        return {"revisionname": revision, **({"statuscodecategory": f"{code[0]}xx"} if code else {})}

    return of


def _filter(text: str) -> Filter:
    wanted: dict[str, list[str]] = {}
    for condition in re.split(r"\s+(?:and|or)\s+", text.strip()) if text.strip() else ():
        found = _CONDITION.fullmatch(condition)
        if found is None:
            raise _bad(f"The filter string: {text} is not valid.")
        wanted.setdefault(found[1].lower(), []).append(found[2].lower())
    return wanted


def _known(name: str, known: Sequence[Metric], kind: str) -> Metric:
    for metric in known:
        if metric.name.lower() == name.strip().lower():
            return metric
    provider, _, types = kind.partition("/")
    names = ",".join(metric.name for metric in known)
    raise _bad(
        f"Failed to find metric configuration for provider: {provider}, resource Type: {types}, metric: {name}, "
        f"Valid metrics: {names}"
    )


def _interval(request: Request, span: float) -> tuple[str, float]:
    """The interval that is used: the one that was asked for, or the next that there is, where that is allowed."""
    asked = request.argument("interval", "PT1M").upper()
    adjust = request.argument("AutoAdjustTimegrain").lower() == "true"
    length = _INTERVALS.get(asked)
    if length is None or (asked not in _FINEST and not adjust):
        raise _bad(f"Detected invalid time grain input: {asked}, supported ones are: {','.join(_FINEST)}")
    if asked not in _FINEST or span / length > _MOST_POINTS:
        asked = next((name for name in _FINEST if span / _INTERVALS[name] <= _MOST_POINTS), "PT1H")
    return asked, float(_INTERVALS[asked])


def _starts(since: float, until: float, length: float) -> list[float]:
    first, last = int(since // length), int(-(-until // length))
    return [number * length for number in range(first, last)]


def _timespan(text: str, now: float) -> tuple[float, float]:
    if not text:
        return now - 3600, now
    since, _, until = text.partition("/")
    try:
        found = datetime.fromisoformat(since).timestamp(), datetime.fromisoformat(until).timestamp()
    except ValueError:
        raise _bad(f"Detected invalid timespan: {text}") from None
    if found[1] <= found[0]:
        raise _bad(f"Start time {since} must be before end time {until}")
    return found


def _utc(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)
