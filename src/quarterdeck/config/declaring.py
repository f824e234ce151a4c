"""A checked tree becomes a Fleet; what its parts say of each other is checked on the way."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.config.checking import check, fits, refuse_bad_names, refuse_case_twins, suggestion
from quarterdeck.config.connecting import Connections
from quarterdeck.config.model import LATER, EnvironmentEntry, PlaceEntry, RegionEntry, ServiceEntry, Swap, Top
from quarterdeck.config.names import Names, held, section
from quarterdeck.config.nodes import Mapping, Node, child, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.pipelining import pipelines
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.config.rings import rings
from quarterdeck.fleet.accents import ACCENTS, PROTECTED, is_accent
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Role

FLAGS = "flags"


def declare(tree: Mapping, top: Top | None, connections: Connections, names: Names, report: Report) -> Fleet | None:
    """The fleet that a tree declares; None (or half a fleet) after telling the report what is wrong."""
    return _Declaration(tree, connections, names, report).fleet(top)


class _Declaration:
    def __init__(self, tree: Mapping, connections: Connections, names: Names, report: Report) -> None:
        self._tree, self._connections, self._names, self._report = tree, connections, names, report
        self._places: list[Place] = []
        self._seen: dict[tuple[str, str], Place] = {}

    def fleet(self, top: Top | None) -> Fleet | None:
        for name in ("connections", "environments", "services"):
            refuse_bad_names(section(self._tree, name), (name,), self._report)
        environments = tuple(self._environments())
        services = tuple(self._services())
        declared_pipelines = tuple(pipelines(self._tree, self._connections, self._names, self._report))
        declared_rings = tuple(rings(self._tree, self._names, self._report))
        swap_node = self._tree.entries.get("swap")
        swap = Swap() if swap_node is None or nothing(swap_node) else check(Swap, swap_node, ("swap",), self._report)
        if top is None or swap is None:
            return None
        return Fleet(
            name=top.fleet,
            environments=environments,
            services=services,
            places=(*self._places, *(place for _, place in declared_pipelines)),
            connections=self._connections.all,
            rings=declared_rings,
            swap_source=swap.source,
            swap_destination=swap.destination,
            pipelines=tuple(pipeline for pipeline, _ in declared_pipelines),
        )

    def _environments(self) -> Iterator[Environment]:
        served = {name for _, _, node in section(self._tree, "services").items() for name in _keys(node)}
        for name, mark, node in section(self._tree, "environments").items():
            path = ("environments", name)
            node = held(node, mark)
            entry = check(EnvironmentEntry, node, path, self._report, later=LATER)
            flags = child(node, FLAGS)
            flagged = flags is not None and not nothing(flags)
            if flags is not None and flagged:
                self._place("flags", TargetId(name, FLAGS), flags, (*path, FLAGS))
            if name not in served and not flagged:
                self._report.warn(mark, dotted(path), "no service is in this environment")
            accent = child(node, "accent")
            if entry is not None and entry.accent and accent is not None and not is_accent(entry.accent):
                message = f"{shown(entry.accent)} is no accent"
                hint = f"one of {', '.join(ACCENTS)}, {PROTECTED}, or a colour in quotes like '#b42318'"
                self._report.add(accent.mark, dotted((*path, "accent")), message, hint)
            if entry is not None:
                yield Environment(name, entry.protected, entry.accent)

    def _services(self) -> Iterator[str]:
        known = list(section(self._tree, "environments").entries)
        for service, mark, node in section(self._tree, "services").items():
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
                self._service(TargetId(environment, service), env_mark, held(inner, env_mark), here)
            yield service

    def _service(self, target: TargetId, mark: Mark, node: Node, path: NodePath) -> None:
        check(ServiceEntry, node, path, self._report, later=LATER)
        found = self._roles(target, node, path)
        regions = child(node, "regions")
        if isinstance(regions, Mapping):
            refuse_bad_names(regions, (*path, "regions"), self._report)
            for region, region_mark, inner in regions.items():
                here = (*path, "regions", region)
                self._region(region, region_mark, here)
                body = held(inner, region_mark)
                check(RegionEntry, body, here, self._report, later=LATER)
                inside = TargetId(target.environment, target.name, region)
                if not self._roles(inside, body, here):
                    self._no_place(region_mark, here)
                found = True
        if not found:
            self._no_place(mark, path)

    def _no_place(self, mark: Mark, path: NodePath) -> None:
        if not self._report.below(dotted(path)):  # else: what was meant to be declared has been told
            self._report.add(mark, dotted(path), "nothing is declared here", "give it `slots:`, `traffic:` or both")

    def _region(self, region: str, mark: Mark, path: NodePath) -> None:
        known = self._names.of("region")
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
        parts = self._connections.parts(entry.connection, role, where, (*path, "connection"))
        if parts is None:
            return
        options = self._connections.provided(parts[role], node, "connection", path)
        if options is None:
            return
        place = Place(role, target, Address(entry.connection, options))
        self._twin(place, node.mark, path)
        self._places.append(place)
        if role == "slots" and "slot_traffic" in parts and fits(parts["slot_traffic"], node.without("connection")):
            self._places.append(Place("slot_traffic", target, place.address))

    def _twin(self, place: Place, mark: Mark, path: NodePath) -> None:
        if place.role == "flags":
            return
        first = self._seen.setdefault((place.role, place.address.key), place)
        if first is not place:
            message = f"these are the same {place.role} as those of {first.target}"
            self._report.warn(mark, dotted(path), message, "what is done to one is done to the other")


def _keys(node: Node) -> list[str]:
    return list(node.entries) if isinstance(node, Mapping) else []
