"""`use: NAME` puts a template's contents in place, below what is written beside it.

Templates stand under `templates:`; one may use others. An entry of a section like `strategies` may use another one
of its section as well, and so may a strategy that stands where it is used. Mappings merge key by key, anything else is
replaced: what is written beside `use` wins over the template, and with `use: [A, B]` B wins over A.
"""

from __future__ import annotations

from quarterdeck.config.nodes import Mapping, Node, Path, Scalar, Sequence, dotted, nothing
from quarterdeck.config.problems import Report, shown
from quarterdeck.config.reading import MAX_NODES

_USE = "use"
_SHELVES = {"strategy": "strategies", "hotfix": "strategies", "approval": "approvals", "approvals": "approvals"}
"""Where else a `use` looks that stands under such a key: entries of these sections resemble each other."""
_SECTIONS = frozenset({"analyses", "approvals", "gates", "indicators", "schedules", "strategies"})


def expand(tree: Mapping, report: Report) -> Mapping:
    """The tree without its templates and with every `use` carried out."""
    declared = tree.entries.get("templates")
    if not isinstance(declared, Mapping):
        if declared is not None and not nothing(declared):
            report.add(
                declared.mark, "templates", "must hold names with their contents", "write `templates: {NAME: {...}}`"
            )
        declared = Mapping(tree.mark)
    work = _Expansion(declared, tree, report)
    result = Mapping(tree.mark)
    try:
        for key, mark, value in tree.without("templates").items():
            result.put(key, mark, work.expand(value, (key,), ()))
    except _TooMuch:
        message = f"templates make this more than {MAX_NODES:,} values"
        report.add(declared.mark, "templates", message, "a template must not multiply others")
        return tree.without("templates")
    for name, mark, _ in declared.items():
        if name not in work.used:
            report.warn(mark, f"templates.{name}", "nothing uses this template")
    return result


class _TooMuch(Exception):
    """More values came out than any honest configuration holds."""


class _Expansion:
    def __init__(self, templates: Mapping, tree: Mapping, report: Report) -> None:
        self.used: set[str] = set()
        self._templates, self._tree, self._report = templates, tree, report
        self._count = 0

    def expand(self, node: Node, path: Path, chain: tuple[str, ...]) -> Node:
        """The node with every `use` in it carried out; `chain` are the templates that it comes from."""
        self._count += 1
        if self._count > MAX_NODES:
            raise _TooMuch
        if isinstance(node, Sequence):
            return Sequence(node.mark, [self.expand(item, (*path, i), chain) for i, item in enumerate(node.items)])
        if isinstance(node, Scalar):
            return node
        result = Mapping(node.mark)
        for name in self._names(node, path):
            base = self._template(name, path, chain)
            if base is not None:
                result = _over(result, base, node)
        own = Mapping(node.mark)
        for key, mark, value in node.without(_USE).items():
            own.put(key, mark, self.expand(value, (*path, key), chain))
        return _over(result, own, node)

    def _names(self, node: Mapping, path: Path) -> list[Scalar]:
        use = node.entries.get(_USE)
        if use is None or nothing(use):
            return []
        names = use.items if isinstance(use, Sequence) else [use]
        good = [name for name in names if isinstance(name, Scalar) and name.text]
        if len(good) < len(names):
            self._report.add(use.mark, dotted((*path, _USE)), "not the name of a template", "write `use: NAME`")
        return good

    def _template(self, name: Scalar, path: Path, chain: tuple[str, ...]) -> Mapping | None:
        text = name.text or ""
        where = dotted((*path, _USE))
        section, body = self._found(text, path)
        known = f"{section}.{text}" if section else text
        if not section:
            self.used.add(text)
        if known in chain:
            circle = " -> ".join(map(shown, (*chain[chain.index(known) :], known)))
            self._report.add(name.mark, where, f"templates use each other: {circle}", "remove one of these `use`")
        elif body is None:
            names = ", ".join(map(shown, (*self._templates.entries, *self._shelf(path)[1].entries))) or "none"
            self._report.add(name.mark, where, f"there is no template {shown(text)}", f"there are: {names}")
        elif not isinstance(body, Mapping):
            if not nothing(body):
                self._report.add(body.mark, f"templates.{text}", "a template must hold keys with values")
        else:
            expanded = self.expand(body, path, (*chain, known))
            return expanded if isinstance(expanded, Mapping) else None
        return None

    def _found(self, name: str, path: Path) -> tuple[str, Node | None]:
        """What a name stands for, and the section that it is an entry of ("": it is a template)."""
        section, shelf = self._shelf(path)
        if name in self._templates.entries or name not in shelf.entries:
            return "", self._templates.entries.get(name)
        return section, shelf.entries[name]

    def _shelf(self, path: Path) -> tuple[str, Mapping]:
        """The section whose entries can be used at a path."""
        section = _SHELVES.get(str(path[-1]), "")
        if len(path) == 2 and path[0] in _SECTIONS:
            section = str(path[0])
        found = self._tree.entries.get(section)
        return section, found if isinstance(found, Mapping) else Mapping(self._tree.mark)


def _over(base: Mapping, top: Mapping, at: Mapping) -> Mapping:
    merged = Mapping(at.mark, dict(base.entries), dict(base.keys))
    for key, mark, value in top.items():
        below = merged.entries.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = _over(below, value, value)
        merged.put(key, mark, value)
    return merged
