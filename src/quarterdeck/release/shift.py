"""From shares that somebody wants to the writes that set them, or the reason why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite

from quarterdeck.fleet.readings import Destination
from quarterdeck.fleet.topology import Place
from quarterdeck.fleet.weights import largest_remainder
from quarterdeck.records import dataclass
from quarterdeck.release import splitting
from quarterdeck.release.action import Shift
from quarterdeck.release.outline import Outline, joined
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.survey import Limits, TrafficSurvey
from quarterdeck.release.weighting import State, by_weight, state_of, weights_for

ROUNDING = 0.01
"""Percent by which shares may miss 100 without anybody having meant it."""


@dataclass(frozen=True, slots=True)
class Router:
    """One place whose traffic is to be divided."""

    place: Place
    survey: TrafficSurvey


def plan_shift(action: Shift, routers: Sequence[Router]) -> Outline | Refusal:
    """The writes for every router that knows all the names; endpoints and slots are told apart by the names."""
    if refusal := _wrong_numbers(action):
        return refusal
    chosen = _chosen(action, routers)
    if isinstance(chosen, Refusal):
        return chosen
    outlines = []
    for router in chosen:
        outline = _plan_one(action, router)
        if isinstance(outline, Refusal):
            return outline
        outlines.append(outline)
    whole = joined(tuple(outlines), outlines[0].fuse, ", ".join(o.who_feels_it for o in outlines if o.who_feels_it))
    if not whole.steps:
        return Refusal("unchanged", f"{action.target}: the shares are already as you want them; nothing to do")
    return whole


def knows(router: Router, action: Shift) -> bool:
    """Whether a router has all the destinations that are named."""
    return {name.lower() for name in action.shares} <= {name.lower() for name in _names(router)}


def _wrong_numbers(action: Shift) -> Refusal | None:
    if not action.shares:
        return Refusal("usage", "no share named", f"write for example: qd shift {action.target} NAME=25")
    for name, share in action.shares.items():
        if not isfinite(share) or not 0 <= share <= 100:
            return Refusal("usage", f"{name}={share:g} is not a share", "a share is a percentage from 0 to 100")
    if len({name.lower() for name in action.shares}) < len(action.shares):
        return Refusal("usage", "a destination is named twice", "letter case doesn't matter in their names")
    total = sum(action.shares.values())
    if total > 100 + ROUNDING:
        return Refusal("usage", f"the shares add up to {total:g}%", "they may add up to 100 at most")
    return None


def _chosen(action: Shift, routers: Sequence[Router]) -> Sequence[Router] | Refusal:
    if not routers:
        return Refusal("usage", f"{action.target} has no traffic to divide", "declare `traffic` for it")
    fitting = [router for router in routers if knows(router, action)]
    if not fitting:
        wanted = {name.lower() for name in action.shares}
        known = {router.place.subject: _names(router) for router in routers}
        offers = "; ".join(f"{subject}: {', '.join(names) or 'none'}" for subject, names in known.items())
        strange = sorted(wanted - {name.lower() for names in known.values() for name in names})
        what = f"no destination {', '.join(strange)}" if strange else "no router knows all of these names"
        return Refusal("usage", f"{action.target}: {what}", f"destinations are {offers}")
    roles = {router.place.role for router in fitting}
    if len(roles) > 1:
        regions = [r.place.target for r in fitting if r.place.role == "slot_traffic" and r.place.target.region]
        hint = f"for the slots name a region: qd shift {regions[0]} ..." if regions else "rename the endpoints"
        return Refusal("usage", f"{action.target}: these names are both endpoints and slots", hint)
    return fitting


def _names(router: Router) -> list[str]:
    return [destination.name for destination in router.survey.reading.destinations]


def _plan_one(action: Shift, router: Router) -> Outline | Refusal:
    destinations, limits = router.survey.reading.destinations, router.survey.limits
    where = str(router.place.target)
    if limits.ordered:
        wanted = _in_order(action.shares, destinations, where)
        return wanted if isinstance(wanted, Refusal) else splitting.outline(router.place, router.survey, wanted)
    shares = _completed(action.shares, destinations, limits, where)
    if isinstance(shares, Refusal):
        return shares
    if limits.units == 0:
        return splitting.shares_outline(router.place, router.survey, shares)
    parts = _parts(shares, limits, where)
    if isinstance(parts, Refusal):
        return parts
    result = {name: 100 * part / limits.units for name, part in parts.items()}
    if limits.atomic:
        return _told(splitting.shares_outline(router.place, router.survey, result), shares, result)
    weights = weights_for(parts, state_of(destinations), splitting.healthy(destinations), limits)
    if too_big := [name for name, (weight, on) in weights.items() if on and weight > limits.largest]:
        return Refusal("impossible", f"{where}: {', '.join(too_big)} would need a weight above {limits.largest}")
    return _told(splitting.outline(router.place, router.survey, weights), shares, result)


def _completed(
    named: Mapping[str, float], destinations: Sequence[Destination], limits: Limits, where: str
) -> dict[str, float] | Refusal:
    """A share for everybody: what isn't named divides the rest in the proportion it has now.

    Where weights divide, that is theirs: one that is down for a minute has no share, and must not lose its weight.
    """
    by_name = {name.lower(): share for name, share in named.items()}
    shares = {d.name: by_name.get(d.name.lower(), 0.0) for d in destinations}
    rest = 100 - sum(by_name.values())
    if abs(rest) <= ROUNDING:
        return shares
    others = [d for d in destinations if d.name.lower() not in by_name and d.enabled]
    has = {d.name: d.share for d in others} if limits.atomic else by_weight(state_of(others))
    whole = sum(has.values())
    if not others or (whole <= 0 and len(others) > 1):
        hint = "name where it goes" + (f": {', '.join(d.name for d in destinations)}" if destinations else "")
        return Refusal("usage", f"{where}: the rest, {rest:g}%, has nowhere to go", hint)
    for destination in others:
        shares[destination.name] = rest * (has[destination.name] / whole if whole > 0 else 1)
    return shares


def _parts(shares: Mapping[str, float], limits: Limits, where: str) -> Mapping[str, int] | Refusal:
    """Shares in the router's units."""
    parts = largest_remainder(shares, limits.units)
    for name, share in shares.items():
        if share > 0 and parts[name] < max(limits.smallest, 1):
            least = 100 * max(limits.smallest, 1) / limits.units
            return Refusal("usage", f"{where}: {share:g}% for {name} is too little to be set", f"least is {least:g}%")
    return parts


