"""STUB: from a wish to a plan; its owner replaces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.guards import Guards
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.rollout import Release, ReleasePlan, Wish
from quarterdeck.release.rules import Rulebook


@dataclass(frozen=True, slots=True)
class Sight:
    """Versions by region: what users get, what the swap source holds."""

    target: TargetId
    serving: tuple[str, ...]
    candidate: tuple[str, ...]


def compose(
    plan_id: str,
    wish: Wish,
    asker: str,
    *,
    fleet: Fleet,
    rules: Rulebook,
    guards: Guards,
    releases: Sequence[Release],
    sights: Mapping[TargetId, Sight],
    now: float,
    notes: Sequence[Risk] = (),
) -> ReleasePlan | Refusal:
    """Nothing can be released yet."""
    return Refusal("impossible", "releases can't be composed yet")
