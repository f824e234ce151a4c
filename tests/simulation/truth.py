"""What is really so: judged from the world's states alone, in its own words, without the engine's settling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulation.physics import STAGING, Flag, Send, Site, Split, State, World

from quarterdeck.release.plan import Step


def holds(step: Step, state: State, side: str) -> bool:
    """Whether a thing is as a step wants it "before" or "after"."""
    facts: Mapping[str, Any] = step.before if side == "before" else step.after
    match state:
        case Site() if step.verb == "deploy":
            return bool((state.staging if step.change["slot"] == STAGING else state.production) == facts["version"])
        case Site():
            if side == "after" and step.verb in ("swap", "complete"):
                return bool(
                    state.production == facts["destination_build"]
                    and not state.preview
                    and state.swapped[0] != step.before["last_swap"]
                )
            builds = (state.staging, state.production) == (facts["source_build"], facts["destination_build"])
            return builds and state.preview == facts["preview_from"]
        case Split():
            if "shares" in facts:
                return all(
                    abs(side.weight - facts["shares"].get(name, 0)) < 0.011 for name, side in state.sides.items()
                )
            now = state.sides[facts["destination"]]
            return bool(abs(now.weight - facts["weight"]) < 0.011 and now.enabled == facts["enabled"])
        case Flag():
            wanted = (facts["enabled"], facts["percent"], dict(facts["audience"]))
            same = (state.enabled, state.percent, dict(state.audience)) == wanted
            return same and (side == "after" or f"v{state.version}" == facts["etag"])


def happened(world: World, key: str, step: Step, since: float) -> bool:
    """Whether a thing was, at any moment since then, as a step wants it."""
    return any(holds(step, state, "after") for state in world.since(key, since))


def is_effect(step: Step, before: State, after: State) -> bool:
    """Whether this change is what the write was for; the phases of a swap before its builds move aren't."""
    if isinstance(before, Site) and isinstance(after, Site):
        if step.verb in ("swap", "complete"):
            return before.production != after.production
        if step.verb == "deploy":
            return (before.production, before.staging) != (after.production, after.staging)
        return before.preview != after.preview
    return True


def effective(world: World, send: Send) -> bool:
    """Whether a write has had its effect."""
    moments = world.history[send.key]
    return any(
        author is send and is_effect(send.step, moments[number - 1][1], state)
        for number, (_, state, author) in enumerate(moments)
        if number
    )


def excused(world: World, send: Send) -> bool:
    """Whether somebody else has had a hand in it since, so that nobody could tell by reading."""
    return any(not isinstance(one, Send) and one != "health" for one in world.authors(send.key, send.looked_at))


def alike(one: State, other: State) -> bool:
    """The same for users."""
    match one, other:
        case Site(), Site():
            return one.production == other.production
        case Split(), Split():
            return {n: (s.weight, s.enabled) for n, s in one.sides.items()} == {
                n: (s.weight, s.enabled) for n, s in other.sides.items()
            }
        case Flag(), Flag():
            return (one.enabled, one.percent, one.audience) == (other.enabled, other.percent, other.audience)
    return False
