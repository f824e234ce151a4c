"""Analyses and gates: what is asked before and while a release goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping as AbstractMapping
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from quarterdeck.config.checking import check, suggestion
from quarterdeck.config.connecting import Connections
from quarterdeck.config.names import Names, section, written
from quarterdeck.config.nodes import Mapping, Node, child, dotted, plain
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.options import flatten
from quarterdeck.config.problems import Mark, Report, shown, visible
from quarterdeck.config.programs import located
from quarterdeck.config.quantities import Asked, Delay, Part, Span, Text, Url, Words
from quarterdeck.config.quantities import Names as Many
from quarterdeck.release import condition
from quarterdeck.release.filling import NAMES, named
from quarterdeck.release.gate import GateKind, GateSpec, Policy

GATES = "gates"
"""The part of a provider that answers for gates."""

ALERTS = "alerts"
"""The part that knows how alerts are picked."""


# --- the keys ---------------------------------------------------------------------------------------------------------
def _condition(text: str) -> str:
    condition.check(text)
    return text


def _program(value: Any) -> Any:
    return {"argv": value} if isinstance(value, list) else value


Condition = Annotated[str, AfterValidator(_condition)]


class Terms(Part):
    """When a gate is asked, and what its answers amount to; the defaults are those of `release.gate.GateSpec`."""

    kind: ClassVar[GateKind] = "metric"
    usual: ClassVar[str] = ""

    connection: str = ""
    success_condition: Condition = ""
    failure_condition: Condition = ""
    evaluation_delay: Delay = 0
    interval: Span = 30
    count: int = Field(default=1, ge=1)
    failure_limit: int = Field(default=0, ge=0)
    inconclusive_limit: int = Field(default=0, ge=0)
    steady_for: Delay = 0
    timeout: Span = 1800
    max_age: Span = 300
    on_no_data: Policy = "wait"
    on_stale: Policy = "wait"
    shadow: bool = False
    skippable_by: Many = ()
    blame: str = Field(default="", alias="for")

    def options(self, folder: Path) -> dict[str, str]:
        """What the kind needs; see `release.gate.GateKind`. Relative paths are taken from `folder`."""
        return {}

    def expected(self) -> str:
        """The condition for success where the configuration gives none; "" if there is no usual one."""
        return "" if self.failure_condition else self.usual


class AlertsGate(Terms):
    """How many alerts fire."""

    kind = "alerts"
    usual = "result == 0"

    alerts: Asked

    def options(self, folder: Path) -> dict[str, str]:
        return {"matchers": self.alerts}


class ProbeGate(Terms):
    """The status of an HTTP request, or with `path` a number in its JSON."""

    kind = "probe"
    usual = "result == 200"

    probe: Url
    method: Literal["GET", "HEAD"] = "GET"
    path: str = ""
    host: Asked | None = None

    def expected(self) -> str:
        return "" if self.path else super().expected()

    def options(self, folder: Path) -> dict[str, str]:
        given = {"url": self.probe, "method": self.method, "path": self.path, "host": self.host or ""}
        return {name: value for name, value in given.items() if value}


class Program(Part):
    """A program; `timeout` is that of one run."""

    argv: Words
    timeout: Span = 30


class CommandGate(Terms):
    """The exit code of a program."""

    kind = "command"
    usual = "result == 0"

    command: Annotated[Program, BeforeValidator(_program)]

    def options(self, folder: Path) -> dict[str, str]:
        argv = located(self.command.argv, folder)
        return {"argv": json.dumps(argv), "timeout": f"{self.command.timeout:g}"}


class WorkItems(Part):
    """A REST query, and where in its JSON answer the number is."""

    path: Asked
    count: Text
    query: Asked | None = None


class QueryGate(Terms):
    """How many work items a query finds."""

    kind = "query"
    usual = "result == 0"

    work_items: WorkItems

    def options(self, folder: Path) -> dict[str, str]:
        return flatten(self.work_items, folder)


class ScheduleGate(Terms):
    """Whether it is within a schedule."""

    kind = "schedule"
    usual = "result == 1"

    schedule: Text

    def options(self, folder: Path) -> dict[str, str]:
        return {"window": self.schedule}


_KINDS: AbstractMapping[str, type[Terms]] = {
    "alerts": AlertsGate,
    "probe": ProbeGate,
    "command": CommandGate,
    "work_items": QueryGate,
    "schedule": ScheduleGate,
}
_ASKS_SOMEBODY = ("alerts", "work_items")
_ASKS_NOBODY = ("command", "schedule")


# --- what is made of them ---------------------------------------------------------------------------------------------
class Gating:
    """Reads the questions of a configuration."""

    def __init__(self, connections: Connections, names: Names, report: Report) -> None:
        self._connections, self._names, self._report = connections, names, report

    def all(self, tree: Mapping) -> tuple[GateSpec, ...]:
        """All gates: `analyses` (questions to a metrics source), then `gates` (all others)."""
        found = [self.analysis(*entry) for entry in section(tree, "analyses").items()]
        found += [self.gate(*entry) for entry in section(tree, "gates").items()]
        return tuple(gate for gate in found if gate)

    def analysis(self, name: str, mark: Mark, node: Node) -> GateSpec | None:
        """A question in a metrics source's own language: the keys that aren't ours are its provider's."""
        path: NodePath = ("analyses", name)
        if not isinstance(node, Mapping):
            self._report.add(mark, dotted(path), "must hold keys with values")
            return None
        self._refer(node, path)
        ours = [field.alias or key for key, field in Terms.model_fields.items()]
        terms = check(Terms, node.only(ours), path, self._report)
        options = self.question(node, mark, path, ours)
        if terms is None or options is None:
            return None
        return self._made(name, node, mark, path, terms, options)

    def question(self, node: Mapping, mark: Mark, path: NodePath, ours: list[str]) -> dict[str, str] | None:
        """What the provider of the `connection` in a node is asked, by its own keys: those that aren't `ours`.

        None after telling the report why there is none.
        """
        model = self._source(node, mark, path)
        if model is None:
            return None
        theirs = [field.alias or key for key, field in model.model_fields.items()]
        for key, key_mark, _ in node.without(*ours, *theirs).items():
            self._report.add(key_mark, dotted((*path, key)), "unknown key", suggestion(key, [*theirs, *ours]))
        own = check(model, node.only(theirs), path, self._report)
        if own is None:
            return None
        options = flatten(own, Path(node.mark.file).parent)
        self._placeholders(options, node, path)
        return options

    def gate(self, name: str, mark: Mark, node: Node) -> GateSpec | None:
        """A question of one of our own kinds."""
        path: NodePath = ("gates", name)
        said = [kind for kind in _KINDS if child(node, kind) is not None]
        if len(said) != 1:
            message = f"says {' and '.join(said)}" if said else "doesn't say what to ask"
            hint = f"give exactly one of {', '.join(_KINDS)}; a metric query belongs to `analyses:`"
            self._report.add(mark, dotted(path), message, hint)
            return None
        asked = said[0]
        self._refer(node, path)
        terms = check(_KINDS[asked], node, path, self._report)
        if terms is None:
            return None
        if asked in _ASKS_NOBODY and (inner := child(node, "connection")):
            message, hint = f"a {asked} gate asks no connection", "remove it"
            self._report.add(inner.mark, dotted((*path, "connection")), message, hint)
            return None
        if asked in _ASKS_SOMEBODY or terms.connection:
            self._source(node, mark, path)
        if asked == "alerts":
            self._matchers(terms.connection, node, path)
        return self._made(name, node, mark, path, terms, terms.options(Path(node.mark.file).parent))

    def _refer(self, node: Node, path: NodePath) -> None:
        self._names.refer("group", child(node, "skippable_by"), (*path, "skippable_by"))
        self._names.refer("schedule", child(node, "schedule"), (*path, "schedule"))

    def _source(self, node: Node, mark: Mark, path: NodePath) -> type[BaseModel] | None:
        """The provider's model of a gate's own keys; None after telling the report that there is nobody to ask."""
        here = (*path, "connection")
        for name, where, _ in written(child(node, "connection"), here):
            parts = self._connections.parts(name, GATES, where, here)
            return parts[GATES] if parts else None
        self._report.add(mark, dotted(here), "is missing", "name the connection that is asked")
        return None

    def _matchers(self, connection: str, node: Node, path: NodePath) -> None:
        """Whether the provider can read the matchers, if it says how it wants them."""
        model, inner = self._connections.model(connection, ALERTS), child(node, "alerts")
        if model is None or inner is None:
            return
        try:
            model.model_validate({"matchers": plain(inner)})
        except ValidationError as error:
            message = error.errors(include_url=False, include_context=False)[0]["msg"].removeprefix("Value error, ")
            self._report.add(inner.mark, dotted((*path, "alerts")), visible(message))

    def _placeholders(self, options: AbstractMapping[str, str], node: Mapping, path: NodePath) -> None:
        for key, text in options.items():
            for name in named(text):
                if name not in NAMES:
                    inner = child(node, key.partition(".")[0]) or node
                    message = f"${shown(name)} isn't known; a dollar sign is $$"
                    self._report.add(inner.mark, dotted((*path, key)), message, suggestion(name, list(NAMES)))

    def _made(
        self, name: str, node: Node, mark: Mark, path: NodePath, terms: Terms, options: dict[str, str]
    ) -> GateSpec | None:
        success, failure = terms.success_condition or terms.expected(), terms.failure_condition
        if not success and failure:
            success, failure = f"not ({failure})", ""
        if not success:
            hint = "add for example `success_condition: result < 0.01`"
            self._report.add(mark, dotted(path), "doesn't say what is good", hint)
            return None
        least = terms.evaluation_delay + max(terms.interval * (terms.count - 1), terms.steady_for)
        if least >= terms.timeout:
            message = f"can never pass: that takes {least:g} s at least, and it fails after {terms.timeout:g} s"
            self._report.add(mark, dotted(path), message, "give it a longer `timeout`, or ask less of it")
            return None
        common = terms.model_dump(include=_COMMON)
        return GateSpec(name=name, kind=terms.kind, options=options, success=success, failure=failure, **common)


_COMMON = {one.name for one in fields(GateSpec)} & set(Terms.model_fields)
