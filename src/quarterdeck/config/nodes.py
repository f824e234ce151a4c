"""The contents of configuration files as a tree in which every part knows where it was written.

Scalars stay texts: whether `on`, `1.10` or `5` is a word, a number or a switch is for the field to say that it is
meant for, so YAML's guesses (`NO` is false, `1.10` is 1.1) can't change anything.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.config.problems import Mark

Path = tuple[str | int, ...]
"""Keys and list positions that lead to a node."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text, or None where nothing (`null`, `~`) is written."""

    mark: Mark
    text: str | None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list. Its mark is that of the key it stands under, if any."""

    mark: Mark
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys with their values; `keys` says where each key is written. Its mark is that of the key it stands under."""

    mark: Mark
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Mark] = field(default_factory=dict)

    def put(self, key: str, mark: Mark, value: Node) -> None:
        """Add or replace an entry."""
        self.entries[key] = value
        self.keys[key] = mark

    def items(self) -> Iterator[tuple[str, Mark, Node]]:
        """Key, where it is written, and value."""
        return ((key, self.keys[key], value) for key, value in self.entries.items())

    def without(self, *keys: str) -> Mapping:
        """The same mapping, lacking some keys."""
        kept = [key for key in self.entries if key not in keys]
        return Mapping(self.mark, {k: self.entries[k] for k in kept}, {k: self.keys[k] for k in kept})

    def only(self, keys: Collection[str]) -> Mapping:
        """The same mapping, with no other keys than these."""
        return self.without(*(key for key in self.entries if key not in keys))


Node = Scalar | Sequence | Mapping


def dotted(path: Path) -> str:
    """A path as people write it: `rings[0].weight`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def plain(node: Node) -> Any:
    """The tree as dictionaries, lists, texts and None."""
    if isinstance(node, Mapping):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(item) for item in node.items]
    return node.text


def nothing(node: Node | None) -> bool:
    """Whether a key is missing or has no value."""
    return node is None or (isinstance(node, Scalar) and node.text is None)


def child(node: Node, part: str | int) -> Node | None:
    """The entry or item of that name or position, if there is one."""
    if isinstance(node, Mapping) and isinstance(part, str):
        return node.entries.get(part)
    if isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
        return node.items[part]
    return None


def scalars(node: Node, path: Path = ()) -> Iterator[tuple[Path, Scalar]]:
    """Every scalar with the path that leads to it."""
    if isinstance(node, Mapping):
        for key, value in node.entries.items():
            yield from scalars(value, (*path, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from scalars(item, (*path, index))
    else:
        yield path, node
