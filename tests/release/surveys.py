"""Readings to plan from, as short as tests want them."""

from __future__ import annotations

from typing import Any

from quarterdeck.fleet.readings import Build, Destination, FlagReading, SlotReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal
from quarterdeck.release.survey import FlagSurvey, Limits, SwapSurvey, TrafficSurvey
from quarterdeck.release.swap import Site

CHECKOUT = TargetId("production", "checkout")
BANNER = TargetId("production", "banner", flag=True)
SLOTS = Place("slots", CHECKOUT, Address("az", {"site": "checkout"}))
TRAFFIC = Place("traffic", CHECKOUT, Address("az", {"profile": "checkout"}))
FLAGS = Place("flags", TargetId("production", "flags"), Address("cfg", {}))

BY_WEIGHT = Limits(units=1000, smallest=1, largest=1000, atomic=False, lag=30)
AT_ONCE = Limits(units=1000, smallest=0, largest=100, atomic=True, lag=3600)
IN_ORDER = Limits(units=1, smallest=1, largest=1000, atomic=False, ordered=True)


def slot(name: str, version: str = "", **more: Any) -> SlotReading:
    return SlotReading(name, Build(version, f"id-{version}") if version else None, **{"health": "healthy", **more})


def site(source: SlotReading | None = None, destination: SlotReading | None = None, **more: Any) -> Site:
    """Staging holds 2.15.0, production serves 2.14.3, unless told otherwise."""
    survey = SwapSurvey(
        source or slot("staging", "2.15.0"),
        destination or slot("production", "2.14.3"),
        seconds=90,
        **{key: value for key, value in more.items() if key not in ("traffic", "place")},
    )
    return Site(more.get("place", SLOTS), survey, more.get("traffic"))


def split(*destinations: tuple[Any, ...]) -> TrafficReading:
    """Destinations as (name, weight, enabled=True, health="healthy")."""
    full = [(*d, *(True, "healthy")[len(d) - 2 :]) for d in destinations]
    total = sum(weight for _, weight, on, _ in full if on) or 1
    return TrafficReading(
        "Weighted",
        tuple(Destination(n, 100 * w / total if on else 0.0, w, on, health) for n, w, on, health in full),
    )


def traffic(limits: Limits, *destinations: tuple[Any, ...]) -> TrafficSurvey:
    return TrafficSurvey(split(*destinations), limits)


def flag(**more: Any) -> FlagSurvey:
    same_name = more.pop("same_name", ())
    return FlagSurvey(FlagReading(**{"name": "banner", "enabled": True, "etag": "e1", **more}), same_name)


def outline(found: Outline | Refusal) -> Outline:
    assert isinstance(found, Outline), found
    return found


def refusal(found: Outline | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def codes(found: Outline) -> dict[str, str]:
    """Risks: severity by code."""
    return {risk.code: risk.severity for risk in found.risks}
