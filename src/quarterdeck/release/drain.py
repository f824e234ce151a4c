"""The drain clock: who still meets what a shift or a swap has taken away, and until when. 0% is told only when it is 0.

Old clients stay where they were for as long as their cookie or their resolver's answer lives, or an edge isn't told
(`TrafficReading.lag`).
How many of them are left at a moment nobody can read, so a drain tells the most that there can be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import about, moment
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Step

VISIBLE = 0.05
"""Percent below which a share is none."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Clients that are still where new ones aren't sent any more.

    Attributes:
        what: where they are and what they meet there.
        share: percent of all clients that may be there at most.
        ends_at: when the last of them has gone, UNIX seconds.
        why: what keeps them.
    """

    what: str
    share: float
    ends_at: float
    why: str


def drains(
    target: TargetId,
    operations: Sequence[Operation],
    *,
    fleet: Fleet,
    observations: Mapping[str, Observation],
    now: float,
) -> tuple[Drain, ...]:
    """What is still draining at a target, the last to end first.

    Args:
        operations: those of the target, in any order.
        observations: by `Place.subject`; a place that was never read drains unseen, and isn't listed.
    """
    done = sorted(_done(operations), key=lambda one: -one[1])
    found: list[Drain] = []
    for role in ("slot_traffic", "traffic"):
        for place in fleet.places_of(target, role):
            known = observations.get(place.subject)
            if known and isinstance(known.reading, TrafficReading):
                found += _at(place, known.reading, done, now)
    return tuple(sorted(found, key=lambda drain: -drain.ends_at))


def _done(operations: Sequence[Operation]) -> Iterator[tuple[Step, float]]:
    """Every write that took effect, and when."""
    for operation in operations:
        for plan in (operation.plan, operation.undoing):
            for step in plan.steps if plan else ():
                progress = operation.step(step.id)
                if progress.state == "done":
                    yield step, progress.since


def _at(place: Place, reading: TrafficReading, done: Sequence[tuple[Step, float]], now: float) -> Iterator[Drain]:
    """Walks back from what is there now, so that changes in the same span add up to the highest share there was."""
    now_shares = {one.name.lower(): one.share for one in reading.destinations}
    names = {one.name.lower(): one.name for one in reading.destinations}
    weights = {one.name.lower(): one.weight if one.enabled else 0.0 for one in reading.destinations}
    most: dict[str, tuple[float, float]] = {}
    lag = reading.lag
    for step, at in done:
        if at + lag <= now or step.address.key != place.address.key:
            continue
        if step.role == place.role and step.verb == "set_shares":
            before = {str(name).lower(): float(share) for name, share in step.before["shares"].items()}
        elif step.role == place.role and step.verb == "set_destination":
            name, was = str(step.before["destination"]).lower(), step.before
            weights[name] = float(was["weight"]) if was["enabled"] else 0.0
            whole = sum(weights.values())
            before = {name: 100 * weight / whole for name, weight in weights.items()} if whole else {}
        else:
            continue
        for name, share in before.items():
            if share > now_shares.get(name, 0.0) + VISIBLE:
                left, ends = most.get(name, (0.0, at + lag))
                most[name] = max(left, share - now_shares.get(name, 0.0)), max(ends, at + lag)
    swap = next((step for step, at in done if _swaps(step, place) and at + lag > now), None)
    source = str(swap.change["source"]).lower() if swap else ""
    if source and now_shares.get(source, 0.0) > VISIBLE:
        # A rule still sends new clients there: it ends a cookie's life after the rule does.
        most[source] = max(most.get(source, (0.0, 0.0))[0], now_shares[source]), now + lag
    for name, (share, ends) in most.items():
        what = f"{names.get(name, name)} of {place.target}"
        if swap and name == source:
            version = swap.after.get("source_version") or swap.after.get("source_build") or "another build"
            what += f": clients there meet {version} since the swap"
        yield Drain(what, share, ends, _why(reading))


def _swaps(step: Step, place: Place) -> bool:
    """Whether a step has given the clients that a cookie holds in the source slot another build."""
    return step.verb in ("swap", "complete") and place.role == "slot_traffic" and step.target == place.target


def _why(reading: TrafficReading) -> str:
    lag = about(reading.lag)
    match reading.kept_by:
        case "cookie":
            return f"their cookie holds them there for {lag}"
        case "resolver":
            return f"resolvers keep the old answer for {lag}, some for longer"
        case "edge":
            return f"edges divide as they did for up to {lag}, until the change has reached them"


def in_words(drain: Drain, now: float) -> str:
    """One line: `up to 25% of the clients still at staging of production/checkout until ...`."""
    left = about(max(drain.ends_at - now, 0))
    return f"up to {drain.share:.4g}% of the clients: {drain.what}, for {left} ({moment(drain.ends_at)}); {drain.why}"
