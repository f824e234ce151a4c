"""What is declared by name in one section and referred to in others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from quarterdeck.config.checking import suggestion
from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown

Kind = Literal["approval", "environment", "gate", "group", "indicator", "region", "ring", "schedule", "strategy"]

_SECTIONS: tuple[tuple[Kind, str], ...] = (
    ("group", "groups"),
    ("gate", "analyses"),
    ("gate", "gates"),
    ("indicator", "indicators"),
    ("schedule", "schedules"),
    ("approval", "approvals"),
    ("strategy", "strategies"),
)


class Names:
    """Knows all names before anything that refers to them is read, so that their order in the file means nothing."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[Kind, dict[str, tuple[Mark, NodePath]]] = {}
        self._used: set[tuple[Kind, str]] = set()

    def declare(self, kind: Kind, section: Mapping, path: NodePath) -> None:
        """Take in the keys of a section."""
        for name, mark, _ in section.items():
            self.add(kind, name, mark, (*path, name))

    def add(self, kind: Kind, name: str, mark: Mark, path: NodePath) -> bool:
        """Take in one name. False, after telling the report, if it is taken."""
        known = self._known.setdefault(kind, {})
        if name in known:
            message = f"the {kind} {shown(name)} is already given in {known[name][0]}"
            self._report.add(mark, dotted(path), message, "choose another name")
            return False
        known[name] = (mark, path)
        return True

    def of(self, kind: Kind) -> list[str]:
        """All names of a kind, in the order of the file."""
        return list(self._known.get(kind, ()))

    def refer(self, kind: Kind, node: Node | None, path: NodePath) -> tuple[str, ...]:
        """The names that stand in a node, one or a list; those that nothing has are told to the report and left out."""
        return tuple(name for name, mark, here in written(node, path) if self._found(kind, name, mark, here))

    def use(self, kind: Kind, name: str) -> None:
        """Note that something refers to a name."""
        self._used.add((kind, name))

    def _found(self, kind: Kind, name: str, mark: Mark, path: NodePath) -> bool:
        if name in self._known.get(kind, ()):
            self._used.add((kind, name))
            return True
        hint = suggestion(name, self.of(kind)) or f"no {kind} is declared"
        self._report.add(mark, dotted(path), f"there is no {kind} {shown(name)}", hint)
        return False

    def unused(self, *kinds: Kind) -> None:
        """Warn of what was declared and never referred to."""
        for kind in kinds:
            for name, (mark, path) in self._known.get(kind, {}).items():
                if (kind, name) not in self._used:
                    self._report.warn(mark, dotted(path), f"nothing uses this {kind}")


def declared(tree: Mapping, report: Report) -> Names:
    """All that can be referred to, by the keys alone: whether it is any good is told where it is read."""
    names = Names(report)
    names.declare("environment", section(tree, "environments"), ("environments",))
    for kind, name in _SECTIONS:
        names.declare(kind, section(tree, name), (name,))
    for index, node in enumerate(listed(tree, "rings")):
        ring = child(node, "name")
        if isinstance(ring, Scalar) and ring.text and ring.text not in names.of("ring"):
            names.add("ring", ring.text, ring.mark, ("rings", index, "name"))
    for region, mark in _regions(tree):
        if region not in names.of("region"):
            names.add("region", region, mark, ("regions",))
    return names


def _regions(tree: Mapping) -> Iterator[tuple[str, Mark]]:
    """The regions that are declared; if none are, those that services have."""
    if isinstance(tree.entries.get("regions"), Sequence):
        return ((name, mark) for name, mark, _ in written(tree.entries["regions"], ()))
    places = (place for _, _, service in section(tree, "services").items() for place in _values(service))
    return ((name, mark) for place in places for name, mark, _ in section(place, "regions").items())


def _values(node: Node) -> Iterator[Node]:
    return iter(node.entries.values() if isinstance(node, Mapping) else ())


def written(node: Node | None, path: NodePath) -> Iterator[tuple[str, Mark, NodePath]]:
    """The texts of a scalar, or of a list of scalars, with their places. What is neither is for a model to refuse."""
    if isinstance(node, Scalar) and node.text:
        yield node.text, node.mark, path
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if isinstance(item, Scalar) and item.text:
                yield item.text, item.mark, (*path, index)


def section(tree: Node, name: str) -> Mapping:
    """The mapping under a key; an empty one if there is none."""
    node = tree.entries.get(name) if isinstance(tree, Mapping) else None
    return node if isinstance(node, Mapping) else Mapping(tree.mark)


def listed(tree: Node, name: str) -> list[Node]:
    """The items of the list under a key; nothing if there is none."""
    node = tree.entries.get(name) if isinstance(tree, Mapping) else None
    return list(node.items) if isinstance(node, Sequence) else []


def held(node: Node, mark: Mark) -> Node:
    """A key with nothing behind it holds nothing: `staging:` is `staging: {}`."""
    return Mapping(mark) if nothing(node) else node
