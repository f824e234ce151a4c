"""Text to a tree, strictly: JSON as RFC 8259 has it, YAML without what isn't JSON's. Pure.

A key that stands twice, or a tag of one's own, is an error here, with its line: parsers of applications take the last
of two keys in silence.
"""

from __future__ import annotations

import json
import re
from json import JSONDecodeError, JSONDecoder
from typing import Any

import yaml

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.flagd.nodes import Node, line_of, plain

DEEPEST = 60
"""Levels of nesting. Rules of real flags have less than ten."""

MOST_PARTS = 500_000
"""Values in a file. Aliases of aliases make more than that of a few lines."""

_BLANKS = re.compile(r"[ \t\r\n]*")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"true|false|null")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?(?![\w.])")
_STRINGS = JSONDecoder()
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = ("null", "bool", "int", "float", "str", "timestamp")


def parsed(text: str, name: str) -> Node:
    """The tree of a file's text; whether it is YAML its name says.

    Raises:
        ProviderError: garbage, with the line.
    """
    try:
        return _Yaml(text, name).read() if name.lower().endswith((".yaml", ".yml")) else _Json(text, name).read()
    except RecursionError:
        raise ProviderError("garbage", f"{name} is nested too deeply to be a flagd definition") from None


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name

    def _wrong(self, position: int, what: str) -> ProviderError:
        """Garbage at a place in the text."""
        line = line_of(self._text, position)
        return ProviderError("garbage", f"{self._name}, line {line}: {what}", "mend the file; nothing was written")

    def _twice(self, key: str, position: int, first: int) -> ProviderError:
        line = line_of(self._text, first)
        what = f"{clean(key, 60)} stands here a second time (first in line {line}): programs differ in which one counts"
        return self._wrong(position, what)


class _Json(_Reader):
    def read(self) -> Node:
        node = self._value(self._skip(0), 0)
        rest = self._skip(node.end)
        if rest < len(self._text):
            raise self._wrong(rest, "there is something after the end of the document")
        return node

    def _skip(self, at: int) -> int:
        found = _BLANKS.match(self._text, at)
        return found.end() if found else at

    def _value(self, at: int, depth: int) -> Node:
        if depth > DEEPEST:
            raise RecursionError
        start = self._text[at : at + 1]
        if start == "{":
            return self._object(at, depth)
        if start == "[":
            return self._array(at, depth)
        if start == '"':
            value, end = self._string(at)
            return Node(at, end, value)
        if word := _WORD.match(self._text, at):
            return Node(at, word.end(), _WORDS[word.group()])
        if number := _NUMBER.match(self._text, at):
            whole = not (number.group(1) or number.group(2))
            return Node(at, number.end(), int(number.group()) if whole else float(number.group()))
        found = clean(self._text[at : at + 20].partition("\n")[0], 20)
        raise self._wrong(at, f"a value is missing before {found}" if found else "the document ends too early")

    def _string(self, at: int) -> tuple[str, int]:
        try:
            value, end = _STRINGS.raw_decode(self._text, at)
        except JSONDecodeError as error:
            raise self._wrong(error.pos, clean(error.msg[:1].lower() + error.msg[1:], 80)) from None
        return str(value), end

    def _object(self, at: int, depth: int) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        here = self._skip(at + 1)
        while self._text[here : here + 1] != "}" or entries:
            if self._text[here : here + 1] != '"':
                raise self._wrong(here, "a key in quotes is missing")
            key, end = self._string(here)
            if key in keys:
                raise self._twice(key, here, keys[key])
            keys[key] = here
            here = self._skip(end)
            if self._text[here : here + 1] != ":":
                raise self._wrong(here, f"a colon is missing after {clean(key, 60)}")
            entries[key] = self._value(self._skip(here + 1), depth + 1)
            here = self._skip(entries[key].end)
            if self._text[here : here + 1] == "}":
                break
            here = self._after_comma(here, "}")
        return Node(at, here + 1, entries, keys)

    def _array(self, at: int, depth: int) -> Node:
        items: list[Node] = []
        here = self._skip(at + 1)
        while self._text[here : here + 1] != "]" or items:
            items.append(self._value(here, depth + 1))
            here = self._skip(items[-1].end)
            if self._text[here : here + 1] == "]":
                break
            here = self._after_comma(here, "]")
        return Node(at, here + 1, items)

    def _after_comma(self, at: int, end: str) -> int:
        if self._text[at : at + 1] != ",":
            raise self._wrong(at, f"a comma or {end} is missing")
        return self._skip(at + 1)


