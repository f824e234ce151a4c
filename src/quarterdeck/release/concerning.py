"""Which flags concern a service: those that carry its name, and those that its releases set."""

from __future__ import annotations

import re
from collections.abc import Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.picture import FlagCell, Picture
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import FlagStep, RingStep

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])")


def set_by(rules: Rulebook, fleet: Fleet, target: TargetId) -> frozenset[str]:
    """Names of the flags that the strategies of a service set, by themselves or through rings."""
    route = rules.route(target)
    strategies = [one for name in (route.strategy, route.hotfix) if (one := rules.strategy(name)) is not None]
    rings = {ring.name: ring.flag for ring in fleet.rings if ring.flag}
    found = set()
    for step in (step for strategy in strategies for step in strategy.steps):
        match step:
            case FlagStep():
                found.add(step.flag)
            case RingStep() if step.ring in rings:
                found.add(rings[step.ring])
    return frozenset(found)


def flags_of(picture: Picture, target: TargetId, set_by_releases: frozenset[str]) -> tuple[Sequence[FlagCell], ...]:
    """The flags of the target's environment that concern it, each under all its labels."""
    index = next((i for i, env in enumerate(picture.environments) if env.name == target.environment), None)
    if index is None:
        return ()
    cells = (row.cells[index] for row in picture.flags)
    return tuple(
        labels
        for labels in cells
        if labels and (labels[0].target.name in set_by_releases or carries(labels[0].target.name, target.name))
    )


def carries(flag: str, service: str) -> bool:
    """Whether the name of a service stands in the name of a flag, as whole words: `NewCheckout`, `checkout.beta`."""
    inside, wanted = _words(flag), _words(service)
    starts = range(len(inside) - len(wanted) + 1)
    return bool(wanted) and any(inside[at : at + len(wanted)] == wanted for at in starts)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]
