"""A configuration that is divided over files becomes one tree.

`include: [FILE, ...]` names files relative to the one that includes them. Their mappings are merged. No file can
replace what another says: a value that is given twice is a problem that names both places. A file that is reached
on two ways is read once; one that includes itself is refused, with the chain that leads back to it.
"""

from __future__ import annotations

from pathlib import Path

from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, dotted, nothing, plain
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, visible
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
        resolved = self._found(path, Mark(str(path)), "")
        return self._tree(path, resolved, ()) if resolved else None

    def group(self, path: Path, name: Scalar) -> Mapping | None:
        """The variables that a file holds; None after telling the report, if it can't be used."""
        resolved = self._found(path, name.mark, "variables")
        if resolved is None:
            return None
        if resolved in self.read:
            self._report.add(name.mark, "variables", f"{visible(str(path))} is already read", "name it once")
            return None
        self.read[resolved] = path
        found = read(path, self._report)
        if found is not None:
            self.groups.append(found)
        return found

    def _tree(self, path: Path, resolved: Path, chain: tuple[tuple[Path, Path], ...]) -> Mapping | None:
        """A file with all that it includes; `chain` are the files that lead to it, resolved and as they were named."""
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
            included = self._included(path.parent / (name.text or ""), name.mark, (*chain, (resolved, path)))
            if included is not None:
                merge(tree, included, self._report)
        return tree

    def _found(self, path: Path, mark: Mark, key: str) -> Path | None:
        """Where a file really is; None after telling the report, if it can't be reached."""
        try:
            path.stat()
            return path.resolve()
        except FileNotFoundError:
            hint = _RELATIVE if key else "check the name, or look around first: qd demo"
            self._report.add(
                mark, key, f"there is no file {visible(str(path))}" if key else "there is no such file", hint
            )
        except (OSError, RuntimeError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"{visible(str(path))} can't be read: {reason}"
            self._report.add(mark, key, message, "check its name and who may read it")
        return None

    def _names(self, listed: Node) -> list[Scalar]:
        names = listed.items if isinstance(listed, Sequence) else [listed]
        good: list[Scalar] = []
        for name in names:
            if isinstance(name, Scalar) and name.text and "\0" not in name.text:
                good.append(name)
            else:
                self._report.add(name.mark, "include", "not the name of a file", "write `include: [FILE, ...]`")
        return good

    def _included(self, path: Path, mark: Mark, chain: tuple[tuple[Path, Path], ...]) -> Mapping | None:
        resolved = self._found(path, mark, "include")
        if resolved is None:
            return None
        links = [link for link, _ in chain]
        if resolved in links:
            circle = [*(named for _, named in chain[links.index(resolved) :]), path]
            message = f"files include each other: {' -> '.join(visible(str(named)) for named in circle)}"
            self._report.add(mark, "include", message, "remove one of these includes")
            return None
        if resolved in self.read:
            return None
        if len(self.read) >= MAX_FILES:
            self._report.add(mark, "include", f"more than {MAX_FILES} files are included", "use fewer files")
            return None
        return self._tree(path, resolved, chain)


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
