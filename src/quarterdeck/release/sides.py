"""Which side is well now: what gates say of each slot, put beside what the provider says. Asked before going back.

A rollback that doesn't look aims at what was well once: it takes traffic from the healthy side and gives it to the
broken one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.readings import Health, SlotReading, TrafficReading
from quarterdeck.records import dataclass, replace
from quarterdeck.release.gate import GateSpec, Sample, Verdict
from quarterdeck.release.plan import Refusal, Risk

_SIDES = ("$slot", "$version")
_HOST = "$host"


@dataclass(frozen=True, slots=True)
class Side:
    """What the health gates say of one slot. `why` is one line for people: which gate said what."""

    health: Health
    why: str = ""


Sides = Mapping[str, Side]
"""By the slot's name in lower case; a slot that nobody was asked about is missing."""


def tells_of(gate: GateSpec, slot: SlotReading) -> bool:
    """Whether a gate can be asked about one slot. One that can't tells about what serves users, whoever that is; and so
    does a host that several slots answer for: a slot without a host of its own can't be asked by that."""
    asked = " ".join(gate.options.values())
    return any(name in asked for name in _SIDES) or (_HOST in asked and bool(slot.host))


def side_of(sample: Sample) -> Side:
    """Unwell if one gate says so, well if one says so and none the contrary; no data is neither."""
    deciding = [one for one in sample.measurements if not one.shadow]
    meanings: tuple[tuple[Verdict, Health], ...] = (("fail", "unhealthy"), ("pass", "healthy"))
    for verdict, health in meanings:
        if said := [one for one in deciding if one.verdict == verdict]:
            return Side(health, "; ".join(f"{one.gate}: {one.detail or _value(one.value)}" for one in said))
    return Side("unknown", "; ".join(f"{one.gate}: {one.detail or 'no data'}" for one in deciding))


def slot_with(slot: SlotReading, sides: Sides) -> SlotReading:
    """The slot with what is known of its health by anybody."""
    known = sides.get(slot.name.lower())
    return slot if known is None else replace(slot, health=_both(slot.health, known.health))


def traffic_with(reading: TrafficReading, sides: Sides) -> TrafficReading:
    """The split with what is known of each destination's health by anybody."""
    return replace(
        reading,
        destinations=tuple(
            one
            if (known := sides.get(one.name.lower())) is None
            else replace(one, health=_both(one.health, known.health))
            for one in reading.destinations
        ),
    )


def because(sides: Sides, name: str) -> str:
    """What the gates said of a slot, in brackets; "" if nothing."""
    known = sides.get(name.lower())
    return f" ({known.why})" if known and known.why else ""


def worse(
    where: str, reading: TrafficReading, wanted: Mapping[str, float], sides: Sides, *, least: float
) -> Refusal | Risk | None:
    """What to say when new clients would go from one side to another that is unwell.

    Args:
        wanted: percent by destination, as it is to be.
        least: percent below which a share doesn't change.
    """
    now = {one.name: one.share for one in reading.destinations}
    health = {one.name: one.health for one in reading.destinations}
    change = {name: wanted.get(name, 0.0) - share for name, share in now.items()}
    ill = [name for name, more in change.items() if more > least and health[name] == "unhealthy"]
    left = [name for name, more in change.items() if more < -least]
    if not ill:
        return None
    named = ", ".join(f"{name}{because(sides, name)}" for name in ill)
    if any(health[name] == "unhealthy" for name in left):
        text = f"{where}: clients would go to {named}, which is unhealthy; so is what they leave"
        return Risk("danger", "both-unhealthy", text, "mend one side, then send the clients there")
    shares = " ".join(f"{name}={share:.4g}" for name, share in wanted.items())
    return Refusal(
        "impossible",
        f"{where}: {named} is unhealthy now, {', '.join(left) or 'what serves'} is not: going back would make it worse",
        f"mend {', '.join(ill)}; if you are sure: qd shift {where} {shares}",
    )


def unseen(where: str, sides: Sides, slots: Sequence[SlotReading]) -> tuple[Risk, ...]:
    """Sides that clients would go to, of which nobody says whether they are well though somebody was asked."""
    return tuple(
        Risk(
            "warning",
            "health-unknown",
            f"{where}: nobody knows whether {slot.name} is well{because(sides, slot.name)}",
            f"look at {slot.host or slot.name} yourself",
        )
        for slot in slots
        if slot.health == "unknown" and slot.name.lower() in sides
    )


def _both(told: Health, asked: Health) -> Health:
    if "unhealthy" in (told, asked):
        return "unhealthy"
    return "healthy" if "healthy" in (told, asked) else "unknown"


def _value(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
