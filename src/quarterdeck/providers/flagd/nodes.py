"""A document as a tree in which every part knows where it stands in the text. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Leaf = str | int | float | bool | None


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A value and its place.

    Attributes:
        start, end: of the text that holds it, in characters.
        value: a scalar, the items of a list, or the entries of a mapping in their order.
        keys: where each key of a mapping begins.
        column: of its first character, from 0.
        block: whether it is written by indentation (YAML), so that its text means nothing without its column.
        alias: whether it only refers to what stands elsewhere (YAML), where its parts are.
    """

    start: int
    end: int
    value: Leaf | Sequence[Node] | Mapping[str, Node]
    keys: Mapping[str, int] = field(default_factory=dict)
    column: int = 0
    block: bool = False
    alias: bool = False

    @property
    def mapping(self) -> Mapping[str, Node]:
        """Its entries, none if it isn't a mapping."""
        return self.value if isinstance(self.value, Mapping) else {}

    @property
    def items(self) -> Sequence[Node]:
        """Its items, none if it isn't a list."""
        return self.value if isinstance(self.value, (list, tuple)) else ()

    @property
    def scalar(self) -> Leaf:
        """Its value, None if it is a mapping or a list."""
        return self.value if isinstance(self.value, (str, int, float, bool)) else None

    @property
    def null(self) -> bool:
        """Whether it says that there is nothing."""
        return self.value is None


def plain(value: Any) -> Any:
    """A tree, or a value with parts of trees in it, as dictionaries, lists and scalars."""
    if isinstance(value, Node):
        value = value.value
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value


def encoded(value: Any) -> str:
    """The same text for the same value, and for no other (1 is neither true nor 1.0)."""
    return json.dumps(plain(value), sort_keys=True)


def line_of(text: str, position: int) -> int:
    """The line of a character, from 1."""
    return text.count("\n", 0, position) + 1