def _in_order(named: Mapping[str, float], destinations: Sequence[Destination], where: str) -> State | Refusal:
    """Where the first one up gets everything: 100 switches off all before it, 0 switches itself off."""
    by_name = {name.lower(): share for name, share in named.items()}
    if any(share not in (0, 100) for share in by_name.values()):
        return Refusal("usage", f"{where}: this router sends everything to the first that is up", "use 0 or 100")
    names = [destination.name.lower() for destination in destinations]
    first = next((place for place, name in enumerate(names) if by_name.get(name) == 100), 0)
    wanted = {}
    for place, destination in enumerate(destinations):
        enabled = destination.enabled and place >= first
        wanted[destination.name] = (destination.weight, bool(by_name.get(names[place], enabled)))
    return wanted


def _told(outline: Outline | Refusal, asked: Mapping[str, float], result: Mapping[str, float]) -> Outline | Refusal:
    """With the rounding shown."""
    if isinstance(outline, Refusal):
        return outline
    rounded = [
        f"{name} {share:.4g}% -> {result[name]:.4g}%"
        for name, share in asked.items()
        if abs(share - result[name]) > ROUNDING
    ]
    if not rounded:
        return outline
    note = Risk("info", "rounded", f"rounded to what the router can hold: {', '.join(rounded)}")
    return Outline(
        outline.steps, outline.effects, outline.settings, (*outline.risks, note), outline.fuse, outline.who_feels_it
    )
