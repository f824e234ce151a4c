"""The origins of a Front Door origin group as a split of traffic. Pure.

Rules of the service (Microsoft's documentation of its traffic routing): of the origins that are enabled and healthy,
only those of the best priority (the lowest number) are asked; of these only those within the latency sensitivity of
the fastest; among them weights divide. Which of them are healthy isn't told by the management plane: the shares here
are those of an edge that finds all of them healthy and about as near. A weight or priority that isn't given is the
default of Microsoft's portal (1000, 1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.fleet.readings import Destination, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import Limits
from quarterdeck.release.plan import Risk

Document = Mapping[str, Any]

EDGES_SECONDS = 1200.0
"""Most changes take 3 to 20 minutes to reach all edges (Microsoft's documentation, frequently asked questions)."""

NARROW_MILLISECONDS = 10
"""A latency sensitivity below this leaves hardly anything for weights to divide."""

_USUAL_WEIGHT, _USUAL_PRIORITY = 1000, 1
_SETTLED = frozenset({"", "succeeded", "failed"})


def traffic_reading(origins: Sequence[Document]) -> TrafficReading:
    """The split of requests at the edges, as it is configured.

    Where each origin has a priority of its own, the first that is enabled gets everything. Else the origins of the best
    priority in use are listed; the others get requests only while none of those is healthy, whatever the weights.
    """
    method = "priorities" if is_ordered(origins) else "weights"
    listed = sorted(origins, key=_priority) if is_ordered(origins) else _front(origins)
    shares = _shares(listed, is_ordered(origins))
    spare = len(origins) - len(listed)
    status = f"{spare} in reserve" if spare else ""
    destinations = tuple(_destination(one, shares[_name(one)]) for one in listed)
    return TrafficReading(method, destinations, EDGES_SECONDS, status, kept_by="edge")


def limits(origins: Sequence[Document]) -> Limits:
    """What can be asked of this group: there is no weight of 0, an origin is switched off instead."""
    return Limits(
        units=1000, smallest=1, largest=1000, atomic=False, ordered=is_ordered(origins), lag=EDGES_SECONDS
    )  # fmt: skip


def is_ordered(origins: Sequence[Document]) -> bool:
    """Whether each of several origins has a priority of its own."""
    return len(origins) > 1 and len({_priority(one) for one in origins}) == len(origins)


def origin_named(origins: Sequence[Document], name: str) -> Document | None:
    """The origin of that name, letter case ignored."""
    return next((one for one in origins if _name(one).lower() == name.lower()), None)


def difference(origin: Document, weight: float, enabled: bool) -> dict[str, Any]:
    """What has to be written to give an origin this weight and status; a weight of less than 1 isn't written."""
    change: dict[str, Any] = {}
    if round(weight) >= 1 and round(weight) != _weight(origin):
        change["weight"] = round(weight)
    if enabled != _is_enabled(origin):
        change["enabledState"] = "Enabled" if enabled else "Disabled"
    return change


def state(origin: Document) -> tuple[bool, str]:
    """Whether a change of this origin is under way, and the service's word for how it is."""
    word = clean(str(_properties(origin).get("provisioningState") or ""))
    return word.lower() not in _SETTLED, word


def risks(group: Document, origins: Sequence[Document]) -> Iterator[Risk]:
    """What to know before traffic is moved."""
    yield Risk(
        "warning",
        "edges",
        "each change takes 3 to 20 minutes to reach all edges; until then some still do as before, and so does the way "
        "back",
        "for something urgent act behind Front Door: stop the origin, and its probes do the rest",
    )
    about = _properties(group)
    balancing = about.get("loadBalancingSettings")
    band = balancing.get("additionalLatencyInMilliseconds") if isinstance(balancing, Mapping) else None
    if isinstance(band, (int, float)) and band < NARROW_MILLISECONDS:
        text = f"weights divide only among origins within {band:g} ms of the fastest: each edge may use just one"
        yield Risk("warning", "latency-first", text, "raise the latency sensitivity of the origin group")
    if not about.get("healthProbeSettings"):
        text = "the origin group has no health probe: Front Door sends requests to an origin whether it serves or not"
        yield Risk("warning", "unchecked", text, "give it one")
    if about.get("sessionAffinityState") == "Enabled":
        yield Risk("info", "sticky", "session affinity is on: weights divide only new sessions")
    reserve = [_name(one) for one in origins if one not in _front(origins)]
    if reserve and not is_ordered(origins):
        text = f"{', '.join(map(clean, reserve))} gets requests only while no origin of a better priority is healthy"
        yield Risk("info", "in-reserve", text)
    for one in origins:
        busy, word = state(one)
        if busy:
            yield Risk(
                "danger", "in-progress", f"{clean(_name(one))} is being changed ({word})", "wait for that to end"
            )


def _front(origins: Sequence[Document]) -> list[Document]:
    """Those of the best priority that is in use, switched off or not."""
    best = min((_priority(one) for one in origins if _is_enabled(one)), default=None)
    if best is None:
        best = min((_priority(one) for one in origins), default=0)
    return [one for one in origins if _priority(one) == best]


def _shares(listed: Sequence[Document], ordered: bool) -> dict[str, float]:
    enabled = [one for one in listed if _is_enabled(one)]
    if ordered:
        return {_name(one): 100.0 if enabled and one is enabled[0] else 0.0 for one in listed}
    total = sum(map(_weight, enabled))
    return {_name(one): 100.0 * _weight(one) / total if _is_enabled(one) else 0.0 for one in listed}


def _destination(origin: Document, share: float) -> Destination:
    about = _properties(origin)
    _, word = state(origin)
    rollout = clean(str(about.get("deploymentStatus") or ""))
    return Destination(
        name=clean(_name(origin)),
        share=share,
        weight=float(_weight(origin)),
        enabled=_is_enabled(origin),
        status=", ".join(part for part in (word, f"edges: {rollout}" if rollout else "") if part),
        host=clean(str(about.get("hostName") or "")),
    )


def _properties(document: Document) -> Mapping[str, Any]:
    inner = document.get("properties")
    return inner if isinstance(inner, Mapping) else {}


def _name(origin: Document) -> str:
    return str(origin.get("name") or "")


def _weight(origin: Document) -> int:
    return int(_properties(origin).get("weight") or _USUAL_WEIGHT)


def _priority(origin: Document) -> int:
    return int(_properties(origin).get("priority") or _USUAL_PRIORITY)


def _is_enabled(origin: Document) -> bool:
    return _properties(origin).get("enabledState") != "Disabled"
