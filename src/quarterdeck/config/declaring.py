"""A checked tree becomes a Fleet; what its parts say of each other is checked on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Mapping as AbstractMapping
from pathlib import Path

from pydantic import BaseModel

from quarterdeck.config.checking import check, refuse_case_twins, suggestion
from quarterdeck.config.model import (
    LATER,
    ConnectionEntry,
    EnvironmentEntry,
    PlaceEntry,
    RegionEntry,
    RingEntry,
    ServiceEntry,
    Swap,
    Top,
)
from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.options import flatten
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.fleet.targets import NAME, TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Place, Ring, Role

Schemas = Callable[[str], AbstractMapping[str, type[BaseModel]] | None]
"""A provider's models by part, given the value of `provider:`; None if no installed provider has that name."""

FLAGS = "flags"


def declare(tree: Mapping, schemas: Schemas, report: Report) -> Fleet | None:
    """The fleet that a tree declares; None (or half a fleet) after telling the report what is wrong."""
    return _Declaration(tree, schemas, report).fleet()


class _Declaration:
    def __init__(self, tree: Mapping, schemas: Schemas, report: Report) -> None:
        self._tree, self._schemas, self._report = tree, schemas, report
        self._parts: dict[str, AbstractMapping[str, type[BaseModel]] | None] = {}
        self._used: set[str] = set()
        self._places: list[Place] = []
        self._seen: dict[tuple[str, str], Place] = {}

    def fleet(self) -> Fleet | None:
        top = check(Top, self._tree, (), self._report, later=LATER)
        for name in ("connections", "environments", "services"):
            self._names(self._section(name), (name,))
        connections = tuple(self._connections())
        environments = tuple(self._environments())
        services = tuple(self._services())
        rings = tuple(self._rings())
        swap_node = self._tree.entries.get("swap")
        swap = Swap() if swap_node is None or nothing(swap_node) else check(Swap, swap_node, ("swap",), self._report)
        self._unused()
        if top is None or swap is None:
            return None
        return Fleet(
            name=top.fleet,
            environments=environments,
            services=services,
            places=tuple(self._places),
            connections=connections,
            rings=rings,
            swap_source=swap.source,
            swap_destination=swap.destination,
        )

    def _section(self, name: str) -> Mapping:
        node = self._tree.entries.get(name)
        return node if isinstance(node, Mapping) else Mapping(self._tree.mark)

    def _names(self, section: Mapping, path: NodePath) -> None:
        for name, mark, _ in section.items():
            if not NAME.fullmatch(name):
                hint = "use letters, digits, `.`, `_` and `-`, with a letter or digit first and last"
                self._report.add(mark, dotted((*path, name)), "this name can't be used", hint)
        refuse_case_twins(section, path, self._report)

    def _connections(self) -> Iterator[Connection]:
        for name, mark, node in self._section("connections").items():
            path = ("connections", name)
            self._parts[name] = None
            entry = check(ConnectionEntry, _held(node, mark), path, self._report)
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
            options = self._provided(parts.get("connection"), node, "provider", path)
            if options is not None:
                yield Connection(name, entry.provider, options)

    def _provided(self, model: type[BaseModel] | None, node: Node, own: str, path: NodePath) -> dict[str, str] | None:
        """The options that a provider's model makes of what stands beside our own key."""
        if not isinstance(node, Mapping):
            return None
        rest = node.without(own)
        if model is None:
            for key, mark, _ in rest.items():
                self._report.add(mark, dotted((*path, key)), "unknown key", "this provider takes no options here")
            return {}
        checked = check(model, rest, path, self._report)
        return None if checked is None else flatten(checked, Path(node.mark.file).parent)

    def _environments(self) -> Iterator[Environment]:
        served = {name for _, _, node in self._section("services").items() for name in _keys(node)}
        for name, mark, node in self._section("environments").items():
            path = ("environments", name)
            node = _held(node, mark)
            entry = check(EnvironmentEntry, node, path, self._report, later=LATER)
            flags = child(node, FLAGS)
            if flags is not None and not nothing(flags):
                self._place("flags", TargetId(name, FLAGS), flags, (*path, FLAGS))
            if name not in served:
                self._report.warn(mark, dotted(path), "no service is in this environment")
            if entry is not None:
                yield Environment(name, entry.protected, entry.accent)

    def _services(self) -> Iterator[str]:
        known = list(self._section("environments").entries)
        for service, mark, node in self._section("services").items():
            path = ("services", service)
            if service.lower() == FLAGS:
                hint = "choose another name; ENV/flags means the flags of an environment"
                self._report.add(mark, dotted(path), "this name is taken", hint)
            if not isinstance(node, Mapping) or not node.entries:
                self._no_place(mark, path)
                continue
            refuse_case_twins(node, path, self._report)
            for environment, env_mark, inner in node.items():
                here = (*path, environment)
                if environment not in known:
                    message = f"there is no environment {shown(environment)}"
                    self._report.add(env_mark, dotted(here), message, suggestion(environment, known))
                self._service(TargetId(environment, service), env_mark, _held(inner, env_mark), here)
            yield service

    def _service(self, target: TargetId, mark: Mark, node: Node, path: NodePath) -> None:
        check(ServiceEntry, node, path, self._report, later=LATER)
        found = self._roles(target, node, path)
        regions = child(node, "regions")
        if isinstance(regions, Mapping):
            self._names(regions, (*path, "regions"))
            for region, region_mark, inner in regions.items():
                here = (*path, "regions", region)
                self._region(region, region_mark, here)
                held = _held(inner, region_mark)
                check(RegionEntry, held, here, self._report, later=LATER)
                inside = TargetId(target.environment, target.name, region)
                if not self._roles(inside, held, here):
                    self._no_place(region_mark, here)
                found = True
        if not found:
            self._no_place(mark, path)

    def _no_place(self, mark: Mark, path: NodePath) -> None:
        if not self._report.below(dotted(path)):  # else: what was meant to be declared has been told
            self._report.add(mark, dotted(path), "nothing is declared here", "give it `slots:`, `traffic:` or both")

    def _region(self, region: str, mark: Mark, path: NodePath) -> None:
        declared = self._tree.entries.get("regions")
        if isinstance(declared, Sequence):
            known = [item.text for item in declared.items if isinstance(item, Scalar) and item.text]
            if region not in known:
                message = f"there is no region {shown(region)}"
                self._report.add(mark, dotted(path), message, suggestion(region, known))

    def _roles(self, target: TargetId, node: Node, path: NodePath) -> bool:
        """Declare the slots and traffic that stand in a node; whether there was anything."""
        found = False
        roles: tuple[Role, ...] = ("slots", "traffic")
        for role in roles:
            inner = child(node, role)
            if inner is not None and not nothing(inner):
                found = True
                self._place(role, target, inner, (*path, role))
        return found

    def _place(self, role: Role, target: TargetId, node: Node, path: NodePath) -> None:
        if not isinstance(node, Mapping):
            return  # the model of what holds it has said so
        entry = check(PlaceEntry, node, path, self._report)
        if entry is None:
            return
        where = node.entries["connection"].mark
        named = dotted((*path, "connection"))
        self._used.add(entry.connection)
        if entry.connection not in self._parts:
            message = f"there is no connection {shown(entry.connection)}"
            self._report.add(where, named, message, suggestion(entry.connection, list(self._parts)))
            return
        parts = self._parts[entry.connection]
        if parts is None:
            return  # the connection is at fault and has been told so
        if role not in parts:
            able = [name for name, other in self._parts.items() if other and role in other]
            hint = f"connections that have: {', '.join(map(shown, able))}" if able else ""
            self._report.add(where, named, f"the connection {shown(entry.connection)} has no {role}", hint)
            return
        options = self._provided(parts[role], node, "connection", path)
        if options is None:
            return
        place = Place(role, target, Address(entry.connection, options))
        self._twin(place, node.mark, path)
        self._places.append(place)
        if role == "slots" and "slot_traffic" in parts:
            self._places.append(Place("slot_traffic", target, place.address))

    def _twin(self, place: Place, mark: Mark, path: NodePath) -> None:
        if place.role == "flags":
            return
        first = self._seen.setdefault((place.role, place.address.key), place)
        if first is not place:
            message = f"these are the same {place.role} as those of {first.target}"
            self._report.warn(mark, dotted(path), message, "what is done to one is done to the other")

    def _rings(self) -> Iterator[Ring]:
        listed = self._tree.entries.get("rings")
        reached, names = 0.0, dict[str, Mark]()
        for index, node in enumerate(listed.items if isinstance(listed, Sequence) else ()):
            path = ("rings", index)
            entry = check(RingEntry, node, path, self._report, later=LATER)
            if entry is None:
                continue
            name, weight = child(node, "name"), child(node, "weight")
            if (first := names.setdefault(entry.name.lower(), node.mark)) != node.mark:
                message = f"the ring {shown(entry.name)} is already given in {first}"
                self._report.add(
                    name.mark if name else node.mark, dotted((*path, "name")), message, "choose another name"
                )
            if entry.weight <= reached:
                message = f"weights must rise: {entry.weight:g} comes after {reached:g}"
                hint = "a weight is the percent of users reached so far, up to 100"
                self._report.add(weight.mark if weight else node.mark, dotted((*path, "weight")), message, hint)
            reached = max(reached, entry.weight)
            yield Ring(entry.name, entry.weight)
        if isinstance(listed, Sequence) and listed.items and 0 < reached < 100:
            self._report.warn(listed.mark, "rings", f"the last ring reaches {reached:g} percent of users, not 100")

    def _unused(self) -> None:
        for name, mark, _ in self._section("connections").items():
            if name not in self._used:
                self._report.warn(mark, f"connections.{name}", "nothing uses this connection")


def _held(node: Node, mark: Mark) -> Node:
    """A key with nothing behind it holds nothing: `staging:` is `staging: {}`."""
    return Mapping(mark) if nothing(node) else node


def _keys(node: Node) -> list[str]:
    return list(node.entries) if isinstance(node, Mapping) else []
