"""From the path of a configuration to the fleet it declares, and the rules for its releases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.config.checking import check
from quarterdeck.config.clear_secrets import looks_secret, secret_key
from quarterdeck.config.connecting import Connections, Schemas
from quarterdeck.config.declaring import declare
from quarterdeck.config.fitting import warn_of_misfits
from quarterdeck.config.includes import Files
from quarterdeck.config.model import LATER, Top
from quarterdeck.config.names import Kind, Names, listed, section, written
from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, child, dotted, scalars
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.options import secret_fields
from quarterdeck.config.problems import MOST, ConfigError, Mark, Problem, Report
from quarterdeck.config.references import REFERENCE_FORMS, Reference, parse
from quarterdeck.config.ruling import rule
from quarterdeck.config.templates import expand
from quarterdeck.config.variables import Values
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.rules import Rulebook

_SECTIONS: tuple[tuple[Kind, str], ...] = (
    ("group", "groups"),
    ("gate", "analyses"),
    ("gate", "gates"),
    ("schedule", "schedules"),
    ("approval", "approvals"),
    ("strategy", "strategies"),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used.

    Attributes:
        warnings: what is probably not meant.
        files: every file that was read, the given one first.
    """

    fleet: Fleet
    rules: Rulebook
    warnings: tuple[Problem, ...]
    files: tuple[Path, ...]


def load(path: Path, schemas: Schemas, environment: AbstractMapping[str, str] | None = None) -> Loaded:
    """Read a configuration with all that it includes, and check it.

    Args:
        schemas: a provider's pydantic models by part, for the value of a `provider:` key; None for an unknown one.
        environment: where `${NAME}` is looked up; this process's environment if not given.

    Raises:
        ConfigError: with every problem that was found (the first hundred of a great many).
    """
    report = Report()
    files = Files(report)
    raw = files.root(path)
    fleet, rules = None, Rulebook()
    if raw is not None:
        values = Values(os.environ if environment is None else environment, report)
        values.declare(files.groups, files.group)
        _refuse_clear_secrets(raw, (), report)
        for group in files.groups:
            _refuse_clear_secrets(group, ("variables",), report)
        expanded = expand(raw, report)
        tree = values.fill(expanded, _secret_paths(expanded, schemas))
        connections = Connections(section(tree, "connections"), schemas, report)
        names = _names(tree, report)
        top = check(Top, tree, (), report, later=LATER)
        fleet = declare(tree, top, connections, names, report)
        rules = rule(tree, top, connections, names, report)
        connections.unused()
        if fleet is not None and not report.problems:
            warn_of_misfits(tree, fleet, rules, report)
    if report.problems or fleet is None:
        problems = sorted(report.problems, key=_order(files))
        if report.full:
            problems.append(Problem(str(path), 0, 0, "", f"more than {MOST} things are wrong", "mend these first"))
        raise ConfigError(problems)
    return Loaded(fleet, rules, tuple(report.warnings), tuple(files.read.values()))


def _names(tree: Mapping, report: Report) -> Names:
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


def _refuse_clear_secrets(tree: Node, path: NodePath, report: Report) -> None:
    """Look at everything that is written, used or not."""
    for inner, scalar in scalars(tree, path):
        key = next((part for part in reversed(inner) if isinstance(part, str)), "")
        kind = looks_secret(scalar.text or "")
        if not kind and secret_key(key) and _literal(scalar):
            kind = "a secret, by its name"
        if kind:
            message = f"a secret is written in clear: this looks like {kind}"
            report.add(
                scalar.mark, dotted(inner), message, f"write {REFERENCE_FORMS}, and replace the secret: it was seen"
            )


def _literal(scalar: Scalar) -> bool:
    """Whether any part of a text is more than a reference."""
    if not scalar.text:
        return False
    try:
        parts = parse(scalar.text)
    except ValueError:
        return True
    return any(not isinstance(part, Reference) or part.default for part in parts)


def _secret_paths(tree: Mapping, schemas: Schemas) -> set[NodePath]:
    """Where secrets belong, by the models of the providers."""
    found: set[NodePath] = set()
    connections = tree.entries.get("connections")
    for name, _, node in connections.items() if isinstance(connections, Mapping) else ():
        provider = child(node, "provider")
        models = schemas(provider.text) if isinstance(provider, Scalar) and provider.text else None
        if models and (model := models.get("connection")):
            found.update(secret_fields(model, ("connections", name)))
    return found


def _order(files: Files) -> Callable[[Problem], tuple[int, int, int]]:
    """Problems in the order in which the files were read."""
    order = {str(path): number for number, path in enumerate(files.read.values())}
    return lambda problem: (order.get(problem.file, len(order)), problem.line, problem.column)
