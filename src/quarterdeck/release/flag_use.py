"""What else is to be known of a flag before it is changed: who changed it lately, and what is released with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.action import command_line
from quarterdeck.release.freshness import about
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Risk
from quarterdeck.release.rollback import done_steps
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import FlagStep, RingStep, StrategyStep

MOST_TOLD = 3
"""As many recent changes are told in full."""


def of_flag(flag: TargetId, operations: Sequence[Operation], fleet: Fleet, rules: Rulebook, now: float) -> list[Risk]:
    """Notes and warnings for a plan that changes a flag.

    Args:
        operations: those of the flag, newest first.
        rules: `overlap` says for how long a change may still show its effects.
    """
    return [*_lately(flag, operations, rules.overlap, now), *_given_out(flag, fleet, rules), *_readers(flag, fleet)]


def _lately(flag: TargetId, operations: Sequence[Operation], within: float, now: float) -> Iterator[Risk]:
    recent = [one for one in operations if one.started_at >= now - within and done_steps(one, flag)]
    told = "; ".join(
        f"{about(now - one.started_at)} ago {one.actor}: {command_line(one.plan.action).removeprefix('qd ')}"
        for one in recent[:MOST_TOLD]
    )
    if len(recent) == 1:
        text = f"{flag} was changed {told}"
        yield Risk("info", "changed-lately", text, "what is seen now may still come of that")
    elif recent:
        text = f"{flag} was changed {len(recent)} times lately: {told}"
        yield Risk("warning", "changed-lately", text, "somebody else may be at it: ask, or take the conn")


def _given_out(flag: TargetId, fleet: Fleet, rules: Rulebook) -> Iterator[Risk]:
    """A release that is still to come would set it again."""
    if words := given_out(flag, fleet, rules):
        yield Risk("info", "released-with", f"{', '.join(words)}: the next such release sets {flag.name} again")


def _readers(flag: TargetId, fleet: Fleet) -> Iterator[Risk]:
    """Nobody declares which services read a flag."""
    if told := readers(flag, fleet):
        yield Risk("info", "readers", f"{flag} may be read by {told}")


_NAMED = 6
"""Services that are named; the others are counted."""


def readers(flag: TargetId, fleet: Fleet) -> str:
    """The services of an environment that may read its flags: all there are; "" if there are none."""
    serving = (place.target for place in fleet.places if place.role in ("slots", "traffic"))
    names = list(dict.fromkeys(target.name for target in serving if target.environment == flag.environment))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    told = ", ".join(clean(name, 40) for name in names[:_NAMED]) + more
    return told if len(names) < 2 else f"any of {told}: the configuration doesn't say which"


def given_out(flag: TargetId, fleet: Fleet, rules: Rulebook) -> list[str]:
    """The rings and strategies that set a flag, with the services there that are released so: `ring canary`,
    `strategy careful of checkout`."""
    rings = [ring.name for ring in fleet.rings if ring.flag == flag.name]
    strategies = [one.name for one in rules.strategies if any(_sets(step, flag.name, rings) for step in one.steps)]
    found = [f"ring {name}" for name in rings]
    for name in strategies:
        routes = (route for route in rules.routes if name in (route.strategy, route.hotfix))
        services = [route.target.name for route in routes if route.target.environment == flag.environment]
        found.append(f"strategy {name}" + (f" of {' and '.join(dict.fromkeys(services))}" if services else ""))
    return found


def _sets(step: StrategyStep, flag: str, rings: Sequence[str]) -> bool:
    match step:
        case FlagStep():
            return step.flag == flag
        case RingStep():
            return step.ring in rings
    return False
