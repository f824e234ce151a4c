"""Connections: declared once, referred to by places and gates; what stands beside a reference is the provider's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as AbstractMapping
from pathlib import Path

from pydantic import BaseModel

from quarterdeck.config.checking import check, suggestion
from quarterdeck.config.model import ConnectionEntry
from quarterdeck.config.names import held
from quarterdeck.config.nodes import Mapping, Node, child, dotted
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.options import flatten
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.fleet.topology import Connection

Schemas = Callable[[str], AbstractMapping[str, type[BaseModel]] | None]
"""A provider's models by part, given the value of `provider:`; None if no installed provider has that name."""

Parts = AbstractMapping[str, type[BaseModel]]


class Connections:
    """The connections of a configuration, with what their providers can do."""

    def __init__(self, section: Mapping, schemas: Schemas, report: Report) -> None:
        self._section, self._schemas, self._report = section, schemas, report
        self._parts: dict[str, Parts | None] = {}
        self._used: set[str] = set()
        self.all: tuple[Connection, ...] = tuple(self._declared())

    def _declared(self) -> Iterator[Connection]:
        for name, mark, node in self._section.items():
            path = ("connections", name)
            self._parts[name] = None
            entry = check(ConnectionEntry, held(node, mark), path, self._report)
            if entry is None:
                continue
            parts = self._schemas(entry.provider)
            if parts is None:
                at = child(node, "provider")
                message = f"no provider {shown(entry.provider)} can be used"
                hint = "`qd check` says which are installed, and what is wrong with those that can't be used"
                self._report.add(at.mark if at else mark, dotted((*path, "provider")), message, hint)
                continue
            self._parts[name] = parts
            options = self.provided(parts.get("connection"), node, "provider", path)
            if options is not None:
                yield Connection(name, entry.provider, options)

    def parts(self, name: str, part: str, mark: Mark, path: NodePath) -> Parts | None:
        """What the provider of a connection can do, which `part` is one of.

        None after telling the report why not; at `mark`, where the connection is named under `path`.
        """
        self._used.add(name)
        if name not in self._parts:
            message = f"there is no connection {shown(name)}"
            self._report.add(mark, dotted(path), message, suggestion(name, list(self._parts)))
            return None
        parts = self._parts[name]
        if parts is None or part in parts:
            return parts  # None: the connection is at fault and has been told so
        able = [other for other, its in self._parts.items() if its and part in its]
        hint = f"connections that have: {', '.join(map(shown, able))}" if able else ""
        self._report.add(mark, dotted(path), f"the connection {shown(name)} has no {part}", hint)
        return None

    def model(self, name: str, part: str) -> type[BaseModel] | None:
        """The model of a part that the provider of a connection may have."""
        parts = self._parts.get(name)
        return parts.get(part) if parts else None

    def provided(self, model: type[BaseModel] | None, node: Node, own: str, path: NodePath) -> dict[str, str] | None:
        """The options that a provider's model makes of what stands beside our own key."""
        if not isinstance(node, Mapping):
            return None
        rest = node.without(own)
        if model is None:
            for key, mark, _ in rest.items():
                self._report.add(mark, dotted((*path, key)), "unknown key", "this provider takes no options here")
            return {}
        try:
            checked = check(model, rest, path, self._report)
            return None if checked is None else flatten(checked, Path(node.mark.file).parent)
        except Exception as error:  # the model of a provider from elsewhere may raise anything
            message = f"the provider can't tell what this means: {type(error).__name__}"
            self._report.add(node.mark, dotted(path), message, "ask whoever makes that provider")
            return None

    def unused(self) -> None:
        """Warn of connections that nothing refers to."""
        for name, mark, _ in self._section.items():
            if name not in self._used:
                self._report.warn(mark, f"connections.{name}", "nothing uses this connection")