class _Yaml(_Reader):
    """From the events of a parser, because only they tell where an alias stands."""

    def read(self) -> Node:
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._size = 0
        self._loader = _LOADER(self._text)
        try:
            for expected in (yaml.StreamStartEvent, yaml.DocumentStartEvent):
                if not isinstance(self._loader.get_event(), expected):
                    raise self._wrong(0, "the document is empty")
            root = self._node(self._loader.get_event(), 0)
            self._loader.get_event()
            following = self._loader.get_event()
            if not isinstance(following, yaml.StreamEndEvent):
                raise self._wrong(following.start_mark.index, "a second document begins; only one is read")
            return root
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            said = clean(error.problem or error.context or "it can't be read", 120)
            raise self._wrong(mark.index if mark else 0, f"this is no YAML: {said}") from None
        except yaml.YAMLError as error:
            raise self._wrong(0, f"this is no YAML: {clean(str(error), 120)}") from None
        finally:
            self._loader.dispose()

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEEPEST:
            raise RecursionError
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._size
        self._size += 1
        if not isinstance(event, yaml.ScalarEvent) and (event.tag or "").rpartition(":")[2] not in ("", "map", "seq"):
            raise self._wrong(event.start_mark.index, f"the tag {clean(event.tag, 60)} isn't read here")
        if isinstance(event, yaml.MappingStartEvent):
            node = self._mapping(event, depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, depth)
        else:
            node = self._scalar(event)
        if event.anchor:
            self._anchors[event.anchor] = node, self._size - before
        return node

    def _alias(self, event: Any) -> Node:
        """What it stands for, where it stands. It is no place to write into: another place is meant by it, too."""
        start, end = event.start_mark.index, event.end_mark.index
        if event.anchor not in self._anchors:
            raise self._wrong(start, f"there is no anchor {clean(event.anchor, 60)} before")
        node, size = self._anchors[event.anchor]
        self._size += size
        if self._size > MOST_PARTS:
            raise self._wrong(start, f"with all aliases written out there are more than {MOST_PARTS} values")
        return Node(start, end, node.value, node.keys, event.start_mark.column, alias=True)

    def _next(self) -> Any:
        return self._loader.get_event()

    def _end(self, event: Any) -> int:
        return int(event.end_mark.index)

    def _sequence(self, event: Any, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(following := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(following, depth + 1))
        block = not event.flow_style
        end = items[-1].end if block and items else self._end(following)
        return Node(event.start_mark.index, end, items, {}, event.start_mark.column, block)

    def _mapping(self, event: Any, depth: int) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, int] = {}
        while not isinstance(following := self._next(), yaml.MappingEndEvent):
            at = following.start_mark.index
            if not isinstance(following, yaml.ScalarEvent) or (following.value == "<<" and not following.style):
                raise self._wrong(at, "a key must be a text (`<<` isn't read here: write the entries out)")
            # As programs make JSON of YAML: a bare `on` is the text "true".
            found = self._scalar(following).scalar
            key = found if isinstance(found, str) else json.dumps(found)
            if key in keys:
                raise self._twice(key, at, keys[key])
            keys[key] = at
            entries[key] = self._node(self._loader.get_event(), depth + 1)
        block = not event.flow_style
        end = max(one.end for one in entries.values()) if block and entries else self._end(following)
        return Node(event.start_mark.index, end, entries, keys, event.start_mark.column, block)

    def _scalar(self, event: Any) -> Node:
        start, end = event.start_mark.index, event.end_mark.index
        tag = event.tag or self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
        kind = tag.rpartition(":")[2]
        if kind not in _KINDS:
            raise self._wrong(start, f"the tag {clean(tag, 60)} isn't read here")
        try:
            value = (
                event.value if kind == "timestamp" else self._loader.construct_object(yaml.ScalarNode(tag, event.value))
            )
        except ValueError:
            raise self._wrong(start, f"{clean(event.value, 40)} is no {kind}") from None
        while end > start and self._text[end - 1] in "\r\n":
            end -= 1
        return Node(start, end, value, {}, event.start_mark.column)


def same_but(before: Node, after: Node, flag: str) -> bool:
    """Whether two documents differ in nothing but one flag."""
    one, other = plain(before), plain(after)
    one["flags"].pop(flag, None)
    other["flags"].pop(flag, None)
    return bool(one == other)
