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
from quarterdeck.release.settlement import flag_facts

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

    Raises:
        ProviderError: the flag's other rules leave no way to say that, or the flag is too malformed to be changed.
    """
    result = copy.deepcopy(dict(flag))
    now = flag_facts(flag_reading("", flag))
    if wanted["enabled"] != now["enabled"]:
        result["enabled"] = bool(wanted["enabled"])
    if (wanted["percent"], wanted["audience"]) != (now["percent"], now["audience"]):
        filters = _writable_filters(result)
        _set_groups(filters, wanted["audience"])
        _set_percent(filters, wanted["percent"])
    if flag_facts(flag_reading("", result)) != {key: wanted[key] for key in ("enabled", "percent", "audience")}:
        raise ProviderError(
            "provider_error",
            "the other rules of this flag leave no way to say that: " + ", ".join(flag_reading("", flag).other_rules),
            "give a percentage (100 for everybody), or change the rules in the store",
        )
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
    return next((item for item in filters if _is(item, names)), None)


def _is(item: object, names: frozenset[str]) -> bool:
    return isinstance(item, dict) and str(item.get("name") or "").lower() in names


def _audience(targeting: Filter | None) -> dict[str, Any]:
    return _dict(_dict(targeting, "parameters"), "Audience") if targeting else {}


def _groups(filters: list[Filter]) -> dict[str, float]:
    listed = _audience(_first(filters, _TARGETINGS)).get("Groups")
    return {
        str(group.get("Name")): _number(group.get("RolloutPercentage")) or 0.0
        for group in listed or []
        if isinstance(group, dict)
    }


def _percent(filters: list[Filter]) -> float | None:
    """The percentage of everybody. A targeting filter without one lets in its groups and users, and nobody else."""
    percentage = _first(filters, _PERCENTAGES)
    if percentage is not None:
        return _number(_dict(percentage, "parameters").get("Value"))
    targeting = _first(filters, _TARGETINGS)
    if targeting is None:
        return None
    default = _number(_audience(targeting).get("DefaultRolloutPercentage"))
    return default if default is not None or _groups(filters) else 0.0


def _set_groups(filters: list[Filter], groups: Mapping[str, float]) -> None:
    if dict(groups) == _groups(filters):
        return
    targeting = _first(filters, _TARGETINGS)
    if targeting is None:
        targeting = {"name": TARGETING, "parameters": {"Audience": {"Users": [], "Groups": []}}}
        filters.append(targeting)
    audience = _own(_own(targeting, "parameters"), "Audience")
    listed = audience.get("Groups")
    kept = {str(group.get("Name")): group for group in listed or [] if isinstance(group, dict)}
    audience["Groups"] = [
        {**kept.get(name, {"Name": name}), "RolloutPercentage": _plain(percent)} for name, percent in groups.items()
    ]


def _set_percent(filters: list[Filter], percent: float | None) -> None:
    if percent == _percent(filters):
        return
    percentage, targeting = _first(filters, _PERCENTAGES), _first(filters, _TARGETINGS)
    if percent is None:
        if percentage is not None:
            filters.remove(percentage)
        if targeting is not None:
            _audience(targeting).pop("DefaultRolloutPercentage", None)
            # A targeting filter that names nobody would switch the flag off for everybody.
            if not any(_audience(targeting).values()):
                filters.remove(targeting)
    elif percentage is not None:
        _own(percentage, "parameters")["Value"] = _plain(percent)
    elif targeting is not None:
        _own(_own(targeting, "parameters"), "Audience")["DefaultRolloutPercentage"] = _plain(percent)
    else:
        filters.append({"name": PERCENTAGE, "parameters": {"Value": _plain(percent)}})


def _dict(outer: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object under a key; an empty one if there is none."""
    inner = outer.get(key)
    return inner if isinstance(inner, dict) else {}


def _own(outer: dict[str, Any], key: str) -> dict[str, Any]:
    """The object under a key, put there if there is none."""
    if not isinstance(outer.get(key), dict):
        outer[key] = {}
    inner: dict[str, Any] = outer[key]
    return inner


def _others(flag: Mapping[str, Any], filters: list[Filter]) -> Iterator[str]:
    percentage, targeting = _first(filters, _PERCENTAGES), _first(filters, _TARGETINGS)
    for item in filters:
        name = str(item.get("name") or "a filter without a name")
        if name.lower() not in _PERCENTAGES | _TARGETINGS:
            yield clean(name)
        elif item is not percentage and item is not targeting:
            yield f"another {clean(name)}"
    audience = _audience(targeting)
    default = _number(audience.get("DefaultRolloutPercentage"))
    if percentage is not None and default:
        yield f"{default:g}% by targeting"
    if audience.get("Users"):
        yield f"{len(audience['Users'])} named users"
    if any(_dict(audience, "Exclusion").values()):
        yield "exclusions"
    if str(_dict(flag, "conditions").get("requirement_type") or "Any").lower() == "all":
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
