"""Values that are written elsewhere: `${NAME}` from the environment, `${var:NAME}` from `variables:`.

Secrets are never looked up here. A value that may be a secret keeps its reference, in the form that
`quarterdeck.config.secrets.resolve` takes; anything else is looked up at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from collections.abc import Mapping as AbstractMapping
from pathlib import Path

from quarterdeck.config.clear_secrets import looks_secret, secret_key
from quarterdeck.config.nodes import Mapping, Node, Scalar, Sequence, dotted, nothing
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Report, shown
from quarterdeck.config.references import REFERENCE_FORMS, BadReference, Reference, parse, secret

IMPLIED = ("service", "environment", "region")
"""Variables that have a value inside a service: the names of what is being declared there."""

Parts = list[str | Reference]


class Values:
    """Looks references up."""

    def __init__(self, environment: AbstractMapping[str, str], report: Report) -> None:
        self._environment, self._report = environment, report
        self._declared: dict[str, Scalar] = {}

    def declare(self, groups: list[Node], read: Callable[[Path, Scalar], Mapping | None]) -> None:
        """Take in variable groups: mappings, names of files, or lists of both. A name is declared once."""
        for group in tuple(groups):
            for part in group.items if isinstance(group, Sequence) else [group]:
                if isinstance(part, Scalar) and part.text:
                    name = self.text(part, ("variables",))
                    found = read(Path(part.mark.file).parent / name, part) if name else None
                    self._take(found)
                elif isinstance(part, Mapping):
                    self._take(part)
                elif not nothing(part):
                    self._report.add(part.mark, "variables", "neither a file nor names with values", _GROUPS)

    def _take(self, group: Mapping | None) -> None:
        for name, mark, value in group.items() if group else ():
            path = f"variables.{name}"
            if not isinstance(value, Scalar):
                self._report.add(mark, path, "a variable must be a text or a number", _GROUPS)
            elif name in IMPLIED:
                self._report.add(mark, path, "this name is taken", "inside a service it says where you are")
            elif name in self._declared:
                message = f"already given in {self._declared[name].mark}"
                self._report.add(mark, path, message, "keep one of them")
            else:
                self._declared[name] = value

    def fill(self, tree: Mapping, secret_paths: Collection[NodePath]) -> Mapping:
        """The tree with its references looked up, but for those that may stand for a secret."""
        filled = self._fill(tree, (), secret_paths)
        assert isinstance(filled, Mapping)
        return filled

    def _fill(self, node: Node, path: NodePath, secret_paths: Collection[NodePath]) -> Node:
        if isinstance(node, Mapping):
            mapping = Mapping(node.mark)
            for key, mark, value in node.items():
                mapping.put(key, mark, self._fill(value, (*path, key), secret_paths))
            return mapping
        if isinstance(node, Sequence):
            return Sequence(
                node.mark, [self._fill(item, (*path, i), secret_paths) for i, item in enumerate(node.items)]
            )
        if node.text is None:
            return node
        keep = path in secret_paths or (isinstance(path[-1], str) and secret_key(path[-1]))
        text = self._secret(node, path) if keep else self.text(node, path)
        return node if text is None else Scalar(node.mark, text)

    def text(self, node: Scalar, path: NodePath) -> str | None:
        """The text of a scalar with its references looked up; None after telling the report."""
        parts = self._parts(node, path)
        if parts is None:
            return None
        texts = [part if isinstance(part, str) else self._lookup(part, node, path) for part in parts]
        if any(text is None for text in texts):
            return None
        text = "".join(filter(None, texts))
        if kind := looks_secret(text):
            hint = "only an option that is meant for a secret can hold one"
            if not self._report.about(node.mark):
                self._report.add(node.mark, dotted(path), f"this becomes {kind}", hint)
            return None
        return text

    def _secret(self, node: Scalar, path: NodePath) -> str | None:
        parts = self._parts(node, path)
        if parts is None:
            return None
        only = parts[0]
        if len(parts) == 1 and isinstance(only, Reference) and secret(str(only)):
            return str(only)
        if not self._report.about(node.mark):
            self._report.add(node.mark, dotted(path), "a secret is written in clear", f"write {REFERENCE_FORMS}")
        return None

    def _lookup(self, reference: Reference, node: Scalar, path: NodePath) -> str | None:
        if reference.kind != "env":
            hint = "only an option that is meant for a secret can refer to one; use ${NAME} here"
            self._report.add(node.mark, dotted(path), f"a secret ({reference.kind}) can't be used here", hint)
            return None
        value = self._environment.get(reference.name) or reference.default
        if value is None:
            state = "empty" if reference.name in self._environment else "not set"
            hint = f"export {reference.name}=..., or give a default: ${{{reference.name}:-VALUE}}"
            self._report.add(node.mark, dotted(path), f"the environment variable {reference.name} is {state}", hint)
        return value

    def _parts(self, node: Scalar, path: NodePath) -> Parts | None:
        """Literals and references other than to variables."""
        try:
            return self._without_variables(parse(node.text or ""), _implied(path), ())
        except BadReference as error:
            self._report.add(node.mark, dotted(path), str(error))
            return None

    def _without_variables(self, parts: Parts, implied: AbstractMapping[str, str], chain: tuple[str, ...]) -> Parts:
        result: Parts = []
        for part in parts:
            if isinstance(part, str) or part.kind != "var":
                result.append(part)
            elif part.name in implied:
                result.append(implied[part.name])
            elif part.name in chain:
                circle = " -> ".join((*chain[chain.index(part.name) :], part.name))
                raise BadReference(f"variables refer to each other: {circle}")
            elif part.name in self._declared:
                inner = parse(self._declared[part.name].text or "")
                result += self._without_variables(inner, implied, (*chain, part.name))
            elif part.default is not None:
                result.append(part.default)
            elif part.name in IMPLIED:
                raise BadReference(f"there is no {part.name} here: ${{var:{part.name}}} has a value inside one only")
            else:
                known = ", ".join(map(shown, self._declared)) or "none"
                raise BadReference(f"there is no variable {part.name} (there are: {known})")
        return result


_GROUPS = "write `variables: {NAME: VALUE}` or `variables: [FILE, {NAME: VALUE}]`"


def _implied(path: NodePath) -> dict[str, str]:
    if path[:1] == ("environments",) and len(path) > 1:
        return {"environment": str(path[1])}
    if path[:1] != ("services",):
        return {}
    names = dict(zip(("service", "environment"), map(str, path[1:3]), strict=False))
    if len(path) > 4 and path[3] == "regions":
        names["region"] = str(path[4])
    return names
