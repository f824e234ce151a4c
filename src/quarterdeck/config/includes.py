"""A configuration that is divided over files becomes one tree.

`include: [FILE, ...]` names files relative to the one that includes them. Their mappings are merged. No file can
replace what another says: a value that is given twice is a problem that names both places. A file that is reached
on two ways is read once; one that includes itself is refused, with the chain that leads back to it.
"""

from __future__ import annotations

from pathlib import Path

from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, dotted, nothing, plain
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.config.reading import read

MAX_FILES = 200

_RELATIVE = "names are relative to the file that they stand in"


class Files:
    """Reads files with what they include, each once."""

    def __init__(self, report: Report) -> None:
        self.read: dict[Path, Path] = {}
        """Files read, by resolved path, as they were named."""
        self.groups: list[Node] = []
        """Variable groups of all files: mappings, names of files, lists of both; then the contents of those files."""
        self._report = report

    def root(self, path: Path) -> Mapping | None:
        """The merged tree; None after telling the report, if the file itself can't be used."""
        return self._root(path, ())

    def group(self, path: Path, name: Scalar) -> Mapping | None:
        """The variables that a file holds."""
        if not path.exists():
            message = f"there is no file {shown(str(path))}"
            self._report.add(name.mark, "variables", message, _RELATIVE)
            return None
        resolved = path.resolve()
        if resolved in self.read:
            self._report.add(name.mark, "variables", f"{shown(str(path))} is already read", "name it once")
            return None
        self.read[resolved] = path
        found = read(path, self._report)
        if found is not None:
            self.groups.append(found)
        return found

    def _root(self, path: Path, chain: tuple[Path, ...]) -> Mapping | None:
        resolved = path.resolve()
        self.read[resolved] = path
        own = read(path, self._report)
        if own is None:
            return None
        tree = own.without("include", "variables")
        if (variables := own.entries.get("variables")) is not None:
            self.groups.append(variables)
        listed = own.entries.get("include")
        if listed is None or nothing(listed):
            return tree
        for name in self._names(listed):
            included = self._included(path.parent / (name.text or ""), name.mark, (*chain, path))
            if included is not None:
                merge(tree, included, self._report)
        return tree

    def _names(self, listed: Node) -> list[Scalar]:
        names = listed.items if isinstance(listed, Sequence) else [listed]
        good: list[Scalar] = []
        for name in names:
            if isinstance(name, Scalar) and name.text and "\0" not in name.text:
                good.append(name)
            else:
                self._report.add(name.mark, "include", "not the name of a file", "write `include: [FILE, ...]`")
        return good

    def _included(self, path: Path, mark: Mark, chain: tuple[Path, ...]) -> Mapping | None:
        links = [link.resolve() for link in chain]
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError, ValueError):
            self._report.add(mark, "include", f"{shown(str(path))} can't be read", "check the name")
            return None
        if resolved in links:
            circle = " -> ".join(shown(str(link)) for link in (*chain[links.index(resolved) :], path))
            self._report.add(mark, "include", f"files include each other: {circle}", "remove one of these includes")
            return None
        if resolved in self.read:
            return None
        if not path.exists():
            message = f"there is no file {shown(str(path))}"
            self._report.add(mark, "include", message, _RELATIVE)
            return None
        if len(self.read) >= MAX_FILES:
            self._report.add(mark, "include", f"more than {MAX_FILES} files are included", "use fewer files")
            return None
        return self._root(path, chain)


def merge(into: Mapping, other: Mapping, report: Report, path: NodePath = ()) -> None:
    """Add what `other` holds. What both give is a problem, unless both are mappings or both say the same."""
    for key, mark, value in other.items():
        own = into.entries.get(key)
        here = (*path, key)
        if own is None or nothing(own):
            into.put(key, mark, value)
        elif isinstance(own, Mapping) and isinstance(value, Mapping):
            fresh = Mapping(own.mark, dict(own.entries), dict(own.keys))
            merge(fresh, value, report, here)
            into.put(key, into.keys[key], fresh)
        elif not nothing(value) and plain(own) != plain(value):
            message = f"already given in {into.keys[key]}"
            report.add(
                mark, dotted(here), message, "keep one of them, or make it a template and override it with `use:`"
            )
