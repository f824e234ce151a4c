"""Weights that a router can hold, and an order of writing them that is safe after every single write."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import gcd

from quarterdeck.fleet.readings import Destination
from quarterdeck.records import dataclass
from quarterdeck.release.survey import Limits

Side = tuple[float, bool]
"""Weight and whether it is enabled."""

State = Mapping[str, Side]
"""A whole split by destination."""

Shares = Callable[[State], dict[str, float]]
"""How a router divides new clients, in percent by destination."""

NOTICEABLE = 1.0
"""Percent of overshoot between two writes below which it isn't worth another scale."""


@dataclass(frozen=True, slots=True)
class Route:
    """Writes in order, each an absolute weight and status of one destination.

    `overshoot` is by how many percentage points a share leaves, between two writes, the range between where it was
    and where it goes; `tipped` names the destination.
    """

    writes: tuple[tuple[str, Side], ...]
    overshoot: float = 0
    tipped: str = ""


def state_of(destinations: Sequence[Destination]) -> dict[str, Side]:
    """The split as it is."""
    return {d.name: (d.weight, d.enabled) for d in destinations}


def by_weight(state: State) -> dict[str, float]:
    """Percent of new clients by destination where weights divide them; all 0 when nothing is enabled."""
    total = sum(weight for weight, enabled in state.values() if enabled)
    return {name: 100 * weight / total if enabled and total else 0.0 for name, (weight, enabled) in state.items()}


def by_order(state: State) -> dict[str, float]:
    """Percent of new clients by destination where the first that is enabled gets them all."""
    first = next((name for name, (_, enabled) in state.items() if enabled), None)
    return {name: 100.0 if name == first else 0.0 for name in state}


def receiving(state: State) -> set[str]:
    """Those that new clients are sent to."""
    return {name for name, (weight, enabled) in state.items() if enabled and weight > 0}


def weights_for(parts: Mapping[str, int], now: State, healthy: set[str], limits: Limits) -> dict[str, Side]:
    """The split that gives each destination its parts.

    Weights add up to `limits.units` unless that would push clients around on the way: a router that is written one
    destination at a time and holds weights of another scale (1 and 1, say) is kept near that scale.
    """
    best = _scaled(parts, 1, now, limits)
    route = ordered_writes(now, best, healthy)
    if route.overshoot <= NOTICEABLE:
        return best
    divisor = reduce(gcd, parts.values())
    reduced = {name: part // divisor for name, part in parts.items()}
    # The scales at which one of the destinations keeps its weight, as nearly as whole numbers go.
    near = {round(now[name][0] / part) for name, part in reduced.items() if part} - {0}
    for scale in sorted(near):
        candidate = _scaled(reduced, scale, now, limits)
        if any(on and not limits.smallest <= weight <= limits.largest for weight, on in candidate.values()):
            continue
        other = ordered_writes(now, candidate, healthy)
        if (other.overshoot, len(other.writes)) < (route.overshoot, len(route.writes)):
            best, route = candidate, other
    return best


def _scaled(parts: Mapping[str, int], scale: int, now: State, limits: Limits) -> dict[str, Side]:
    """A part of 0 switches off where 0 can't be written; the weight stays for the day it is switched on again. What
    somebody has switched off stays off with it."""
    off = limits.smallest > 0
    return {
        name: (now[name][0], False) if part == 0 and (off or not now[name][1]) else (float(part * scale), True)
        for name, part in parts.items()
    }


def ordered_writes(now: State, wanted: State, healthy: set[str], shares: Shares = by_weight) -> Route:
    """What differs, in the order that keeps clients where they were or where they go.

    Between any two writes something receives traffic, and something healthy does if that is so now and at the end.
    Of the writes that keep to this the one that overshoots least comes first; in doubt what raises or enables comes
    before what lowers, and that before what disables.
    """
    state = dict(now)
    start, end = shares(now), shares(wanted)
    bounds = {name: (min(start[name], end[name]), max(start[name], end[name])) for name in wanted}
    must_keep = healthy if receiving(now) & healthy and receiving(wanted) & healthy else set(wanted)
    left = [name for name in wanted if differs(now[name], wanted[name])]
    writes: list[tuple[str, Side]] = []
    worst, tipped = 0.0, ""
    while left:
        choices = []
        for name in left:
            after = {**state, name: wanted[name]}
            if receiving(after) & must_keep or not receiving(state) & must_keep:
                choices.append((*_overshoot(shares(after), bounds), _kind(state[name], wanted[name]), name))
        excess, where, _, name = min(choices, key=lambda choice: (round(choice[0], 6), choice[2]))
        if excess > worst:
            worst, tipped = excess, where
        state[name] = wanted[name]
        left.remove(name)
        writes.append((name, wanted[name]))
    return Route(tuple(writes), worst, tipped)


def differs(one: Side, other: Side) -> bool:
    """Whether a write would change anything."""
    return one[1] != other[1] or abs(one[0] - other[0]) > 1e-9


def _kind(now: Side, wanted: Side) -> int:
    if now[1] and not wanted[1]:
        return 2
    return 0 if (wanted[1] and not now[1]) or wanted[0] > now[0] else 1


def _overshoot(shares: Mapping[str, float], bounds: Mapping[str, tuple[float, float]]) -> tuple[float, str]:
    return max((max(low - shares[name], shares[name] - high, 0.0), name) for name, (low, high) in bounds.items())
