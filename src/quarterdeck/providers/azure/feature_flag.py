"""A feature flag as the JSON of its setting, read and changed so that nothing else in it is lost. Pure.

Shape: Microsoft's schemas FeatureFlag v2.0.0 and Microsoft.Targeting v1.0.0. A flag that is off is off for everybody;
one that is on without filters is on for everybody; else any filter that says yes will do (`requirement_type: Any`).
Filters are matched by the application's library, which knows the long names and the short ones.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.fleet.readings import Audience, FlagReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.plan import Facts

PERCENTAGE = "Microsoft.Percentage"
TARGETING = "Microsoft.Targeting"
_PERCENTAGES = frozenset({"microsoft.percentage", "percentage", "percentagefilter"})
_TARGETINGS = frozenset({"microsoft.targeting", "targeting", "targetingfilter"})

Filter = dict[str, Any]


def parse(text: str | None) -> dict[str, Any]:
    """The JSON of a flag.

    Raises:
        ProviderError: garbage, it isn't a JSON object.
    """
    try:
        flag = json.loads(text or "")
    except ValueError:
        flag = None
    if not isinstance(flag, dict):
        raise ProviderError("garbage", "the value of this flag is not a JSON object", "mend it in the store")
    return flag


def flag_reading(
    name: str,
    flag: Mapping[str, Any],
    *,
    label: str = "",
    etag: str = "",
    locked: bool = False,
    modified_at: float | None = None,
) -> FlagReading:
    """What a flag's JSON says, in our nouns."""
    filters = list(_filters(flag))
    return FlagReading(
        name=name,
        enabled=flag.get("enabled") is True,
        label=label,
        percent=_percent(filters),
        audience=tuple(Audience(group, percent) for group, percent in _groups(filters).items()),
        other_rules=tuple(_others(flag, filters)),
        locked=locked,
        description=clean(str(flag.get("description") or "")),
        etag=etag,
        modified_at=modified_at,
    )


def changed(flag: Mapping[str, Any], wanted: Facts) -> dict[str, Any]:
    """The flag with `enabled`, `percent` and `audience` (percent by group) as wanted, and all else as it was.

    A percentage goes where the flag already keeps one: into the default of its targeting filter if it has one, else
    into a filter of its own.
    """
    result = copy.deepcopy(dict(flag))
    reading = flag_reading("", flag)
    if wanted["enabled"] != reading.enabled:
        result["enabled"] = bool(wanted["enabled"])
    audience = {ring.group: ring.percent for ring in reading.audience}
    if wanted["percent"] == reading.percent and dict(wanted["audience"]) == audience:
        return result
    filters = _writable_filters(result)
    if dict(wanted["audience"]) != audience:
        _set_groups(filters, wanted["audience"])
    if wanted["percent"] != _percent(filters):
        _set_percent(filters, wanted["percent"])
    return result


def _filters(flag: Mapping[str, Any]) -> Iterator[Filter]:
    conditions = flag.get("conditions")
    listed = conditions.get("client_filters") if isinstance(conditions, Mapping) else None
    return (item for item in listed or [] if isinstance(item, dict))


def _writable_filters(flag: dict[str, Any]) -> list[Filter]:
    if not isinstance(flag.get("conditions"), dict):
        flag["conditions"] = {}
    if not isinstance(flag["conditions"].get("client_filters"), list):
        flag["conditions"]["client_filters"] = []
    filters: list[Filter] = flag["conditions"]["client_filters"]
    return filters


def _first(filters: list[Filter], names: frozenset[str]) -> Filter | None:
    return next((item for item in filters if str(item.get("name") or "").lower() in names), None)


def _audience(targeting: Filter | None) -> dict[str, Any]:
    parameters = targeting.get("parameters") if targeting else None
    audience = parameters.get("Audience") if isinstance(parameters, dict) else None
    return audience if isinstance(audience, dict) else {}


def _groups(filters: list[Filter]) -> dict[str, float]:
    listed = _audience(_first(filters, _TARGETINGS)).get("Groups")
    return {
        str(group.get("Name")): _number(group.get("RolloutPercentage")) or 0.0
        for group in listed or []
        if isinstance(group, dict)
    }


def _percent(filters: list[Filter]) -> float | None:
    percentage = _first(filters, _PERCENTAGES)
    if percentage is not None:
        parameters = percentage.get("parameters")
        return _number(parameters.get("Value")) if isinstance(parameters, dict) else None
    targeting = _first(filters, _TARGETINGS)
    return None if targeting is None else _number(_audience(targeting).get("DefaultRolloutPercentage"))


def _set_groups(filters: list[Filter], groups: Mapping[str, float]) -> None:
    targeting = _first(filters, _TARGETINGS)
    if targeting is None:
        if not groups:
            return
        targeting = {
            "name": TARGETING,
            "parameters": {"Audience": {"Users": [], "Groups": [], "DefaultRolloutPercentage": 0}},
        }
        filters.append(targeting)
    if not isinstance(targeting.get("parameters"), dict):
        targeting["parameters"] = {}
    audience = targeting["parameters"].setdefault("Audience", {})
    kept = {str(group.get("Name")): group for group in audience.get("Groups") or [] if isinstance(group, dict)}
    audience["Groups"] = [
        {**kept.get(name, {"Name": name}), "RolloutPercentage": _plain(percent)} for name, percent in groups.items()
    ]


def _set_percent(filters: list[Filter], percent: float | None) -> None:
    percentage, targeting = _first(filters, _PERCENTAGES), _first(filters, _TARGETINGS)
    if percent is None:
        if percentage is not None:
            filters.remove(percentage)
        _audience(targeting).pop("DefaultRolloutPercentage", None)
    elif percentage is not None:
        if not isinstance(percentage.get("parameters"), dict):
            percentage["parameters"] = {}
        percentage["parameters"]["Value"] = _plain(percent)
    elif targeting is not None:
        _audience(targeting)["DefaultRolloutPercentage"] = _plain(percent)
    else:
        filters.append({"name": PERCENTAGE, "parameters": {"Value": _plain(percent)}})


def _others(flag: Mapping[str, Any], filters: list[Filter]) -> Iterator[str]:
    known = _PERCENTAGES | _TARGETINGS
    for item in filters:
        if str(item.get("name") or "").lower() not in known:
            yield clean(str(item.get("name") or "a filter without a name"))
    audience = _audience(_first(filters, _TARGETINGS))
    if audience.get("Users"):
        yield f"{len(audience['Users'])} named users"
    if any((audience.get("Exclusion") or {}).values()):
        yield "exclusions"
    conditions = flag.get("conditions")
    if isinstance(conditions, Mapping) and str(conditions.get("requirement_type") or "Any").lower() == "all":
        yield "all filters must agree"
    if flag.get("variants"):
        yield "variants"


def _number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):  # the libraries accept a number written as text
        try:
            return float(value)
        except ValueError:
            return None
    return float(value) if isinstance(value, (int, float)) else None


def _plain(percent: float) -> int | float:
    """25 and not 25.0, as people write it."""
    return int(percent) if float(percent).is_integer() else float(percent)
