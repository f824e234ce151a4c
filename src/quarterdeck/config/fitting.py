"""Whether the strategies that are meant for a service can be used for it; better told now than in the night of need."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from quarterdeck.config.names import section
from quarterdeck.config.nodes import Mapping, child, dotted
from quarterdeck.config.problems import Report
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet, Place
from quarterdeck.release.release_plan import Member
from quarterdeck.release.rules import Route, Rulebook
from quarterdeck.release.unfolding import Unfit, unfold

_SOME_VERSION = "1"


def warn_of_misfits(tree: Mapping, fleet: Fleet, rules: Rulebook, report: Report) -> None:
    """Work out every route's strategies, and tell those that can't be."""
    places: dict[TargetId, list[Place]] = defaultdict(list)
    for place in fleet.places:
        places[place.target.whole].append(place)
    for route in rules.routes:
        flags = places[TargetId(route.target.environment, "flags")]
        small = replace(fleet, places=(*places[route.target], *flags))
        its = replace(rules, routes=(route,))
        for name in dict.fromkeys(filter(None, (route.strategy, route.hotfix))):
            _try(tree, name, route, small, its, report)


def _try(tree: Mapping, name: str, route: Route, fleet: Fleet, rules: Rulebook, report: Report) -> None:
    strategy = rules.strategy(name)
    if strategy is None:
        return
    target = route.target
    try:
        unfold(strategy, Member(target, _SOME_VERSION, _SOME_VERSION, name), fleet=fleet, rules=rules)
    except Unfit as misfit:
        service = section(tree, "services").entries[target.name]
        node = child(service, target.environment) or service
        path = ("services", target.name, target.environment)
        report.warn(node.mark, dotted(path), str(misfit), misfit.hint)
