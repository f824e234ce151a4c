"""From one split of traffic to another: the steps, what they mean for users, and what they must never do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.readings import Destination, Keeper, TrafficReading
from quarterdeck.fleet.topology import Place
from quarterdeck.release.outline import Outline, numbered
from quarterdeck.release.plan import Effect, Fuse, Refusal, Risk, Step
from quarterdeck.release.settlement import TOLERANCE, destination_facts, share_facts
from quarterdeck.release.survey import Limits, TrafficSurvey
from quarterdeck.release.weighting import (
    NOTICEABLE,
    Side,
    State,
    by_order,
    by_weight,
    ordered_writes,
    receiving,
    state_of,
)

_KEEPERS: Mapping[Keeper, str] = {
    "resolver": "resolvers keep old answers",
    "cookie": "a cookie holds them",
    "edge": "edges are told one after the other",
}


def outline(place: Place, survey: TrafficSurvey, wanted: State) -> Outline | Refusal:
    """Steps that set weight and status of one destination at a time. Without steps if nothing differs."""
    destinations, now = survey.reading.destinations, state_of(survey.reading.destinations)
    where = str(place.target)
    if refusal := _unsafe(where, destinations, receiving(wanted)):
        return refusal
    shares = by_order if survey.limits.ordered else by_weight
    route = ordered_writes(now, wanted, healthy(destinations), shares)
    by_name = {destination.name: destination for destination in destinations}
    steps = tuple(_step(place, by_name[name], side) for name, side in route.writes)
    risks: tuple[Risk, ...] = ()
    if route.overshoot > NOTICEABLE:
        text = (
            f"{where}: between two writes {route.tipped} is off its way by up to {route.overshoot:.0f}% of new clients"
        )
        risks = (Risk("warning", "overshoot", text, "shift in smaller steps"),)
    return _told(place, survey, shares(now), shares(wanted), numbered(steps), risks)


def shares_outline(place: Place, survey: TrafficSurvey, wanted: Mapping[str, float]) -> Outline | Refusal:
    """One step that sets all shares at once. Without steps if nothing differs."""
    destinations = survey.reading.destinations
    where = str(place.target)
    if refusal := _unsafe(where, destinations, {name for name, share in wanted.items() if share > 0}):
        return refusal
    before = share_facts(survey.reading)
    if all(abs(before["shares"].get(name, 0) - share) < TOLERANCE for name, share in wanted.items()):
        return Outline(())
    if refusal := _out_of_reach(where, survey.limits, wanted):
        return refusal
    step = Step(
        id="1",
        verb="set_shares",
        role=place.role,
        target=place.target,
        address=place.address,
        summary=f"{where}: {', '.join(f'{name} {share:g}%' for name, share in wanted.items())}",
        change={**survey.facts, "shares": dict(wanted)},
        before=before,
        after={"shares": dict(wanted)},
        undo={**survey.facts, **before},
        repeatable=True,
    )
    return _told(place, survey, before["shares"], wanted, (step,), ())


def _out_of_reach(where: str, limits: Limits, wanted: Mapping[str, float]) -> Refusal | None:
    """The rule of a system that goes by stages of its own."""
    if limits.stops is None:
        return None
    for stop in limits.stops:
        if all(abs(stop.get(name, 0) - wanted.get(name, 0)) < TOLERANCE for name in {*stop, *wanted}):
            return None
    because = f": {limits.why}" if limits.why else ""
    offers = "; ".join(words(stop) for stop in limits.stops)
    hint = f"what can be reached from here: {offers}" if offers else "wait for it, or change it where it is declared"
    return Refusal("impossible", f"{where}: {words(wanted)} can't be reached from here{because}", hint)


def way_back(limits: Limits, now: Mapping[str, float], wanted: Mapping[str, float]) -> Mapping[str, float]:
    """The split to go back to: as it was, or, where a system goes by stages of its own and none of them is that, the
    nearest one in which whoever has gained since has no more than before. As it was, if there is none."""
    if limits.stops is None:
        return wanted
    stops = [{name: stop.get(name, 0.0) for name in {**wanted, **stop}} for stop in limits.stops]
    stops.append(dict(now))
    gained = [name for name, share in now.items() if share > wanted.get(name, 0.0) + TOLERANCE]
    fair = [stop for stop in stops if all(stop.get(name, 0.0) <= wanted.get(name, 0.0) + TOLERANCE for name in gained)]
    return min(fair, key=lambda stop: sum(abs(stop[n] - wanted.get(n, 0.0)) for n in stop), default=wanted)


def words(shares: Mapping[str, float]) -> str:
    """Shares for people."""
    return ", ".join(f"{name} {share:.4g}%" for name, share in shares.items())


def healthy(destinations: Sequence[Destination]) -> set[str]:
    """Those that the router itself has found healthy."""
    return {destination.name for destination in destinations if destination.health == "healthy"}


def _unsafe(where: str, destinations: Sequence[Destination], then: set[str]) -> Refusal | None:
    """The rule that a router must always have somewhere good to send people."""
    if not then:
        return Refusal("impossible", f"{where}: nothing would receive traffic", "leave at least one destination on")
    good, now = healthy(destinations), {d.name for d in destinations if d.enabled and d.share > 0}
    if good & now and not good & then:
        names = ", ".join(sorted(good & now))
        text = f"{where}: that would switch off the last healthy destination ({names})"
        # What was switched on a moment ago is still being checked: App Service behind Traffic Manager takes a probe or
        # two, so the region that has just got its clients back holds up the next one for that long.
        if looked_at := [d.name for d in destinations if d.name in then and d.enabled and d.health == "unknown"]:
            return Refusal("unsettled", text, f"wait until the router has found {', '.join(looked_at)} healthy")
        return Refusal(
            "impossible",
            text,
            f"give {', '.join(sorted(then))} a small share first and wait until the router finds it healthy",
        )
    bad = {d.name for d in destinations if d.health == "unhealthy"}
    if then <= bad and len(bad) < len(destinations):
        better = ", ".join(d.name for d in destinations if d.name not in bad)
        return Refusal("impossible", f"{where}: only unhealthy destinations would be left", f"include {better}")
    return None


def would_be_unsafe(step: Step, reading: TrafficReading) -> str:
    """Why a step must not be taken, as things are now; "" if it may."""
    if step.verb == "set_shares":
        then = {name for name, share in step.change["shares"].items() if share > 0}
    else:
        side = (step.change["weight"], step.change["enabled"])
        then = receiving({**state_of(reading.destinations), step.change["destination"]: side})
    refusal = _unsafe(str(step.target), reading.destinations, then)
    return refusal.message if refusal else ""


def _step(place: Place, destination: Destination, side: Side) -> Step:
    was, (weight, enabled) = (destination.weight, destination.enabled), side
    before = destination_facts(destination)
    after = {"destination": destination.name, "weight": weight, "enabled": enabled}
    return Step(
        id="1",
        verb="set_destination",
        role=place.role,
        target=place.target,
        address=place.address,
        summary=f"{place.target}: {destination.name} {_side(was)} -> {_side(side)}",
        change=after,
        before=before,
        after=after,
        undo=before,
        repeatable=True,
    )


def _side(side: Side) -> str:
    weight, enabled = side
    return f"weight {weight:g}" if enabled else "disabled"


def _told(
    place: Place,
    survey: TrafficSurvey,
    now: Mapping[str, float],
    then: Mapping[str, float],
    steps: tuple[Step, ...],
    risks: tuple[Risk, ...],
) -> Outline:
    if not steps:
        return Outline(())
    where, reading, lag = str(place.target), survey.reading, survey.limits.lag
    effects = tuple(
        Effect(where, f"share of {name}", f"{now.get(name, 0):.4g}%", f"{share:.4g}%")
        for name, share in then.items()
        if abs(share - now.get(name, 0)) >= TOLERANCE
    )
    risks = (*survey.risks, *_bad_ends(where, reading.destinations, now, then), *risks)
    stay = f", the others within {lag:g} s" if lag else ""
    if lag:
        text = f"{where}: clients stay where they are for up to {lag:g} s ({_KEEPERS[reading.kept_by]})"
        risks = (*risks, Risk("info", "lag", text))
    moved = sum(max(0.0, share - now.get(name, 0)) for name, share in then.items())
    how = "set the shares back" if survey.limits.stops is None else "back as far as its own stages go"
    fuse = Fuse(True, how, lag or None, "nothing", "")
    return Outline(steps, effects, (), risks, fuse, f"{moved:.4g}% of the new clients of {where}{stay}")


def _bad_ends(
    where: str, destinations: Sequence[Destination], now: Mapping[str, float], then: Mapping[str, float]
) -> tuple[Risk, ...]:
    return tuple(
        Risk("danger", "destination-unhealthy", f"{where}: {d.name} is unhealthy ({d.status}) and would get more")
        for d in destinations
        if d.health == "unhealthy" and then.get(d.name, 0) > now.get(d.name, 0) + TOLERANCE
    )
