"""A checked tree becomes a Rulebook: strategies, gates, approvals, windows, and how each service is released."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.config.approving import Approvals, groups
from quarterdeck.config.checking import check, refuse_bad_names
from quarterdeck.config.connecting import Connections
from quarterdeck.config.gating import Gating
from quarterdeck.config.indicating import indicators
from quarterdeck.config.model import LATER, EnvironmentEntry, Top
from quarterdeck.config.names import Names, held, section
from quarterdeck.config.nodes import Mapping, child, dotted
from quarterdeck.config.problems import Report
from quarterdeck.config.routing import Routing
from quarterdeck.config.strategies import Strategies
from quarterdeck.config.windows import windows
from quarterdeck.release.rules import Rulebook


def rule(tree: Mapping, top: Top | None, connections: Connections, names: Names, report: Report) -> Rulebook:
    """The rules that a tree declares; half of them after telling the report what is wrong."""
    for name in ("groups", "analyses", "gates", "indicators", "schedules", "approvals", "strategies"):
        refuse_bad_names(section(tree, name), (name,), report)
    people = groups(tree, report)
    gating = Gating(connections, names, report)
    declared_gates = gating.all(tree)
    declared_indicators = indicators(tree, gating, declared_gates, names, report)
    declared_windows = windows(tree, names, report)
    approvals = Approvals(tree, people, names, report)
    strategies = Strategies(tree, names, report)
    routes = Routing(tree, names, strategies, approvals, report).routes()
    names.unused("approval", "gate", "indicator", "schedule")
    return Rulebook(
        strategies=tuple(strategies.all),
        gates=declared_gates,
        approvals=tuple(approvals.rules),
        windows=declared_windows,
        routes=routes,
        groups=people,
        exposure=dict(_exposure(tree, report)),
        overlap=top.overlap if top else Rulebook().overlap,
        train=tuple(names.of("environment")),
        indicators=declared_indicators,
    )


def _exposure(tree: Mapping, report: Report) -> Iterator[tuple[str, float]]:
    for name, mark, node in section(tree, "environments").items():
        entry = check(EnvironmentEntry, held(node, mark), ("environments", name), report, later=LATER)
        budget = child(node, "exposure")
        if entry is None or entry.exposure is None or budget is None:
            continue
        if entry.exposure < WHOLE_SERVICE:
            message = f"{entry.exposure:g} percent: no release could ever reach all users of its service"
            report.warn(budget.mark, dotted(("environments", name, "exposure")), message, "100 is one whole service")
        yield name, entry.exposure


WHOLE_SERVICE = 100
"""The percent of its new clients that a service has on a new version just before its release is done."""
