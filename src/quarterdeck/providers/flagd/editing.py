"""Changing a value in a text and leaving the rest of the text as it is: comments, order, indentation. Pure.

What is wanted is given as plain values with parts of the old tree in them. Such a part keeps its text; numbers and
texts that differ are replaced where they stand; only what has another shape is written anew.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.providers.flagd.nodes import Node, encoded

_SIMPLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NO_TEXTS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
"""Words that mean something else in YAML when they stand without quotes."""

_LINE_END = re.compile(r"\r?\n")

STEP = 2
"""Columns of indentation of what is written anew."""


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def edited(text: str, node: Node, wanted: Any) -> str:
    """The text, with a part of it as wanted. Of a mapping entries can be changed and added, but not left out."""
    newline = "\r\n" if "\r\n" in text else "\n"
    edits = sorted(_edits(text, node, wanted), key=lambda edit: edit.start, reverse=True)
    for edit in edits:
        text = text[: edit.start] + _LINE_END.sub(newline, edit.text) + text[edit.end :]
    return text


def _edits(text: str, node: Node, wanted: Any) -> Iterator[_Edit]:
    if wanted is node or (not isinstance(wanted, Node) and encoded(wanted) == encoded(node)):
        return
    if node.alias or _holds(wanted, node):
        yield _Edit(node.start, node.end, _written(text, wanted, node.column))
    elif isinstance(wanted, Mapping) and node.mapping and not node.mapping.keys() - wanted.keys():
        old, added = node.mapping, {key: one for key, one in wanted.items() if key not in node.mapping}
        for key, one in old.items():
            yield from _edits(text, one, wanted[key])
        if added:
            yield _insertion(text, node, added)
    elif isinstance(wanted, (list, tuple)) and len(wanted) == len(node.items):
        for one, item in zip(node.items, wanted, strict=True):
            yield from _edits(text, one, item)
    else:
        blank = " " if node.start == node.end and text[node.start - 1 : node.start] == ":" else ""
        written = _alike(text[node.start : node.end], wanted) or _written(text, wanted, node.column)
        yield _Edit(node.start, node.end, blank + written)


def _alike(old: str, wanted: Any) -> str:
    """A simple word in the quotes that the old one has, or without any; "" where that wouldn't do."""
    if not isinstance(wanted, str) or not _SIMPLE.fullmatch(wanted):
        return ""
    if old[:1] == "'":
        return f"'{wanted}'"
    return wanted if _SIMPLE.fullmatch(old) and wanted.lower() not in _NO_TEXTS else ""


def _insertion(text: str, node: Node, added: Mapping[str, Any]) -> _Edit:
    """More entries after the last one of a mapping that has some."""
    end = max(one.end for one in node.mapping.values())
    lines = [f"{json.dumps(key)}: {_flow(text, one)}" for key, one in added.items()]
    if node.block:
        # A comment may follow on the line.
        at = text.find("\n", end)
        at = len(text) if at < 0 else at - (text[at - 1] == "\r")
        return _Edit(at, at, "".join(f"\n{' ' * node.column}{line}" for line in lines))
    last = max(node.keys.values())
    indentation = text[text.rfind("\n", 0, last) + 1 : last]
    own_line = not indentation.strip() and last > node.start and "\n" in text[node.start : last]
    between = f",\n{indentation}" if own_line else ", "
    return _Edit(end, end, "".join(f"{between}{line}" for line in lines))


def _written(text: str, value: Any, column: int) -> str:
    """From a column on; on one line, unless a part is kept that is written by indentation."""
    if not _has_block(value):
        return _flow(text, value)
    if isinstance(value, Node):
        return _shifted(text[value.start : value.end], column - value.column)
    if isinstance(value, Mapping):
        lines = [f"{json.dumps(key)}:{_below(text, one, column + STEP)}" for key, one in value.items()]
    else:
        lines = [f"- {_written(text, one, column + STEP)}" for one in value]
    return f"\n{' ' * column}".join(lines)


def _below(text: str, value: Any, column: int) -> str:
    if not _has_block(value):
        return f" {_flow(text, value)}"
    return f"\n{' ' * column}{_written(text, value, column)}"


def _flow(text: str, value: Any) -> str:
    if isinstance(value, Node):
        kept = isinstance(value.value, (Mapping, list, tuple)) and not value.block
        return text[value.start : value.end] if kept else _flow(text, value.value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)}: {_flow(text, one)}" for key, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(text, one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _has_block(value: Any) -> bool:
    if isinstance(value, Node):
        return value.block and isinstance(value.value, (Mapping, list, tuple))
    if isinstance(value, Mapping):
        return any(map(_has_block, value.values()))
    return isinstance(value, (list, tuple)) and any(map(_has_block, value))


def _holds(value: Any, node: Node) -> bool:
    """Whether a part of a value is the node: then it moves, and nothing of it is replaced where it stands."""
    if isinstance(value, (Node, str)):
        return value is node
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(_holds(one, node) for one in parts)


def _shifted(lines: str, by: int) -> str:
    """All lines but the first moved by so many columns."""
    first, *others = lines.split("\n")
    return "\n".join([first, *(_moved(line, by) for line in others)])


def _moved(line: str, by: int) -> str:
    if not line.strip():
        return line
    if by >= 0:
        return " " * by + line
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(-by, blanks) :]
