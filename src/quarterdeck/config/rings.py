"""Rings: who gets a release first, and how they are told from everybody else."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.config.checking import check
from quarterdeck.config.model import LATER, RingEntry
from quarterdeck.config.names import Names, listed
from quarterdeck.config.nodes import Mapping, Node, child, dotted
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.fleet.topology import Ring


def rings(tree: Mapping, names: Names, report: Report) -> Iterator[Ring]:
    """The rings in the order of the file; what is wrong with them is told to the report."""
    reached, seen = 0.0, dict[str, Mark]()
    nodes = listed(tree, "rings")
    for index, node in enumerate(nodes):
        path: NodePath = ("rings", index)
        entry = check(RingEntry, node, path, report, later=LATER)
        if entry is None:
            continue
        if (first := seen.setdefault(entry.name.lower(), node.mark)) != node.mark:
            message = f"the ring {shown(entry.name)} is already given in {first}"
            report.add(_mark(node, "name"), dotted((*path, "name")), message, "choose another name")
        if entry.weight <= reached:
            message = f"weights must rise: {entry.weight:g} comes after {reached:g}"
            hint = "a weight is the percent of users reached so far, up to 100"
            report.add(_mark(node, "weight"), dotted((*path, "weight")), message, hint)
        reached = max(reached, entry.weight)
        regions = names.refer("region", child(node, "regions"), (*path, "regions"))
        _one_way(entry, node, path, report)
        yield Ring(entry.name, entry.weight, regions, entry.flag, entry.group)
    if nodes and 0 < reached < 100:
        message = f"the last ring reaches {reached:g} percent of users, not 100"
        report.warn(tree.entries["rings"].mark, "rings", message)


def _one_way(entry: RingEntry, node: Node, path: NodePath, report: Report) -> None:
    if entry.regions and entry.flag:
        message = "a ring is a share of the regions or of a flag's users, not both"
        report.add(_mark(node, "flag"), dotted((*path, "flag")), message, "make two rings of it")
    if entry.group and not entry.flag:
        message = "a group belongs to a flag"
        report.add(_mark(node, "group"), dotted((*path, "group")), message, "add `flag: NAME`")


def _mark(node: Node, key: str) -> Mark:
    inner = child(node, key)
    return inner.mark if inner else node.mark
