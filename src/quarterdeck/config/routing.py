"""How each service is released in each environment: its own word, else the environment's."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from quarterdeck.config.approving import Approvals
from quarterdeck.config.checking import check, suggestion
from quarterdeck.config.names import Names, held, section, written
from quarterdeck.config.nodes import Mapping, Node, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Report, shown
from quarterdeck.config.quantities import Part, Percent, Text, Url
from quarterdeck.config.strategies import Strategies
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.filling import named
from quarterdeck.release.rules import Route, SchemaRange, SchemaRule, Truth


# --- the keys ---------------------------------------------------------------------------------------------------------
class RangeEntry(Part):
    """The schema versions that builds of a version accept."""

    version: Text
    low: int = Field(alias="from", ge=0)
    high: int = Field(alias="to", ge=0)

    @model_validator(mode="after")
    def _rising(self) -> RangeEntry:
        if self.low > self.high:
            raise ValueError(f"accepts nothing: from {self.low} to {self.high}")
        return self


class SchemaEntry(Part):
    """The interlock with a database; see `release.rules.SchemaRule`."""

    current: Text
    accepts: list[RangeEntry] = Field(min_length=1)


def _resolver(text: str) -> str:
    """`ip:port`; the port of DNS if none is given."""
    try:
        return f"{_bracketed(str(ipaddress.ip_address(text)))}:53"
    except ValueError:
        host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.strip("[]"))
        number = int(port)
    except ValueError:
        raise ValueError("must be the address of a DNS server, for example 1.1.1.1 or 10.0.0.2:53") from None
    if not 0 < number < 65536:
        raise ValueError(f"there is no port {number}")
    return f"{_bracketed(str(address))}:{number}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


class TruthEntry(Part):
    """How the version that users get is found out; see `release.rules.Truth`."""

    url: Url
    header: str = ""
    json_path: str = Field(default="", alias="json")
    probes: int = Field(default=50, ge=1, le=1000)
    tolerance: Percent = 5
    resolvers: list[Annotated[str, AfterValidator(_resolver)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_way(self) -> TruthEntry:
        if self.header and self.json_path:
            raise ValueError("the version is in a `header` or in the `json`, not in both")
        return self


# --- what is made of them ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Usual:
    """What an environment says for all its services."""

    strategy: str = ""
    hotfix: str = ""
    approval: str = ""
    indicators: tuple[str, ...] = ()


class Routing:
    """Reads the routes of a configuration."""

    def __init__(
        self, tree: Mapping, names: Names, strategies: Strategies, approvals: Approvals, report: Report
    ) -> None:
        self._tree, self._names, self._report = tree, names, report
        self._strategies, self._approvals = strategies, approvals

    def routes(self) -> tuple[Route, ...]:
        """A route for every service that anything is said about."""
        usual = {
            name: self._usual(name, held(node, mark)) for name, mark, node in self._section("environments").items()
        }
        found: list[Route] = []
        for service, _, places in self._section("services").items():
            for environment, mark, node in places.items() if isinstance(places, Mapping) else ():
                target = TargetId(environment, service)
                route = self._route(target, held(node, mark), usual.get(environment, _Usual()))
                if route != Route(target):
                    found.append(route)
        self._refuse_circles(found)
        return tuple(found)

    def _section(self, name: str) -> Mapping:
        return section(self._tree, name)

    def _usual(self, name: str, node: Node) -> _Usual:
        path: NodePath = ("environments", name)
        return _Usual(
            self._strategies.named(child(node, "strategy"), (*path, "strategy"), name),
            self._strategies.named(child(node, "hotfix"), (*path, "hotfix"), f"{name}-hotfix"),
            self._approvals.named(child(node, "approvals"), (*path, "approvals"), name),
            self._names.refer("indicator", child(node, "indicators"), (*path, "indicators")),
        )

    def _route(self, target: TargetId, node: Node, usual: _Usual) -> Route:
        path: NodePath = ("services", target.name, target.environment)
        strategy = self._strategies.named(child(node, "strategy"), (*path, "strategy"), str(target))
        hotfix = self._strategies.named(child(node, "hotfix"), (*path, "hotfix"), f"{target}-hotfix")
        approval = self._approvals.named(child(node, "approval"), (*path, "approval"), str(target))
        return Route(
            target,
            strategy=strategy or usual.strategy,
            hotfix=hotfix or usual.hotfix,
            needs=self._needs(target, node, path),
            approval=approval or usual.approval,
            artifact=self._artifact(node, path),
            health=self._names.refer("gate", child(node, "health"), (*path, "health")),
            schema=self._schema(child(node, "schema"), (*path, "schema")),
            truth=self._truth(child(node, "truth"), (*path, "truth")),
            indicators=self._indicators(child(node, "indicators"), path, usual),
        )

    def _indicators(self, node: Node | None, path: NodePath, usual: _Usual) -> tuple[str, ...]:
        """Those of its environment, unless it names its own; an empty list is none."""
        return usual.indicators if node is None else self._names.refer("indicator", node, (*path, "indicators"))

    def _needs(self, target: TargetId, node: Node, path: NodePath) -> tuple[str, ...]:
        found = []
        for name, mark, where in written(child(node, "needs"), (*path, "needs")):
            here = [one for one, _, inner in self._section("services").items() if child(inner, target.environment)]
            if name == target.name:
                self._report.add(mark, dotted(where), "a service can't need itself", "remove it")
            elif name not in here:
                message = f"there is no service {shown(name)} in {shown(target.environment)}"
                self._report.add(mark, dotted(where), message, suggestion(name, here))
            else:
                found.append(name)
        return tuple(found)

    def _artifact(self, node: Node, path: NodePath) -> str:
        for text, mark, where in written(child(node, "artifact"), (*path, "artifact")):
            unknown = [name for name in named(text) if name not in ARTIFACT_NAMES]
            if unknown:
                known = ", ".join(f"${name}" for name in ARTIFACT_NAMES)
                message = f"${shown(unknown[0])} isn't known; a dollar sign is $$"
                self._report.add(mark, dotted(where), message, f"known: {known}")
            elif "version" not in named(text):
                message = "holds no $version: every release would deploy the same"
                self._report.add(mark, dotted(where), message, "write for example registry.example/shop:$version")
            return text
        return ""

    def _schema(self, node: Node | None, path: NodePath) -> SchemaRule | None:
        if node is None or nothing(node):
            return None
        entry = check(SchemaEntry, node, path, self._report)
        self._names.refer("gate", child(node, "current"), (*path, "current"))
        if entry is None:
            return None
        accepts = tuple(SchemaRange(one.version, one.low, one.high) for one in entry.accepts)
        for index, one in enumerate(accepts[:-1]):
            if one.version == "*":
                message = "what comes after `*` is never looked at"
                self._report.warn(node.mark, dotted((*path, "accepts", index)), message, "put `*` last")
        return SchemaRule(entry.current, accepts)

    def _truth(self, node: Node | None, path: NodePath) -> Truth | None:
        if node is None or nothing(node):
            return None
        entry = check(TruthEntry, node, path, self._report)
        if entry is None:
            return None
        resolvers = tuple(entry.resolvers)
        return Truth(entry.url, entry.header, entry.json_path, entry.probes, entry.tolerance, resolvers)

    def _refuse_circles(self, routes: list[Route]) -> None:
        for environment in self._names.of("environment"):
            needs = {route.target.name: route.needs for route in routes if route.target.environment == environment}
            try:
                TopologicalSorter(needs).prepare()
            except CycleError as error:
                circle: list[str] = error.args[1]
                place = self._section("services").entries[circle[0]]
                node = child(place, environment) or place
                message = f"services need each other: {' -> '.join(map(shown, reversed(circle)))}"
                path = ("services", circle[0], environment, "needs")
                self._report.add(node.mark, dotted(path), message, "remove one of these `needs`")


ARTIFACT_NAMES = ("version", "service", "environment", "region")
