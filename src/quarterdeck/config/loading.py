"""From the path of a configuration to the fleet it declares, and the rules for its releases."""

from __future__ import annotations

import os
from collections.abc import Callable
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
from quarterdeck.config.names import declared, section
from quarterdeck.config.nodes import Mapping, Node, Scalar, child, dotted, scalars
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.notifying import hooks, secret_places
from quarterdeck.config.options import secret_fields
from quarterdeck.config.problems import MOST, ConfigError, Problem, Report
from quarterdeck.config.references import REFERENCE_FORMS, Reference, parse
from quarterdeck.config.ruling import rule
from quarterdeck.config.templates import expand
from quarterdeck.config.variables import Values
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.hooks import Hook
from quarterdeck.release.rules import Rulebook


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used.

    Attributes:
        hooks: who is told what when nobody looks.
        warnings: what is probably not meant.
        files: every file that was read, the given one first.
    """

    fleet: Fleet
    rules: Rulebook
    hooks: tuple[Hook, ...]
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
    told: tuple[Hook, ...] = ()
    if raw is not None:
        values = Values(os.environ if environment is None else environment, report)
        values.declare(files.groups, files.group)
        _refuse_clear_secrets(raw, (), report)
        for group in files.groups:
            _refuse_clear_secrets(group, ("variables",), report)
        expanded = expand(raw, report)
        tree = values.fill(expanded, _secret_paths(expanded, schemas) | secret_places(expanded))
        connections = Connections(section(tree, "connections"), schemas, report)
        names = declared(tree, report)
        top = check(Top, tree, (), report, later=LATER)
        fleet = declare(tree, top, connections, names, report)
        rules = rule(tree, top, connections, names, report)
        told = hooks(tree, names, report)
        connections.unused()
        if fleet is not None and not report.problems:
            warn_of_misfits(tree, fleet, rules, report)
    if report.problems or fleet is None:
        problems = sorted(report.problems, key=_order(files))
        if report.full:
            problems.append(Problem(str(path), 0, 0, "", f"more than {MOST} things are wrong", "mend these first"))
        raise ConfigError(problems)
    return Loaded(fleet, rules, told, tuple(report.warnings), tuple(files.read.values()))


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
